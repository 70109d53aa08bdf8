package k6x

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const mainModule = "github.com/kmsmac/kmsmac"

// mayImport are the main module's packages that files of this one may import,
// by folder.
var mayImport = map[string][]string{
	".":      {"bench", "results", "results/render", "target", "target/awsfacts", "target/awskms", "target/lean", "target/raw"},
	"cmd/k6": {"bench/k6x"},
	"deploy": {},
}

// testsMayAlso are those that tests may import besides.
var testsMayAlso = []string{"internal/proof", "target/kmsemu", "bench/k6x"} // the latter for examples

func TestImports(t *testing.T) {
	n := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		n++
		dir := filepath.ToSlash(filepath.Dir(path))
		for _, spec := range f.Imports {
			imp, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if !allowed(dir, imp, strings.HasSuffix(path, "_test.go")) {
				t.Errorf("%s may not import %s", path, imp)
			}
		}
		return nil
	})
	if err != nil || n < 10 {
		t.Fatalf("%d files, %v", n, err)
	}
}

func allowed(dir, imp string, test bool) bool {
	own, isOwn := strings.CutPrefix(imp, mainModule+"/")
	if !isOwn {
		return true
	}
	table, known := mayImport[dir]
	return known && (slices.Contains(table, own) || test && slices.Contains(testsMayAlso, own))
}

// TestImportsSees proves that the table can fail, and that the main module is
// free of k6 and its licence.
func TestImportsSees(t *testing.T) {
	for _, bad := range []struct {
		dir, imp string
		test     bool
	}{{".", mainModule + "/engine", false}, {".", mainModule + "/target/kmsemu", false}, {"cmd/k6", mainModule + "/bench", true}, {"new", mainModule + "/bench", false}} {
		if allowed(bad.dir, bad.imp, bad.test) {
			t.Errorf("%s importing %s was allowed", bad.dir, bad.imp)
		}
	}
	for _, name := range []string{"../../go.mod", "../../tools.mod"} {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(raw), "go.k6.io") {
			t.Errorf("%s requires k6, which is AGPL-3.0", name)
		}
	}
}
