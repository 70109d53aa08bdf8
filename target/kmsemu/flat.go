package kmsemu

import (
	"bytes"
	"io"
	"strconv"
	"sync"
)

// Requests for MACs are flat: objects of plain strings and booleans. Reading
// them with encoding/json took more than half of the emulator's time, so they
// have a reader of their own; everything else goes to encoding/json.

// scratch is memory that requests use in turn: the body and the blobs decoded
// from it. Nothing of it outlives the answer.
type scratch struct {
	body    bytes.Buffer
	limited io.LimitedReader
	blobs   []byte
}

var scratches = sync.Pool{New: func() any { return newScratch() }}

func newScratch() *scratch { return &scratch{blobs: make([]byte, 0, 512)} }

// release gives s back, unless one large request has blown it up.
func (s *scratch) release() {
	if s.body.Cap() > 64<<10 || cap(s.blobs) > 64<<10 {
		return
	}
	s.body.Reset()
	clear(s.blobs)
	s.blobs = s.blobs[:0]
	scratches.Put(s)
}

// decodeFlat decodes a body that is an object of strings without escapes,
// small integers, booleans and nulls. ok is false for anything else, valid or
// not, and for every member that does not decode; the general decoder then
// says what is wrong. What decodeFlat accepts, the general decoder decodes to
// the same.
func (s *scratch) decodeFlat(body []byte, members []member) (p params, ok bool) {
	f := flatReader{body}
	if !f.take('{') {
		return nil, false
	}
	p = make(params, len(members))
	for first := true; !f.take('}'); first = false {
		if !first && !f.take(',') {
			return nil, false
		}
		name, ok := f.text()
		if !ok || !plain(name) || !f.take(':') || !s.flatMember(&f, p, find(members, name)) {
			return nil, false
		}
	}
	f.space()
	return p, len(f.rest) == 0
}

// find returns the member with a name; nil when there is none.
func find(members []member, name []byte) *member {
	for i := range members {
		if members[i].name == string(name) {
			return &members[i]
		}
	}
	return nil
}

// flatMember reads the value of m, or of a member that nobody knows.
func (s *scratch) flatMember(f *flatReader, p params, m *member) bool {
	f.space()
	if len(f.rest) == 0 {
		return false
	}
	switch b := f.rest[0]; {
	case b == '"':
		raw, ok := f.text()
		return ok && s.flatText(raw, p, m)
	case b >= '1' && b <= '9':
		n, ok := f.integer()
		return ok && set(p, m, kindInt, n)
	case f.word("true"):
		return set(p, m, kindBool, true)
	case f.word("false"):
		return set(p, m, kindBool, false)
	case f.word("null"):
		if m != nil {
			delete(p, m.name)
		}
		return true
	}
	return false
}

func set(p params, m *member, k kind, v any) bool {
	if m == nil {
		return true
	}
	if m.shape.kind != k {
		return false
	}
	p[m.name] = v
	return true
}

func (s *scratch) flatText(raw []byte, p params, m *member) bool {
	if m == nil || m.shape.kind != kindBlob && !plain(raw) {
		return m == nil && plain(raw)
	}
	switch m.shape.kind {
	case kindString:
		p[m.name] = string(raw)
		return true
	case kindBlob: // the decoder refuses what is not plain, but for line breaks
		if bytes.IndexByte(raw, '\n') >= 0 || bytes.IndexByte(raw, '\r') >= 0 {
			return false
		}
		before := len(s.blobs)
		blobs, err := strictBase64.AppendDecode(s.blobs, raw)
		if err != nil {
			return false
		}
		s.blobs = blobs
		p[m.name] = blobs[before:len(blobs):len(blobs)]
		return true
	}
	return false
}

// flatReader reads tokens off the front of rest.
type flatReader struct{ rest []byte }

func (f *flatReader) space() {
	for len(f.rest) > 0 && (f.rest[0] == ' ' || f.rest[0] == '\n' || f.rest[0] == '\r' || f.rest[0] == '\t') {
		f.rest = f.rest[1:]
	}
}

// take skips white space and then b, if it is there.
func (f *flatReader) take(b byte) bool {
	f.space()
	if len(f.rest) == 0 || f.rest[0] != b {
		return false
	}
	f.rest = f.rest[1:]
	return true
}

func (f *flatReader) word(w string) bool {
	if len(f.rest) < len(w) || string(f.rest[:len(w)]) != w {
		return false
	}
	f.rest = f.rest[len(w):]
	return true
}

// text reads up to the next quotation mark: a string, if what it returns is
// plain or Base64.
func (f *flatReader) text() ([]byte, bool) {
	if !f.take('"') {
		return nil, false
	}
	n := bytes.IndexByte(f.rest, '"')
	if n < 0 {
		return nil, false
	}
	raw := f.rest[:n]
	f.rest = f.rest[n+1:]
	return raw, true
}

// plain reports whether raw is printable ASCII without escapes.
func plain(raw []byte) bool {
	for _, b := range raw {
		if b < 0x20 || b >= 0x7f || b == '\\' {
			return false
		}
	}
	return true
}

// integer reads up to nine digits; what follows them is checked by the caller.
func (f *flatReader) integer() (int, bool) {
	n := 0
	for n < len(f.rest) && f.rest[n] >= '0' && f.rest[n] <= '9' {
		n++
	}
	if n > 9 {
		return 0, false
	}
	v, err := strconv.Atoi(string(f.rest[:n]))
	f.rest = f.rest[n:]
	return v, err == nil
}
