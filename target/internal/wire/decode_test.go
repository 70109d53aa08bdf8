package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/kmsmac/kmsmac/engine"
	"github.com/kmsmac/kmsmac/target"
)

const goodMac = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=" // 0, 1, 2 … 31

func TestDecodeGenerateMac(t *testing.T) {
	whole := target.GenerateMacReply{KeyID: "arn:k", Algorithm: engine.HMACSHA256, Tag: []byte("x")}
	bare := target.GenerateMacReply{Tag: []byte("x")}
	tests := []struct {
		name, body string
		want       target.GenerateMacReply // Tag nil: an error
	}{
		{"as AWS has it", `{"KeyId":"arn:k","Mac":"` + goodMac + `","MacAlgorithm":"HMAC_SHA_256"}`, whole},
		{"other order", `{"MacAlgorithm":"HMAC_SHA_256","Mac":"` + goodMac + `","KeyId":"arn:k"}`, whole},
		{"white space", " {\r\n\t\"KeyId\" : \"arn:k\" , \"Mac\"\t:\"" + goodMac + "\",\"MacAlgorithm\":\n\"HMAC_SHA_256\" } \n", whole},
		{"unknown members", `{"A":1,"KeyId":"arn:k","B":{"Mac":[{}, -1.5e+3,null]},"Mac":"` + goodMac + `","C":[],"MacAlgorithm":"HMAC_SHA_256","D":""}`, whole},
		{"last of equal ones", `{"KeyId":"a","KeyId":"arn:k","Mac":"AA==","Mac":"` + goodMac + `","MacAlgorithm":"x","MacAlgorithm":"HMAC_SHA_256"}`, whole},
		{"escapes", `{"KeyId":"arn\u003ak","Mac":"` + strings.Replace(goodMac, "A", `\u0041`, 2) + `","\u004dacAlgorithm":"HMAC\u005FSHA_256"}`, whole},
		{"only the tag", `{"Mac":"` + goodMac + `"}`, bare},
		{"null is absent", `{"KeyId":null,"Mac":"` + goodMac + `","MacAlgorithm":null}`, bare},
		{"unknown algorithm", `{"Mac":"` + goodMac + `","MacAlgorithm":"HMAC_MD5"}`, bare},

		{"no tag", `{"KeyId":"arn:k","MacAlgorithm":"HMAC_SHA_256"}`, target.GenerateMacReply{}},
		{"null tag", `{"Mac":null}`, target.GenerateMacReply{}},
		{"null after all", `{"Mac":"` + goodMac + `","Mac":null}`, target.GenerateMacReply{}},
		{"empty tag", `{"Mac":""}`, target.GenerateMacReply{}},
		{"a byte short", `{"Mac":"` + base64.StdEncoding.EncodeToString(make([]byte, 31)) + `"}`, target.GenerateMacReply{}},
		{"a byte long", `{"Mac":"` + base64.StdEncoding.EncodeToString(make([]byte, 33)) + `"}`, target.GenerateMacReply{}},
		{"of another algorithm", `{"Mac":"` + base64.StdEncoding.EncodeToString(make([]byte, 64)) + `"}`, target.GenerateMacReply{}},
		{"huge", `{"Mac":"` + strings.Repeat("AAAA", 1<<18) + `"}`, target.GenerateMacReply{}},
		{"unpadded", `{"Mac":"` + strings.TrimRight(goodMac, "=") + `"}`, target.GenerateMacReply{}},
		{"URL-safe", `{"Mac":"_-ECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}`, target.GenerateMacReply{}},
		{"bits beyond the end", `{"Mac":"` + strings.Replace(goodMac, "8=", "9=", 1) + `"}`, target.GenerateMacReply{}},
		{"line break inside", `{"Mac":"AAECAwQFBgcICQoLDA0O\nDxAREhMUFRYXGBkaGxwdHg=="}`, target.GenerateMacReply{}},
		{"hex", `{"Mac":"` + strings.Repeat("00", 32) + `"}`, target.GenerateMacReply{}},
		{"number", `{"Mac":17}`, target.GenerateMacReply{}},
		{"key id is a number", `{"KeyId":1,"Mac":"` + goodMac + `"}`, target.GenerateMacReply{}},
		{"misspelt null", `{"KeyId":nul,"Mac":"` + goodMac + `"}`, target.GenerateMacReply{}},
		{"lower case", `{"mac":"` + goodMac + `"}`, target.GenerateMacReply{}},
		{"empty", ``, target.GenerateMacReply{}},
		{"empty object", `{}`, target.GenerateMacReply{}},
		{"array", `[]`, target.GenerateMacReply{}},
		{"null", `null`, target.GenerateMacReply{}},
		{"cut", `{"Mac":"` + goodMac + `"`, target.GenerateMacReply{}},
		{"cut in a string", `{"Mac":"` + goodMac, target.GenerateMacReply{}},
		{"cut in an escape", `{"Mac":"\`, target.GenerateMacReply{}},
		{"comma at the end", `{"Mac":"` + goodMac + `",}`, target.GenerateMacReply{}},
		{"text after", `{"Mac":"` + goodMac + `"}<html>`, target.GenerateMacReply{}},
		{"two objects", `{"Mac":"` + goodMac + `"}{}`, target.GenerateMacReply{}},
		{"NUL after", `{"Mac":"` + goodMac + "\"}\x00", target.GenerateMacReply{}},
		{"byte order mark", "\ufeff" + `{"Mac":"` + goodMac + `"}`, target.GenerateMacReply{}},
		{"HTML", `<html></html>`, target.GenerateMacReply{}},
		{"deep", `{"A":` + strings.Repeat("[", 100000), target.GenerateMacReply{}},
	}
	var p Pad // shared: nothing of one answer may show in the next
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := p.DecodeGenerateMac([]byte(tt.body), engine.HMACSHA256)
			if tt.want.Tag == nil {
				if err == nil || got.KeyID != "" || got.Algorithm != 0 || got.Tag != nil {
					t.Fatalf("%+v, %v, want an error and nothing else", got, err)
				}
				if len(err.Error()) > 100 {
					t.Errorf("an error of %d bytes", len(err.Error()))
				}
				return
			}
			if err != nil || got.KeyID != tt.want.KeyID || got.Algorithm != tt.want.Algorithm {
				t.Fatalf("%+v, %v, want %+v", got, err, tt.want)
			}
			want, _ := base64.StdEncoding.DecodeString(goodMac)
			if !bytes.Equal(got.Tag, want) {
				t.Errorf("tag %x, want %x", got.Tag, want)
			}
		})
	}
}

