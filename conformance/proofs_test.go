package conformance_test

import (
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/kmsmac/kmsmac/target/kmsemu"
)

// proofs is what TestPower, TestDeviations and TestEmulator found, for `make
// power` to print.
var proofs powerProofs

type powerProofs struct {
	mu         sync.Mutex
	deviations map[string][]string // by name, the cases that caught it
	mutations  *score
	clean      string // the counts of the clean run
}

func (p *powerProofs) deviation(name string, by []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.deviations == nil {
		p.deviations = map[string][]string{}
	}
	p.deviations[name] = by
}

// waiters is how many tests may wait side by side.
const waiters = 6

func TestMain(m *testing.M) {
	flag.Parse()
	if runtime.GOMAXPROCS(0) < waiters { // most of the tests' time is waiting
		if err := flag.Set("test.parallel", strconv.Itoa(waiters)); err != nil {
			panic(err)
		}
	}
	code := m.Run()
	if *wholePower && !proofs.print(os.Stdout) && code == 0 {
		code = 1
	}
	os.Exit(code)
}

// print writes both proofs; the last line is how many of how many things that
// must be caught are caught, or justified. It reports whether all are.
func (p *powerProofs) print(w io.Writer) bool {
	hold, all := 0, 0
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) }
	say("the clean run: %s", p.clean)
	caught := 0
	for _, d := range kmsemu.Deviations() {
		by, run := p.deviations[d.Name]
		all++
		switch {
		case len(by) > 0:
			caught++
			hold++
			say("deviation %s: caught by %s", d.Name, strings.Join(by[:min(len(by), 6)], " "))
		case run && undecided[d.Name] != "":
			hold++
			say("deviation %s: justified: %s", d.Name, undecided[d.Name])
		default:
			say("deviation %s: NOT CAUGHT", d.Name)
		}
	}
	say("%d of %d deviations caught", caught, all)
	if p.mutations == nil {
		say("mutations: not tried")
		return false
	}
	for _, name := range p.mutations.survived {
		say("survivor %s: %s", name, orUnjustified(survivors[name]))
		if survivors[name] != "" {
			hold++
		}
	}
	hold += p.mutations.caught
	all += p.mutations.tried
	say("%d of %d mutations caught, %d survivors", p.mutations.caught, p.mutations.tried, len(slices.Compact(p.mutations.survived)))
	say("%d of %d", hold, all)
	return hold == all && p.clean == "clean"
}
