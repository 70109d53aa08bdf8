package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/c2sp/wycheproof"
)

func TestCommittedTableIsCurrent(t *testing.T) {
	committed, err := os.ReadFile("../zz_wycheproof.go")
	if err != nil {
		t.Fatal(err)
	}
	version := versionOf(t)
	for range 2 {
		fresh, err := generate(wycheproof.TestVectors, version)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(fresh, committed) {
			t.Fatal("zz_wycheproof.go differs from what the generator makes: run go generate in vectors")
		}
	}
}

// versionOf reads go.mod, because a test binary has no build information of
// its dependencies.
func versionOf(t *testing.T) string {
	t.Helper()
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(mod), module+" ")
	if !ok {
		t.Fatalf("go.mod does not require %s", module)
	}
	version, _, _ := strings.Cut(rest, "\n")
	return version
}

func TestReadRefuses(t *testing.T) {
	const good = `{"algorithm":"A","schema":"mac_test_schema_v1.json","numberOfTests":1,"header":[],"notes":{},"testGroups":[` +
		`{"type":"MacTest","source":{},"keySize":16,"tagSize":16,"tests":[` +
		`{"tcId":1,"comment":"","flags":["Pseudorandom"],"key":"0102","msg":"","tag":"0304","result":"valid"}]}]}`
	f := file{name: "f.json", algorithm: "HMAC", title: "A", tests: 1, bits: 16}
	for _, tc := range []struct{ name, old, new string }{
		{"another algorithm", `"algorithm":"A"`, `"algorithm":"B"`},
		{"another schema", "schema_v1", "schema_v2"},
		{"another count", `"numberOfTests":1`, `"numberOfTests":2`},
		{"a test too many", `"result":"valid"}`, `"result":"valid"},{"tcId":2,"comment":"","flags":[],"key":"0102","msg":"","tag":"0304","result":"valid"}`},
		{"a new member", `"tcId":1`, `"tcId":1,"label":"x"`},
		{"another type", "MacTest", "MacWithIvTest"},
		{"another result", `"result":"valid"`, `"result":"acceptable"`},
		{"a number that is not the place", `"tcId":1`, `"tcId":3`},
		{"a key of another size", `"key":"0102"`, `"key":"01"`},
		{"a tag of another size", `"tag":"0304"`, `"tag":"030405"`},
		{"a tag size over the hash's", `"tagSize":16`, `"tagSize":24`},
		{"a tag size of no whole bytes", `"tagSize":16`, `"tagSize":15`},
		{"no key", `"keySize":16,`, `"keySize":0,`},
		{"a message that is not hexadecimal", `"msg":""`, `"msg":"0g"`},
		{"a flag of two words", "Pseudorandom", "Pseudo random"},
		{"an empty flag", `"Pseudorandom"`, `""`},
		{"two documents", `}]}]}`, `}]}]}{}`},
		{"not JSON", `{"algorithm"`, `<html>`},
	} {
		bad := strings.Replace(good, tc.old, tc.new, 1)
		if bad == good {
			t.Fatalf("%s: nothing was replaced", tc.name)
		}
		if tests, err := read(fstest.MapFS{"f.json": {Data: []byte(bad)}}, f); err == nil {
			t.Errorf("%s: read %v, want an error", tc.name, tests)
		}
	}
	if tests, err := read(fstest.MapFS{"f.json": {Data: []byte(good)}}, f); err != nil || len(tests) != 1 {
		t.Errorf("the good file: %v, %v", tests, err)
	}
	if _, err := read(fstest.MapFS{}, f); err == nil {
		t.Error("a missing file was read")
	}
}
