package conformance

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/kmsmac/kmsmac/results"
)

// baseline is a record that a run is held against instead of the table.
type baseline struct {
	rec  *Record
	home string // Region of the record
	away string
	// byTable is what the table says of the record, case by case: a difference
	// from the table that the record has too is none.
	byTable map[string][]judgement
}

// judgement is what one Want or Check found by the table.
type judgement struct {
	step   step
	fact   string // of a Check; "" for a Want
	failed []string
}

// newBaseline holds the record against the table, so that what needs several
// answers, or the keys themselves, can be compared as well.
func newBaseline(ctx context.Context, rec *Record, sel selection) (*baseline, error) {
	o := rec.Options(Options{})
	o.Parallel = 8
	s, closeRoads, err := newSession(ctx, rec.Target("baseline"), o)
	if err != nil {
		return nil, err
	}
	defer closeRoads()
	s.judgements = map[string][]judgement{}
	s.runAll(sel)
	return &baseline{rec: rec, home: rec.Header.Region, away: rec.Header.Region2, byTable: s.judgements}, ctx.Err()
}

// evidence is what stands in the place of the table's.
func (b *baseline) evidence() Evidence {
	source := "baseline " + orElse(b.rec.Header.Target, "made by hand")
	if b.rec.Golden() {
		source += ", golden"
	}
	date := ""
	if at := b.rec.Header.Started; !at.IsZero() {
		date = at.Format("2006-01-02")
	}
	return Evidence{Class: Recorded, Source: source, Date: date, Confidence: High}
}

// failedByTable are the facts of the n-th judgement that the record itself
// breaks, and whether the record went that far.
func (b *baseline) failedByTable(row string, n int, j judgement) (failed []string, known bool) {
	list := b.byTable[row]
	if n >= len(list) || list[n].fact != j.fact || list[n].step.id() != j.step.id() || list[n].step.nth != j.step.nth {
		return nil, false
	}
	return list[n].failed, true
}

// pair returns the recorded exchange that the n-th judged answer is held
// against: that of the same step. Where a quota is used up, how many requests
// that takes is no fact: there it is the n-th judged answer of the record.
func (b *baseline) pair(c Case, n int, st step) *recordedExchange {
	if slices.Contains(c.Needs, FeatureQuota) {
		if list := b.byTable[c.ID]; n < len(list) && list[n].fact == "" {
			return b.rec.at(list[n].step)
		}
	}
	return b.rec.at(st)
}

// wantRecorded judges the answer by the record: what the two answers say, and
// whether they keep to the table in the same facts.
func (a *Answer) wantRecorded(alternatives []Expectation) *Answer {
	p := a.probe
	r, n := p.run, len(p.run.judged)
	x := r.s.baseline.pair(r.c, n, a.step)
	recorded := x != nil && x.Response != nil
	a = p.settle(a, func(a *Answer) bool {
		if !recorded {
			return true
		}
		_, diffs := p.compareRecorded(a, x, n, alternatives)
		return len(diffs) == 0
	})
	byTable := p.judgeByTable(a, alternatives)
	if recorded {
		facts, diffs := p.compareRecorded(a, x, n, alternatives)
		p.lacks(a, diffs)
		if hard(diffs) {
			r.stillPassing()
		}
		p.record(facts, diffs)
		r.observed = a.Summary()
		r.wanted = append(r.wanted, recordedAnswer(x).Summary())
		if hard(diffs) {
			panic(stopCase{})
		}
	}
	if hard(byTable) {
		panic(stopCase{}) // the rest of the steps rests on this one
	}
	return a
}

// judgeByTable notes which facts of the table the answer breaks.
func (p *Probe) judgeByTable(a *Answer, alternatives []Expectation) []Difference {
	var diffs []Difference
	if len(alternatives) > 0 {
		_, _, diffs = p.best(a, alternatives)
	}
	p.run.judged = append(p.run.judged, judgement{step: a.step, failed: factNames(diffs)})
	return diffs
}

func factNames(diffs []Difference) []string {
	var names []string
	for _, d := range diffs {
		names = append(names, d.Fact)
	}
	return names
}

