package conformance

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kmsmac/kmsmac/results"
)

// The profiles. Each case belongs to exactly one of the first eight.
const (
	ProfileCore        = "core"       // generate and verify
	ProfileLifecycle   = "lifecycle"  // states, usage, rotation, deletion
	ProfileGovernance  = "governance" // aliases, tags, grants, policies
	ProfileImport      = "import"
	ProfileMultiRegion = "multi-region"
	ProfileWire        = "wire"
	ProfileAuth        = "auth"
	ProfileQuota       = "quota"
	ProfileFull        = "full"   // all of them, and the cases that are FullOnly
	ProfileGolden      = "golden" // full, and what nobody knows
)

var profileOfGroup = map[string]string{
	"CK": ProfileCore, "DK": ProfileCore, "GM": ProfileCore, "VM": ProfileCore, "ID": ProfileCore, "DR": ProfileCore, "LI": ProfileCore,
	"DIFF": ProfileImport,
	"KS":   ProfileLifecycle, "KU": ProfileLifecycle, "RO": ProfileLifecycle, "DE": ProfileLifecycle, "EC": ProfileLifecycle,
	"OB": ProfileLifecycle,
	"AL": ProfileGovernance, "TG": ProfileGovernance, "GR": ProfileGovernance, "PO": ProfileGovernance,
	"IM": ProfileImport, "RFC": ProfileImport,
	"MR": ProfileMultiRegion, "WI": ProfileWire, "AU": ProfileAuth, "QU": ProfileQuota,
}

// Profiles returns the names of the profiles that cases belong to.
func Profiles() []string {
	return []string{ProfileCore, ProfileLifecycle, ProfileGovernance, ProfileImport, ProfileMultiRegion, ProfileWire, ProfileAuth, ProfileQuota}
}

// selection is what Options select.
type selection struct {
	profile  string // as given, "full" for ""
	profiles []string
	cases    []Case
	texts    bool // profile wire was asked for by name: recorded texts fail
	full     bool // full or golden was asked for
}

// choose applies Profile and Cases. The error wraps ErrUsage or
// ErrNothingSelected.
func choose(o Options, all []Case) (selection, error) {
	sel := selection{profile: o.Profile}
	if sel.profile == "" {
		sel.profile = ProfileFull
	}
	for _, name := range strings.Split(sel.profile, ",") {
		name = strings.TrimSpace(name)
		switch {
		case name == ProfileFull:
			sel.full = true
			sel.profiles = append(sel.profiles, Profiles()...)
		case name == ProfileGolden:
			sel.full = true
			sel.profiles = append(append(sel.profiles, Profiles()...), ProfileGolden)
		case slices.Contains(Profiles(), name):
			sel.profiles = append(sel.profiles, name)
			sel.texts = sel.texts || name == ProfileWire
		default:
			return sel, fmt.Errorf("%w: unknown profile %q; known are %s, %s, %s", ErrUsage, name, strings.Join(Profiles(), ", "), ProfileFull, ProfileGolden)
		}
	}
	wanted, err := wantedIDs(o.Cases, all)
	if err != nil {
		return sel, err
	}
	for _, c := range all {
		inProfile := slices.Contains(sel.profiles, c.Profile) || sel.texts && c.Evidence.Class == Recorded
		if inProfile && (sel.full || !c.FullOnly) && (wanted == nil || wanted[c.ID]) {
			sel.cases = append(sel.cases, c)
		}
	}
	if len(sel.cases) == 0 {
		return sel, fmt.Errorf("%w: profile %q and cases %q have nothing in common", ErrNothingSelected, sel.profile, o.Cases)
	}
	return sel, nil
}

// by is the same selection on other evidence.
func (sel selection) by(e Evidence) selection {
	sel.cases = slices.Clone(sel.cases)
	for i := range sel.cases {
		sel.cases[i].Evidence = e
	}
	return sel
}

// wantedIDs expands ids and groups; nil means all.
func wantedIDs(names []string, all []Case) (map[string]bool, error) {
	if len(names) == 0 {
		return nil, nil
	}
	wanted := map[string]bool{}
	untestable := untestableIndex()
	for _, name := range names {
		found := false
		for _, c := range all {
			if c.ID == name || c.Group == name {
				wanted[c.ID], found = true, true
			}
		}
		if found {
			continue
		}
		if reason, known := untestable[name]; known {
			return nil, fmt.Errorf("%w: row %s cannot be tested: %s", ErrNothingSelected, name, reason)
		}
		return nil, fmt.Errorf("%w: unknown case %q", ErrUsage, name)
	}
	return wanted, nil
}

// outcomes ends each profile that has cases: failed beats inconclusive, that
// beats partial.
func outcomes(cases []Case, done []results.CaseResult) map[string]results.ProfileOutcome {
	profile := map[string]string{}
	for _, c := range cases {
		profile[c.ID] = c.Profile
	}
	counts := map[string]map[results.CaseVerdict]int{}
	for _, r := range done {
		name := profile[r.ID]
		if counts[name] == nil {
			counts[name] = map[results.CaseVerdict]int{}
		}
		counts[name][r.Verdict]++
	}
	out := map[string]results.ProfileOutcome{}
	for name, n := range counts {
		out[name] = outcome(n)
	}
	return out
}

func outcome(n map[results.CaseVerdict]int) results.ProfileOutcome {
	judged := n[results.CasePass] + n[results.CaseWarn]
	switch {
	case n[results.CaseFail] > 0:
		return results.Failed
	case n[results.CaseInconclusive] > 0 || judged == 0:
		return results.ProfileInconclusive
	case n[results.CaseNotApplicable]+n[results.CaseSkipped] > 0:
		return results.Partial
	}
	return results.Conformant
}

// Verdict is the verdict of a whole section: a failure beats what could not
// be found out, and a section in which nothing was judged is no pass.
func Verdict(c results.Conformance) results.Verdict {
	n := c.Counts
	if c.Known != nil {
		return knownVerdict(c)
	}
	switch {
	case n[results.CaseFail] > 0:
		return results.Fail
	case n[results.CaseInconclusive]+n[results.CaseSkipped] > 0 || n[results.CasePass]+n[results.CaseWarn] == 0:
		return results.Inconclusive
	}
	return results.Pass
}

// knownVerdict is the verdict where deviations are known: only changes fail.
func knownVerdict(c results.Conformance) results.Verdict {
	n := c.Counts
	switch {
	case len(c.Known.Changes) > 0:
		return results.Fail
	case n[results.CaseInconclusive]+n[results.CaseSkipped] > 0 || n[results.CasePass]+n[results.CaseWarn]+n[results.CaseFail] == 0:
		return results.Inconclusive
	}
	return results.Pass
}
