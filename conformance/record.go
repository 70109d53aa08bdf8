package conformance

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target"
	"github.com/kmsmac/kmsmac/target/awsfacts"
)

// RecordSchema is the version of the records that a Recorder writes.
const RecordSchema = 1

// Schemas holds the JSON Schema of a record's lines,
// schema/record.schema.json (2020-12).
//
//go:embed schema/*.json
var Schemas embed.FS

// RecordHeader is the first line of a record: what was asked, of whom, with
// what.
type RecordHeader struct {
	Schema  int       `json:"schema"`
	Sealed  bool      `json:"sealed,omitempty"` // every line carries a sum; false in records made by hand
	Tool    string    `json:"tool,omitempty"`
	SDK     string    `json:"sdk,omitempty"` // version of the AWS SDK's KMS client
	Started time.Time `json:"started,omitzero"`
	Target  string    `json:"target,omitempty"` // as the user named it
	Host    string    `json:"host,omitempty"`
	AWS     bool      `json:"aws,omitempty"`
	Region  string    `json:"region,omitempty"`
	Region2 string    `json:"region2,omitempty"`
	// QuotaRegion, RunID, Seed and Differential are the options of the run that
	// decide what its requests hold.
	QuotaRegion  string `json:"quota_region,omitempty"`
	RunID        string `json:"run_id,omitempty"`
	Seed         uint64 `json:"seed,omitempty"`
	Differential int    `json:"differential,omitempty"`
	// SymmetricPerSecond is the quota that the run was told of.
	SymmetricPerSecond int    `json:"symmetric_per_second,omitempty"`
	Profile            string `json:"profile,omitempty"`
	// NotGolden are reasons, known before the run, why the record proves
	// nothing about AWS.
	NotGolden []string `json:"not_golden,omitempty"`
}

// recordLine is one line of a record: exactly one of its members, besides the
// sum that follows in a sealed record.
type recordLine struct {
	Header   *RecordHeader     `json:"header,omitempty"`
	Exchange *recordedExchange `json:"exchange,omitempty"`
	Now      *recordedNow      `json:"now,omitempty"`
	Case     *recordedCase     `json:"case,omitempty"`
	End      *RecordEnd        `json:"end,omitempty"`
}

// recordedExchange is one request and what came back.
type recordedExchange struct {
	Row       string    `json:"row,omitempty"`    // the case; "" for what belongs to none
	Shared    string    `json:"shared,omitempty"` // what was made for all cases
	CleanUp   bool      `json:"clean_up,omitempty"`
	Operation string    `json:"operation"`
	Nth       *int      `json:"nth,omitempty"` // which request of the operation in the row; default in order
	Try       int       `json:"try,omitempty"` // repetitions of one request
	Region    string    `json:"region,omitempty"`
	Sent      time.Time `json:"sent,omitzero"`
	Done      time.Time `json:"done,omitzero"`
	Attempts  int       `json:"attempts,omitempty"`
	Verified  bool      `json:"verified,omitempty"` // over TLS with a verified certificate
	Proto     string    `json:"proto,omitempty"`
	Method    string    `json:"method,omitempty"`
	URL       string    `json:"url,omitempty"`

	Request  *recordedMessage `json:"request,omitempty"`
	Response *recordedMessage `json:"response,omitempty"`
	Failure  *recordedFailure `json:"failure,omitempty"` // why there is no usable answer
}

// recordedMessage is a request or a response as it was on the wire, but for
// what a record leaves out.
type recordedMessage struct {
	Status  int                 `json:"status,omitempty"`
	Headers map[string][]string `json:"headers,omitempty"`
	Body    string              `json:"body,omitempty"`
	Base64  []byte              `json:"body_base64,omitempty"` // a body that is not UTF-8
}

type recordedFailure struct {
	Kind target.Kind `json:"kind"`
	Text string      `json:"text,omitempty"`
}

// recordedNow is a time that a case took for what it sent and expected.
type recordedNow struct {
	Row    string    `json:"row,omitempty"`
	Shared string    `json:"shared,omitempty"`
	Nth    int       `json:"nth"`
	Time   time.Time `json:"time"`
}

// recordedCase is how a case ended when it was recorded.
type recordedCase struct {
	Row     string              `json:"row"`
	Verdict results.CaseVerdict `json:"verdict"`
}

// RecordEnd is the last line of a sealed record.
type RecordEnd struct {
	Finished    time.Time `json:"finished,omitzero"`
	Exchanges   int       `json:"exchanges"`
	Interrupted bool      `json:"interrupted,omitempty"`
	// Golden: every answer came from a host of AWS, over TLS with a verified
	// certificate, and nothing redirected it.
	Golden    bool     `json:"golden"`
	NotGolden []string `json:"not_golden,omitempty"`
}

// Recorder writes a record: one JSON object a line, each sealed by a sum over
// itself and all lines before it, so that a cut or an edit shows. Secrets are
// left out and account ids masked before anything is written. Its methods may
// be called concurrently.
type Recorder struct {
	mu    sync.Mutex
	w     io.Writer
	seal  seal
	scrub *scrubber
	end   RecordEnd
	err   error // the first of writing
}

