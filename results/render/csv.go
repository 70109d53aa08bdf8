package render

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/kmsmac/kmsmac/results"
)

// CSV writes the figures of f for spreadsheets: one line a value, with the
// section it is of, what it is of, and its unit or kind; full precision, times
// in nanoseconds. A comparison has a table of its own: see ComparisonCSV.
func CSV(w io.Writer, f *results.File) error {
	t := &csvTable{rows: [][]string{{"run", "section", "name", "metric", "value"}}, run: f.RunID}
	t.add("run", f.Plan.Command, "verdict", string(f.Verdict))
	if v := f.Vectors; v != nil {
		for _, impl := range sortedKeys(v.Impls) {
			r := v.Impls[impl]
			t.counts("vectors", impl, []csvCount{{"run", int64(r.Total)}, {"failed", int64(r.Failed)}, {"not_applicable", int64(r.NotApplicable)}})
		}
	}
	if f.Conformance != nil {
		for _, c := range f.Conformance.Cases {
			t.add("conformance", c.ID, "verdict", string(c.Verdict))
		}
	}
	for _, l := range f.Load {
		t.load(l, f.Load)
	}
	t.sweep(f.Sweep)
	t.engine(f.EngineBench)
	return csv.NewWriter(w).WriteAll(t.rows)
}

type csvTable struct {
	rows [][]string
	run  string
}

type csvCount struct {
	metric string
	n      int64
}

func (t *csvTable) add(section, name, metric, value string) {
	t.rows = append(t.rows, []string{t.run, section, spreadsheetText(name), spreadsheetText(metric), value})
}

// spreadsheetText keeps text that a target chose from being read as a formula.
func spreadsheetText(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

func (t *csvTable) number(section, name, metric string, v float64) {
	t.add(section, name, metric, strconv.FormatFloat(v, 'f', -1, 64))
}

func (t *csvTable) counts(section, name string, counts []csvCount) {
	for _, c := range counts {
		t.add(section, name, c.metric, strconv.FormatInt(c.n, 10))
	}
}

func (t *csvTable) latency(section, name, clock string, l *results.Latency) {
	if l != nil {
		t.counts(section, name, []csvCount{{clock + "_p50_ns", l.P50}, {clock + "_p90_ns", l.P90}, {clock + "_p99_ns", l.P99}, {clock + "_p99.9_ns", l.P999}, {clock + "_max_ns", l.Max}})
	}
}

func (t *csvTable) load(l results.Load, all []results.Load) {
	name := loadName(l, all)
	t.counts("load", name, []csvCount{{"requests", l.Requests}, {"succeeded", l.Succeeded}, {"attempts", l.Attempts}, {"throttled", l.Throttled}, {"dropped", l.Dropped},
		{"late", l.Late}, {"connections_opened", l.ConnectionsOpened}, {"wrong_tags", l.WrongTags}, {"verified", l.Verified}})
	for _, code := range sortedKeys(l.Errors) {
		t.counts("load", name, []csvCount{{"error " + code, l.Errors[code]}})
	}
	for _, v := range []struct {
		metric string
		value  *float64
	}{{"offered_per_s", l.OfferedRate}, {"achieved_per_s", &l.AchievedRate}, {"cpu_ns_per_request", l.CPUPerRequest}, {"allocs_per_request", l.AllocsPerRequest}, {"bytes_per_request", l.BytesPerRequest}} {
		if v.value != nil {
			t.number("load", name, v.metric, *v.value)
		}
	}
	t.latency("load", name, "response", l.Response)
	t.latency("load", name, "service", l.Service)
	t.latency("load", name, "lag", l.Lag)
}

func (t *csvTable) sweep(s *results.Sweep) {
	if s == nil {
		return
	}
	for i, pt := range s.Points {
		name := fmt.Sprintf("%d %s", i+1, pt.Phase)
		t.number("sweep", name, s.Over, pt.Value)
		t.number("sweep", name, "answered_per_s", pt.AnsweredRate)
		t.number("sweep", name, "achieved_per_s", pt.AchievedRate)
		t.counts("sweep", name, []csvCount{{"requests", pt.Requests}, {"failed", pt.Failed}, {"throttled", pt.Throttled}, {"dropped", pt.Dropped}, {"limits_broken", int64(len(pt.Broken))}})
		t.latency("sweep", name, "response", pt.Response)
	}
	if k := s.Knee; k != nil {
		t.number("sweep", "knee", s.Over, k.Value)
		t.number("sweep", "knee", "low", k.Low)
		t.number("sweep", "knee", "high", k.High)
	}
}

func (t *csvTable) engine(b *results.EngineBench) {
	if b == nil {
		return
	}
	for _, c := range b.Cases {
		t.number("engine", c.Name(), "low_ns", c.LowNs)
		t.number("engine", c.Name(), "median_ns", c.MedianNs)
		if c.Allocs != nil {
			t.number("engine", c.Name(), "allocs_per_op", *c.Allocs)
		}
	}
}
