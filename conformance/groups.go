package conformance

import (
	"slices"
	"sync"
)

// group is the cases of one part of the behaviour table.
type group struct {
	name       string
	cases      func() []Case
	untestable map[string]string // row id to reason
}

// groups lists all groups in the order of the catalogue.
func groups() []group {
	return []group{
		{"CK", ckCases, ckUntestable},
		{"DK", dkCases, dkUntestable},
		{"GM", gmCases, gmUntestable},
		{"VM", vmCases, vmUntestable},
		{"ID", idCases, idUntestable},
		{"KS", ksCases, ksUntestable},
		{"KU", kuCases, kuUntestable},
		{"RFC", rfcCases, nil},
		{"WYP", wycheproofCases, nil},
		{"IM", imCases, imUntestable},
		{"MR", mrCases, mrUntestable},
		{"AL", alCases, alUntestable},
		{"TG", tgCases, tgUntestable},
		{"GR", grCases, grUntestable},
		{"PO", poCases, poUntestable},
		{"DR", drCases, drUntestable},
		{"RO", roCases, roUntestable},
		{"DE", deCases, deUntestable},
		{"LI", liCases, liUntestable},
		{"WI", wiCases, wiUntestable},
		{"AU", auCases, auUntestable},
		{"QU", quCases, quUntestable},
		{"OB", obCases, obUntestable},
		{"EC", ecCases, ecUntestable},
		{goldenGroup, goldenCases, nil},
	}
}

var catalogue = sync.OnceValue(func() []Case {
	var all []Case
	for _, g := range groups() {
		all = append(all, g.cases()...)
	}
	return all
})

// Catalogue lists every case in a fixed order: by group as in the behaviour
// table, then by row. The slice belongs to the caller.
func Catalogue() []Case { return slices.Clone(catalogue()) }

var untestableIndex = sync.OnceValue(func() map[string]string {
	index := map[string]string{}
	for _, r := range rowTable() {
		if r.Evidence.Class == Measured {
			index[r.ID] = "says what the Go SDK does, not the service"
		}
	}
	for _, g := range groups() {
		for id, reason := range g.untestable {
			index[id] = reason
		}
	}
	return index
})

// UntestableRow is a row without a case, and why.
type UntestableRow struct {
	Row    Row
	Reason string
}

// Untestable lists the rows of the behaviour table that have no case because
// they cannot have one, in the table's order.
func Untestable() []UntestableRow {
	index := untestableIndex()
	var out []UntestableRow
	for _, r := range rowTable() {
		if reason, ok := index[r.ID]; ok {
			out = append(out, UntestableRow{r, reason})
		}
	}
	return out
}
