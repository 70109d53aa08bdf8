package kmsemu

import (
	"encoding/json"
	"slices"
	"strings"
)

// policy is a parsed policy document. Of the language it knows Effect,
// Principal, NotPrincipal, Action, NotAction, Resource and the conditions in
// conditions.go; what it does not know never matches an Allow.
type policy []statement

type statement struct {
	allow         bool
	principals    []string // "*", ARNs, account ids
	notPrincipals bool     // principals are those that do not match
	actions       []string
	notActions    bool
	conditions    []condition
}

// policyFault is what is wrong with a policy document, as the message of a
// MalformedPolicyDocumentException says it (texts inferred).
type policyFault string

func (f policyFault) Error() string { return string(f) }

func parsePolicy(text string) (policy, error) {
	var doc struct {
		Statement json.RawMessage
	}
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		return nil, policyFault("The policy document is not valid JSON.")
	}
	var list []map[string]any
	if json.Unmarshal(doc.Statement, &list) != nil {
		var one map[string]any
		if json.Unmarshal(doc.Statement, &one) != nil {
			return nil, policyFault("The policy document has no statements.")
		}
		list = append(list, one)
	}
	p := policy{}
	for _, m := range list {
		s, err := parseStatement(m)
		if err != nil {
			return nil, err
		}
		p = append(p, s)
	}
	return p, nil
}

func parseStatement(m map[string]any) (s statement, err error) {
	switch m["Effect"] {
	case "Allow":
		s.allow = true
	case "Deny":
	default:
		return s, policyFault("A statement of the policy document has no valid Effect.")
	}
	if p, ok := m["NotPrincipal"]; ok {
		s.principals, s.notPrincipals = parsePrincipals(p), true
	} else {
		s.principals = parsePrincipals(m["Principal"])
	}
	s.actions = stringsOf(m["Action"])
	if a, ok := m["NotAction"]; ok {
		s.actions, s.notActions = stringsOf(a), true
	}
	if len(s.actions) == 0 {
		return s, policyFault("A statement of the policy document has no Action.")
	}
	s.conditions, err = parseConditions(m["Condition"])
	return s, err
}

// parsePrincipals reads "*" or an object of principals by kind.
func parsePrincipals(v any) []string {
	if m, ok := v.(map[string]any); ok {
		var out []string
		for _, list := range m {
			out = append(out, stringsOf(list)...)
		}
		return out
	}
	return stringsOf(v)
}

// stringsOf reads a string or a list of strings.
func stringsOf(v any) []string {
	switch x := v.(type) {
	case string:
		return []string{x}
	case []any:
		var out []string
		for _, e := range x {
			if s, ok := e.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}

// decision is what a policy says of a request.
type decision uint8

const (
	silent    decision = iota
	delegated          // the account is allowed: its identity policies decide
	direct             // the principal itself is allowed
	denied
)

// allows reports whether the decision lets a caller through whose identity
// policies say identity.
func (d decision) allows(identity bool) bool { return d == direct || d == delegated && identity }

// decide evaluates a key policy.
func (p policy) decide(action string, by caller, values conditionValues) decision {
	best := silent
	for i := range p {
		s := &p[i]
		how := s.principal(by)
		if how == silent || !s.action(action) || !s.met(values) {
			continue
		}
		if !s.allow {
			return denied
		}
		best = max(best, how)
	}
	return best
}

// decideIdentity evaluates an identity policy, which names no principals.
func (p policy) decideIdentity(action string, values conditionValues) decision {
	best := silent
	for i := range p {
		s := &p[i]
		if !s.action(action) || !s.met(values) {
			continue
		}
		if !s.allow {
			return denied
		}
		best = direct
	}
	return best
}

// principal says whether and how the statement names the caller. The account's
// root in an Allow stands for the account (row AU-12).
func (s *statement) principal(by caller) decision {
	how := silent
	for _, p := range s.principals {
		switch {
		case p == "*" || p == by.principal:
			how = max(how, direct)
		case p == by.account || strings.HasSuffix(p, ":iam::"+by.account+":root"):
			how = max(how, delegated)
		}
	}
	if !s.notPrincipals {
		return how
	}
	if how == silent {
		return direct
	}
	return silent
}

func (s *statement) action(action string) bool {
	match := slices.ContainsFunc(s.actions, func(pattern string) bool {
		return wildcard(strings.ToLower(pattern), strings.ToLower(action))
	})
	return match != s.notActions
}

// wildcard matches s against a pattern with * and ?.
func wildcard(pattern, s string) bool {
	star, mark := -1, 0
	i := 0
	for j := 0; j < len(s); {
		switch {
		case i < len(pattern) && pattern[i] == '*':
			star, mark = i, j
			i++
		case i < len(pattern) && (pattern[i] == '?' || pattern[i] == s[j]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[i:], "*") == ""
}
