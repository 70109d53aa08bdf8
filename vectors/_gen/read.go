package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"strings"
)

// file is one file that is wanted, and what must be found in it.
type file struct {
	name      string
	algorithm string // KMS's spelling
	title     string // the file's own
	tests     int
	bits      int // of a whole tag
}

var files = []file{
	{"hmac_sha224_test.json", "HMAC_SHA_224", "HMACSHA224", 172, 224},
	{"hmac_sha256_test.json", "HMAC_SHA_256", "HMACSHA256", 174, 256},
	{"hmac_sha384_test.json", "HMAC_SHA_384", "HMACSHA384", 174, 384},
	{"hmac_sha512_test.json", "HMAC_SHA_512", "HMACSHA512", 174, 512},
}

// document is the part of the MAC test schema that matters. Members that are
// not kept are named, so that a new one is noticed.
type document struct {
	Algorithm     string          `json:"algorithm"`
	Schema        string          `json:"schema"`
	NumberOfTests int             `json:"numberOfTests"`
	Header        json.RawMessage `json:"header"`
	Notes         json.RawMessage `json:"notes"`
	Groups        []group         `json:"testGroups"`
}

type group struct {
	Type    string          `json:"type"`
	Source  json.RawMessage `json:"source"`
	KeySize int             `json:"keySize"`
	TagSize int             `json:"tagSize"`
	Tests   []test          `json:"tests"`
}

type test struct {
	ID      int      `json:"tcId"`
	Comment string   `json:"comment"`
	Flags   []string `json:"flags"`
	Key     string   `json:"key"`
	Msg     string   `json:"msg"`
	Tag     string   `json:"tag"`
	Result  string   `json:"result"`
}

// read returns the tests of one file in its order, or an error if anything in
// it is not as the table assumes.
func read(fsys fs.FS, f file) ([]test, error) {
	data, err := fs.ReadFile(fsys, f.name)
	if err != nil {
		return nil, err
	}
	var doc document
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&doc); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("something follows the document")
	}
	if doc.Algorithm != f.title || doc.Schema != "mac_test_schema_v1.json" {
		return nil, fmt.Errorf("algorithm %q, schema %q", doc.Algorithm, doc.Schema)
	}
	var tests []test
	for _, g := range doc.Groups {
		for _, t := range g.Tests {
			if err := check(f, g, t); err != nil {
				return nil, fmt.Errorf("tcId %d: %w", t.ID, err)
			}
			if t.ID != len(tests)+1 {
				return nil, fmt.Errorf("tcId %d stands at place %d", t.ID, len(tests)+1)
			}
			tests = append(tests, t)
		}
	}
	if len(tests) != doc.NumberOfTests || len(tests) != f.tests {
		return nil, fmt.Errorf("%d tests, the file says %d, want %d", len(tests), doc.NumberOfTests, f.tests)
	}
	return tests, nil
}

func check(f file, g group, t test) error {
	switch {
	case g.Type != "MacTest":
		return fmt.Errorf("type %q", g.Type)
	case t.Result != "valid" && t.Result != "invalid":
		return fmt.Errorf("result %q", t.Result)
	case g.TagSize%8 != 0 || g.TagSize <= 0 || g.TagSize > f.bits:
		return fmt.Errorf("tag of %d bits", g.TagSize)
	}
	for _, flag := range t.Flags {
		if len(strings.Fields(flag)) != 1 || strings.TrimSpace(flag) != flag {
			return fmt.Errorf("flag %q is not one word", flag)
		}
	}
	if _, err := hex.DecodeString(t.Msg); err != nil {
		return fmt.Errorf("msg: %w", err)
	}
	if err := checkSize("key", t.Key, g.KeySize); err != nil {
		return err
	}
	return checkSize("tag", t.Tag, g.TagSize)
}

func checkSize(what, text string, bits int) error {
	b, err := hex.DecodeString(text)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if 8*len(b) != bits || bits == 0 {
		return fmt.Errorf("%s has %d bits, its group says %d", what, 8*len(b), bits)
	}
	return nil
}