// NewRecorder writes the header and returns a Recorder. Schema and Sealed of
// the header are set here.
func NewRecorder(w io.Writer, h RecordHeader) (*Recorder, error) {
	h.Schema, h.Sealed = RecordSchema, true
	r := &Recorder{w: w, seal: newSeal(), scrub: newScrubber()}
	r.end.NotGolden = slices.Clone(h.NotGolden)
	r.write(recordLine{Header: &h})
	return r, r.err
}

// hides keeps the name of this machine out of the record.
func (r *Recorder) hides(host string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.scrub.host = host
}

// write appends one line. The caller holds the lock, or is alone.
func (r *Recorder) write(l recordLine) {
	if r.err != nil {
		return
	}
	text, err := json.Marshal(l)
	if err == nil {
		_, err = r.w.Write(append(r.seal.close(text), '\n'))
	}
	if err != nil {
		r.err = fmt.Errorf("conformance: record: %w", err)
	}
}

// exchange keeps one exchange, without its secrets.
func (r *Recorder) exchange(st step, ex target.Exchange, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	x := r.scrub.exchange(st, ex)
	x.Failure = failureOf(err)
	if st.label == cleanUpLabel {
		x.CleanUp, x.Nth = true, nil
	}
	r.end.Exchanges++
	r.weigh(ex)
	r.write(recordLine{Exchange: x})
}

func failureOf(err error) *recordedFailure {
	if err == nil {
		return nil
	}
	return &recordedFailure{Kind: target.KindOf(err)} // the text may hold what a scrubber does not know
}

// weigh notes why the record is not golden, each reason once.
func (r *Recorder) weigh(ex target.Exchange) {
	if ex.Status == 0 {
		return
	}
	u, err := url.Parse(ex.URL)
	switch {
	case err != nil || !awsfacts.IsAWSHost(u.Host):
		r.notGolden("answers came from a host that is not AWS's")
	case !ex.Verified:
		r.notGolden("answers came without TLS and a verified certificate")
	}
}

func (r *Recorder) notGolden(reason string) {
	if !slices.Contains(r.end.NotGolden, reason) {
		r.end.NotGolden = append(r.end.NotGolden, reason)
	}
}

func (r *Recorder) now(st step, t time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := &recordedNow{Nth: st.nth, Time: t}
	n.Row, n.Shared = splitLabel(st.label)
	r.write(recordLine{Now: n})
}

func (r *Recorder) caseEnded(c results.CaseResult) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.scrub.forget(c.ID)
	r.write(recordLine{Case: &recordedCase{Row: c.ID, Verdict: c.Verdict}})
}

// Close writes the last line and returns it: whether the record is golden, and
// if not, why. It does not close the writer.
func (r *Recorder) Close(interrupted bool) (RecordEnd, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.end.Exchanges == 0 {
		r.notGolden("nothing was exchanged")
	}
	r.end.Finished, r.end.Interrupted = time.Now().UTC(), interrupted
	r.end.Golden = len(r.end.NotGolden) == 0
	end := r.end
	r.write(recordLine{End: &end})
	if r.err == nil {
		r.err = errClosed
		return end, nil
	}
	return end, r.err
}

var errClosed = errors.New("conformance: record: closed")

// splitLabel tells a case's id from other labels.
func splitLabel(label string) (row, shared string) {
	if isRowLabel(label) {
		return label, ""
	}
	return "", label
}

func isRowLabel(label string) bool {
	for _, r := range label {
		if r == ' ' || r >= 'a' && r <= 'z' {
			return false
		}
	}
	return true
}

func (x *recordedExchange) label() string {
	if x.Row != "" {
		return x.Row
	}
	return x.Shared
}

// bodyOf splits a body into the member that can hold it.
func (m *recordedMessage) setBody(b []byte) {
	if utf8.Valid(b) {
		m.Body = string(b)
		return
	}
	m.Base64 = b
}

func (m *recordedMessage) bytes() []byte {
	if m == nil {
		return nil
	}
	if m.Base64 != nil {
		return m.Base64
	}
	return []byte(m.Body)
}

// seal chains the sums of a record's lines.
type seal struct{ last [sha256.Size]byte }

func newSeal() seal { return seal{sha256.Sum256([]byte("kmsmac record 1"))} }

const (
	sumPrefix = `,"sum":"`
	sumDigits = 32
	sumLength = len(sumPrefix) + sumDigits + len(`"}`)
)

// sum is the sum of one object, which depends on all before it.
func (s *seal) sum(object []byte) string {
	h := sha256.New()
	h.Write(s.last[:])
	h.Write(object)
	h.Sum(s.last[:0])
	return hex.EncodeToString(s.last[:sumDigits/2])
}

// close returns the object with its sum as the last member.
func (s *seal) close(object []byte) []byte {
	sum := s.sum(object)
	return append(append(slices.Clone(object[:len(object)-1]), sumPrefix...), sum+`"}`...)
}

// open checks a line and returns the object in it.
func (s *seal) open(line []byte) ([]byte, bool) {
	if len(line) <= sumLength || string(line[len(line)-sumLength:len(line)-sumLength+len(sumPrefix)]) != sumPrefix {
		return nil, false
	}
	object := append(slices.Clone(line[:len(line)-sumLength]), '}')
	want := string(line[len(line)-sumDigits-2 : len(line)-2])
	return object, s.sum(object) == want
}
