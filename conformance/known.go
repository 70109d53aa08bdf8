package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/kmsmac/kmsmac/results"
)

// KnownSchema is the version of the files of known deviations.
const KnownSchema = 1

// Known are the deviations of a target that are expected of it, so that only
// changes fail.
type Known struct {
	Schema     int              `yaml:"schema"`
	Target     string           `yaml:"target,omitempty"` // for readers
	Deviations []KnownDeviation `yaml:"deviations"`
}

// KnownDeviation is a case that fails, and in what.
type KnownDeviation struct {
	Case    string   `yaml:"case"`
	Differs []string `yaml:"differs,flow,omitempty"` // the facts; none given accepts any
	Note    string   `yaml:"note,omitempty"`
}

// ReadKnown reads a file of known deviations. Unknown members, cases that do
// not exist and a case named twice are errors: a file that says less than it
// seems to would hide failures.
func ReadKnown(r io.Reader) (*Known, error) {
	dec := yaml.NewDecoder(r)
	dec.KnownFields(true)
	var k Known
	if err := dec.Decode(&k); err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("it is empty")
		}
		return nil, fmt.Errorf("%w: known deviations: %w", ErrUsage, err)
	}
	if k.Schema != KnownSchema {
		return nil, fmt.Errorf("%w: known deviations: schema %d, want %d", ErrUsage, k.Schema, KnownSchema)
	}
	seen := map[string]bool{}
	for _, d := range k.Deviations {
		if _, err := Explain(d.Case); err != nil {
			return nil, fmt.Errorf("%w: known deviations: unknown case %q", ErrUsage, d.Case)
		}
		if seen[d.Case] {
			return nil, fmt.Errorf("%w: known deviations: case %s stands twice", ErrUsage, d.Case)
		}
		seen[d.Case] = true
	}
	return &k, nil
}

// Apply marks each case as expected, new, changed or fixed, and notes the
// changes in the section, so that Verdict goes by them alone.
func (k *Known) Apply(c *results.Conformance) {
	byID := map[string]KnownDeviation{}
	for _, d := range k.Deviations {
		byID[d.Case] = d
	}
	sum := &results.KnownSummary{Changes: []string{}}
	for i := range c.Cases {
		r := &c.Cases[i]
		d, isKnown := byID[r.ID]
		r.Known, r.KnownNote = change(*r, d, isKnown), d.Note
		switch r.Known {
		case results.KnownExpected:
			sum.Expected++
		case "":
			r.KnownNote = ""
		default:
			sum.Changes = append(sum.Changes, sentence(*r, d))
		}
	}
	c.Known = sum
}

func change(r results.CaseResult, d KnownDeviation, isKnown bool) results.KnownChange {
	failed := r.Verdict == results.CaseFail
	passed := r.Verdict == results.CasePass || r.Verdict == results.CaseWarn
	switch {
	case failed && !isKnown:
		return results.KnownNew
	case failed && (len(d.Differs) == 0 || sameFacts(d.Differs, r.Differs)):
		return results.KnownExpected
	case failed:
		return results.KnownChanged
	case passed && isKnown:
		return results.KnownFixed
	}
	return ""
}

// sameFacts compares two lists of facts as sets.
func sameFacts(a, b []string) bool {
	within := func(a, b []string) bool {
		return !slices.ContainsFunc(a, func(s string) bool { return !slices.Contains(b, s) })
	}
	return within(a, b) && within(b, a)
}

func sentence(r results.CaseResult, d KnownDeviation) string {
	facts := strings.Join(r.Differs, ", ")
	switch r.Known {
	case results.KnownFixed:
		return fmt.Sprintf("%s is fixed: it is known to fail, and ended %s; take it out of the file", r.ID, r.Verdict)
	case results.KnownChanged:
		return fmt.Sprintf("%s differs in %s, where %s is known", r.ID, facts, strings.Join(d.Differs, ", "))
	}
	return fmt.Sprintf("%s is new: it differs in %s", r.ID, facts)
}

// KnownOf lists the failures of a section as known deviations. Notes and what
// was not run are taken over from old, which may be nil.
func KnownOf(c results.Conformance, target string, old *Known) Known {
	k := Known{Schema: KnownSchema, Target: target, Deviations: []KnownDeviation{}}
	before := map[string]KnownDeviation{}
	if old != nil {
		for _, d := range old.Deviations {
			before[d.Case] = d
		}
	}
	for _, r := range c.Cases {
		d, wasKnown := before[r.ID]
		delete(before, r.ID)
		switch r.Verdict {
		case results.CaseFail:
			k.Deviations = append(k.Deviations, KnownDeviation{Case: r.ID, Differs: uniqueFacts(r.Differs), Note: d.Note})
		case results.CaseInconclusive, results.CaseNotApplicable, results.CaseSkipped:
			if wasKnown {
				k.Deviations = append(k.Deviations, d)
			}
		}
	}
	if old != nil {
		for _, d := range old.Deviations { // not selected this time
			if _, left := before[d.Case]; left {
				k.Deviations = append(k.Deviations, d)
			}
		}
	}
	return k
}

func uniqueFacts(facts []string) (out []string) {
	for _, f := range facts {
		if !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	return out
}

// Write writes the file.
func (k Known) Write(w io.Writer) error {
	var b bytes.Buffer
	b.WriteString("# Deviations from AWS KMS that are known and expected; only changes fail.\n# Written by kmsmac conform --write-expect. Notes are kept when it is written again.\n")
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := errors.Join(enc.Encode(k), enc.Close()); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}
