package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/json"
	"hash"
	"slices"
	"strings"
	"testing"
)

var hashes = []func() hash.Hash{sha256.New224, sha256.New, sha512.New384, sha512.New}

// TestTags holds every variant against crypto/hmac, in batches smaller, equal to
// and larger than any number of lanes and than the library's longest burst.
func TestTags(t *testing.T) {
	all := variants()
	if len(all) == 0 {
		t.Fatal("no variant runs here")
	}
	for _, v := range all {
		for _, name := range v.Algorithms {
			alg := slices.Index(algorithms, name)
			for _, n := range []int{1, 2, 3, 8, 17, 128, 129, 300} {
				checkTags(t, v, alg, n)
			}
		}
	}
}

func checkTags(t *testing.T, v variant, alg, n int) {
	t.Helper()
	secrets := [][]byte{[]byte("one"), bytes.Repeat([]byte{7}, 32), bytes.Repeat([]byte{8}, 64)}
	var msgs [][]byte
	var want []byte
	for i := range n {
		msgs = append(msgs, bytes.Repeat([]byte{byte(i)}, 1+i*37%1200))
		h := hmac.New(hashes[alg], secrets[i%len(secrets)])
		h.Write(msgs[i])
		want = h.Sum(want)
	}
	b, err := newBatch(v, alg, secrets, msgs)
	if err != nil {
		t.Fatal(err)
	}
	defer b.free()
	if !bytes.Equal(b.tags(), want) {
		t.Errorf("%s %s, %d jobs: wrong tags", v.Name, algorithms[alg], n)
	}
	if ns, err := b.turn(3); err != nil || ns <= 0 {
		t.Errorf("%s %s, %d jobs: a turn of %d ns, %v", v.Name, algorithms[alg], n, ns, err)
	}
	if !bytes.Equal(b.tags(), want) {
		t.Errorf("%s %s, %d jobs: wrong tags after a turn", v.Name, algorithms[alg], n)
	}
}

// TestServe has a conversation, bad requests included.
func TestServe(t *testing.T) {
	rows := []struct{ name, ask, want string }{
		{"hello", `{"op":"hello"}`, `{"protocol":1,"variants":[`},
		{"turn of no case", `{"op":"turn","case":1,"times":1}`, `{"error":"there is no case 1"}`},
		{"no secrets", `{"op":"prepare","case":1,"variant":"openssl:hmac-ctx","algorithm":"HMAC_SHA_256","set":"a","jobs":1}`, `{"error":"1 jobs of set`},
		{"secrets", `{"op":"secrets","data":["a2V5"]}`, `{}`},
		{"messages", `{"op":"messages","set":"a","data":["bXNn"]}`, `{}`},
		{"too many", `{"op":"prepare","case":1,"variant":"openssl:hmac-ctx","algorithm":"HMAC_SHA_256","set":"a","jobs":2}`, `{"error":"2 jobs of set`},
		{"no variant", `{"op":"prepare","case":1,"variant":"x","algorithm":"HMAC_SHA_256","set":"a","jobs":1}`, `{"error":"there is no variant`},
		{"prepare", `{"op":"prepare","case":1,"variant":"openssl:hmac-ctx","algorithm":"HMAC_SHA_256","set":"a","jobs":1}`, `{"tags":"LZPLwb`},
		{"turn", `{"op":"turn","case":1,"times":2}`, `{"ns":`},
		{"no times", `{"op":"turn","case":1,"times":0}`, `{"error":"a turn has`},
		{"not JSON", `x`, `{"error":"invalid character`},
		{"unknown", `{"op":"x"}`, `{"error":"unknown request`},
	}
	var ask, out strings.Builder
	for _, r := range rows {
		ask.WriteString(r.ask + "\n")
	}
	if err := serve(strings.NewReader(ask.String()), &out); err != nil {
		t.Fatal(err)
	}
	answers := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(answers) != len(rows) {
		t.Fatalf("%d answers to %d requests", len(answers), len(rows))
	}
	for i, r := range rows {
		if !strings.HasPrefix(answers[i], r.want) || !json.Valid([]byte(answers[i])) {
			t.Errorf("%s: got %.80s, want %s…", r.name, answers[i], r.want)
		}
	}
}
