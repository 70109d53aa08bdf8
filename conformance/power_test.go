package conformance_test

import (
	"flag"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/conformance"
	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/kmsemu"
)

// survivors are the mutations that a case lets pass, and why.
var survivors = map[string]string{
	"CK-42 code: other": "the row leaves open whether an unknown member is ignored or refused",
	"GM-35 code: other": "the row leaves open whether an unknown member is ignored or refused",
	"IM-38 code: other": "the row leaves open whether material of low entropy is accepted or refused",

	"OB-05 member KeyLastUsage: gone or there": "the row leaves open whether no use is an empty member or none",
	"OB-06 member KeyLastUsage: gone or there": "the row leaves open whether no use is an empty member or none",

	"OB-06 member KeyLastUsage.Operation: gone or there": unseenUse,
	"OB-06 member KeyLastUsage.Operation: null":          unseenUse,

	"GR-13 member Grants.0.Name: gone or there": noName,
	"GR-13 member Grants.0.Name: null":          noName,

	"RO-03 member message: null": emptyText,

	"RO-05 message: message": emptyText,
	"RO-06 message: message": emptyText,

	"LI-12 member Aliases.0.AliasName: gone or there":   oneOfMany,
	"LI-12 member Aliases.0.AliasName: null":            oneOfMany,
	"LI-12 member Aliases.0.AliasName: other value":     oneOfMany,
	"LI-12 member Aliases.0.TargetKeyId: gone or there": oneOfMany,
	"LI-12 member Aliases.0.TargetKeyId: null":          oneOfMany,
	"RO-13 member Rotations: gone or there":             "the row leaves open whether an empty list is there or not",
}

const emptyText = "the row asks for an empty message, and recordings do not tell it from none"

const unseenUse = "that a use is told is row OB-04; what is told apart cannot be seen without"

const noName = "the row leaves open whether no name is empty, null or absent"

const oneOfMany = "the row asks for some such alias, and there are others"

// polls are cases that repeat a request until time has passed, with the time
// that a mutant of them gets: six times what it may wait.
var polls = map[string]time.Duration{
	"IM-36": 24 * time.Second, "EC-01": 3 * time.Second, "EC-02": 3 * time.Second, "EC-03": 3 * time.Second, "EC-04": 3 * time.Second, "EC-06": 3 * time.Second,
	"EC-07": 3 * time.Second, "EC-08": 3 * time.Second,
}

// whole asks for every mutation; without it every stride-th is tried, which
// finds a hole sooner or later and does not take a minute.
var wholePower = flag.Bool("whole", false, "try every mutation and print both proofs")

const stride = 9

// TestPower: every case fails, or warns where it can do no more, when one
// asserted fact of one clean exchange is changed.
func TestPower(t *testing.T) {
	t.Parallel()
	quick := serve(t, kmsemu.Options{})
	slow := serve(t, kmsemu.Options{ReplicaDelay: 250 * time.Millisecond})
	total := &score{}
	t.Run("case", func(t *testing.T) {
		for i, c := range decidingCases() {
			t.Run(c.ID, func(t *testing.T) {
				t.Parallel()
				tgt := func() target.Target { return quick }
				if c.Group == "LI" || c.Alone { // lists must not grow, nor quotas shrink
					tgt = func() target.Target { return serve(t, kmsemu.Options{}) }
				}
				facts := assertedBy(t, tgt(), c.ID)
				if len(facts) == 0 { // a state that must be seen while it lasts
					tgt = func() target.Target { return slow }
					facts = assertedBy(t, slow, c.ID)
				}
				total.add(mutateAll(t, tgt, c.ID, facts, i))
			})
		}
	})
	total.report(t)
}

// decidingCases are the cases that can fail.
func decidingCases() []conformance.Case {
	return slices.DeleteFunc(conformance.Catalogue(), func(c conformance.Case) bool { return c.Profile == conformance.ProfileGolden })
}

// score counts mutations.
type score struct {
	mu            sync.Mutex
	tried, caught int
	survived      []string // justified or not
}

func (s *score) add(o *score) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tried += o.tried
	s.caught += o.caught
	s.survived = append(s.survived, o.survived...)
}

// report prints the score, and with -whole adds it to the proofs.
func (s *score) report(t *testing.T) {
	t.Helper()
	slices.Sort(s.survived)
	for _, name := range s.survived {
		t.Logf("survivor %s: %s", name, orUnjustified(survivors[name]))
	}
	t.Logf("%d of %d mutations caught", s.caught, s.tried)
	if !*wholePower {
		return
	}
	for name := range survivors {
		if !slices.Contains(s.survived, name) {
			t.Errorf("survivor %s is justified, but does not survive", name)
		}
	}
	proofs.mutations = s
}

func orUnjustified(why string) string {
	if why == "" {
		return "NOT JUSTIFIED"
	}
	return why
}

// mutateAll tries the mutations of every fact, or every stride-th of them,
// beginning at one that differs from case to case.
func mutateAll(t *testing.T, tgt func() target.Target, id string, facts []conformance.Fact, first int) *score {
	t.Helper()
	s := &score{}
	if len(facts) == 0 {
		t.Error("the case asserts nothing")
	}
	n, step := first, stride*max(1, len(facts)/30) // a long case costs more each time
	for _, f := range facts {
		for _, m := range mutations(f) {
			if n++; !*wholePower && n%step != 0 {
				continue
			}
			applied, verdict := runMutant(t, tgt, id, f, m)
			if !applied {
				continue
			}
			s.tried++
			if verdict == results.CaseFail || verdict == results.CaseWarn {
				s.caught++
				continue
			}
			name := id + " " + f.Name + ": " + m.name
			s.survived = append(s.survived, name)
			if survivors[name] == "" {
				t.Errorf("exchange %d of %s, %s: %s ended %s", f.Nth, f.Operation, f.Name, m.name, verdict)
			}
		}
	}
	if s.tried == 0 && *wholePower {
		t.Error("no mutation could be applied")
	}
	return s
}

