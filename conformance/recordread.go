package conformance

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/kmsmac/kmsmac/results"
)

// Record is a record that was read: what a KMS once answered, by row.
type Record struct {
	Header RecordHeader
	// End is nil in a record made by hand.
	End *RecordEnd

	rows  map[string]bool // with an exchange of their own
	cut   map[string]bool // rows whose case did not come to its end
	steps map[stepID][]*recordedExchange
	nows  map[string][]time.Time // by label
}

// maxRecordLine bounds one line: a KMS request has at most 128 KiB or so.
const maxRecordLine = 4 << 20

// maxGap bounds how many requests of one operation may be missing in a row.
const maxGap = 1000

// ErrRecord is wrapped by all errors about what a record holds.
var ErrRecord = errors.New("conformance: record")

// ReadRecord reads a record, made by a Recorder or by hand. A record that is
// cut, edited, or of a newer schema is refused; the error names the line.
//
// By hand it is a header line, {"header":{"schema":1}}, and a line for each
// exchange of which an answer is known:
// {"exchange":{"row":"GM-25","operation":"GenerateMac","response":{"status":400,"body":"…"}}}.
func ReadRecord(r io.Reader) (*Record, error) {
	rec := &Record{rows: map[string]bool{}, cut: map[string]bool{}, steps: map[stepID][]*recordedExchange{}, nows: map[string][]time.Time{}}
	in := bufio.NewReaderSize(r, 64<<10)
	chain := newSeal()
	for n := 1; ; n++ {
		line, whole, err := readLine(in)
		if err != nil {
			return nil, fmt.Errorf("%w: line %d: %w", ErrRecord, n, err)
		}
		if len(line) == 0 && !whole {
			return rec, rec.complete(n - 1)
		}
		if err := rec.add(n, line, whole, &chain); err != nil {
			return nil, fmt.Errorf("%w: line %d %w", ErrRecord, n, err)
		}
	}
}

// readLine returns one line without its end; whole says that it had one.
func readLine(in *bufio.Reader) (line []byte, whole bool, err error) {
	for {
		part, err := in.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > maxRecordLine:
			return nil, false, errors.New("longer than any line of a record")
		case err == nil:
			return line[:len(line)-1], true, nil
		case errors.Is(err, io.EOF):
			return line, false, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, false, err
		}
	}
}

var (
	errCut    = errors.New("is cut")
	errEdited = errors.New("was edited: its sum does not fit")
)

func (rec *Record) add(n int, line []byte, whole bool, chain *seal) error {
	object := line
	sealed := rec.Header.Sealed
	if n == 1 {
		sealed = bytes.Contains(line, []byte(sumPrefix))
	}
	if sealed {
		if !whole {
			return errCut
		}
		var fits bool
		if object, fits = chain.open(line); !fits {
			return errEdited
		}
	}
	var l recordLine
	if len(bytes.TrimSpace(object)) == 0 && !sealed {
		return nil
	}
	if n == 1 {
		return rec.addHeader(object, sealed, whole)
	}
	dec := json.NewDecoder(bytes.NewReader(object))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&l); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return errCut
		}
		return fmt.Errorf("is no line of a record: %w", err)
	}
	if dec.More() {
		return errors.New("holds more than one object")
	}
	return rec.addLine(l)
}

// addHeader reads the header without looking at members that a newer schema
// may have, so that the schema is what is complained about.
func (rec *Record) addHeader(object []byte, sealed, whole bool) error {
	var l recordLine
	if err := json.Unmarshal(object, &l); err != nil {
		if !whole {
			return errCut
		}
		return fmt.Errorf("is no header of a record: %w", err)
	}
	switch {
	case l.Header == nil:
		return errors.New("is no header of a record")
	case l.Header.Schema > RecordSchema:
		return fmt.Errorf("has schema %d, newer than %d: use a newer kmsmac", l.Header.Schema, RecordSchema)
	case l.Header.Schema < 1:
		return errors.New("has no schema")
	case l.Header.Sealed != sealed:
		return errEdited
	}
	rec.Header = *l.Header
	return nil
}

func (rec *Record) addLine(l recordLine) error {
	if rec.End != nil {
		return errors.New("comes after the end")
	}
	switch {
	case l.Exchange != nil:
		return rec.addExchange(l.Exchange)
	case l.Now != nil:
		label := l.Now.Row + l.Now.Shared
		if l.Now.Nth != len(rec.nows[label]) {
			return fmt.Errorf("has time %d of %s, want %d", l.Now.Nth, label, len(rec.nows[label]))
		}
		rec.nows[label] = append(rec.nows[label], l.Now.Time)
	case l.End != nil:
		rec.End = l.End
	case l.Case != nil:
		if l.Case.Verdict == results.CaseSkipped {
			rec.cut[l.Case.Row] = true
		}
	default:
		return errors.New("is neither an exchange nor an end")
	}
	return nil
}

// addExchange files an exchange under its step. A repetition replaces what it
// repeats: the last answer is the one that counted.
func (rec *Record) addExchange(x *recordedExchange) error {
	if x.CleanUp {
		return nil
	}
	switch {
	case x.Operation == "":
		return errors.New("has no operation")
	case (x.Row == "") == (x.Shared == ""):
		return errors.New("needs a row, or something shared")
	case x.Response == nil && x.Failure == nil:
		return errors.New("has no response")
	case x.Response != nil && (x.Response.Status < 100 || x.Response.Status > 999):
		return fmt.Errorf("has status %d", x.Response.Status)
	}
	id := stepID{x.label(), x.Operation}
	have := rec.steps[id]
	nth := len(have)
	if x.Try > 0 {
		nth--
	}
	if x.Nth != nil {
		nth = *x.Nth
	}
	switch {
	case nth < 0 || nth > len(have)+maxGap || nth < len(have) && have[nth] != nil && x.Try == 0:
		return fmt.Errorf("is %s number %d of %s, want %d", x.Operation, nth, id.label, len(have))
	case nth < len(have):
		have[nth] = x
	default: // what was not sent leaves a gap
		rec.steps[id] = append(append(have, make([]*recordedExchange, nth-len(have))...), x)
	}
	if x.Row != "" {
		rec.rows[x.Row] = true
	}
	return nil
}

// complete checks that the record has its end.
func (rec *Record) complete(lines int) error {
	switch {
	case lines == 0:
		return fmt.Errorf("%w: line 1: is missing", ErrRecord)
	case rec.Header.Sealed && rec.End == nil:
		return fmt.Errorf("%w: line %d: is missing: the record was cut after line %d", ErrRecord, lines+1, lines)
	}
	return nil
}

// Golden reports whether the record proves what AWS does.
func (rec *Record) Golden() bool { return rec.Header.Sealed && rec.End != nil && rec.End.Golden }

// holds reports whether the record has what a case needs.
func (rec *Record) holds(row string) bool { return rec.rows[row] && !rec.cut[row] }

// Rows returns the ids of the rows with an answer, sorted.
func (rec *Record) Rows() []string { return slices.Sorted(maps.Keys(rec.rows)) }

// at returns the recorded exchange of a step, or nil.
func (rec *Record) at(st step) *recordedExchange {
	list := rec.steps[stepID{st.label, st.operation}]
	if st.nth >= len(list) {
		return nil
	}
	return list[st.nth]
}
