package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/results"
)

// goalBlocks is how many sessions' worth of rounds a goal is measured over: each
// block of the plan's rounds gives a ratio of 2nd percentiles, the middle one
// decides, and the lowest and highest show the spread.
const goalBlocks = 5

// MeasureEngineGoals measures what the project promises of its engine, and only
// that: the implementation that NewKey takes, against the fastest way of each
// goal's peer. Of p, Seed, Rounds (of a block) and Turn count. known holds, by
// goal, the reasons of those that are known to be short. Speed goals against
// Intel's library need o.Peers with it.
func MeasureEngineGoals(ctx context.Context, p EnginePlan, o EngineOptions, known map[string]string) (results.EngineBench, error) {
	p = p.WithDefaults()
	if err := p.Validate(); err != nil {
		return results.EngineBench{}, err
	}
	var intel []PeerVariant
	for _, v := range o.Peers.list() {
		if v.Library == ipsecLibrary {
			intel = append(intel, v)
		}
	}
	if len(intel) == 0 {
		return results.EngineBench{}, errors.New("bench: the goals need Intel's multi-buffer library among the peers")
	}
	goals := engineGoals(intel)
	block := p.Rounds
	p.Rounds *= goalBlocks
	b, err := measureEngine(ctx, p, goalSpecs(goals), o)
	if err != nil {
		return b, err
	}
	m := &goalMeasures{block: block, cases: casesByName(b)}
	b.Goals = m.judge(goals, known)
	steps, err := stepGoal(ctx, p, o, block, known)
	if err != nil {
		return b, err
	}
	b.Goals = append(b.Goals, steps.goal)
	b.Cases = append(b.Cases, steps.cases...)
	b.Goals = append(b.Goals, countGoals(b.Cases)...)
	return b, nil
}

// ipsecLibrary is how the helper calls Intel's multi-buffer library.
const ipsecLibrary = "ipsec-mb"

// list is nil for no peers.
func (p *Peers) list() []PeerVariant {
	if p == nil {
		return nil
	}
	return p.Variants
}

// speedGoal is a ratio, or a difference, between pieces of work.
type speedGoal struct {
	id, what string
	unit     string // "times": peer's ns over ours; "ns": ours less the peer's
	goal     float64
	ours     engineSpec
	peers    []engineSpec // the fastest counts
}

// engineGoals are the goals on speed. Ours is always the default implementation.
func engineGoals(intel []PeerVariant) []speedGoal {
	narrow, wide := engine.HMACSHA256, engine.HMACSHA512
	ours := func(op string, alg engine.Algorithm, size SizeRange, jobs int) engineSpec {
		return engineSpec{engine.Default(alg).Name(), op, alg, size, jobs}
	}
	many := func(id string, goal float64, alg engine.Algorithm, size SizeRange, jobs int) speedGoal {
		g := speedGoal{id: id, unit: unitTimes, goal: goal, ours: ours(results.OpBatch, alg, size, jobs)}
		g.what = fmt.Sprintf("%s, %d × %s B, against the best of ipsec-mb", alg, jobs, strings.ReplaceAll(size.set(), "-", ".."))
		if size.Min == size.Max {
			g.what = fmt.Sprintf("%s, %d × %d B, against the best of ipsec-mb", alg, jobs, size.Min)
		}
		for _, v := range intel {
			if slices.Contains(v.Algorithms, alg) {
				g.peers = append(g.peers, engineSpec{v.Name, results.OpBatch, alg, size, jobs})
			}
		}
		return g
	}
	single := func(id, what string, goal float64, op string, alg engine.Algorithm) speedGoal {
		return speedGoal{id, fmt.Sprintf("one %s of 64 B%s, against Go's hmac reused", alg, what), unitTimes, goal,
			ours(op, alg, one(64), 1), []engineSpec{{CryptoHMAC, results.OpSum, alg, one(64), 1}}}
	}
	verify := func(id string, alg engine.Algorithm) speedGoal {
		return speedGoal{id, fmt.Sprintf("%s of 64 B, verify over generate", alg), unitNs, 3,
			ours(results.OpVerify, alg, one(64), 1), []engineSpec{ours(results.OpSum, alg, one(64), 1)}}
	}
	return []speedGoal{
		many("sha256-128x64", 2, narrow, one(64), 128),
		many("sha256-128x4096", 1.5, narrow, one(4096), 128),
		many("sha256-512xmixed128", 1.6, narrow, mixed(128), 512),
		many("sha256-512xmixed4096", 1.4, narrow, mixed(4096), 512),
		many("sha512-128x64", 1.5, wide, one(64), 128),
		many("sha512-128x4096", 1.2, wide, one(4096), 128),
		single("sha256-one", ", back to back", 2, results.OpSum, narrow),
		single("sha256-one-chained", ", chained", 1.6, results.OpSumChained, narrow),
		single("sha512-one", "", 1.5, results.OpSum, wide),
		verify("sha256-verify", narrow),
		verify("sha512-verify", wide),
	}
}

