package kmsemu

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
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
	h["Content-Type"] = []string{contentType}
	h[requestIDHeader] = []string{requestID}
	h["cache-control"] = []string{"no-cache, no-store, must-revalidate, private"}
	h["expires"] = []string{"0"}
	h["pragma"] = []string{"no-cache"}
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

func encode(body reply) []byte {
	if body == nil {
		return nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(map[string]any(body)); err != nil {
		panic("kmsemu: a reply cannot be encoded: " + err.Error()) // a bug: all members are of known types
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// epoch is a timestamp on the wire: seconds with milliseconds in exponent
// notation, 1.608639949636E9 (rows CK-14, WI-23).
type epoch time.Time

// MarshalJSON writes the number the way Java prints a double.
func (t epoch) MarshalJSON() ([]byte, error) {
	seconds := float64(time.Time(t).UnixMilli()) / 1000
	s := strconv.FormatFloat(seconds, 'E', -1, 64)
	mantissa, exponent, _ := strings.Cut(s, "E")
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	n, err := strconv.Atoi(exponent)
	return []byte(mantissa + "E" + strconv.Itoa(n)), err
}

// readBody reads the whole body, at most maxBody.
func readBody(r *http.Request) ([]byte, error) {
	if r.ContentLength > maxBody {
		return nil, errTooLarge()
	}
	size := r.ContentLength
	if size < 0 || size > 64<<10 { // grow with what arrives, not with what is announced
		size = 512
	}
	b := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead))
	n, err := b.ReadFrom(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return nil, errSerialization("")
	}
	if n > maxBody {
		return nil, errTooLarge()
	}
	return b.Bytes(), nil
}

func errTooLarge() *apiError { // row AU-13
	return &apiError{http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException", ""}
}

// newUUID returns a random version 4 UUID in lower case.
func newUUID() string {
	var b [16]byte
	rand.Read(b[:])
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
