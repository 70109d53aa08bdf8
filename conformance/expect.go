package conformance

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Expectation is what one answer must show, as data: every field that is set
// is a fact of its own, and a report names the ones that differ.
type Expectation struct {
	Name   string // of an alternative, where a row lists several
	Status int
	// WarnStatus is a second status that only warns, where AWS's own documents
	// disagree with the wire.
	WarnStatus int
	Code       string // error code; AnyCode for any; "" for a success
	Message    MessageRule
	// Text is the message, compared as likeText does. It decides only where
	// the row is recorded or TextKnown is set.
	Text      string
	TextKnown bool     // the same text is recorded on another operation
	Mentions  []string // substrings that the message must hold; decide as Text does

	Empty   bool                // the body is empty: no byte, not {}
	Sets    map[string][]string // path of an object ("" is the body) to its exact member names
	Members map[string]Value    // by path
	Headers map[string]Value    // by name, as strings
}

// AnyCode accepts any error code: the row says that the request is rejected,
// but not how.
const AnyCode = "*"

// MessageRule says whether an error has a message member.
type MessageRule string

// The rules.
const (
	MessageAny     MessageRule = ""
	MessagePresent MessageRule = "present"
	MessageAbsent  MessageRule = "absent"
)

// Fact names one thing asserted about one exchange.
type Fact struct {
	Operation string // of the exchange
	Nth       int    // which exchange of that operation in the run, from 0
	Name      string // "status", "code", "code_place", "message", "text", "body", "members PATH", "member PATH", "header NAME"
	// Want is the kind of value that is wanted: "is" for an exact one; the
	// others say how much of it is asserted: "present", "bytes long", "any".
	Want string
}

// Difference is a fact that is not as expected.
type Difference struct {
	Fact      string
	Want, Got string
	TextOnly  bool // it only warns: a text, or a status that is tolerated
}

// String is the difference in one line.
func (d Difference) String() string {
	return fmt.Sprintf("%s: want %s, got %s", d.Fact, d.Want, d.Got)
}

// judge holds the answer against the expectation. textDecides says whether
// texts are asserted.
func (e Expectation) judge(a *Answer, textDecides bool) (asserted []Fact, diffs []Difference) {
	kind := isValue
	check := func(fact string, ok bool, want, got string, textOnly bool) {
		asserted = append(asserted, a.fact(fact, kind))
		if !ok {
			diffs = append(diffs, Difference{fact, want, mask(got), textOnly})
		}
	}
	if e.Status != 0 {
		check("status", a.Status == e.Status, strconv.Itoa(e.Status), strconv.Itoa(a.Status), a.Status == e.WarnStatus)
	}
	if e.Code == AnyCode {
		kind = "any"
	}
	e.judgeError(a, textDecides || e.TextKnown, check)
	kind = isValue
	if e.Empty {
		check("body", len(a.Body) == 0, "empty", clip(string(a.Body), 100), false)
	}
	for _, path := range slices.Sorted(maps.Keys(e.Sets)) {
		want, got := slices.Clone(e.Sets[path]), a.memberNames(path)
		slices.Sort(want)
		check(strings.TrimSpace("members "+path), slices.Equal(want, got), orNone(strings.Join(want, " ")), orNone(strings.Join(got, " ")), false)
	}
	for _, path := range slices.Sorted(maps.Keys(e.Members)) {
		v, there := a.Get(path)
		kind = e.Members[path].kind
		check("member "+path, e.Members[path].holds(v, there), e.Members[path].String(), shownMember(path, v, there), false)
	}
	for _, name := range slices.Sorted(maps.Keys(e.Headers)) {
		values := a.Header.Values(name)
		kind = e.Headers[name].kind
		check("header "+name, e.Headers[name].holds(strings.Join(values, ", "), len(values) > 0),
			e.Headers[name].String(), shown(strings.Join(values, ", "), len(values) > 0), false)
	}
	return asserted, diffs
}

func (a *Answer) fact(name string, kind valueKind) Fact {
	return Fact{Operation: a.Operation, Nth: a.Nth, Name: name, Want: string(kind)}
}

func (e Expectation) judgeError(a *Answer, textDecides bool, check func(string, bool, string, string, bool)) {
	if e.Code == "" {
		if e.Status/100 == 2 {
			check("code", a.Code == "", "none", a.Code, false)
		}
		return
	}
	if e.Code == AnyCode {
		check("code", a.Code != "", "an error code", "none", false)
	} else {
		check("code", a.Code == e.Code, e.Code, orNone(a.Code), false)
	}
	check("code_place", a.CodePlace == placeType, placeType, orNone(a.CodePlace), false)
	switch e.Message {
	case MessagePresent:
		check("message", a.HasMessage, "present", "absent", false)
	case MessageAbsent:
		check("message", !a.HasMessage, "absent", fmt.Sprintf("%q", clip(a.Message, 200)), false)
	}
	if !textDecides {
		return
	}
	if e.Text != "" {
		check("text", likeText(e.Text, a.Message), fmt.Sprintf("%q", clip(mask(e.Text), 200)), fmt.Sprintf("%q", clip(a.Message, 200)), true)
	}
	for _, part := range e.Mentions {
		check("text", strings.Contains(a.Message, part), fmt.Sprintf("a mention of %q", part), fmt.Sprintf("%q", clip(a.Message, 200)), true)
	}
}

// memberNames returns the sorted names of the object at path.
func (a *Answer) memberNames(path string) []string {
	v, _ := a.Get(path)
	m, _ := v.(map[string]any)
	return slices.Sorted(maps.Keys(m))
}

// shownMember is shown for the member at path; nothing shows a secret one.
func shownMember(path string, v any, there bool) string {
	if there && secretMembers[path[strings.LastIndexByte(path, '.')+1:]] {
		return "…"
	}
	return shown(v, there)
}

func shown(v any, there bool) string {
	if !there {
		return "absent"
	}
	return clip(show(v), 200)
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// String is the expectation in words.
func (e Expectation) String() string {
	var b bytes.Buffer
	if e.Status != 0 {
		fmt.Fprintf(&b, "%d", e.Status)
	}
	switch {
	case e.Code == AnyCode:
		b.WriteString(" any error code")
	case e.Code != "":
		b.WriteString(" " + e.Code)
	}
	if e.Text != "" {
		fmt.Fprintf(&b, " %q", clip(e.Text, 300))
	}
	if e.Message == MessageAbsent {
		b.WriteString(" without a message")
	}
	if e.Empty {
		b.WriteString(" with an empty body")
	}
	for _, path := range slices.Sorted(maps.Keys(e.Sets)) {
		if len(e.Sets[path]) == 0 {
			fmt.Fprintf(&b, ", no members in %s", orBody(path))
			continue
		}
		fmt.Fprintf(&b, ", members of %s exactly {%s}", orBody(path), strings.Join(e.Sets[path], " "))
	}
	for _, path := range slices.Sorted(maps.Keys(e.Members)) {
		fmt.Fprintf(&b, ", %s: %s", path, e.Members[path])
	}
	for _, name := range slices.Sorted(maps.Keys(e.Headers)) {
		fmt.Fprintf(&b, ", header %s: %s", name, e.Headers[name])
	}
	return strings.TrimPrefix(strings.TrimSpace(b.String()), ", ")
}

func orBody(path string) string {
	if path == "" {
		return "the body"
	}
	return path
}
