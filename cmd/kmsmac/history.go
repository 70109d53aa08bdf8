package main

import (
	"io"
	"path/filepath"
	"slices"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/results/render"
)

type historyCmd struct {
	Add  historyAddCmd  `cmd:"" help:"Add runs to a history: one line of JSON each."`
	Show historyShowCmd `cmd:"" help:"Trends and change points; never a gate."`
}

type historyAddCmd struct {
	Dir    string   `default:"results/baselines" placeholder:"DIR" help:"Folder of the history; commit it to keep it."`
	Result []string `arg:"" help:"Result files or directories; of a gate, its arm DIR/new."`
}

// Run adds runs, each to the file of its command. It adds all or, when one of
// them cannot be added, none.
func (c historyAddCmd) Run(a *app) error {
	files, err := readAll(a, c.Result...)
	if err != nil {
		return err
	}
	var entries []results.HistoryEntry
	for _, f := range files {
		e, err := results.EntryOf(f)
		if err != nil {
			return unknownf("not added: %w", err)
		}
		entries = append(entries, e)
	}
	for _, e := range entries {
		path := filepath.Join(c.Dir, results.HistoryFileName(e.Command))
		added, err := results.AppendHistory(path, e)
		if err != nil {
			return unknownf("%w", err)
		}
		if added {
			a.say("added: run %s to %s", e.RunID, path)
		} else {
			a.say("run %s is in %s already", e.RunID, path)
		}
	}
	return nil
}

type historyShowCmd struct {
	Dir    string   `default:"results/baselines" placeholder:"DIR" help:"Folder or file of the history."`
	Output string   `short:"o" default:"-" placeholder:"FILE" help:"File to write; - is standard output. FILE.html is a page, anything else text."`
	Last   int      `default:"100" placeholder:"N" help:"Look at the newest N runs of each figure, at most 500."`
	Metric []string `placeholder:"METRIC" help:"Show these metrics only; repeatable."`
	Seed   uint64   `default:"1" help:"Seed of the permutations."`
	JSON   bool     `name:"json" help:"Print the trends for machines."`
}

// Run shows trends. What they show is no matter of the exit code.
func (c historyShowCmd) Run(a *app) error {
	if c.Last < 1 || c.Last > results.MaxTrendPoints {
		return usagef("--last must be between 1 and %d", results.MaxTrendPoints)
	}
	entries, warnings, err := results.ReadHistory(c.Dir)
	if err != nil {
		return unknownf("%w", err)
	}
	for _, w := range warnings {
		a.say("warning: %s", w)
	}
	trends := results.Trends(onlyMetrics(entries, c.Metric), c.Last, c.Seed)
	if len(trends) == 0 {
		return unknownf("no run of the history has one of the metrics asked for")
	}
	if c.JSON {
		return printJSON(a, trends)
	}
	return writeOutput(a, c.Output, func(w io.Writer) error {
		if filepath.Ext(c.Output) == ".html" {
			return render.HistoryHTML(w, trends, tool())
		}
		return render.History(w, trends)
	})
}

// onlyMetrics drops figures of other metrics; no metric stands for all.
func onlyMetrics(entries []results.HistoryEntry, metrics []string) []results.HistoryEntry {
	if len(metrics) == 0 {
		return entries
	}
	out := make([]results.HistoryEntry, len(entries))
	for i, e := range entries {
		out[i] = e
		out[i].Figures = nil
		for _, f := range e.Figures {
			if slices.Contains(metrics, f.Metric) {
				out[i].Figures = append(out[i].Figures, f)
			}
		}
	}
	return out
}
