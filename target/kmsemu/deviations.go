package kmsemu

import (
	"fmt"
	"sort"
)

// Deviation is one way in which the emulator can be made wrong, as some real
// emulator is.
type Deviation struct {
	// Name is what Options.Deviations take: words with hyphens.
	Name string
	// Rows are the ids of the behaviour that is broken.
	Rows []string
	// Sentence says what the emulator does instead.
	Sentence string
}

// deviation is the position of a Deviation in the catalogue.
type deviation int

const (
	wrongTag deviation = iota
	disableIgnored

	deviationCount
)

// catalogue is the one list of deviations. A deviation with an edit changes
// answers and nothing else; the others are asked for where they act.
var catalogue = [deviationCount]struct {
	Deviation
	edit func(*call, *response)
}{
	wrongTag: {Deviation{"wrong-tag", []string{"GM-01", "GM-02", "GM-03", "GM-04", "GM-38"},
		"GenerateMac returns every tag with one bit flipped; VerifyMac is right."}, flipTag},
	disableIgnored: {Deviation{"disable-ignored", []string{"KS-01", "GM-25", "VM-21"},
		"DisableKey answers 200 and does nothing."}, nil},
}

// Deviations returns the catalogue, sorted by name. The slice belongs to the
// caller.
func Deviations() []Deviation {
	out := make([]Deviation, 0, deviationCount)
	for i := range catalogue {
		out = append(out, catalogue[i].Deviation)
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

// is reports whether the answer is a success of the operation.
func (r *response) is(c *call, operation string) bool {
	return r.code == "" && c.op != nil && c.op.name == operation
}

func flipTag(c *call, r *response) {
	if !r.is(c, "GenerateMac") {
		return
	}
	if tag, ok := r.body["Mac"].([]byte); ok {
		tag[0] ^= 1
	}
}
