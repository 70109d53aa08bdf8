package conformance

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/target"
)

// Answer is what came back, read from the raw bytes: no client stands between
// it and the wire.
type Answer struct {
	Operation string
	Nth       int // which exchange of the operation it is in the run, from 0
	Status    int
	Header    http.Header
	Body      []byte
	JSON      map[string]any // nil unless the body is a JSON object; numbers are json.Number

	Code       string // "" for a success
	CodePlace  string // where the code stands: placeType for KMS
	Message    string
	HasMessage bool

	step    step
	sent    time.Time
	request []byte
	proto   string
	probe   *Probe
	resend  func() *Answer
	planned bool // made while planning: there was no exchange
}

// Places of an error code in an answer.
const (
	placeType      = "body.__type"
	placeNamespace = "body.__type with a namespace"
	placeCode      = "body.code"
	placeHeader    = "header x-amzn-errortype only"
)

// readAnswer reads the exchange. ok is false when it is not the answer of a
// JSON service at all: HTML, or an error without any code.
func readAnswer(ex target.Exchange) (a *Answer, ok bool) {
	a = &Answer{Operation: ex.Operation, Status: ex.Status, Header: ex.ResponseHeader, Body: ex.ResponseBody}
	body := bytes.TrimSpace(ex.ResponseBody)
	if len(body) > 0 {
		dec := json.NewDecoder(bytes.NewReader(body))
		dec.UseNumber()
		if dec.Decode(&a.JSON) != nil || dec.More() {
			a.JSON = nil
			return a, false
		}
	}
	if a.Status/100 == 2 {
		return a, true
	}
	a.readError()
	return a, a.Code != ""
}

func (a *Answer) readError() {
	header := bareCode(a.Header.Get("x-amzn-errortype"))
	full, _ := a.JSON["__type"].(string)
	code, _ := a.JSON["code"].(string)
	switch {
	case full != "" && bareCode(full) == full:
		a.Code, a.CodePlace = full, placeType
	case full != "":
		a.Code, a.CodePlace = bareCode(full), placeNamespace
	case code != "":
		a.Code, a.CodePlace = bareCode(code), placeCode
	case header != "":
		a.Code, a.CodePlace = header, placeHeader
	}
	if header != "" {
		a.Code = header // clients take the header's (row WI-08)
	}
	for _, name := range []string{"message", "Message"} {
		if m, ok := a.JSON[name]; ok && !a.HasMessage {
			a.HasMessage = true
			a.Message, _ = m.(string)
		}
	}
}

// bareCode strips a namespace before # and a suffix after :.
func bareCode(s string) string {
	if i := strings.LastIndexByte(s, '#'); i >= 0 {
		s = s[i+1:]
	}
	s, _, _ = strings.Cut(s, ":")
	return s
}

// Get returns the member at path ("KeyMetadata.Arn", "Keys.0.KeyId") and
// whether it is there.
func (a *Answer) Get(path string) (any, bool) {
	if path == "" {
		return any(a.JSON), a.JSON != nil
	}
	var v any = a.JSON
	for _, step := range strings.Split(path, ".") {
		switch at := v.(type) {
		case map[string]any:
			next, ok := at[step]
			if !ok {
				return nil, false
			}
			v = next
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(at) {
				return nil, false
			}
			v = at[i]
		default:
			return nil, false
		}
	}
	return v, true
}

// String returns the text at path, or "".
func (a *Answer) String(path string) string {
	if a.planned {
		return "<" + path + ">"
	}
	v, _ := a.Get(path)
	s, _ := v.(string)
	return s
}

// Bool returns the boolean at path, or false.
func (a *Answer) Bool(path string) bool {
	v, _ := a.Get(path)
	b, _ := v.(bool)
	return b
}

// Number returns the number at path, or 0.
func (a *Answer) Number(path string) float64 {
	v, _ := a.Get(path)
	n, ok := v.(json.Number)
	if !ok {
		return 0
	}
	f, _ := n.Float64()
	return f
}

// Bytes returns the decoded blob at path, or nil.
func (a *Answer) Bytes(path string) []byte {
	if a.planned {
		return make([]byte, 64)
	}
	b, err := base64.StdEncoding.DecodeString(a.String(path))
	if err != nil {
		return nil
	}
	return b
}

// List returns the objects of the list at path, or nil.
func (a *Answer) List(path string) []map[string]any {
	v, _ := a.Get(path)
	items, _ := v.([]any)
	var out []map[string]any
	for _, it := range items {
		m, _ := it.(map[string]any)
		out = append(out, m)
	}
	return out
}

// Succeeded reports a status in the two hundreds. While planning it is true.
func (a *Answer) Succeeded() bool { return a.planned || a.Status/100 == 2 }

// Summary is the answer in one line, without secrets and account ids.
func (a *Answer) Summary() string {
	switch {
	case a.Code != "" && a.HasMessage:
		return fmt.Sprintf("%d %s: %q", a.Status, a.Code, clip(mask(a.Message), 300))
	case a.Code != "":
		return fmt.Sprintf("%d %s without a message", a.Status, a.Code)
	case len(bytes.TrimSpace(a.Body)) == 0:
		return fmt.Sprintf("%d with an empty body", a.Status)
	case len(a.JSON) == 0:
		return fmt.Sprintf("%d with %s", a.Status, clip(string(bytes.TrimSpace(a.Body)), 80))
	}
	return fmt.Sprintf("%d %s", a.Status, clip(mask(summarise(a.JSON)), 300))
}

// summarise renders a body without blobs that may be secret.
func summarise(body map[string]any) string {
	shown := map[string]any{}
	for k, v := range body {
		switch k {
		case "ImportToken", "EncryptedKeyMaterial", "GrantToken", "Plaintext", "PrivateKeyPlaintext", "PublicKey", "CiphertextBlob":
			v = "…"
		}
		shown[k] = v
	}
	text, err := json.Marshal(shown)
	if err != nil {
		return "a body that cannot be shown"
	}
	return string(text)
}

// mask hides the account ids of ARNs and of AWSAccountId.
func mask(s string) string { return results.MaskAccounts(s) }

// clip shortens s to at most n runes.
func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n]) + "…"
}
