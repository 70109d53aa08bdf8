package kmsemu

import (
	"reflect"
	"testing"
)

var flatMembers = []member{req("Text", text(0, 0)), opt("Blob", ciphertextType), opt("Flag", booleanType), opt("Number", limitType),
	opt("List", grantTokenList), opt("Date", dateType)}

var flatBodies = []string{
	`{}`, ` { } `, `{"Text":"b"}`, `{"Text":"b","Flag":true , "Other":false,"X":null,"Number":12}`, "{\n\"Number\" : 1\r\t}",
	`{"Text":"","":"x"}`, `{"Number":1,"Number":2}`, `{"Blob":"bQ==","Blob":""}`, `{"Text":"a","Text":null}`, `{"Unknown":1,"Y":"z"}`,
}

// otherBodies are left to the general decoder, or are no JSON at all.
var otherBodies = []string{
	``, `{`, `}`, `{"a"}`, `{"a":}`, `{"Text":"b",}`, `{,}`, `{"Text":"b" "c":1}`, `{"Text":"b"}x`, `{"Text":"b"}{}`, `{"Flag":truex}`,
	`{"Number":1.5}`, `{"Number":01}`, `{"Number":-1}`, `{"Number":1e3}`, `{"Number":0}`, `{"Number":1234567890}`, `{"Text":"\n"}`, "{\"Text\":\"\n\"}", `{"Text":"é"}`,
	"{\"Text\":\"\xff\"}", `{"List":["a"]}`, `{"a":{}}`, `[]`, `"x"`, `{"Text":"`, `{"Text":nul}`, `{"Text":1}`, `{"Flag":"true"}`, `{"Blob":"b"}`,
	`{"Blob":true}`, `{"Date":1}`, "{\"Blob\":\"bQ=\n=\"}", `{"Blob":"bQ=\u003d"}`, `{"Blob":"bQ\"="}`, `{"Te\u0078t":"a"}`, `{"Unknown":"\n"}`, `{"Number":"1"}`, `null`,
}

// checkFlat demands that what decodeFlat accepts is what the general decoder
// gives.
func checkFlat(t *testing.T, body []byte) bool {
	t.Helper()
	got, ok := newScratch().decodeFlat(body, flatMembers)
	if !ok {
		return false
	}
	want, err := decodeAny(body, flatMembers)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("decodeFlat(%q): got %#v, want %#v, %v", body, got, want, err)
	}
	return true
}

func TestDecodeFlat(t *testing.T) {
	for _, body := range flatBodies {
		if !checkFlat(t, []byte(body)) {
			t.Errorf("decodeFlat(%q): got false", body)
		}
	}
	for _, body := range otherBodies {
		if checkFlat(t, []byte(body)) {
			t.Errorf("decodeFlat(%q): got true", body)
		}
	}
}

func FuzzDecodeFlat(f *testing.F) {
	for _, body := range append(flatBodies, otherBodies...) {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) { checkFlat(t, body) })
}