func TestDecodeGenerateMacLengths(t *testing.T) {
	var p Pad
	for _, alg := range engine.Algorithms() {
		for n := range 80 {
			body := `{"Mac":"` + base64.StdEncoding.EncodeToString(make([]byte, n)) + `"}`
			got, err := p.DecodeGenerateMac([]byte(body), alg)
			if (err == nil) != (n == alg.Size()) || err == nil && len(got.Tag) != n {
				t.Errorf("%s with %d bytes: %d bytes, %v", alg, n, len(got.Tag), err)
			}
		}
	}
}

func TestDecodeVerifyMac(t *testing.T) {
	tests := []struct {
		name, body string
		valid, ok  bool
	}{
		{"valid", `{"KeyId":"k","MacAlgorithm":"HMAC_SHA_256","MacValid":true}`, true, true},
		{"says false", `{"MacValid": false }`, false, true},
		{"last of equal ones", `{"MacValid":false,"MacValid":true}`, true, true},
		{"absent", `{"KeyId":"k"}`, false, false},
		{"null", `{"MacValid":null}`, false, false},
		{"null after all", `{"MacValid":true,"MacValid":null}`, false, false},
		{"text", `{"MacValid":"true"}`, false, false},
		{"number", `{"MacValid":1}`, false, false},
		{"misspelt", `{"MacValid":truth}`, false, false},
		{"runs on", `{"MacValid":truefalse}`, false, false},
		{"empty", ``, false, false},
	}
	var p Pad
	for _, tt := range tests {
		got, err := p.DecodeVerifyMac([]byte(tt.body))
		if (err == nil) != tt.ok || got.Valid != tt.valid {
			t.Errorf("%s: valid %v, err %v, want %v, ok %v", tt.name, got.Valid, err, tt.valid, tt.ok)
		}
	}
}

