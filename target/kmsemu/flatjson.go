package kmsemu

import (
	"bytes"
	"encoding/json"
)

// scanFlat decodes an object of strings without escapes, integers, booleans
// and nulls, which is what MAC requests are: with a message of 4,096 bytes
// encoding/json took more than half of the emulator's time. ok is false for
// anything else, valid or not; encoding/json decides then. What it accepts it
// decodes as encoding/json does with UseNumber.
func scanFlat(body []byte) (obj map[string]any, ok bool) {
	s := flatScanner{rest: body}
	if !s.take('{') {
		return nil, false
	}
	obj = make(map[string]any, 8)
	for first := true; !s.take('}'); first = false {
		if !first && !s.take(',') {
			return nil, false
		}
		name, ok := s.text()
		if !ok || !s.take(':') {
			return nil, false
		}
		value, ok := s.value()
		if !ok {
			return nil, false
		}
		obj[name] = value
	}
	s.space()
	return obj, len(s.rest) == 0
}

type flatScanner struct{ rest []byte }

func (s *flatScanner) space() {
	for len(s.rest) > 0 && (s.rest[0] == ' ' || s.rest[0] == '\n' || s.rest[0] == '\r' || s.rest[0] == '\t') {
		s.rest = s.rest[1:]
	}
}

// take skips white space and then b, if it is there.
func (s *flatScanner) take(b byte) bool {
	s.space()
	if len(s.rest) == 0 || s.rest[0] != b {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

// text reads a string of printable ASCII without escapes.
func (s *flatScanner) text() (string, bool) {
	if !s.take('"') {
		return "", false
	}
	n := bytes.IndexByte(s.rest, '"')
	if n < 0 {
		return "", false
	}
	raw := s.rest[:n]
	for _, b := range raw {
		if b < 0x20 || b >= 0x80 || b == '\\' {
			return "", false
		}
	}
	s.rest = s.rest[n+1:]
	return string(raw), true
}

func (s *flatScanner) value() (any, bool) {
	s.space()
	if len(s.rest) == 0 {
		return nil, false
	}
	switch b := s.rest[0]; {
	case b == '"':
		return s.text()
	case b >= '1' && b <= '9':
		return s.integer()
	}
	for word, v := range map[string]any{"true": true, "false": false, "null": nil} {
		if rest, ok := bytes.CutPrefix(s.rest, []byte(word)); ok {
			s.rest = rest
			return v, true
		}
	}
	return nil, false
}

// integer reads a positive integer; what follows it is checked by the caller.
func (s *flatScanner) integer() (any, bool) {
	n := 0
	for n < len(s.rest) && s.rest[n] >= '0' && s.rest[n] <= '9' {
		n++
	}
	v := json.Number(s.rest[:n])
	s.rest = s.rest[n:]
	return v, true
}
