package kmsemu

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"math"
	"strings"
	"time"
)

// params are the members of a request that are present, decoded: string,
// []byte, bool, int, time.Time, []any, params, or map[string]string.
type params map[string]any

func (p params) has(name string) bool { _, ok := p[name]; return ok }

func (p params) str(name string) string { s, _ := p[name].(string); return s }

func (p params) bytes(name string) []byte { b, _ := p[name].([]byte); return b }

func (p params) bool(name string) bool { b, _ := p[name].(bool); return b }

func (p params) time(name string) time.Time { t, _ := p[name].(time.Time); return t }

func (p params) list(name string) []any { l, _ := p[name].([]any); return l }

func (p params) context(name string) map[string]string { m, _ := p[name].(map[string]string); return m }

// number returns the member, or def when it is absent.
func (p params) number(name string, def int) int {
	if n, ok := p[name].(int); ok {
		return n
	}
	return def
}

// strings returns a list of strings.
func (p params) strings(name string) []string {
	var out []string
	for _, v := range p.list(name) {
		s, _ := v.(string)
		out = append(out, s)
	}
	return out
}

// strictBase64 is standard Base64 with padding (row WI-22).
var strictBase64 = base64.StdEncoding.Strict()

// decodeInput turns a request body into the members that op knows; unknown
// members are ignored (row GM-34). A body that is not one JSON object, or a
// member of another JSON type, is a SerializationException (rows WI-19 to
// WI-21). An empty body is not JSON either (inferred).
func (s *scratch) decodeInput(body []byte, members []member) (params, error) {
	if p, ok := s.decodeFlat(body, members); ok {
		return p, nil
	}
	return decodeAny(body, members)
}

// decodeAny is the general decoder.
func decodeAny(body []byte, members []member) (params, error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var obj map[string]any
	if err := dec.Decode(&obj); err != nil || obj == nil {
		return nil, errSerialization("")
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errSerialization("")
	}
	return decodeMembers(obj, members)
}

func decodeMembers(obj map[string]any, members []member) (params, error) {
	p := make(params, len(obj))
	for i := range members {
		raw, ok := obj[members[i].name]
		if !ok || raw == nil { // null counts as absent
			continue
		}
		v, err := decodeValue(raw, members[i].shape)
		if err != nil {
			return nil, err
		}
		p[members[i].name] = v
	}
	return p, nil
}

func decodeValue(raw any, s *shape) (any, error) {
	switch v := raw.(type) {
	case string:
		return decodeText(v, s)
	case bool:
		if s.kind == kindBool {
			return v, nil
		}
		return nil, errType(map[bool]string{true: "TRUE_VALUE", false: "FALSE_VALUE"}[v], s)
	case json.Number:
		return decodeNumber(v, s)
	case []any:
		return decodeList(v, s)
	case map[string]any:
		return decodeObject(v, s)
	}
	return nil, errSerialization("")
}

func decodeText(v string, s *shape) (any, error) {
	switch s.kind {
	case kindString:
		return v, nil
	case kindBlob:
		b, err := strictBase64.AppendDecode([]byte{}, []byte(v))
		if err != nil || strings.ContainsAny(v, "\r\n") { // which the decoder would skip
			return nil, errSerialization("")
		}
		return b, nil
	}
	return nil, errType("STRING_VALUE", s)
}

func decodeNumber(v json.Number, s *shape) (any, error) {
	switch s.kind {
	case kindInt:
		n, err := v.Int64()
		if err != nil || n > math.MaxInt32 || n < math.MinInt32 {
			return nil, errType("NUMBER_VALUE", s)
		}
		return int(n), nil
	case kindTime:
		f, err := v.Float64()
		if err != nil || math.Abs(f) > 1e11 {
			return nil, errType("NUMBER_VALUE", s)
		}
		return time.UnixMilli(int64(math.Round(f * 1000))), nil
	}
	return nil, errType("NUMBER_VALUE", s)
}

func decodeList(v []any, s *shape) (any, error) {
	if s.kind != kindList {
		return nil, errType("START_ARRAY", s)
	}
	out := make([]any, 0, len(v))
	for _, raw := range v {
		if raw == nil {
			out = append(out, nil)
			continue
		}
		e, err := decodeValue(raw, s.elem)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

func decodeObject(v map[string]any, s *shape) (any, error) {
	switch s.kind {
	case kindStruct:
		return decodeMembers(v, s.members)
	case kindMap:
		m := make(map[string]string, len(v))
		for k, raw := range v {
			t, ok := raw.(string)
			if !ok {
				return nil, errType("VALUE", &shape{kind: kindString})
			}
			m[k] = t
		}
		return m, nil
	}
	return nil, errType("START_OBJECT", s)
}