func TestDecodeAllocatesTheTagOnly(t *testing.T) {
	var p Pad
	bodies := [][]byte{
		[]byte(`{"KeyId":"arn:aws:kms:us-east-1:1:key/a","Mac":"` + goodMac + `","MacAlgorithm":"HMAC_SHA_256"}`),
		[]byte(`{"KeyId":"arn:aws:kms:us-east-1:1:key/a","Mac":"` + strings.Replace(goodMac, "A", `\u0041`, 1) + `","MacAlgorithm":"HMAC_SHA_256"}`),
	}
	for i, body := range bodies {
		run := func() {
			if _, err := p.DecodeGenerateMac(body, engine.HMACSHA256); err != nil {
				t.Fatal(err)
			}
		}
		run()
		if n := testing.AllocsPerRun(200, run); n != 1 {
			t.Errorf("body %d: %v allocations, want 1", i, n)
		}
	}
	valid := []byte(`{"KeyId":"arn:aws:kms:us-east-1:1:key/a","MacAlgorithm":"HMAC_SHA_256","MacValid":true}`)
	if n := testing.AllocsPerRun(200, func() { _, _ = p.DecodeVerifyMac(valid) }); n != 0 {
		t.Errorf("VerifyMac: %v allocations, want 0", n)
	}
}

// FuzzDecode holds the scanner against encoding/json: what one takes the other
// takes, with the same values.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"KeyId":"arn:k","Mac":"` + goodMac + `","MacAlgorithm":"HMAC_SHA_256","MacValid":true}`,
		`{"KeyId":"\ud83d\ude00\ud83d\u0041\udc00\/\b\f\n\r\t\"\\","MacValid":false}`,
		`{"A":[1,-0,0.5,1e9,-1.5E-3,{"B":[]},true,false,null],"Mac":null}`,
		`{"A":01}`, `{"A":1.}`, `{"A":-}`, `{"A":1e}`, "{\"A\":\"\x01\"}", "{\"KeyId\":\"\xff\"}", `{`, `{}`, ` { } `, `[]`, `""`, ``, `{"A" 1}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var p Pad
		got, err := p.decode(body)
		var want map[string]json.RawMessage
		trimmed := bytes.TrimLeft(body, " \t\r\n")
		ok := json.Unmarshal(body, &want) == nil && len(trimmed) > 0 && trimmed[0] == '{'
		if bytes.Count(body, []byte{'['})+bytes.Count(body, []byte{'{'}) > maxDepth {
			return // encoding/json goes deeper
		}
		var (
			keyID, mac, alg *string
			valid           *bool
		)
		for name, into := range map[string]any{"KeyId": &keyID, "Mac": &mac, "MacAlgorithm": &alg, "MacValid": &valid} {
			if raw, has := want[name]; ok && has && json.Unmarshal(raw, into) != nil {
				ok = false
			}
		}
		if ok != (err == nil) {
			// Of equal members all must fit here, only the last one there.
			if ok && bytes.Count(body, []byte(`:`)) > len(want) {
				return
			}
			t.Fatalf("%q: err %v, encoding/json takes it: %v", body, err, ok)
		}
		if !ok {
			return
		}
		if bytes.ContainsRune(body, '\ufffd') || !json.Valid(body) || hasInvalidUTF8(body) {
			return // replaced there, kept here
		}
		if keyID != nil && got.keyID != *keyID || mac != nil && string(got.mac) != *mac ||
			valid != nil && (!got.hasValid || got.valid != *valid) {
			t.Fatalf("%q: %+v", body, got)
		}
	})
}

func hasInvalidUTF8(b []byte) bool { return !bytes.Equal(bytes.ToValidUTF8(b, []byte("?")), b) }

func BenchmarkDecode(b *testing.B) {
	var p Pad
	body := []byte(`{"KeyId":"arn:aws:kms:us-east-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab","Mac":"` + goodMac + `","MacAlgorithm":"HMAC_SHA_256"}`)
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := p.DecodeGenerateMac(body, engine.HMACSHA256); err != nil {
			b.Fatal(err)
		}
	}
}
