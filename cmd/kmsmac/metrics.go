package main

import (
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/kmsmac/kmsmac/bench"
	"github.com/kmsmac/kmsmac/results"
)

// metrics shows a running load in the text format of Prometheus. It may be
// used concurrently.
type metrics struct {
	mu   sync.Mutex
	last bench.Progress
	// Sums over the run; a Progress has those of its interval.
	errors, throttled, wrong, dropped int64
}

func (m *metrics) observe(p bench.Progress) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p.Phase == bench.PhaseCleanUp {
		m.last.Phase = p.Phase // it has no figures
		return
	}
	m.last = p
	m.errors += p.Errors
	m.throttled += p.Throttled
	m.wrong += p.WrongTags
	m.dropped += p.Dropped
}

// ServeHTTP writes the newest interval.
func (m *metrics) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	m.write(w)
}

// write ignores errors: the reader has gone.
func (m *metrics) write(w io.Writer) {
	p := m.last
	for _, v := range []struct {
		name, kind, help string
		value            float64
	}{
		{"kmsmac_requests_total", "counter", "Requests sent, warm-up included.", float64(p.Requests)},
		{"kmsmac_errors_total", "counter", "Measured requests that failed, throttles included.", float64(m.errors)},
		{"kmsmac_throttles_total", "counter", "Tries that were throttled.", float64(m.throttled)},
		{"kmsmac_wrong_tags_total", "counter", "Answers that were wrong.", float64(m.wrong)},
		{"kmsmac_dropped_arrivals_total", "counter", "Arrivals that were due and never sent.", float64(m.dropped)},
		{"kmsmac_offered_rate", "gauge", "Arrivals per second in the last interval; 0 in a closed loop.", p.Offered},
		{"kmsmac_achieved_rate", "gauge", "Successes per second in the last interval.", p.Achieved},
		{"kmsmac_in_flight", "gauge", "Requests sent and not answered.", float64(p.InFlight)},
		{"kmsmac_waiting", "gauge", "Arrivals that were due and neither sent nor dropped.", float64(p.Waiting)},
		{"kmsmac_elapsed_seconds", "gauge", "Since the start of the warm-up.", p.Elapsed.Seconds()},
		{"kmsmac_planned_seconds", "gauge", "Warm-up and measured span as planned.", p.Total.Seconds()},
	} {
		fmt.Fprintf(w, "# HELP %s %s\n# TYPE %[1]s %[3]s\n%[1]s %[4]g\n", v.name, v.help, v.kind, v.value)
	}
	fmt.Fprintf(w, "# HELP kmsmac_phase Phase of the run.\n# TYPE kmsmac_phase gauge\nkmsmac_phase{phase=%q} 1\n", string(p.Phase))
	writeQuantiles(w, "kmsmac_response_seconds", "Response time of the successes in the last interval.", p.Response)
	writeQuantiles(w, "kmsmac_lag_seconds", "Lag of the successes in the last interval.", p.Lag)
}

// writeQuantiles leaves out what was not measured.
func writeQuantiles(w io.Writer, name, help string, l *results.Latency) {
	if l == nil {
		return
	}
	fmt.Fprintf(w, "# HELP %s %s\n# TYPE %[1]s gauge\n", name, help)
	for _, q := range []struct {
		text string
		ns   int64
	}{{"0.5", l.P50}, {"0.9", l.P90}, {"0.99", l.P99}, {"0.999", l.P999}, {"1", l.Max}} {
		fmt.Fprintf(w, "%s{quantile=%q} %g\n", name, q.text, float64(q.ns)/1e9)
	}
}
