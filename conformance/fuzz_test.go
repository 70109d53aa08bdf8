package conformance

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// FuzzReadRecord: whatever stands in a record, it is refused or it can be
// judged, and stand for the table, without a crash.
func FuzzReadRecord(f *testing.F) {
	f.Add(`{"header":{"schema":1}}` + "\n" + `{"exchange":{"row":"GM-05","operation":"CreateKey","response":{"status":200,"body":"{\"KeyMetadata\":{\"KeyId\":\"a\",\"Arn\":\"b\"}}"}}}`)
	f.Add(`{"header":{"schema":1}}` + "\n" + `{"exchange":{"shared":"key HMAC_256 in us-east-1","operation":"CreateKey","nth":0,"response":{"status":400,"body":"{}"}}}`)
	f.Add(`{"header":{"schema":1}}` + "\n" + `{"now":{"row":"CK-14","nth":0,"time":"2026-11-23T00:00:00Z"}}` + "\n" + `{"exchange":{"row":"CK-14","operation":"CreateKey","failure":{"kind":"timeout"}}}`)
	f.Add(`{"header":{"schema":1,"sealed":true},"sum":"00000000000000000000000000000000"}` + "\n")
	f.Fuzz(func(t *testing.T, text string) {
		rec, err := ReadRecord(strings.NewReader(text))
		if err != nil {
			return
		}
		o := rec.Options(Options{Cases: []string{"GM-05", "CK-14", "GM-25", "ID-11"}, CaseTimeout: 2 * time.Second, Timeout: time.Second})
		o.Differential, o.Profile = 0, ""
		if _, err := Run(t.Context(), rec.Target("replay"), o); err != nil {
			t.Fatal(err)
		}
		o.Baseline = rec
		if _, err := Run(t.Context(), rec.Target("replay"), o); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzEditStrings: an edit that changes nothing keeps every byte, and one that
// blots values out leaves none of them and keeps JSON what it was.
func FuzzEditStrings(f *testing.F) {
	for _, s := range []string{`{"A":"x"}`, `{"ImportToken":"c2VjcmV0"}`, `{"a":[{"GrantToken":"\"q\\"},1.5E9,null]}`, `{"GrantTokens":["a`, "", "[", `"ImportToken": "x`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		same := editStrings(text, func(_ []string, v string) (string, bool) { return v, false })
		if !bytes.Equal(same, text) {
			t.Fatalf("%q became %q", text, same)
		}
		blotted := newScrubber().members(text)
		if json.Valid(text) != json.Valid(blotted) && json.Valid(text) {
			t.Fatalf("%q became %q, which is no JSON", text, blotted)
		}
		var before, after any
		if json.Unmarshal(text, &before) == nil && json.Unmarshal(blotted, &after) == nil {
			mustBeBlotted(t, before, after, false)
		}
	})
}

// mustBeBlotted walks both values: the strings under a secret member say that
// they were removed, all else is the same.
func mustBeBlotted(t *testing.T, before, after any, secret bool) {
	t.Helper()
	switch b := before.(type) {
	case map[string]any:
		a, _ := after.(map[string]any)
		for name := range b {
			mustBeBlotted(t, b[name], a[name], secret || secretMembers[name])
		}
	case []any:
		a, _ := after.([]any)
		for i := range b {
			if i < len(a) {
				mustBeBlotted(t, b[i], a[i], secret)
			}
		}
	case string:
		if a, _ := after.(string); !secret && a != b || secret && len(b) > 8 && a == b && !strings.HasPrefix(b, "removed") {
			t.Fatalf("%q became %q, secret %v", b, a, secret)
		}
	}
}
