package kmsemu

import (
	"slices"
	"strconv"
	"strings"
)

// condition is one operator on one condition key, for example StringEquals on
// kms:MacAlgorithm (rows PO-08, PO-09).
type condition struct {
	operator string // without quantifier and IfExists
	each     string // "", "ForAnyValue" or "ForAllValues"
	ifExists bool
	key      string // lower case
	values   []string
}

// conditionValues are the values of the condition keys of a request, by
// lower-case name. A key without a value is absent: a condition on it is not
// met (row PO-11).
type conditionValues map[string][]string

func parseConditions(v any) ([]condition, error) {
	if v == nil {
		return nil, nil
	}
	operators, ok := v.(map[string]any)
	if !ok {
		return nil, policyFault("A Condition of the policy document is not an object.")
	}
	var out []condition
	for name, keys := range operators {
		m, ok := keys.(map[string]any)
		if !ok {
			return nil, policyFault("A Condition of the policy document is not an object.")
		}
		c := condition{operator: name}
		if each, rest, ok := strings.Cut(name, ":"); ok {
			c.each, c.operator = each, rest
		}
		c.operator, c.ifExists = strings.CutSuffix(c.operator, "IfExists")
		for key, values := range m {
			c.key = strings.ToLower(key)
			c.values = stringsOf(values)
			if b, ok := values.(bool); ok {
				c.values = []string{strconv.FormatBool(b)}
			}
			out = append(out, c)
		}
	}
	return out, nil
}

// met reports whether all conditions hold.
func (s *statement) met(values conditionValues) bool {
	for i := range s.conditions {
		if !s.conditions[i].met(values) {
			return false
		}
	}
	return true
}

func (c *condition) met(values conditionValues) bool {
	got, present := values[c.key]
	if c.operator == "Null" {
		return slices.Contains(c.values, strconv.FormatBool(!present))
	}
	if !present {
		return c.ifExists || c.each == "ForAllValues" || strings.Contains(c.operator, "Not")
	}
	if c.each == "ForAllValues" {
		return !slices.ContainsFunc(got, func(v string) bool { return !c.holds(v) })
	}
	return slices.ContainsFunc(got, c.holds)
}

// holds compares one value. An operator that is not known never holds.
func (c *condition) holds(value string) bool {
	in := func(equal func(pattern, value string) bool) bool {
		return slices.ContainsFunc(c.values, func(pattern string) bool { return equal(pattern, value) })
	}
	exact := func(a, b string) bool { return a == b }
	switch c.operator {
	case "StringEquals", "ArnEquals":
		return in(exact)
	case "StringNotEquals", "ArnNotEquals":
		return !in(exact)
	case "StringEqualsIgnoreCase", "Bool":
		return in(strings.EqualFold)
	case "StringNotEqualsIgnoreCase":
		return !in(strings.EqualFold)
	case "StringLike", "ArnLike":
		return in(wildcard)
	case "StringNotLike", "ArnNotLike":
		return !in(wildcard)
	}
	return false
}