// compareRecorded lists the facts of an answer beside those of the record.
func (p *Probe) compareRecorded(a *Answer, x *recordedExchange, n int, alternatives []Expectation) (facts []Fact, diffs []Difference) {
	b, s := p.run.s.baseline, p.run.s
	was := recordedAnswer(x)
	check := func(name, want, got string, textOnly bool) {
		facts = append(facts, a.fact(name, isValue))
		if want != got {
			diffs = append(diffs, Difference{name, mask(want), mask(got), textOnly})
		}
	}
	check("status", strconv.Itoa(was.Status), strconv.Itoa(a.Status), false)
	check("code", orNone(was.Code), orNone(a.Code), false)
	check("code_place", orNone(was.CodePlace), orNone(a.CodePlace), false)
	check("message", presence(was.HasMessage), presence(a.HasMessage), false)
	list := slices.Contains(listOperations, a.Operation)
	then := normaliser{home: b.home, away: b.away, sent: was.sent, asked: string(was.request), list: list}
	now := normaliser{home: s.home.region, sent: a.sent, asked: string(a.request), list: list}
	if s.away != nil {
		now.away = s.away.region
	}
	if then.asked == "" {
		now.asked = ""
	}
	if then.home == "" {
		now.home, now.away, then.away = "", "", ""
	}
	if then.sent.IsZero() {
		now.sent = then.sent
	}
	if want, got := then.text(was.Message), now.text(a.Message); was.HasMessage && a.HasMessage {
		if likeText(strings.ReplaceAll(want, string(removed), "..."), got) {
			want = got // in all that is known
		}
		check("text", want, got, true)
	}
	old, fresh := then.members(was.JSON), now.members(a.JSON)
	for _, path := range slices.Sorted(maps.Keys(both(old, fresh))) {
		check("member "+path, orAbsent(old, path), orAbsent(fresh, path), false)
	}
	return facts, append(diffs, p.brokenOnlyHere(a, n, alternatives, diffs)...)
}

// brokenOnlyHere are the table's facts that the answer breaks and the record
// does not: the tag of a known key, a header.
func (p *Probe) brokenOnlyHere(a *Answer, n int, alternatives []Expectation, found []Difference) (diffs []Difference) {
	failed, known := p.run.s.baseline.failedByTable(p.run.c.ID, n, judgement{step: a.step})
	if !known || hard(found) || len(alternatives) == 0 {
		return nil
	}
	_, _, byTable := p.best(a, alternatives)
	for _, d := range byTable {
		if !slices.Contains(failed, d.Fact) && !slices.ContainsFunc(found, func(f Difference) bool { return f.Fact == d.Fact }) {
			diffs = append(diffs, d)
		}
	}
	return diffs
}

// checkRecorded judges a fact of several answers: it must be as in the record,
// where the record shows it.
func (p *Probe) checkRecorded(a *Answer, fact string, holds bool, want, got string, onlyWarns bool) {
	r := p.run
	j := judgement{step: a.step, fact: fact}
	if !holds {
		j.failed = []string{fact}
	}
	failed, known := r.s.baseline.failedByTable(r.c.ID, len(r.judged), j)
	r.judged = append(r.judged, j)
	if known {
		var diffs []Difference
		if recorded := len(failed) == 0; recorded != holds {
			diffs = []Difference{{fact, "as recorded: " + want, clip(mask(got), 200), onlyWarns}}
		}
		p.record([]Fact{a.fact(fact, isValue)}, diffs)
	}
	if !holds && !onlyWarns {
		panic(stopCase{})
	}
}

func recordedAnswer(x *recordedExchange) *Answer {
	a, _ := readAnswer(x.exchange())
	a.sent, a.request = x.Sent, x.Request.bytes()
	return a
}

func presence(there bool) string {
	if there {
		return "present"
	}
	return "absent"
}

func orAbsent(m map[string]string, path string) string {
	v, there := m[path]
	if !there {
		return "absent"
	}
	return clip(v, 200)
}

func both(a, b map[string]string) map[string]string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// recordedVerdict ends a case of which the record shows nothing.
func (r *caseRun) recordedVerdict() {
	if r.verdict == "" && len(r.facts) == 0 {
		r.verdict = results.CaseNotApplicable
		r.reason = fmt.Sprintf("the baseline holds no answer that row %s judges", r.c.ID)
	}
}
