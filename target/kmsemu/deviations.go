package kmsemu

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// Deviation is one way in which the emulator can be made wrong, as some real
// emulator is.
type Deviation struct {
	// Name is what Options.Deviations take: words with hyphens.
	Name string
	// Rows are the ids of the behaviour that is broken, as far as it is the
	// point of the deviation; other rows may fail with them.
	Rows []string
	// Sentence says what the emulator does instead.
	Sentence string
}

// Deviations returns the catalogue, sorted by name. The slices belong to the
// caller.
func Deviations() []Deviation {
	out := make([]Deviation, 0, deviationCount)
	for i := range catalogue {
		d := catalogue[i].Deviation
		d.Rows = slices.Clone(d.Rows)
		out = append(out, d)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

// deviate turns the named deviations on.
func (e *Emulator) deviate(names []string) error {
	byName := map[string]deviation{}
	for i := range catalogue {
		byName[catalogue[i].Name] = deviation(i)
	}
	for _, name := range names {
		d, ok := byName[name]
		if !ok {
			return fmt.Errorf("kmsemu: unknown deviation %q", name)
		}
		e.dev[d] = true
	}
	for i := range catalogue { // in the order of the catalogue, each once
		if edit := catalogue[i].edit; edit != nil && e.dev[i] {
			e.edits = append(e.edits, edit)
		}
	}
	return nil
}

// wrong reports whether a deviation is on.
func (c *call) wrong(d deviation) bool { return c.e.dev[d] }

// wrong reports whether a deviation is on.
func (t *tx) wrong(d deviation) bool { return t.e.dev[d] }

// loosen rewrites members so that the schema takes what a deviation takes.
func (c *call) loosen() {
	if c.wrong(limitUnchecked) && c.in.has("Limit") {
		c.in["Limit"] = min(max(c.in.number("Limit", 1), 1), 1000)
	}
	if c.wrong(lowerCaseSpec) && c.in.has("KeySpec") {
		c.in["KeySpec"] = strings.ToUpper(c.in.str("KeySpec"))
	}
}

// schema returns the members that are checked: all, but for those that a
// deviation tolerates.
func (c *call) schema() []member {
	if len(c.e.opt.Deviations) == 0 {
		return c.op.input
	}
	var out []member
	for i := range c.op.input {
		if m := &c.op.input[i]; !c.tolerates(m) {
			out = append(out, *m)
		}
	}
	return out
}

// tolerates reports whether a deviation takes members that break the schema.
func (c *call) tolerates(m *member) bool {
	if c.op.name != "GenerateMac" && c.op.name != "VerifyMac" {
		return false
	}
	switch m.name {
	case "Message":
		n := len(c.in.bytes("Message"))
		return c.in.has("Message") && (n == 0 && c.wrong(emptyMessage) || n > 4096 && c.wrong(noSizeLimit))
	case "MacAlgorithm":
		return c.in.has("MacAlgorithm") && c.wrong(anyAlgorithm)
	}
	return false
}
