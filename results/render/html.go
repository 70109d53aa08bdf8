package render

import (
	"embed"
	"fmt"
	"html/template"
	"io"
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
		"join": strings.Join, "dict": dict, "rate": func(v *float64) string { return fmt.Sprintf("%.1f", *v) },
	}).ParseFS(pageFiles, "page/*.body"))
)

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

// HTML writes one self-contained report of the files given: verdict first, then
// latency by percentile (all files in one plot), the three clocks, conformance,
// vectors, comparison, environment, and how to repeat the run. It needs at
// least one file.
func HTML(w io.Writer, files ...*results.File) error {
	if len(files) == 0 {
		return fmt.Errorf("render: a report needs a result")
	}
	verdict := results.Verdict("")
	data := reportData{}
	for i, f := range files {
		verdict = results.Worse(verdict, f.Verdict)
		data.Files = append(data.Files, reportFile{File: f, Label: fileLabel(i, f), Cases: caseTable(f.Conformance), Findings: findingRows(f.Comparison)})
	}
	var err error
	if data.Plot, err = latencyPlot(files); err != nil {
		return err
	}
	return writePage(w, "kmsmac "+files[0].Plan.Command, verdict, files[0].Tool, "report.body", data)
}

type reportData struct {
	Files []reportFile
	Plot  template.HTML // empty without histograms
}

type reportFile struct {
	*results.File
	Label    string
	Cases    caseTableData
	Findings [][]string // head first; nil without a comparison
}

// fileLabel tells the files of one report apart.
func fileLabel(i int, f *results.File) string {
	return fmt.Sprintf("%c: %s %s", 'A'+i%26, f.Environment.Endpoint.Kind, f.RunID)
}

func findingRows(c *results.Comparison) [][]string {
	if c == nil {
		return nil
	}
	rows := [][]string{comparisonHead}
	for _, f := range c.Findings {
		rows = append(rows, comparisonRow(f))
	}
	return rows
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
	t.Rows = c.Cases
	groups, evidence, verdicts := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, r := range c.Cases {
		groups[r.Group], evidence[r.Evidence], verdicts[string(r.Verdict)] = true, true, true
	}
	t.Groups, t.Evidence, t.Verdicts = sortedKeys(groups), sortedKeys(evidence), sortedKeys(verdicts)
	return t
}

// dict makes a map of its arguments, for a template that is given two things.
func dict(pairs ...any) map[string]any {
	m := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		m[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	return m
}
