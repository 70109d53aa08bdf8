package render

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/kmsmac/kmsmac/results"
)

// matrix is case × target: one column a file, one row a case that any of them
// has, in the order in which the files list them.
type matrix struct {
	Columns []matrixColumn
	Rows    []matrixRow
	Filters caseTableData
}

type matrixColumn struct {
	Name   string
	Counts map[results.CaseVerdict]int
}

// Shown are the verdicts that the column has, in the order of every count.
func (c matrixColumn) Shown() (out []verdictCount) {
	for _, v := range verdictOrder {
		if n := c.Counts[v]; n > 0 {
			out = append(out, verdictCount{v, n})
		}
	}
	return out
}

type verdictCount struct {
	Verdict results.CaseVerdict
	N       int
}

type matrixRow struct {
	results.CaseResult                      // what all files share: id, title, evidence, expected
	Cells              []results.CaseResult // one a column; the zero value where a file lacks the case
}

// Verdicts are those of all cells, for the filter.
func (r matrixRow) Verdicts() string {
	var all []string
	for _, c := range r.Cells {
		if c.Verdict != "" && !slices.Contains(all, string(c.Verdict)) {
			all = append(all, string(c.Verdict))
		}
	}
	return strings.Join(all, " ")
}

// newMatrix fails for a file without conformance: an empty column would read
// as "nothing wrong".
func newMatrix(files []*results.File, names []string) (matrix, error) {
	if len(files) == 0 || len(files) != len(names) {
		return matrix{}, fmt.Errorf("render: a matrix needs results, each with a name")
	}
	var m matrix
	var order []string
	rows := map[string]*matrixRow{}
	for col, f := range files {
		if f.Conformance == nil {
			return matrix{}, fmt.Errorf("render: run %s has no conformance section", f.RunID)
		}
		m.Columns = append(m.Columns, matrixColumn{names[col], f.Conformance.Counts})
		for _, r := range f.Conformance.Cases {
			if rows[r.ID] == nil {
				rows[r.ID] = &matrixRow{CaseResult: r, Cells: make([]results.CaseResult, len(files))}
				order = append(order, r.ID)
			}
			rows[r.ID].Cells[col] = r
		}
	}
	for _, id := range order {
		m.Rows = append(m.Rows, *rows[id])
	}
	all := &results.Conformance{}
	for _, f := range files {
		all.Cases = append(all.Cases, f.Conformance.Cases...)
	}
	m.Filters = caseTable(all)
	return m, nil
}

// Matrix writes several conformance results side by side as one self-contained
// HTML page; names[i] heads the column of files[i]. Each cell shows the verdict
// and, where it is no pass, what was observed; rows can be filtered by group,
// evidence and verdict.
func Matrix(w io.Writer, files []*results.File, names []string) error {
	m, err := newMatrix(files, names)
	if err != nil {
		return err
	}
	return writePage(w, "kmsmac matrix", "", files[0].Tool, "matrix.body", m)
}

// MatrixMarkdown writes the same as a Markdown table: a row of counts first,
// then one row a case.
func MatrixMarkdown(w io.Writer, files []*results.File, names []string) error {
	m, err := newMatrix(files, names)
	if err != nil {
		return err
	}
	p := &printer{w: w}
	p.printf("| case | evidence |")
	for _, c := range m.Columns {
		p.printf(" %s |", cell(c.Name))
	}
	p.printf("\n|---|---|%s\n| **all** | |", strings.Repeat("---|", len(m.Columns)))
	for _, c := range m.Columns {
		p.printf(" %s |", countsText(c.Counts))
	}
	p.printf("\n")
	for _, r := range m.Rows {
		p.printf("| %s %s | %s, %s |", r.ID, cell(r.Title), r.Evidence, r.Confidence)
		for _, c := range r.Cells {
			text := strings.ReplaceAll(string(c.Verdict), "_", " ")
			if c.Verdict == "" {
				text = "–"
			}
			if len(c.Differs) > 0 {
				text += ": " + cell(strings.Join(c.Differs, ", "))
			}
			p.printf(" %s |", text)
		}
		p.printf("\n")
	}
	return p.err
}
