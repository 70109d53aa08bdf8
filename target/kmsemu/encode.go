package kmsemu

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// encode writes the members of an answer sorted by name, as KMS does
// (row WI-24); nil is an empty body.
func encode(body reply) []byte {
	if body == nil {
		return nil
	}
	return appendReply(make([]byte, 0, 512), body)
}

func appendReply(b []byte, body reply) []byte {
	var few [16]string
	names := slices.AppendSeq(few[:0], maps.Keys(body))
	slices.Sort(names)
	b = append(b, '{')
	for i, name := range names {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, name), ':')
		b = appendValue(b, body[name])
	}
	return append(b, '}')
}

func appendValue(b []byte, v any) []byte {
	switch x := v.(type) {
	case string:
		return appendString(b, x)
	case bool:
		return strconv.AppendBool(b, x)
	case int:
		return strconv.AppendInt(b, int64(x), 10)
	case []byte:
		b = append(b, '"')
		return append(base64.StdEncoding.AppendEncode(b, x), '"')
	case epoch:
		return appendEpoch(b, time.Time(x))
	case reply:
		return appendReply(b, x)
	case []reply:
		return appendList(b, x, appendReply)
	case []string:
		return appendList(b, x, appendString)
	}
	return appendOther(b, v)
}

func appendList[T any](b []byte, list []T, one func([]byte, T) []byte) []byte {
	b = append(b, '[')
	for i, e := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = one(b, e)
	}
	return append(b, ']')
}

// appendString quotes a string; what needs escapes is left to encoding/json.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= 0x7f || c == '"' || c == '\\' {
			return appendOther(b, s)
		}
	}
	b = append(b, '"')
	return append(append(b, s...), '"')
}

func appendOther(b []byte, v any) []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("kmsemu: a reply cannot be encoded: " + err.Error()) // a bug: all members are of known types
	}
	return append(b, bytes.TrimSuffix(buf.Bytes(), []byte("\n"))...)
}

// epoch is a timestamp on the wire: seconds with milliseconds in exponent
// notation, 1.608639949636E9 (rows CK-14, WI-23).
type epoch time.Time

// appendEpoch writes the number the way Java prints a double.
func appendEpoch(b []byte, t time.Time) []byte {
	s := strconv.FormatFloat(float64(t.UnixMilli())/1000, 'E', -1, 64)
	mantissa, exponent, _ := strings.Cut(s, "E")
	b = append(b, mantissa...)
	if !strings.Contains(mantissa, ".") {
		b = append(b, ".0"...)
	}
	b = append(b, 'E')
	n, _ := strconv.Atoi(exponent) // of FormatFloat's own making
	return strconv.AppendInt(b, int64(n), 10)
}
