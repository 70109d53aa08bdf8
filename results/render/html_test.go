package render_test

import (
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/results/render"
)

var (
	// outside finds what would make a browser ask somebody: any address in an
	// attribute or style but the SVG namespace.
	outside = regexp.MustCompile(`(?i)(src|href|action|url\()\s*=?\s*["'(]?\s*(https?:)?//`)
	// same finds what is the same on every page.
	same = regexp.MustCompile(`(?s)<(style|script)>.*?</(style|script)>`)
)

// TestPages holds each page against its golden file, without style and script,
// and looks for what no page may hold.
func TestPages(t *testing.T) {
	for _, p := range pages(t) {
		t.Run(p.name, func(t *testing.T) {
			var b strings.Builder
			if err := p.write(&b); err != nil {
				t.Fatal(err)
			}
			html := b.String()
			if found := outside.FindString(html); found != "" {
				t.Errorf("asks somebody: %s", found)
			}
			for _, bad := range []string{"<script>alert", "%!", "<two>", "<no value>", "ZgotmplZ", "NaN", "Inf", "#0101"} {
				if strings.Contains(html, bad) {
					t.Errorf("contains %q", bad)
				}
			}
			if n := strings.Count(html, `<svg class="plot wide" role="img"`); n != p.figures {
				t.Errorf("%d figures, want %d", n, p.figures)
			}
			if p.name != "long" { // its golden file would say no more
				golden(t, p.name+".html", same.ReplaceAllString(html, "<$1>…</$1>"))
			}
			if err := p.write(fullDisk{}); !errors.Is(err, errFull) {
				t.Errorf("on a full disk: got %v, want %v", err, errFull)
			}
		})
	}
}

// TestReportSays holds what each part of a report must say.
func TestReportSays(t *testing.T) {
	page := func(between *results.Comparison, runs ...render.Run) string {
		var b strings.Builder
		if err := render.Report(&b, runs, between); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	run := render.Run{File: plotted(t), Timeline: timeline(30)}
	for name, row := range map[string]struct {
		html string
		want []string
	}{
		"run": {page(nil, run), []string{`id="verdict">fail<`, "p99.9", "99.9 %", "GM-25", "GenerateMac HMAC_256: its clocks", "stalled: nothing succeeded", "throttled: 20 % or more", "throttled: under 2 %",
			"dropped: 300 in all", "The run was cut short", "status: want 400, got 200", `<pre>GOGC=off kmsmac run --rate 200 &#39;--secret-file=it&#39;\&#39;&#39;s here&#39;</pre>`, "warning: the machine was noisy"}},
		"two":    {page(compared(), run, run), []string{"<h2>A and B</h2>", "A GenerateMac", "B GenerateMac", "<h2>B: run on url 127.0.0.1:4566 eu-west-1</h2>"}},
		"long":   {page(nil, render.Run{File: loaded(t, 10, time.Millisecond), Timeline: timeline(5000)}), []string{"13 intervals of the log in one"}},
		"sweep":  {page(nil, render.Run{File: swept("rate")}), []string{"knee: 800, between 700 and 900", "where the line would be if nothing were lost", "throttle_share, p99"}},
		"goals":  {page(nil, render.Run{File: goalsFile()}), []string{"1 of 3 goals met", "known to be short: c: shifts share a pipe", "tags wrong"}},
		"engine": {page(nil, render.Run{File: engineFile(true)}), []string{"<th>4096</th>", "GB/s", "sha-ni-avx512"}},
	} {
		for _, want := range row.want {
			if !strings.Contains(row.html, want) {
				t.Errorf("%s: no %q", name, want)
			}
		}
	}
	if html := page(nil, run); strings.Contains(html, "there") {
		t.Error("where the run wrote stands in how to repeat it")
	}
}

// TestReportOfOddities: what cannot be drawn is left out; nothing panics.
func TestReportOfOddities(t *testing.T) {
	for name, run := range map[string]render.Run{
		"odd": odd(), "nothing": {File: &results.File{}}, "no points": {File: &results.File{Sweep: &results.Sweep{}}},
		"no intervals": {File: &results.File{Load: []results.Load{{}}}, Timeline: &results.Timeline{}},
		"one point":    {File: &results.File{Sweep: &results.Sweep{Points: []results.SweepPoint{{Value: 1, AchievedRate: 1, Response: &results.Latency{P50: 1, P99: 1}}}}}},
		"one request":  {File: loaded(t, 1, time.Millisecond), Timeline: timeline(1)},
		"one value":    {File: &results.File{EngineBench: &results.EngineBench{}}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, write := range []func(io.Writer) error{
				func(w io.Writer) error { return render.Report(w, []render.Run{run, run}, nil) },
				func(w io.Writer) error { return render.Plots(w, run, run) },
				func(w io.Writer) error { return render.Markdown(w, run.File) },
				func(w io.Writer) error { return render.CSV(w, run.File) },
				func(w io.Writer) error { return render.JUnit(w, run.File) },
			} {
				if err := write(io.Discard); err != nil {
					t.Error(err)
				}
			}
		})
	}
	if err := render.HTML(io.Discard); err == nil {
		t.Error("a report of nothing was made")
	}
	bad := loaded(t, 1, time.Millisecond)
	bad.Load[0].Histograms["response"] = "!"
	if err := render.HTML(io.Discard, bad); err == nil || !strings.Contains(err.Error(), "GenerateMac") {
		t.Errorf("a broken histogram: %v", err)
	}
	if err := render.Matrix(io.Discard, []*results.File{{RunID: "x"}}, []string{"x"}); err == nil {
		t.Error("a matrix of a run without conformance was made")
	}
}

// TestFiguresAreXML: each plot is well-formed, so that other tools can take it
// out of the page.
func TestFiguresAreXML(t *testing.T) {
	for _, p := range pages(t) {
		var b strings.Builder
		if err := p.write(&b); err != nil {
			t.Fatal(err)
		}
		for i, part := range strings.Split(b.String(), `<svg class="plot`)[1:] {
			svg, _, ok := strings.Cut(`<svg class="plot`+part, "</svg>")
			if err := xml.Unmarshal([]byte(svg+"</svg>"), new(struct{})); err != nil || !ok {
				t.Errorf("%s: plot %d: %v", p.name, i, err)
			}
		}
	}
}
