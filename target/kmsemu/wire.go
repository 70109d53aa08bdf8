package kmsemu

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strconv"
)

const (
	contentType  = "application/x-amz-json-1.1"
	targetPrefix = "TrentService."

	// requestIDHeader is spelled as AWS writes it on the wire (row WI-03).
	requestIDHeader = "x-amzn-RequestId"

	// maxBody is above anything the schemas allow: a policy of 131,072
	// characters, an attestation document of 262,144 bytes.
	maxBody = 1 << 20
)

// The values of the headers that never change; nobody writes to them.
var (
	contentTypeValue  = []string{contentType}
	cacheControlValue = []string{"no-cache, no-store, must-revalidate, private"}
	expiresValue      = []string{"0"}
	pragmaValue       = []string{"no-cache"}
)

// reply are the members of a response. Absent members are left out, never
// null (row WI-25); encoding sorts them (row WI-24).
type reply map[string]any

// response is an answer before it is written.
type response struct {
	status int
	body   reply       // members; nil means an empty body (row WI-05)
	code   string      // error code, "" for a success
	header http.Header // more headers, keys spelled as on the wire; may be nil
	raw    []byte      // sent instead of body, if not nil
}

func success(body reply) response { return response{status: http.StatusOK, body: body} }

// failure turns any error into an answer; what is not an apiError is the
// emulator's own fault and shows nothing of itself.
func failure(err error) response {
	var e *apiError
	if !errors.As(err, &e) {
		e = errInternal()
	}
	body := reply{"__type": e.code}
	if e.message != "" {
		body["message"] = e.message
	}
	return response{status: e.status, body: body, code: e.code}
}

// write sends the answer.
func (r *response) write(w http.ResponseWriter, requestID string) {
	body := r.raw
	if body == nil {
		body = encode(r.body)
	}
	r.writeHeader(w, requestID, len(body))
	w.Write(body)
}

// writeHeader sends the headers that KMS sends, spelled as on its wire (rows
// WI-03, WI-04).
func (r *response) writeHeader(w http.ResponseWriter, requestID string, length int) {
	h := w.Header()
	h["Content-Type"] = contentTypeValue
	h[requestIDHeader] = []string{requestID}
	h["cache-control"] = cacheControlValue
	h["expires"] = expiresValue
	h["pragma"] = pragmaValue
	h["Content-Length"] = []string{strconv.Itoa(length)}
	for k, v := range r.header {
		if v == nil {
			delete(h, k)
			continue
		}
		h[k] = v
	}
	w.WriteHeader(r.status)
}

// readBodyWithin reads the body at the client's pace.
func (s *scratch) readBodyWithin(w http.ResponseWriter, r *http.Request, p pace) ([]byte, error) {
	p.reads(w, r)
	body, err := s.readBody(r)
	if err == nil { // else net/http shall not wait for the rest either
		p.read(w)
	}
	return body, err
}

// readBody reads the whole body into s, at most maxBody. The memory grows with
// what arrives, not with what is announced.
func (s *scratch) readBody(r *http.Request) ([]byte, error) {
	if r.ContentLength > maxBody {
		return nil, errTooLarge()
	}
	s.limited = io.LimitedReader{R: r.Body, N: maxBody + 1}
	n, err := s.body.ReadFrom(&s.limited)
	s.limited.R = nil
	if err != nil {
		return nil, errSerialization("")
	}
	if n > maxBody {
		return nil, errTooLarge()
	}
	return s.body.Bytes(), nil
}

func errTooLarge() *apiError { // row AU-13
	return &apiError{http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException", ""}
}

// newUUID returns a random version 4 UUID in lower case.
func newUUID() string {
	var b [16]byte
	rand.Read(b[:])
	return uuidOf(b)
}

// uuidOf writes a version 4 UUID with the bits of b.
func uuidOf(b [16]byte) string {
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	var out [36]byte
	hex.Encode(out[:8], b[:4])
	hex.Encode(out[9:13], b[4:6])
	hex.Encode(out[14:18], b[6:8])
	hex.Encode(out[19:23], b[8:10])
	hex.Encode(out[24:], b[10:])
	out[8], out[13], out[18], out[23] = '-', '-', '-', '-'
	return string(out[:])
}

// randomHex returns n random bytes in hexadecimal.
func randomHex(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return hex.EncodeToString(b)
}