// The units of goals.
const (
	unitTimes   = "times"
	unitNs      = "ns"
	unitPercent = "percent"
	unitCount   = "count"
)

func goalSpecs(goals []speedGoal) []engineSpec {
	var out []engineSpec
	add := func(s engineSpec) {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	for _, g := range goals {
		add(g.ours)
		for _, s := range g.peers {
			add(s)
		}
	}
	return out
}

// goalMeasures are the rounds of a session, cut into blocks.
type goalMeasures struct {
	block int // rounds
	cases map[string]results.EngineCase
}

func casesByName(b results.EngineBench) map[string]results.EngineCase {
	out := map[string]results.EngineCase{}
	for _, c := range b.Cases {
		out[c.Name()] = c
	}
	return out
}

func (s engineSpec) name() string {
	return results.EngineCase{Impl: s.impl, Operation: s.op, Algorithm: s.alg.String(),
		MinBytes: s.size.Min, MaxBytes: s.size.Max, Jobs: s.jobs}.Name()
}

// low is the 2nd percentile of a case in a block.
func (m *goalMeasures) low(s engineSpec, block int) float64 {
	ns := m.cases[s.name()].RoundsNs
	return results.Quantile(ns[block*m.block:][:m.block], 0.02)
}

func (m *goalMeasures) blocks(s engineSpec) int { return len(m.cases[s.name()].RoundsNs) / m.block }

// fastest is the quickest of the specs over all blocks.
func (m *goalMeasures) fastest(specs []engineSpec) engineSpec {
	return slices.MinFunc(specs, func(a, b engineSpec) int {
		if m.cases[a.name()].LowNs < m.cases[b.name()].LowNs {
			return -1
		}
		return 1
	})
}

func (m *goalMeasures) judge(goals []speedGoal, known map[string]string) []results.EngineGoal {
	var out []results.EngineGoal
	for _, g := range goals {
		peer := m.fastest(g.peers)
		var values []float64
		for b := range m.blocks(g.ours) {
			ours, theirs := m.low(g.ours, b), m.low(peer, b)
			for _, s := range g.peers { // per block, too, the fastest counts
				theirs = min(theirs, m.low(s, b))
			}
			if g.unit == unitNs {
				values = append(values, ours-theirs)
			} else {
				values = append(values, theirs/ours)
			}
		}
		r := newGoal(g.id, g.what, g.unit, g.goal, values, known)
		r.Detail = fmt.Sprintf("%s %.1f ns, %s %.1f ns", g.ours.impl, m.cases[g.ours.name()].LowNs, peer.impl, m.cases[peer.name()].LowNs)
		out = append(out, r)
	}
	return out
}

// newGoal judges by the middle value.
func newGoal(id, what, unit string, goal float64, values []float64, known map[string]string) results.EngineGoal {
	g := results.EngineGoal{ID: id, What: what, Unit: unit, Goal: goal, Value: results.Quantile(values, 0.5),
		Lowest: slices.Min(values), High: slices.Max(values)}
	if unit == unitTimes {
		g.Met = g.Value >= goal
	} else {
		g.Met = g.Value <= goal
	}
	if !g.Met {
		g.Excuse = known[id]
	}
	return g
}

// countGoals are those that no reason excuses.
func countGoals(cases []results.EngineCase) []results.EngineGoal {
	most, wrong := 0.0, 0
	checked := 0
	for _, c := range cases {
		if c.Allocs != nil && c.Impl != CryptoHMAC {
			most = max(most, *c.Allocs)
		}
		wrong += c.WrongTags
		checked += c.Checked
	}
	allocs := newGoal("allocations", "allocations of any of these", unitCount, 0, []float64{most}, nil)
	tags := newGoal("wrong-tags", "wrong tags among those of every case, peers included", unitCount, 0, []float64{float64(wrong)}, nil)
	tags.Detail = fmt.Sprintf("%d tags held against crypto/hmac", checked)
	return []results.EngineGoal{allocs, tags}
}
