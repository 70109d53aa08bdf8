package kmsemu

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"testing"
)

var flatBodies = []string{
	`{}`, ` { } `, `{"a":"b"}`, `{"a":"b","c":true , "d":false,"e":null,"f":12}`, "{\n\"a\" : 1\r\t}", `{"a":"","":"x"}`, `{"a":1,"a":"2"}`,
	`{"KeyId":"k","Message":"bQ==","MacAlgorithm":"HMAC_SHA_256"}`,
}

// otherBodies are left to encoding/json, or are no JSON at all.
var otherBodies = []string{
	``, `{`, `}`, `{"a"}`, `{"a":}`, `{"a":"b",}`, `{,}`, `{"a":"b" "c":1}`, `{"a":"b"}x`, `{"a":"b"}{}`, `{"a":truex}`, `{"a":1.5}`, `{"a":01}`,
	`{"a":-1}`, `{"a":1e3}`, `{"a":"\n"}`, "{\"a\":\"\n\"}", `{"a":"é"}`, "{\"a\":\"\xff\"}", `{"a":[]}`, `{"a":{}}`, `[]`, `"x"`, `{"a":"`, `{"a":nul}`,
}

// checkFlat demands that what scanFlat accepts is what encoding/json gives.
func checkFlat(t *testing.T, body []byte) bool {
	t.Helper()
	got, ok := scanFlat(body)
	if !ok {
		return false
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var want map[string]any
	if err := dec.Decode(&want); err != nil {
		t.Fatalf("scanFlat(%q): got %v, encoding/json says %v", body, got, err)
	}
	if _, err := dec.Token(); err != io.EOF {
		t.Fatalf("scanFlat(%q): got %v, encoding/json finds more", body, got)
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("scanFlat(%q): got %#v, want %#v", body, got, want)
	}
	return true
}

func TestScanFlat(t *testing.T) {
	for _, body := range flatBodies {
		if !checkFlat(t, []byte(body)) {
			t.Errorf("scanFlat(%q): got false", body)
		}
	}
	for _, body := range otherBodies {
		if checkFlat(t, []byte(body)) {
			t.Errorf("scanFlat(%q): got true", body)
		}
	}
}

func FuzzScanFlat(f *testing.F) {
	for _, body := range append(flatBodies, otherBodies...) {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) { checkFlat(t, body) })
}
