package conformance

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"sort"
	"strings"
	"time"
)

// Value is what one member or header must be, as data.
type Value struct {
	kind valueKind
	want any
	tol  float64
}

type valueKind string

const (
	isValue      valueKind = "is"
	isText       valueKind = "is like" // tolerant text, see likeText
	isMatch      valueKind = "matches"
	isBytes      valueKind = "bytes long"
	isTag        valueKind = "bytes"
	isNumber     valueKind = "number"
	isNear       valueKind = "about"
	isPresent    valueKind = "present"
	isAbsent     valueKind = "absent"
	isNotNull    valueKind = "not null"
	isOneOf      valueKind = "one of"
	isSet        valueKind = "in any order"
	isCountRange valueKind = "between"
	isDiffers    valueKind = "differs"
)

// Is wants exactly v: a string, bool, number, or a list of them in order.
func Is(v any) Value { return Value{kind: isValue, want: v} }

// Matching wants a string that the regular expression matches whole.
func Matching(re string) Value { return Value{kind: isMatch, want: re} }

// BytesLong wants standard, padded Base64 of n bytes.
func BytesLong(n int) Value { return Value{kind: isBytes, want: n} }

// TheBytes wants standard, padded Base64 of exactly b.
func TheBytes(b []byte) Value { return Value{kind: isTag, want: bytes.Clone(b)} }

// OtherBytes wants standard, padded Base64 of bytes other than b.
func OtherBytes(b []byte) Value { return Value{kind: isDiffers, want: bytes.Clone(b)} }

// OtherThan wants a string other than s.
func OtherThan(s string) Value { return Value{kind: isDiffers, want: s} }

// ANumber wants a JSON number.
func ANumber() Value { return Value{kind: isNumber} }

// Near wants a JSON number of epoch seconds at most tolerance from t.
func Near(t time.Time, tolerance time.Duration) Value {
	return Value{kind: isNear, want: float64(t.UnixMilli()) / 1000, tol: tolerance.Seconds()}
}

// Present wants the member to be there, with any value but null.
func Present() Value { return Value{kind: isPresent} }

// Absent wants the member not to be there: not null, not an empty list.
func Absent() Value { return Value{kind: isAbsent} }

// NotNull wants the member to be absent, or any value but null.
func NotNull() Value { return Value{kind: isNotNull} }

// OneOf wants one of the values.
func OneOf(vs ...any) Value { return Value{kind: isOneOf, want: vs} }

// InAnyOrder wants a list with exactly these elements.
func InAnyOrder(vs ...string) Value { return Value{kind: isSet, want: vs} }

// Between wants a list, or a number, of at least lo and at most hi.
func Between(lo, hi int) Value { return Value{kind: isCountRange, want: [2]int{lo, hi}} }

// String says what is wanted.
func (v Value) String() string {
	switch v.kind {
	case isPresent, isAbsent, isNotNull, isNumber:
		return string(v.kind)
	case isBytes:
		return fmt.Sprintf("%d bytes in Base64", v.want)
	case isTag:
		return "the expected bytes"
	case isDiffers:
		return "another value than before"
	case isNear:
		return fmt.Sprintf("%.3f give or take %.0f s", v.want, v.tol)
	case isCountRange:
		r := v.want.([2]int)
		return fmt.Sprintf("%d to %d", r[0], r[1])
	case isValue:
		return clip(show(v.want), 200)
	}
	return string(v.kind) + " " + clip(show(v.want), 200)
}

