package kmsmac_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/kmsmac/kmsmac"

// mayImport is the import table of docs/design.md: package folder to the own
// packages that its non-test files may import. "*" means all.
var mayImport = map[string][]string{
	"vectors":               {},
	"engine":                {"engine/internal/lanes"},
	"engine/internal/lanes": {},
	"results":               {},
	"target/awsfacts":       {},
	"target/kmsemu":         {"target/awsfacts"},
	"target":                {"engine"},
	"results/render":        {"results"},
	"bench/capacity":        {"results", "target/awsfacts"},
	"target/awskms":         {"target", "engine"},
	"target/internal/wire":  {"target", "engine"},
	"target/lean":           {"target", "engine", "target/internal/wire"},
	"target/raw":            {"target", "engine", "target/internal/wire"},
	"target/inproc":         {"target", "engine"},
	"target/targettest":     {"target", "engine"},
	"conformance":           {"target", "vectors", "results", "engine", "target/awsfacts"},
	"bench":                 {"target", "results", "engine", "target/awsfacts"},
	"cmd/kmsmac":            {"*"},
	"internal/proof":        {},
	"cmd/field":             {"conformance", "results"},

	"target/internal/wiretest": {"target", "engine"}, // for tests alone
}

// testsMayAlso are the packages that any _test.go may import besides.
var testsMayAlso = []string{"internal/proof", "target/kmsemu", "target/inproc", "target/targettest"}

// onlyImporter names the packages that alone may import a foreign module.
var onlyImporter = map[string][]string{
	"github.com/aws/aws-sdk-go-v2": {"target/awskms"},
	"github.com/rs/zerolog":        {"cmd/kmsmac"},
	"github.com/alecthomas/kong":   {"cmd/kmsmac"},
}

// TestImports holds the import table: own imports flow down only, and every
// package stands in the table.
func TestImports(t *testing.T) {
	seen := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return skipFolder(path, d.Name())
		}
		if !strings.HasSuffix(path, ".go") || filepath.Dir(path) == "." {
			return nil
		}
		dir := filepath.ToSlash(filepath.Dir(path))
		seen[dir] = true
		checkFile(t, dir, path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for dir := range seen {
		if _, ok := mayImport[dir]; !ok {
			t.Errorf("package %s is not in the import table", dir)
		}
	}
	if len(seen) < 8 {
		t.Errorf("found %d packages: the walk is broken", len(seen))
	}
}

// skipFolder leaves out what is no package of this module: generators and
// nested modules (a leading underscore or their own go.mod), data, hidden.
func skipFolder(path, name string) error {
	if path == "." {
		return nil
	}
	if strings.HasPrefix(name, "_") || strings.HasPrefix(name, ".") || name == "testdata" {
		return filepath.SkipDir
	}
	if m, _ := filepath.Glob(filepath.Join(path, "go.mod")); len(m) > 0 {
		return filepath.SkipDir
	}
	return nil
}

func checkFile(t *testing.T, dir, path string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	test := strings.HasSuffix(path, "_test.go")
	for _, spec := range f.Imports {
		imp, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if !allowed(dir, imp, test) {
			t.Errorf("%s may not import %s", path, imp)
		}
	}
}

func allowed(dir, imp string, test bool) bool {
	own, isOwn := strings.CutPrefix(imp, module+"/")
	if !isOwn {
		return test || foreignAllowed(dir, imp)
	}
	table := mayImport[dir]
	if own == dir || slices.Contains(table, "*") || slices.Contains(table, own) {
		return true
	}
	return test && (slices.Contains(testsMayAlso, own) || testReaches(dir, own))
}

// testReaches allows a test to drive the emulator through the SDK, to run the
// published vectors, and to import the package under test from outside.
func testReaches(dir, own string) bool {
	switch own {
	case "target/awskms":
		return dir == "conformance" || dir == "bench" || dir == "target/targettest" || dir == "target/kmsemu" ||
			dir == "target/lean" || dir == "target/raw"
	case "target/lean", "target/raw":
		return dir == "bench"
	case "target/internal/wiretest":
		return dir == "target/lean" || dir == "target/raw"
	case "vectors":
		return true
	case "target", "engine":
		return strings.HasPrefix(dir, "target/")
	}
	return false
}

func foreignAllowed(dir, imp string) bool {
	for prefix, dirs := range onlyImporter {
		if (imp == prefix || strings.HasPrefix(imp, prefix+"/")) && !slices.Contains(dirs, dir) {
			return false
		}
	}
	return true
}

// TestImportsSees proves that the table can fail.
func TestImportsSees(t *testing.T) {
	bad := []struct {
		name, dir, imp string
		test           bool
	}{
		{"upwards", "engine", module + "/target", false},
		{"oracle rule", "target/kmsemu", module + "/engine", false},
		{"siblings", "bench", module + "/conformance", false},
		{"siblings in a test", "conformance", module + "/bench", true},
		{"SDK outside awskms", "bench", "github.com/aws/aws-sdk-go-v2/service/kms", false},
		{"logging in a library", "bench", "github.com/rs/zerolog", false},
	}
	for _, row := range bad {
		if allowed(row.dir, row.imp, row.test) {
			t.Errorf("%s: %s importing %s was allowed", row.name, row.dir, row.imp)
		}
	}
	if !allowed("target", module+"/engine", false) || !allowed("bench", module+"/target/kmsemu", true) {
		t.Error("a permitted import was refused")
	}
}
