package render_test

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// probe looks at every page, each in a frame of its own: what it finds is
// written into the document, which --dump-dom prints.
const probe = `<script>
function look(frame) {
  const doc = frame.contentDocument, found = [];
  const name = e => e.textContent.trim().slice(0, 40);
  for (const figure of doc.querySelectorAll("figure")) {
    const plots = [...figure.querySelectorAll("svg.plot")].filter(e => e.getBoundingClientRect().width > 100 && e.getBoundingClientRect().height > 80);
    if (plots.length !== 1) found.push("a figure shows " + plots.length + " plots");
    for (const plot of plots) {
      if (!plot.getAttribute("aria-label") || !plot.querySelector("title").textContent || !plot.querySelector("desc").textContent) found.push("a plot without words");
      const box = plot.getBoundingClientRect(), texts = [...plot.querySelectorAll("text")];
      const rects = texts.map(t => t.getBoundingClientRect());
      rects.forEach((r, i) => {
        if (r.left < box.left - 1 || r.right > box.right + 1 || r.top < box.top - 1 || r.bottom > box.bottom + 1) found.push("cut off: " + name(texts[i]));
        for (let k = 0; k < i; k++) {
          const o = rects[k];
          if (Math.min(r.right, o.right) - Math.max(r.left, o.left) > 1 && Math.min(r.bottom, o.bottom) - Math.max(r.top, o.top) > 3) found.push("overlap: " + name(texts[k]) + " and " + name(texts[i]));
        }
      });
      const drawn = [...plot.querySelectorAll("path")].filter(p => frame.contentWindow.getComputedStyle(p).stroke.startsWith("rgb"));
      if (drawn.length < 3) found.push("nothing is drawn");
    }
  }
  if (doc.documentElement.scrollWidth > doc.documentElement.clientWidth) found.push("wider than the screen: " + doc.documentElement.scrollWidth);
  const select = doc.querySelector("select[name=verdict]");
  if (select) {
    const rows = () => [...doc.querySelectorAll("tbody tr[data-verdict]")].filter(r => r.getBoundingClientRect().height > 0).length;
    const all = rows();
    select.value = "fail";
    select.dispatchEvent(new frame.contentWindow.Event("change"));
    if (rows() === 0 || rows() >= all) found.push("the filter shows " + rows() + " of " + all);
  }
  const shards = doc.querySelector(".shards"), percentiles = doc.querySelector("main > section:not(.shards)");
  if (shards) {
    const box = shards.getBoundingClientRect();
    if (box.height < 50 || box.height > 800) found.push("shards are " + box.height + " high");
    if (box.bottom > percentiles.getBoundingClientRect().top) found.push("shards stand behind percentiles");
    for (const fold of shards.querySelectorAll("details")) {
      fold.open = true;
      const list = fold.querySelector(".scroll");
      if (list.clientHeight > 0.8 * frame.clientHeight || list.clientHeight < 100 || list.scrollHeight <= list.clientHeight) found.push("of the folded shards " + list.clientHeight + " of " + list.scrollHeight + " are seen at once");
    }
  }
  const asked = frame.contentWindow.performance.getEntriesByType("resource").length;
  if (asked) found.push(asked + " requests");
  return {page: frame.name, figures: doc.querySelectorAll("figure").length, width: doc.documentElement.clientWidth, found};
}
addEventListener("load", () => { document.getElementById("out").textContent = JSON.stringify([...document.querySelectorAll("iframe")].map(look)); });
</script>`

// TestPagesInBrowser opens every page in headless Chromium at two widths: no
// console error, no request, every plot visible with its labels whole and
// apart, no page wider than the screen, filters that filter, shards before
// percentiles and never a screen of them.
func TestPagesInBrowser(t *testing.T) {
	browser, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("chromium is not installed")
		}
		t.Skip("chromium is not installed: pages were not opened in a browser")
	}
	want := map[string]int{} // figures of each page
	var frames strings.Builder
	for _, p := range pages(t) {
		var b strings.Builder
		if err := p.write(&b); err != nil {
			t.Fatal(err)
		}
		for _, width := range []int{1280, 400} {
			name := fmt.Sprintf("%s at %d", p.name, width)
			want[name] = p.figures
			fmt.Fprintf(&frames, `<iframe name="%s" style="border:0;width:%dpx;height:2000px" srcdoc="%s"></iframe>`, name, width, html.EscapeString(b.String()))
		}
	}
	path := filepath.Join(t.TempDir(), "all.html")
	if err := os.WriteFile(path, []byte(`<!doctype html><meta charset="utf-8"><pre id="out"></pre>`+probe+frames.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	dom, talk := openPage(t, browser, path)
	if strings.Contains(talk, "CONSOLE") {
		t.Errorf("console: %s", talk)
	}
	var seen []struct {
		Page           string
		Figures, Width int
		Found          []string
	}
	_, rest, _ := strings.Cut(dom, `<pre id="out">`)
	text, _, _ := strings.Cut(rest, "</pre>")
	if err := json.Unmarshal([]byte(html.UnescapeString(text)), &seen); err != nil || len(seen) != len(want) {
		t.Fatalf("the probe saw %d of %d pages (%v): %.300s", len(seen), len(want), err, text)
	}
	for _, s := range seen {
		if !strings.HasSuffix(s.Page, fmt.Sprintf("at %d", s.Width)) {
			t.Errorf("%s is %d wide", s.Page, s.Width)
		}
		if s.Figures != want[s.Page] {
			t.Errorf("%s has %d figures, want %d", s.Page, s.Figures, want[s.Page])
		}
		for _, f := range s.Found {
			t.Errorf("%s: %s", s.Page, f)
		}
	}
}

func openPage(t *testing.T, browser, path string) (dom, talk string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var out, errs strings.Builder
	cmd := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--enable-logging=stderr",
		"--user-data-dir="+t.TempDir(), "--window-size=1400,2000", "--dump-dom", "file://"+path)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("chromium: %v: %s", err, errs.String())
	}
	return out.String(), errs.String()
}

// TestContrast holds the colours of the page against its background, in light
// and in dark: text 4.5 to 1, lines of plots 3 to 1 (WCAG 2.2, 1.4.3 and 1.4.11).
func TestContrast(t *testing.T) {
	style, err := os.ReadFile("page/style.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark, ok := strings.Cut(string(style), "prefers-color-scheme: dark")
	if !ok {
		t.Fatal("no dark colours")
	}
	variable := regexp.MustCompile(`--([a-z]+[0-9]?): #([0-9a-f]{6}|[0-9a-f]{3});`)
	for mode, css := range map[string]string{"light": light, "dark": dark} {
		colours := map[string]string{}
		for _, m := range variable.FindAllStringSubmatch(css, -1) {
			if _, seen := colours[m[1]]; !seen {
				colours[m[1]] = m[2]
			}
		}
		for name, least := range map[string]float64{"fg": 4.5, "good": 4.5, "bad": 4.5, "warn": 4.5, "mute": 4.5, "c1": 3, "c2": 3, "c3": 3, "c4": 3} {
			for _, ground := range []string{"bg", "soft"} {
				if got := contrast(t, colours[name], colours[ground]); got < least {
					t.Errorf("%s: %s on %s: %.2f, want at least %v", mode, name, ground, got, least)
				}
			}
		}
	}
}
