package wire

import (
	"unicode/utf16"
	"unicode/utf8"
)

// scanner walks over a JSON text (RFC 8259). ok turns false at the first byte
// that does not belong there, and stays so. What it accepts is what
// encoding/json accepts, but for nesting beyond maxDepth.
type scanner struct {
	text []byte
	pos  int
	ok   bool
}

// maxDepth bounds nesting. KMS's answers to the two operations have depth 1.
const maxDepth = 512

func (s *scanner) fail() { s.ok = false }

// peek skips white space and returns the next byte, 0 at the end.
func (s *scanner) peek() byte {
	for s.pos < len(s.text) {
		switch c := s.text[s.pos]; c {
		case ' ', '\t', '\r', '\n':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

// take skips white space and then c, which must come next.
func (s *scanner) take(c byte) {
	if s.peek() != c || c == 0 {
		s.fail()
		return
	}
	s.pos++
}

// end reports whether nothing but white space is left.
func (s *scanner) end() bool { return s.ok && s.peek() == 0 && s.pos == len(s.text) }

// word takes a literal: true, false or null.
func (s *scanner) word(w string) bool {
	if len(s.text)-s.pos < len(w) || string(s.text[s.pos:s.pos+len(w)]) != w {
		return false
	}
	s.pos += len(w)
	return true
}

// str takes a string and returns its value: a part of the text, or of buf grown
// if there are escapes.
func (s *scanner) str(buf []byte) (value, grown []byte) {
	s.take('"')
	if !s.ok {
		return nil, buf
	}
	start := s.pos
	for s.pos < len(s.text) {
		switch c := s.text[s.pos]; {
		case c == '"':
			s.pos++
			return s.text[start : s.pos-1], buf
		case c == '\\':
			buf = append(buf[:0], s.text[start:s.pos]...)
			buf = s.escaped(buf)
			return buf, buf
		case c < ' ':
			s.fail()
			return nil, buf
		}
		s.pos++
	}
	s.fail()
	return nil, buf
}

// escaped takes the rest of a string from its first escape on.
func (s *scanner) escaped(buf []byte) []byte {
	for s.ok && s.pos < len(s.text) {
		c := s.text[s.pos]
		s.pos++
		switch {
		case c == '"':
			return buf
		case c == '\\':
			buf = s.escape(buf)
		case c < ' ':
			s.fail()
		default:
			buf = append(buf, c)
		}
	}
	s.fail()
	return buf
}

// escape takes what follows a backslash.
func (s *scanner) escape(buf []byte) []byte {
	if s.pos >= len(s.text) {
		s.fail()
		return buf
	}
	c := s.text[s.pos]
	s.pos++
	switch c {
	case '"', '\\', '/':
		return append(buf, c)
	case 'b':
		return append(buf, '\b')
	case 'f':
		return append(buf, '\f')
	case 'n':
		return append(buf, '\n')
	case 'r':
		return append(buf, '\r')
	case 't':
		return append(buf, '\t')
	case 'u':
		return utf8.AppendRune(buf, s.unicode())
	}
	s.fail()
	return buf
}

// unicode takes the four digits after \u, and a second escape if the two are a
// surrogate pair. Half a pair is U+FFFD.
func (s *scanner) unicode() rune {
	r := s.hex4()
	if !utf16.IsSurrogate(r) {
		return r
	}
	if len(s.text)-s.pos >= 6 && s.text[s.pos] == '\\' && s.text[s.pos+1] == 'u' {
		back := s.pos
		s.pos += 2
		if pair := utf16.DecodeRune(r, s.hex4()); pair != utf8.RuneError {
			return pair
		}
		s.pos = back
	}
	return utf8.RuneError
}

func (s *scanner) hex4() rune {
	if len(s.text)-s.pos < 4 {
		s.fail()
		return utf8.RuneError
	}
	var r rune
	for _, c := range s.text[s.pos : s.pos+4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			s.fail()
			return utf8.RuneError
		}
		r = r<<4 | rune(c)
	}
	s.pos += 4
	return r
}

// skip takes any value.
func (s *scanner) skip(depth int) {
	if depth > maxDepth {
		s.fail()
		return
	}
	switch c := s.peek(); {
	case c == '"':
		s.skipString()
	case c == '{':
		s.skipObject(depth)
	case c == '[':
		s.skipArray(depth)
	case c == '-' || c >= '0' && c <= '9':
		s.skipNumber()
	case s.word("true"), s.word("false"), s.word("null"):
	default:
		s.fail()
	}
}

func (s *scanner) skipString() {
	_, _ = s.str(nil)
}

func (s *scanner) skipObject(depth int) {
	s.take('{')
	if s.peek() == '}' {
		s.pos++
		return
	}
	for s.ok {
		s.peek()
		s.skipString()
		s.take(':')
		s.skip(depth + 1)
		if !s.more('}') {
			return
		}
	}
}

func (s *scanner) skipArray(depth int) {
	s.take('[')
	if s.peek() == ']' {
		s.pos++
		return
	}
	for s.ok {
		s.skip(depth + 1)
		if !s.more(']') {
			return
		}
	}
}

// more takes a comma, and is true, or what closes the list.
func (s *scanner) more(closing byte) bool {
	if s.peek() == ',' {
		s.pos++
		return s.ok
	}
	s.take(closing)
	return false
}

func (s *scanner) skipNumber() {
	if s.text[s.pos] == '-' {
		s.pos++
	}
	if s.pos < len(s.text) && s.text[s.pos] == '0' {
		s.pos++
	} else {
		s.digits()
	}
	if s.pos < len(s.text) && s.text[s.pos] == '.' {
		s.pos++
		s.digits()
	}
	if s.pos < len(s.text) && s.text[s.pos]|0x20 == 'e' {
		s.pos++
		if s.pos < len(s.text) && (s.text[s.pos] == '+' || s.text[s.pos] == '-') {
			s.pos++
		}
		s.digits()
	}
}

// digits takes one digit or more.
func (s *scanner) digits() {
	start := s.pos
	for s.pos < len(s.text) && s.text[s.pos] >= '0' && s.text[s.pos] <= '9' {
		s.pos++
	}
	if s.pos == start {
		s.fail()
	}
}
