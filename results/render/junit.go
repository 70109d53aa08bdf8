package render

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/kmsmac/kmsmac/results"
)

// The part of the JUnit schema that CI systems read (Jenkins' and GitLab's).
type (
	junitSuites struct {
		XMLName xml.Name     `xml:"testsuites"`
		Suites  []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Time     string      `xml:"time,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class      string           `xml:"classname,attr"`
		Name       string           `xml:"name,attr"`
		Time       string           `xml:"time,attr"`
		Properties *junitProperties `xml:"properties"`
		Failure    *junitText       `xml:"failure"`
		Error      *junitText       `xml:"error"`
		Skipped    *junitText       `xml:"skipped"`
		SystemOut  string           `xml:"system-out,omitempty"`
	}
	junitProperties struct {
		List []junitProperty `xml:"property"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitText struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes every section of f that has verdicts, one testsuite a section:
// vectors, conformance (one testcase a case, its evidence in properties), load,
// sweep, engine (tags, and one testcase a goal), comparison (one testcase a
// gated metric), and last the run, whose one testcase is its verdict. A warning passes, with its text in
// system-out; what could not be found out is an error, never a pass.
func JUnit(w io.Writer, f *results.File) error {
	var out junitSuites
	if f.Vectors != nil {
		out.add("vectors", vectorCases(f.Vectors))
	}
	if f.Conformance != nil {
		out.add("conformance", conformanceCases(f.Conformance))
	}
	if len(f.Load) > 0 {
		out.add("load", loadCases(f.Load))
	}
	if f.Sweep != nil {
		out.add("sweep", []junitCase{sweepCase(f.Sweep)})
	}
	if f.EngineBench != nil {
		out.add("engine", engineJUnit(f.EngineBench))
	}
	if f.Comparison != nil {
		out.add("comparison", findingCases(f.Comparison))
	}
	out.add("run", []junitCase{verdictCase(f)})
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(out); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// verdictCase is the verdict of the whole run: sections may all be sound, and
// the run cut short or too few of its requests answered.
func verdictCase(f *results.File) junitCase {
	c := junitCase{Name: "verdict", Time: "0.000"}
	text := strings.Join(f.Warnings, "\n")
	switch {
	case f.Verdict == results.Fail:
		c.Failure = &junitText{"fail", text}
	case f.Interrupted && f.Shards == nil:
		c.Error = &junitText{"interrupted", text}
	case f.Interrupted || f.Verdict != results.Pass:
		c.Error = &junitText{string(results.Worse(f.Verdict, results.Inconclusive)), text}
	}
	return c
}

func (s *junitSuites) add(name string, cases []junitCase) {
	suite := junitSuite{Name: name, Tests: len(cases), Cases: cases}
	var total float64
	for i := range cases {
		c := &cases[i]
		c.Class = "kmsmac." + name + strings.TrimPrefix(c.Class, "kmsmac")
		var seconds float64
		_, _ = fmt.Sscan(c.Time, &seconds) // written by junitTime, or empty
		total += seconds
		switch {
		case c.Failure != nil:
			suite.Failures++
		case c.Error != nil:
			suite.Errors++
		case c.Skipped != nil:
			suite.Skipped++
		}
	}
	suite.Time = fmt.Sprintf("%.3f", total)
	s.Suites = append(s.Suites, suite)
}

func junitTime(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }

func vectorCases(v *results.Vectors) []junitCase {
	var out []junitCase
	for _, name := range sortedKeys(v.Impls) {
		r := v.Impls[name]
		c := junitCase{Name: name, Time: "0.000", SystemOut: fmt.Sprintf("%d vectors, %d failed, %d not applicable", r.Total, r.Failed, r.NotApplicable)}
		if r.Failed > 0 {
			c.Failure = &junitText{fmt.Sprintf("%d of %d vectors are wrong", r.Failed, r.Total), strings.Join(r.Failures, "\n")}
		}
		out = append(out, c)
	}
	return out
}

func conformanceCases(s *results.Conformance) []junitCase {
	var out []junitCase
	for _, r := range s.Cases {
		c := junitCase{Class: "kmsmac." + r.Group, Name: r.ID + " " + r.Title, Time: junitTime(r.Duration),
			Properties: &junitProperties{[]junitProperty{{"evidence", r.Evidence}, {"confidence", r.Confidence}, {"source", r.Source}}}}
		text := fmt.Sprintf("expected: %s\nobserved: %s", r.Expected, r.Observed)
		for _, d := range r.Differences {
			text += fmt.Sprintf("\n%s: want %s, got %s", d.Fact, d.Want, d.Got)
		}
		switch {
		case r.Known == results.KnownExpected:
			c.SystemOut = "known deviation: differs: " + strings.Join(r.Differs, ", ") + "\n" + text
			out = append(out, c)
			continue
		case r.Known == results.KnownFixed:
			c.Failure = &junitText{"a known deviation is fixed: take it out of the file", text}
			out = append(out, c)
			continue
		}
		switch r.Verdict {
		case results.CaseFail:
			c.Failure = &junitText{"differs: " + strings.Join(r.Differs, ", "), text}
		case results.CaseInconclusive:
			c.Error = &junitText{r.Reason, text}
		case results.CaseNotApplicable, results.CaseSkipped:
			c.Skipped = &junitText{Message: r.Reason}
		case results.CaseWarn:
			c.SystemOut = "warning: differs: " + strings.Join(r.Differs, ", ") + "\n" + text
		}
		out = append(out, c)
	}
	return out
}

func loadCases(loads []results.Load) []junitCase {
	var out []junitCase
	for _, l := range loads {
		c := junitCase{Name: l.Operation + " " + l.KeySpec, Time: junitTime(l.Duration)}
		switch {
		case l.WrongTags > 0:
			c.Failure = &junitText{Message: fmt.Sprintf("%d of %d replies were wrong", l.WrongTags, l.Requests)}
		case l.Succeeded+l.Refused == 0:
			c.Error = &junitText{Message: fmt.Sprintf("none of %d requests succeeded", l.Requests)}
		}
		out = append(out, c)
	}
	return out
}

// sweepCase: a sweep judges answers only; where the knee is, is no verdict.
func sweepCase(s *results.Sweep) junitCase {
	c := junitCase{Name: "answers over " + s.Over, Time: "0.000", SystemOut: strings.TrimSpace(stopText(s) + "\n" + kneeText(s))}
	var ok, wrong int64
	for _, pt := range s.Points {
		ok, wrong = ok+pt.Succeeded, wrong+pt.WrongTags
	}
	switch {
	case wrong > 0:
		c.Failure = &junitText{Message: fmt.Sprintf("%d replies were wrong", wrong)}
	case ok == 0:
		c.Error = &junitText{Message: "no request succeeded"}
	}
	return c
}

// engineJUnit is one testcase for all tags and one for each goal.
func engineJUnit(b *results.EngineBench) []junitCase {
	tags := junitCase{Name: "tags", Time: "0.000"}
	checked, wrong := 0, []string{}
	for _, c := range b.Cases {
		checked += c.Checked
		if c.WrongTags > 0 {
			wrong = append(wrong, fmt.Sprintf("%s: %d of %d", c.Name(), c.WrongTags, c.Checked))
		}
	}
	switch {
	case len(wrong) > 0:
		tags.Failure = &junitText{fmt.Sprintf("wrong tags in %d cases", len(wrong)), strings.Join(wrong, "\n")}
	case checked == 0:
		tags.Error = &junitText{Message: "no tag was checked"}
	}
	out := []junitCase{tags}
	for _, g := range b.Goals {
		text := fmt.Sprintf("%s: %s, wanted %s", g.What, amount(g.Value, g.Unit), amount(g.Goal, g.Unit))
		c := junitCase{Name: g.ID, Time: "0.000", SystemOut: text}
		switch {
		case g.Met:
		case g.Excuse != "":
			c.Skipped = &junitText{Message: "known to be short: " + g.Excuse}
		default:
			c.Failure = &junitText{"short: " + text, g.Detail}
		}
		out = append(out, c)
	}
	return out
}

func findingCases(between *results.Comparison) []junitCase {
	var out []junitCase
	for _, f := range between.Findings {
		text := strings.Join(comparisonRow(f), "  ")
		c := junitCase{Name: f.Metric + " " + f.Name, Time: "0.000", SystemOut: text}
		switch {
		case f.ShownOnly:
			c.Skipped = &junitText{Message: f.Reason}
		case f.Change == results.WorseOff:
			c.Failure = &junitText{"worse: " + percent(f.Effect.Ratio), text}
		case f.Change == results.CannotTell:
			c.Error = &junitText{"cannot tell: " + f.Reason, text}
		}
		out = append(out, c)
	}
	for i, problem := range between.Problems {
		c := junitCase{Name: fmt.Sprintf("arms %d", i+1), Time: "0.000"}
		if problem.Verdict == results.Fail {
			c.Failure = &junitText{Message: problem.Text}
		} else {
			c.Error = &junitText{Message: problem.Text}
		}
		out = append(out, c)
	}
	return out
}
