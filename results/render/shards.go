package render

import (
	"fmt"
	"time"

	"github.com/kmsmac/kmsmac/results"
)

// shards prints what each shard of a merged run gave.
func (p *printer) shards(s *results.Shards) {
	if s == nil {
		return
	}
	p.printf("%s\n", shardsLine(s))
	p.table(shardRows(s))
	p.printf("\n")
}

// shardsLine sums up a merged run.
func shardsLine(s *results.Shards) string {
	line := fmt.Sprintf("shards: %d expected, %d present, %d torn, %d missing", s.Expected, s.Present, s.Torn, s.Missing)
	if s.Degraded {
		line += "; the run is degraded"
	}
	if s.Scheduled > 0 {
		line += fmt.Sprintf("\n  achieved %.1f/s of %.1f/s scheduled: %d calls scheduled, %d done, %d lost", s.AchievedRate, s.ScheduledRate, s.Scheduled, s.Done, s.Lost)
	} else {
		line += fmt.Sprintf("\n  achieved %.1f/s: %d calls done", s.AchievedRate, s.Done)
	}
	return line
}

// shardRows is the table of accounts; its first row is the head.
func shardRows(s *results.Shards) [][]string {
	rows := [][]string{{"shard", "state", "scheduled", "done", "lost", "succeeded", "began", "late", "clock offset", "run", "host"}}
	var first time.Time
	for _, a := range s.Accounts {
		if !a.Began.IsZero() && (first.IsZero() || a.Began.Before(first)) {
			first = a.Began
		}
	}
	for _, a := range s.Accounts {
		row := []string{fmt.Sprint(a.Index), string(a.State), "-", fmt.Sprint(a.Done), "-", fmt.Sprint(a.Succeeded), "-", "-", "-", orDash(a.RunID), orDash(a.Host)}
		if a.Scheduled > 0 {
			row[2], row[4] = fmt.Sprint(a.Scheduled), fmt.Sprint(a.Lost)
		}
		if !a.Began.IsZero() {
			row[6] = "+" + a.Began.Sub(first).Round(time.Microsecond).String()
			row[7] = a.Late.Round(time.Millisecond).String()
		}
		if a.ClockOffset != nil {
			row[8] = a.ClockOffset.Round(100 * time.Millisecond).String()
		}
		rows = append(rows, row)
	}
	return rows
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