// holds reports whether got, if there at all, is what is wanted.
func (v Value) holds(got any, there bool) bool {
	switch v.kind {
	case isAbsent:
		return !there
	case isNotNull:
		return !there || got != nil
	}
	if !there || got == nil {
		return there && v.kind == isValue && v.want == nil
	}
	switch v.kind {
	case isPresent:
		return true
	case isNumber:
		_, ok := got.(json.Number)
		return ok
	case isNear:
		n, ok := got.(json.Number)
		f, err := n.Float64()
		return ok && err == nil && math.Abs(f-v.want.(float64)) <= v.tol
	case isMatch:
		s, ok := got.(string)
		return ok && regexp.MustCompile("^(?:"+v.want.(string)+")$").MatchString(s)
	case isText:
		s, ok := got.(string)
		return ok && likeText(v.want.(string), s)
	case isBytes, isTag, isDiffers:
		return v.holdsBytes(got)
	case isSet:
		return sameSet(v.want.([]string), got)
	case isOneOf:
		return slices.ContainsFunc(v.want.([]any), func(w any) bool { return equalJSON(w, got) })
	case isCountRange:
		return v.holdsRange(got)
	}
	return equalJSON(v.want, got)
}

func (v Value) holdsBytes(got any) bool {
	s, ok := got.(string)
	if !ok {
		return false
	}
	if other, isText := v.want.(string); isText {
		return s != "" && s != other
	}
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil {
		return false
	}
	switch v.kind {
	case isBytes:
		return len(b) == v.want.(int)
	case isDiffers:
		return !bytes.Equal(b, v.want.([]byte))
	}
	return bytes.Equal(b, v.want.([]byte))
}

func (v Value) holdsRange(got any) bool {
	r := v.want.([2]int)
	switch g := got.(type) {
	case []any:
		return len(g) >= r[0] && len(g) <= r[1]
	case json.Number:
		f, err := g.Float64()
		return err == nil && f >= float64(r[0]) && f <= float64(r[1])
	}
	return false
}

func sameSet(want []string, got any) bool {
	items, ok := got.([]any)
	if !ok || len(items) != len(want) {
		return false
	}
	var have []string
	for _, it := range items {
		s, ok := it.(string)
		if !ok {
			return false
		}
		have = append(have, s)
	}
	want = slices.Clone(want)
	sort.Strings(want)
	sort.Strings(have)
	return slices.Equal(want, have)
}

// equalJSON compares a Go value with a decoded one; numbers by value.
func equalJSON(want, got any) bool {
	if n, ok := got.(json.Number); ok {
		f, err := n.Float64()
		w, isNum := asFloat(want)
		return err == nil && isNum && f == w
	}
	return reflect.DeepEqual(normal(want), normal(got))
}

func asFloat(v any) (float64, bool) {
	switch n := v.(type) {
	case int:
		return float64(n), true
	case float64:
		return n, true
	case json.Number:
		f, err := n.Float64()
		return f, err == nil
	}
	return 0, false
}

// normal brings Go lists and maps to the shape that decoding gives.
func normal(v any) any {
	switch t := v.(type) {
	case []string:
		out := make([]any, len(t))
		for i, s := range t {
			out[i] = s
		}
		return out
	case []any:
		out := make([]any, len(t))
		for i, s := range t {
			out[i] = normal(s)
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for k, s := range t {
			out[k] = normal(s)
		}
		return out
	case json.Number:
		f, _ := t.Float64()
		return f
	case int:
		return float64(t)
	}
	return v
}

func show(v any) string {
	if s, ok := v.(string); ok {
		return fmt.Sprintf("%q", s)
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}

var quotes = strings.NewReplacer("'", "", `"`, "", "`", "", "‘", "", "’", "", "“", "", "”", "")
var fullStop = regexp.MustCompile(`\.(\s|$)`)
var spaces = regexp.MustCompile(`\s+`)

// likeText compares two texts without quotes, full stops and spacing, because
// AWS changes those within months (row ID-11). "..." in want stands for
// anything, lists in brackets included.
func likeText(want, got string) bool {
	const wild = "\x00"
	flat := func(s string) string {
		s = spaces.ReplaceAllString(quotes.Replace(s), " ")
		return strings.TrimSpace(fullStop.ReplaceAllString(s, "$1"))
	}
	parts := strings.Split(flat(strings.ReplaceAll(want, "...", wild)), wild)
	for i, p := range parts {
		parts[i] = regexp.QuoteMeta(p)
	}
	ok, err := regexp.MatchString(`(?s)^`+strings.Join(parts, `.*`)+`$`, flat(got))
	return ok && err == nil
}
