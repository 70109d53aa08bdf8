package render

import (
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"

	"github.com/kmsmac/kmsmac/results"
)

// Run is one result of a report.
type Run struct {
	*results.File
	Timeline *results.Timeline // from the interval log beside the result; nil without one
}

// HTML writes a report of files alone: see Report.
func HTML(w io.Writer, files ...*results.File) error {
	var runs []Run
	for _, f := range files {
		runs = append(runs, Run{File: f})
	}
	return Report(w, runs, nil)
}

// Report writes one self-contained page: verdict first, then what each shard of
// a merged run gave, then response time by percentile and throughput against latency with all runs laid over each other,
// then for each run its comparison, load with the clocks side by side and over
// time, sweep, conformance, vectors, engine, environment, and how to repeat it.
// What a run does not have is left out. between, if not nil, is what the first
// two runs say of each other; it has no part in the verdict. It needs at least
// one run.
func Report(w io.Writer, runs []Run, between *results.Comparison) error {
	if len(runs) == 0 {
		return fmt.Errorf("render: a report needs a result")
	}
	data := reportData{Between: comparisonOf(between)}
	verdict, commands := results.Verdict(""), []string{}
	response, err := responseFigure(runs)
	if err != nil {
		return err
	}
	if err := data.draw(append([]figure{response}, sweepFigures(runs)...)); err != nil {
		return err
	}
	for i, r := range runs {
		verdict = results.Worse(verdict, r.Verdict)
		if !slices.Contains(commands, r.Plan.Command) {
			commands = append(commands, r.Plan.Command)
		}
		section, err := reportRunOf(i, r)
		if err != nil {
			return err
		}
		data.Runs = append(data.Runs, section)
	}
	return writePage(w, "kmsmac "+strings.Join(commands, ", "), verdict, runs[0].Tool, "report.body", data)
}

type reportData struct {
	Runs    []reportRun
	Between *reportComparison
	Figures []template.HTML
}

// draw adds the figures that are not empty.
func (d *reportData) draw(figures []figure) (err error) {
	d.Figures, err = drawn(figures)
	return err
}

func drawn(figures []figure) (out []template.HTML, err error) {
	for _, f := range figures {
		text, err := f.html()
		if err != nil {
			return nil, err
		}
		if text != "" {
			out = append(out, text)
		}
	}
	return out, nil
}

// reportRun is one run as the page shows it.
type reportRun struct {
	*results.File
	Letter, Name, Target, Repeat string
	Facts                        []string // the run in a few words
	Cases                        caseTableData
	Comparison                   *reportComparison
	Shards                       *reportShards
	Clocks, Time                 []template.HTML
	Generator                    []string
	Sweep                        *reportSweep
	Engine                       *reportEngine
}

type reportSweep struct {
	Unit, Client, Stopped, Knee string
	Limited                     []string
	Rows                        [][]string
}

type reportEngine struct {
	Head   string
	Tables []table
	Wrong  []string // cases with wrong tags
	Goals  [][]string
	Met    int
	All    int
	// Excused are the goals that are known to be short.
	Excused []string
}

func reportRunOf(i int, r Run) (reportRun, error) {
	out := reportRun{File: r.File, Letter: letter(i), Name: runName(r.File), Target: targetText(r.Environment.Endpoint), Repeat: repeatText(r.File), Facts: facts(r.File),
		Cases: caseTable(r.Conformance), Comparison: comparisonOf(r.File.Comparison), Shards: reportShardsOf(r.File.Shards)}
	var clocks []figure
	for _, l := range r.Load {
		f, err := clocksFigure(l, r.Load)
		if err != nil {
			return out, err
		}
		clocks = append(clocks, f)
	}
	var err error
	if out.Clocks, err = drawn(clocks); err != nil {
		return out, err
	}
	if r.Timeline != nil {
		if out.Time, err = drawn([]figure{timeFigure(letter(i), r.Timeline)}); err != nil {
			return out, err
		}
	}
	if at := slices.IndexFunc(r.Load, tellsOfGenerator); at >= 0 {
		out.Generator = generatorLines(r.Load[at])
	}
	if s := r.File.Sweep; s != nil {
		out.Sweep = &reportSweep{sweepUnit(s), s.Client, stopText(s), kneeText(s), limitedTexts(s), sweepRows(s)}
	}
	if b := r.EngineBench; b != nil {
		out.Engine = reportEngineOf(b)
	}
	return out, nil
}

func reportEngineOf(b *results.EngineBench) *reportEngine {
	out := &reportEngine{Head: engineHead(b), Tables: engineTables(b), All: len(b.Goals)}
	for _, c := range b.Cases {
		if c.WrongTags > 0 {
			out.Wrong = append(out.Wrong, fmt.Sprintf("%s: %d of %d tags wrong", c.Name(), c.WrongTags, c.Checked))
		}
	}
	if len(b.Goals) > 0 {
		out.Goals, out.Met = goalRows(b.Goals)
	}
	for _, g := range b.Goals {
		if g.Excuse != "" {
			out.Excused = append(out.Excused, "known to be short: "+g.ID+": "+g.Excuse)
		}
	}
	return out
}

// reportComparison is a comparison with its table.
type reportComparison struct {
	*results.Comparison
	Head    []string
	Rows    [][]string
	Reasons []string
}

func comparisonOf(c *results.Comparison) *reportComparison {
	if c == nil {
		return nil
	}
	out := &reportComparison{Comparison: c, Head: comparisonHead, Reasons: reasons(c.Findings)}
	for _, f := range c.Findings {
		out.Rows = append(out.Rows, comparisonRow(f))
	}
	return out
}

// repeatText is the command line of f for a shell, the variables that change
// behaviour before it. Where it wrote is left out: a result is never
// overwritten.
func repeatText(f *results.File) string {
	if len(f.Args) == 0 {
		return ""
	}
	var words []string
	for _, name := range sortedKeys(f.Environment.Switches) {
		words = append(words, name+"="+shellWord(f.Environment.Switches[name]))
	}
	for i, arg := range f.Args {
		if arg == "--" {
			return strings.Join(append(words, shellWords(f.Args[i:])...), " ")
		}
		if arg == "--out" || i > 0 && f.Args[i-1] == "--out" || strings.HasPrefix(arg, "--out=") {
			continue
		}
		words = append(words, shellWord(arg))
	}
	return strings.Join(words, " ")
}

func shellWords(args []string) []string {
	var out []string
	for _, a := range args {
		out = append(out, shellWord(a))
	}
	return out
}

// shellWord quotes what a shell would not take as it stands.
func shellWord(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:=,@%+", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
