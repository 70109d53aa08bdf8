package conformance

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
)

// Class is where the knowledge behind an expectation comes from.
type Class string

// The classes, strongest first. Measured rows say what the Go SDK does, not
// the service; they are no cases.
const (
	Recorded   Class = "recorded"   // kept or asserted by a test that ran on real AWS
	Field      Class = "field"      // quoted by users of real AWS, or of another operation
	Documented Class = "documented" // AWS documentation
	ByModel    Class = "model"      // AWS service model
	Inferred   Class = "inferred"   // from neighbouring rows
	Measured   Class = "measured"   // on the Go SDK
)

// Confidence is how surprised one would be if real AWS did something else.
type Confidence string

// The confidences.
const (
	High   Confidence = "high"
	Medium Confidence = "medium" // the code is sure, the text is a guess
	Low    Confidence = "low"    // a guess
)

// Evidence is why an expectation is held.
type Evidence struct {
	Class      Class
	Source     string // source codes as in docs/conformance.md
	Date       string // of the recording or report, YYYY-MM-DD or shorter; "" if not known
	Confidence Confidence
}

// Row is one row of the behaviour table: one thing that KMS is known or
// believed to do.
type Row struct {
	ID        string // CK-01
	Operation string
	Input     string // precondition and input
	Expected  string
	Note      string
	Evidence  Evidence
}

// Group is the part of the row's id before the dash.
func (r Row) Group() string {
	g, _, _ := strings.Cut(r.ID, "-")
	return g
}

//go:embed rows.tsv
var rowsTSV string

// rowTable parses the behaviour table once.
var rowTable = sync.OnceValue(func() []Row {
	lines := strings.Split(strings.TrimSuffix(rowsTSV, "\n"), "\n")
	rows := make([]Row, 0, len(lines))
	for _, line := range lines[1:] {
		f := strings.Split(line, "\t")
		rows = append(rows, Row{
			ID: f[0], Operation: f[1], Input: f[2], Expected: f[3], Note: f[8],
			Evidence: Evidence{Class: Class(f[4]), Source: f[5], Date: f[6], Confidence: Confidence(f[7])},
		})
	}
	return rows
})

var rowIndex = sync.OnceValue(func() map[string]Row {
	index := map[string]Row{}
	for _, r := range rowTable() {
		index[r.ID] = r
	}
	return index
})

// Rows returns the behaviour table in its own order, the rows that cannot be
// tested included. The slice belongs to the caller.
func Rows() []Row { return append([]Row(nil), rowTable()...) }

// mustRow returns the row of a case. A case without a row is a mistake in
// this package, which TestCatalogue finds.
func mustRow(id string) Row {
	r, ok := rowIndex()[id]
	if !ok {
		panic(fmt.Sprintf("conformance: no row %s in the behaviour table", id))
	}
	return r
}
