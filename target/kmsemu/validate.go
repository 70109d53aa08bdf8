package kmsemu

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// validate checks the decoded members against the schema and reports all
// violations at once, in the order of the schema (row WI-26; AWS's order is
// not known).
func validate(p params, members []member) error {
	var v violations
	v.members("", p, members)
	if len(v) == 0 {
		return nil
	}
	noun := "errors"
	if len(v) == 1 {
		noun = "error"
	}
	return errValidation(fmt.Sprintf("%d validation %s detected: %s", len(v), noun, strings.Join(v, "; ")))
}

// violations are the sentences of one answer.
type violations []string

func (v *violations) members(prefix string, p params, members []member) {
	for i := range members {
		m := &members[i]
		value, ok := p[m.name]
		if !ok {
			if m.required {
				v.add(prefix+m.path, nil, m.shape, "Member must not be null")
			}
			continue
		}
		v.value(prefix, m.path, value, m.shape)
	}
}

func (v *violations) value(prefix, name string, value any, s *shape) {
	for _, c := range constraints(value, s) {
		v.add(prefix+name, value, s, c)
	}
	if s.kind != kindStruct && s.kind != kindList {
		return
	}
	path := prefix + name
	switch s.kind {
	case kindStruct:
		if p, ok := value.(params); ok {
			v.members(path+".", p, s.members)
		}
	case kindList:
		v.elements(path, value.([]any), s)
	}
}

// elements checks a list. Structures are named by position (row CK-37);
// simple elements are reported for the list as a whole (row GR-09, the
// generic form).
func (v *violations) elements(path string, list []any, s *shape) {
	if s.elem.kind == kindStruct {
		for i, e := range list {
			v.value("", fmt.Sprintf("%s.%d.member", path, i+1), e, s.elem)
		}
		return
	}
	for _, e := range list {
		if e == nil || len(constraints(e, s.elem)) > 0 {
			v.add(path, list, s, "Member must satisfy constraint: ["+strings.Join(rules(s.elem), ", ")+"]")
			return
		}
	}
}

// add writes one sentence. The value is echoed unless it is sensitive
// (row GM-12) or binary.
func (v *violations) add(path string, value any, s *shape, constraint string) {
	*v = append(*v, fmt.Sprintf("Value%s at '%s' failed to satisfy constraint: %s", echo(value, s), path, constraint))
}

func echo(value any, s *shape) string {
	if s.sensitive || (s.kind == kindBlob && value != nil) {
		return ""
	}
	switch x := value.(type) {
	case nil:
		return " null"
	case string:
		return " '" + x + "'"
	case time.Time:
		return " '" + x.UTC().Format(time.RFC3339) + "'"
	case []any:
		parts := make([]string, len(x))
		for i := range x {
			parts[i] = fmt.Sprint(x[i])
			if x[i] == nil {
				parts[i] = "null"
			}
		}
		return " '[" + strings.Join(parts, ", ") + "]'"
	}
	return fmt.Sprintf(" '%v'", value)
}

// constraints returns the sentences of the constraints that value breaks.
func constraints(value any, s *shape) []string {
	switch x := value.(type) {
	case nil:
		return []string{"Member must not be null"}
	case string:
		return textConstraints(x, s)
	case []byte:
		return lengthConstraints(len(x), s)
	case []any:
		return lengthConstraints(len(x), s)
	case int:
		switch {
		case x < s.min:
			return []string{fmt.Sprintf("Member must have value greater than or equal to %d", s.min)}
		case s.max > 0 && x > s.max:
			return []string{fmt.Sprintf("Member must have value less than or equal to %d", s.max)}
		}
	}
	return nil
}

func textConstraints(x string, s *shape) []string {
	if s.enum != nil {
		for _, e := range s.enum {
			if e == x {
				return nil
			}
		}
		return []string{enumRule(s)}
	}
	out := lengthConstraints(utf8.RuneCountInString(x), s)
	if s.pattern != nil && !s.pattern.MatchString(x) {
		out = append(out, patternRule(s))
	}
	return out
}

func lengthConstraints(n int, s *shape) []string {
	switch {
	case n < s.min:
		return []string{minRule(s)}
	case s.max > 0 && n > s.max:
		return []string{maxRule(s)}
	}
	return nil
}

// rules lists all constraints of a simple element.
func rules(s *shape) []string {
	if s.enum != nil {
		return []string{enumRule(s)}
	}
	out := []string{maxRule(s), minRule(s)}
	if s.pattern != nil {
		out = append(out, patternRule(s))
	}
	return out
}

func enumRule(s *shape) string {
	return "Member must satisfy enum value set: [" + strings.Join(s.enum, ", ") + "]"
}

func patternRule(s *shape) string {
	return "Member must satisfy regular expression pattern: " + s.pattern.String()
}

func minRule(s *shape) string {
	return fmt.Sprintf("Member must have length greater than or equal to %d", s.min)
}

func maxRule(s *shape) string {
	return fmt.Sprintf("Member must have length less than or equal to %d", s.max)
}

func lowerFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[n:]
}
