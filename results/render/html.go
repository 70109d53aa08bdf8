package render

import (
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"

	"github.com/kmsmac/kmsmac/results"
)

//go:embed page
var pageFiles embed.FS

// pageTemplate and bodies are parsed once; a mistake in them is caught by any
// test that renders a page.
var (
	pageTemplate = template.Must(template.ParseFS(pageFiles, "page/page.tmpl"))
	bodies       = template.Must(template.New("bodies").Funcs(template.FuncMap{
		"ms": ms, "words": func(s any) string { return strings.ReplaceAll(fmt.Sprint(s), "_", " ") },
		"join": strings.Join, "dict": dict, "rate": func(v *float64) string { return fmt.Sprintf("%.1f", *v) }, "labelText": labelText, "counts": countsText, "cellClass": cellClass, "shardClass": shardClass, "breaks": breaks,
	}).ParseFS(pageFiles, "page/*.body"))
)

// breaks lets a long name break behind its slashes.
func breaks(text string) template.HTML {
	return template.HTML(strings.ReplaceAll(template.HTMLEscapeString(text), "/", "/<wbr>"))
}

// cellClass is the style of a cell: how a figure changed, or a number.
func cellClass(text string) string {
	switch class := strings.ReplaceAll(text, " ", "_"); results.Change(class) {
	case results.Better, results.WorseOff, results.Same, results.CannotTell:
		return class
	}
	if strings.ContainsAny(text[:min(1, len(text))], "0123456789+-") {
		return "n"
	}
	return ""
}

// page is the one base of every HTML page: self-contained, no request to
// anywhere, legible in light, dark and print.
type page struct {
	Title   string
	Verdict results.Verdict
	Style   template.CSS
	Body    template.HTML
	Footer  string
	Script  template.JS
}

// writePage renders the body template called name with data into the base.
func writePage(w io.Writer, title string, verdict results.Verdict, tool results.Tool, name string, data any) error {
	style, err := pageFiles.ReadFile("page/style.css")
	if err != nil {
		return err
	}
	script, err := pageFiles.ReadFile("page/filter.js")
	if err != nil {
		return err
	}
	var body strings.Builder
	if err := bodies.ExecuteTemplate(&body, name, data); err != nil {
		return err
	}
	return pageTemplate.Execute(w, page{Title: title, Verdict: verdict, Style: template.CSS(style), Script: template.JS(script),
		Body: template.HTML(body.String()), Footer: strings.TrimSpace("kmsmac " + tool.Version)})
}

// caseTableData is a conformance table with the values of its filters.
type caseTableData struct {
	Groups, Evidence, Verdicts []string
	Rows                       []results.CaseResult
}

func caseTable(c *results.Conformance) caseTableData {
	var t caseTableData
	if c == nil {
		return t
	}
	t.Rows = slices.Clone(c.Cases)
	slices.SortStableFunc(t.Rows, func(a, b results.CaseResult) int { return cmp.Compare(gravity(a), gravity(b)) })
	groups, evidence, verdicts := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, r := range c.Cases {
		groups[r.Group], evidence[r.Evidence], verdicts[string(r.Verdict)] = true, true, true
	}
	t.Groups, t.Evidence, t.Verdicts = sortedKeys(groups), sortedKeys(evidence), sortedKeys(verdicts)
	return t
}

// gravity is the order of a page: what must be looked at stands first.
func gravity(r results.CaseResult) int {
	if r.Known == results.KnownExpected {
		return 4
	}
	if at := slices.Index([]results.CaseVerdict{results.CaseFail, results.CaseInconclusive, results.CaseWarn}, r.Verdict); at >= 0 {
		return at + 1
	}
	return 5
}

// dict makes a map of its arguments, for a template that is given two things.
func dict(pairs ...any) map[string]any {
	m := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		m[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	return m
}