// alone are the options for one case, run by itself.
func alone(id string) conformance.Options {
	o := whole()
	o.Cases, o.Parallel, o.Differential = []string{id}, 1, 0
	return o
}

func assertedBy(t *testing.T, tgt target.Target, id string) []conformance.Fact {
	t.Helper()
	o := alone(id)
	var facts []conformance.Fact
	o.Observer = func(e conformance.Event) { facts = e.Facts }
	run(t, tgt, o)
	return facts
}

// runMutant runs the case with one mutation. A run that is not caught, and did
// not assert the fact of that very exchange, shows nothing: on a busy machine a
// passing state was missed and the case tried again, or a quota ran out an
// exchange later. Such a run is repeated a few times before it counts.
func runMutant(t *testing.T, tgt func() target.Target, id string, f conformance.Fact, m mutation) (applied bool, v results.CaseVerdict) {
	t.Helper()
	for range 5 {
		proxy := &mutant{Target: tgt(), fact: f, change: m.change, onward: polls[id] > 0}
		o := alone(id)
		o.CaseTimeout = polls[id]
		var facts []conformance.Fact
		o.Observer = func(e conformance.Event) { facts = e.Facts }
		c := run(t, proxy, o)
		applied, v = proxy.done.Load(), c.Cases[0].Verdict
		if v == results.CaseFail || v == results.CaseWarn || slices.Contains(facts, f) {
			return applied, v
		}
	}
	return applied, v
}

// undecided are deviations that the behaviour table does not call wrong, or
// that no request can bring to light.
var undecided = map[string]string{
	"server-errors-400": "row WI-14: nobody can order a fault of the service",
}

// TestDeviations: every deviation of the emulator is caught by the case of at
// least one of the rows that it breaks. Deviations of groups that the
// catalogue does not have yet are left to them.
func TestDeviations(t *testing.T) {
	t.Parallel()
	known, listed := map[string]bool{}, map[string]bool{}
	for _, c := range conformance.Catalogue() {
		known[c.ID], listed[c.Group] = true, true
	}
	t.Run("deviation", func(t *testing.T) {
		for _, d := range kmsemu.Deviations() {
			o := whole()
			o.Differential, o.CaseTimeout = 0, 24*time.Second
			open := false // a row belongs to a group that is not there yet
			for _, id := range d.Rows {
				group, _, _ := strings.Cut(id, "-")
				open = open || !listed[group]
				if known[id] {
					o.Cases = append(o.Cases, id)
				}
			}
			if open && len(o.Cases) == 0 {
				continue
			}
			t.Run(d.Name, func(t *testing.T) {
				t.Parallel()
				if len(o.Cases) == 0 && undecided[d.Name] != "" {
					proofs.deviation(d.Name, nil)
					return
				}
				if len(o.Cases) == 0 {
					t.Fatalf("no row of %v has a case: %s", d.Rows, d.Sentence)
				}
				c := run(t, serve(t, kmsemu.Options{ReplicaDelay: replicaDelay, Deviations: []string{d.Name}}), o)
				by := caughtBy(c)
				proofs.deviation(d.Name, by)
				if len(by) == 0 && !open && undecided[d.Name] == "" {
					t.Errorf("none of %v sees this: %s", o.Cases, d.Sentence)
				}
			})
		}
	})
}

// caughtBy lists the cases that see something.
func caughtBy(c results.Conformance) (ids []string) {
	for _, r := range c.Cases {
		if r.Verdict == results.CaseFail || r.Verdict == results.CaseWarn {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

// TestMainDeviationsFail: the two that every run must fail on.
func TestMainDeviationsFail(t *testing.T) {
	t.Parallel()
	for name, ids := range map[string][]string{
		"wrong-tag":       {"VM-02", "GM-38", "RFC-1-SHA256", "RFC-7-SHA512"},
		"disable-ignored": {"KS-01", "GM-25", "VM-21"},
	} {
		o := whole()
		o.Profile, o.Cases, o.Differential = "core,lifecycle,import", ids, 0
		c := run(t, serve(t, kmsemu.Options{Deviations: []string{name}}), o)
		if conformance.Verdict(c) != results.Fail {
			t.Errorf("%s: verdict %s, want fail", name, conformance.Verdict(c))
		}
		verdicts := map[string]results.CaseVerdict{}
		for _, r := range c.Cases {
			verdicts[r.ID] = r.Verdict
		}
		for _, id := range ids {
			if verdicts[id] != results.CaseFail {
				t.Errorf("%s: case %s ended %q, want fail", name, id, verdicts[id])
			}
		}
	}
}

// TestPlanIsExact: what Plan says is what is sent, case by case.
func TestPlanIsExact(t *testing.T) {
	t.Parallel()
	tgt := serve(t, kmsemu.Options{})
	for _, c := range decidingCases() {
		plan, err := conformance.Plan(alone(c.ID))
		if err != nil {
			t.Error(err)
			continue
		}
		r := run(t, tgt, alone(c.ID)).Cases[0]
		if r.Verdict == results.CaseNotApplicable {
			continue // TestEmulator proves that all are applicable, given time
		}
		early := c.Alone && r.Requests < plan.Requests // a quota was used up sooner
		if want := plan.Requests - plan.Keys; r.Requests != want && !(polls[c.ID] > 0 && r.Requests > want) && !early {
			t.Errorf("%s: planned %d requests besides clean-up, sent %d: %v", c.ID, want, r.Requests, plan.Operations)
		}
	}
}
