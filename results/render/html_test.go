package render_test

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/results/render"
)

// plotted is full with histograms.
func plotted(t *testing.T) *results.File {
	t.Helper()
	f := full()
	h := results.NewHistogram()
	for v := range 10_000 {
		if err := h.RecordValue(int64(v+1) * 1000); err != nil {
			t.Fatal(err)
		}
	}
	text, err := results.EncodeHistogram(h)
	if err != nil {
		t.Fatal(err)
	}
	f.Comparison, f.RunID, f.Args = compared(), "0123456789ab", []string{"kmsmac", "run"}
	f.Conformance.Cases[0].Group = "GM"
	f.Conformance.Cases[1].Observed = `<script>alert("x")</script>`
	f.Load[0].Histograms = map[string]string{"response": text, "service": text}
	return f
}

// pages are every HTML page that this package makes.
func pages(t *testing.T) map[string]func(io.Writer) error {
	f := plotted(t)
	return map[string]func(io.Writer) error{
		"report.html":  func(w io.Writer) error { return render.HTML(w, f) },
		"compare.html": func(w io.Writer) error { return render.HTML(w, f, f) },
		"history.html": func(w io.Writer) error { return render.HistoryHTML(w, trends(), results.Tool{Name: "kmsmac"}) },
		"matrix.html":  func(w io.Writer) error { return render.Matrix(w, []*results.File{f, f}, []string{"one", "<two>"}) },
	}
}

// outside finds what would make a browser ask somebody: any address in an
// attribute or style but the SVG namespace.
var outside = regexp.MustCompile(`(?i)(src|href|action|url\()\s*=?\s*["'(]?\s*(https?:)?//`)

func TestPages(t *testing.T) {
	for name, write := range pages(t) {
		var b strings.Builder
		if err := write(&b); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		html := b.String()
		if found := outside.FindString(html); found != "" {
			t.Errorf("%s asks somebody: %s", name, found)
		}
		for _, bad := range []string{"<script>alert", "%!", "<two>", "<no value>", "ZgotmplZ"} {
			if strings.Contains(html, bad) {
				t.Errorf("%s contains %q", name, bad)
			}
		}
		if !strings.Contains(name, "report") && !strings.Contains(name, "compare") {
			continue
		}
		for _, want := range []string{`role="img"`, "p99.9", "GM-25", `id="verdict"`, "kmsmac run"} {
			if !strings.Contains(html, want) {
				t.Errorf("%s lacks %q", name, want)
			}
		}
	}
	if err := render.HTML(io.Discard); err == nil {
		t.Error("a report of nothing was made")
	}
	if err := render.Matrix(io.Discard, []*results.File{{RunID: "x"}}, []string{"x"}); err == nil {
		t.Error("a matrix of a run without conformance was made")
	}
}

// TestPagesInBrowser opens every page in headless Chromium at two widths: no
// console error, no failed request, every plot visible.
func TestPagesInBrowser(t *testing.T) {
	browser, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("chromium is not installed")
		}
		t.Skip("chromium is not installed: pages were not opened in a browser")
	}
	for name, write := range pages(t) {
		path := filepath.Join(t.TempDir(), name)
		var b strings.Builder
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		// What the script sees is written into the document, which --dump-dom prints.
		probe := `<script>
const shown = e => e.getBoundingClientRect().width > 100 && e.getBoundingClientRect().height > 50;
document.body.dataset.plots = [...document.querySelectorAll("svg.plot")].every(shown);
document.body.dataset.requests = performance.getEntriesByType("resource").length;
const s = document.querySelector("select[name=verdict]");
if (s) { s.value = "fail"; s.dispatchEvent(new Event("change")); }
document.body.dataset.filtered = document.querySelectorAll("tbody tr:not([hidden])[data-verdict]").length;
</script>`
		if err := os.WriteFile(path, []byte(strings.Replace(b.String(), "</html>", probe+"</html>", 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, width := range []string{"1280", "400"} {
			dom, talk := openPage(t, browser, path, width)
			for _, want := range []string{`data-plots="true"`, `data-requests="0"`} {
				if !strings.Contains(dom, want) {
					t.Errorf("%s at %s: %s is missing from %.200s", name, width, want, dom)
				}
			}
			if strings.Contains(dom, "<select") && strings.Contains(dom, `data-filtered="0"`) || !strings.Contains(dom, "data-filtered") {
				t.Errorf("%s at %s: the filter shows nothing", name, width)
			}
			if strings.Contains(talk, "CONSOLE") {
				t.Errorf("%s at %s: console: %s", name, width, talk)
			}
		}
	}
}

func openPage(t *testing.T, browser, path, width string) (dom, talk string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out, errs strings.Builder
	cmd := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--enable-logging=stderr",
		"--user-data-dir="+t.TempDir(), "--window-size="+width+",2000", "--dump-dom", "file://"+path)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("chromium: %v: %s", err, errs.String())
	}
	return out.String(), errs.String()
}
