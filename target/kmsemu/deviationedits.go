package kmsemu

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The edits of the catalogue: each looks at an answer and may change it.

// is reports whether the answer is a success of one of the operations.
func (r *response) is(c *call, operations ...string) bool {
	return r.code == "" && c.op != nil && slices.Contains(operations, c.op.name)
}

func flipTag(c *call, r *response) {
	if tag, ok := r.body["Mac"].([]byte); ok && r.is(c, "GenerateMac") {
		tag[0] ^= 1
	}
}

func editKeyID(c *call, r *response) {
	if arn, ok := r.body["KeyId"].(string); ok && r.is(c, "GenerateMac", "VerifyMac") {
		r.body["KeyId"] = arn[strings.LastIndex(arn, "/")+1:]
	}
}

func editEchoedKeyID(c *call, r *response) {
	if r.is(c, "GenerateMac", "VerifyMac") {
		r.body["KeyId"] = c.in.str("KeyId")
	}
}

func editMACFalse(c *call, r *response) {
	if r.code == "KMSInvalidMacException" {
		*r = success(reply{"KeyId": c.in.str("KeyId"), "MacAlgorithm": c.in.str("MacAlgorithm"), "MacValid": false})
	}
}

func editMACErrorText(_ *call, r *response) {
	if r.code == "KMSInvalidMacException" {
		r.body["message"] = "The MAC is not valid."
	}
}

func editUsageText(_ *call, r *response) {
	if text, _ := r.body["message"].(string); r.code == "InvalidKeyUsageException" && strings.Contains(text, " key usage is ") {
		r.body["message"] = "The key cannot be used for this operation."
	}
}

// editMetadata edits KeyMetadata wherever it is returned.
func editMetadata(edit func(m reply)) func(*call, *response) {
	return func(_ *call, r *response) {
		for _, name := range []string{"KeyMetadata", "ReplicaKeyMetadata"} {
			if m, ok := r.body[name].(reply); ok {
				edit(m)
			}
		}
	}
}

func editNextMarker(_ *call, r *response) {
	if r.body["Truncated"] == false {
		r.body["NextMarker"] = ""
	}
}

func editRotationStatus(c *call, r *response) {
	if r.is(c, "GetKeyRotationStatus") {
		delete(r.body, "KeyId")
	}
}

func editNullMaterialID(c *call, r *response) {
	if r.is(c, "ImportKeyMaterial") && r.body["KeyMaterialId"] == nil {
		r.body["KeyMaterialId"] = nil
	}
}

func editStatus(status int, codes ...string) func(*call, *response) {
	return func(_ *call, r *response) {
		if slices.Contains(codes, r.code) {
			r.status = status
		}
	}
}

func editThrottleCode(_ *call, r *response) {
	if r.code == "ThrottlingException" {
		r.code, r.body["__type"] = "LimitExceededException", "LimitExceededException"
	}
}

func editTypeNamespace(_ *call, r *response) {
	if r.code != "" {
		r.body["__type"] = "com.amazonaws.kms#" + r.code
	}
}

func editMessageCapital(_ *call, r *response) {
	if text, ok := r.body["message"]; ok && r.code != "" {
		delete(r.body, "message")
		r.body["Message"] = text
	}
}

func editErrorTypeHeader(c *call, r *response) {
	if r.code != "" {
		editHeaders("x-amzn-errortype", []string{r.code})(c, r)
	}
}

// editHeaders sets a header, or removes it when the value is nil.
func editHeaders(name string, value []string) func(*call, *response) {
	return func(_ *call, r *response) {
		if r.header == nil {
			r.header = http.Header{}
		}
		r.header[name] = value
	}
}

func editVoid(_ *call, r *response) {
	if r.code == "" && r.body == nil && r.raw == nil {
		r.body = reply{}
	}
}

// editTimestamps rewrites every timestamp of a success.
func editTimestamps(form func(time.Time) any) func(*call, *response) {
	return func(_ *call, r *response) { rewriteTimes(r.body, form) }
}

func rewriteTimes(v any, form func(time.Time) any) {
	switch x := v.(type) {
	case reply:
		for name, e := range x {
			if t, ok := e.(epoch); ok {
				x[name] = form(time.Time(t))
			} else {
				rewriteTimes(e, form)
			}
		}
	case []reply:
		for _, e := range x {
			rewriteTimes(e, form)
		}
	}
}

func isoTime(t time.Time) any { return t.UTC().Format(time.RFC3339) }

func wholeSeconds(t time.Time) any { return t.Unix() }

func editUnpadded(c *call, r *response) {
	if tag, ok := r.body["Mac"].([]byte); ok && r.is(c, "GenerateMac") {
		r.body["Mac"] = base64.RawStdEncoding.EncodeToString(tag)
	}
}

func editBadJSON(_ *call, r *response) {
	if r.code == "SerializationException" {
		*r = failure(errInternal())
	}
}

func editUnknownOperation(_ *call, r *response) {
	if r.code == "UnknownOperationException" {
		*r = response{status: http.StatusNotImplemented, raw: []byte("<html><body>Not implemented</body></html>\n"),
			header: http.Header{"Content-Type": {"text/html"}}}
	}
}
