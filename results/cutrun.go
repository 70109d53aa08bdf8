package results

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// logMagic is how an interval log begins.
var logMagic = []byte("#[")

// readCut makes a result of the interval log of a run that was killed before
// it wrote one. It is interrupted, at best Inconclusive, and its warnings say
// how much of the run it holds and what is not known.
func readCut(path string, raw []byte) (*File, error) {
	run, err := ReadIntervalLog(bytes.NewReader(raw), nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	f, err := run.envelope()
	if err != nil {
		return nil, fmt.Errorf("results: %s: %w", path, err)
	}
	f.Load, err = run.loads()
	if err != nil {
		return nil, fmt.Errorf("results: %s: %w", path, err)
	}
	f.Interrupted, f.Finished, f.Verdict = true, run.Header.Started.Add(run.span()), Inconclusive
	for _, l := range f.Load {
		if l.WrongTags > 0 {
			f.Verdict = Fail
		}
	}
	f.Warnings = append(f.Warnings, run.cutWarnings(f.Plan)...)
	return f, nil
}

// Envelope is a copy of f without its sections: what is known of a run before
// it has measured anything.
func (f *File) Envelope() *File {
	return &File{
		Schema: f.Schema, Tool: f.Tool, RunID: f.RunID, SessionID: f.SessionID, Shard: f.Shard, Started: f.Started, Args: f.Args,
		Plan: f.Plan, PlanHash: f.PlanHash, Environment: f.Environment, Warnings: slices.Clone(f.Warnings),
	}
}

// envelope is the result file as it stood when the run began; of logs that do
// not hold it, what their header tells.
func (r *LoggedRun) envelope() (*File, error) {
	h := r.Header
	if h.Run == nil {
		f := &File{Schema: Schema, Tool: Tool{Name: "kmsmac"}, RunID: h.RunID, Started: h.Started, PlanHash: h.PlanHash,
			Warnings: []string{"the interval log does not tell plan and environment"}}
		if h.Shards > 1 {
			f.Shard = &Shard{Index: h.Shard, Count: h.Shards}
		}
		return f, nil
	}
	f := *h.Run
	if want, err := f.Plan.Hash(); err != nil || want != f.PlanHash {
		return nil, fmt.Errorf("plan_hash does not fit the plan: the log was edited")
	}
	f.Warnings = slices.Clone(f.Warnings)
	return &f, nil
}

// span is how much of the measured part the log holds.
func (r *LoggedRun) span() time.Duration {
	var d time.Duration
	for _, c := range r.Commits {
		if !c.To.IsZero() {
			d = max(d, c.To.Sub(r.Header.Started))
		}
	}
	return d.Round(time.Millisecond) // the log has no finer times
}

func (r *LoggedRun) cutWarnings(p Plan) []string {
	held := fmt.Sprintf("%.1f s", r.span().Seconds())
	if load, ok := p.Settings["load"].(map[string]any); ok {
		if ns, ok := load["duration_ns"].(float64); ok && ns > 0 {
			held += fmt.Sprintf(" of %.1f s", ns/1e9)
		}
	}
	text := "the run was cut short: it wrote no result; its interval log holds " + held + " of the measured part"
	if r.Final {
		text = "the run wrote no result although its load came to its end; its interval log holds " + held
	}
	return []string{text,
		"a log does not tell connections, bytes, CPU time and whether the generator was the limit: they are not known, not zero",
		"keys of the run may be left behind: kmsmac cleanup takes them once they have expired"}
}

// loads are the operations as counted at the last commit.
func (r *LoggedRun) loads() ([]Load, error) {
	var out []Load
	seconds := r.span().Seconds()
	for _, c := range r.Counts {
		l := Load{
			Operation: c.Operation, KeySpec: c.KeySpec, Mode: r.Header.Mode, Client: r.Header.Client,
			Requests: c.Requests, Succeeded: c.Succeeded, Attempts: c.Attempts, Throttled: c.Throttled, Dropped: c.Dropped, Late: c.Late,
			Errors: c.Errors, WrongTags: c.WrongTags, Refused: c.Refused, Unfinished: c.Unfinished,
			Verified: c.Verified, VerifiedBy: c.VerifiedBy, Duration: r.span(), Calibration: r.Header.Calibration,
		}
		if l.Errors == nil {
			l.Errors = map[string]int64{}
		}
		if l.Mode == "" { // a log of before the header told
			l.Mode = map[bool]string{true: "open", false: "closed"}[c.Due > 0]
		}
		if seconds > 0 {
			l.AchievedRate = float64(c.Succeeded) / seconds
		}
		if l.Mode == "open" {
			rate := 0.0
			if seconds > 0 {
				rate = float64(c.Due) / seconds
			}
			l.OfferedRate = &rate
		}
		if err := l.take(r.Totals); err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, nil
}

// take finds the load's histograms among those of a log.
func (l *Load) take(totals map[string]*hdrhistogram.Histogram) error {
	successes := map[string]*hdrhistogram.Histogram{}
	for tag, h := range totals {
		part := strings.Split(tag, "/")
		if len(part) != 5 || part[0] != l.Operation || part[1] != l.KeySpec {
			continue
		}
		if l.Client == "" {
			l.Client = part[2]
		}
		name := part[4]
		if part[3] == "ok" {
			successes[name] = h
		} else {
			name = part[3] + "_" + name
		}
		text, err := EncodeHistogram(h)
		if err != nil {
			return err
		}
		if l.Histograms == nil {
			l.Histograms = map[string]string{}
		}
		l.Histograms[name] = text
	}
	l.Response, l.Service = LatencyOf(successes["response"]), LatencyOf(successes["service"])
	l.Lag, l.Wire = LatencyOf(successes["lag"]), LatencyOf(successes["wire"])
	return nil
}
