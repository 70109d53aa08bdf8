package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/bench"
	"github.com/kmsmac/kmsmac/results"
)

// Counters add up over intervals, gauges are of the last one, and what was not
// measured is not there.
func TestMetrics(t *testing.T) {
	var m metrics
	m.observe(bench.Progress{Phase: bench.PhaseMeasure, Requests: 10, Errors: 2, Throttled: 1, Dropped: 4, Achieved: 9})
	m.observe(bench.Progress{Phase: bench.PhaseMeasure, Requests: 25, Errors: 3, WrongTags: 1, Achieved: 7.5, InFlight: 3,
		Response: &results.Latency{P50: 1_500_000, P99: 2e9}, Elapsed: 2 * time.Second})
	m.observe(bench.Progress{Phase: bench.PhaseCleanUp})
	var b strings.Builder
	m.write(&b)
	for _, want := range []string{
		"kmsmac_requests_total 25\n", "kmsmac_errors_total 5\n", "kmsmac_throttles_total 1\n", "kmsmac_wrong_tags_total 1\n",
		"kmsmac_dropped_arrivals_total 4\n", "kmsmac_achieved_rate 7.5\n", "kmsmac_in_flight 3\n", "kmsmac_elapsed_seconds 2\n",
		`kmsmac_phase{phase="clean-up"} 1` + "\n", `kmsmac_response_seconds{quantile="0.5"} 0.0015` + "\n", `kmsmac_response_seconds{quantile="0.99"} 2` + "\n",
		"# TYPE kmsmac_requests_total counter\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in:\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "kmsmac_lag_seconds") {
		t.Error("a lag that was not measured")
	}
	line := regexp.MustCompile(`^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z]+="[^"]*"\})? [-+0-9.e]+)$`)
	for l := range strings.SplitSeq(strings.TrimSuffix(b.String(), "\n"), "\n") {
		if !line.MatchString(l) {
			t.Errorf("not a line of the text format: %q", l)
		}
	}
}

// The address that is printed answers until the end, and no longer.
func TestMetricsServer(t *testing.T) {
	var talk strings.Builder
	a := &app{ctx: context.Background(), streams: streams{err: &talk}, env: os.Getenv}
	stop, err := new(metrics).serve(a, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := strings.TrimSpace(strings.TrimPrefix(talk.String(), "metrics on "))
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil || !strings.Contains(string(body), "kmsmac_requests_total 0\n") || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/plain; version=0.0.4") {
		t.Errorf("%s, %v:\n%s", resp.Header.Get("Content-Type"), err, body)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if _, err := http.Get(url); err == nil {
		t.Error("it still answers")
	}
}
