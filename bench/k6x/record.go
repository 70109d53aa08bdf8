package k6x

import (
	"crypto/fips140"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kmsmac/kmsmac/results"
)

// version is set by the linker.
var version = "devel"

// measuredModules are the dependencies whose version changes what is measured.
var measuredModules = []string{
	"go.k6.io/k6", "github.com/aws/aws-sdk-go-v2", "github.com/aws/aws-sdk-go-v2/service/kms", "github.com/aws/smithy-go",
	"github.com/HdrHistogram/hdrhistogram-go",
}

// switches are the environment variables that change what is measured.
var switches = []string{"AWS_RETRY_MODE", "AWS_MAX_ATTEMPTS", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT", "GODEBUG", "GOGC", "GOMEMLIMIT", "GOMAXPROCS"}

// newFile starts a result.
func newFile(command string, seed uint64, settings map[string]any, env func(string) string) (*results.File, error) {
	id := make([]byte, 6)
	_, _ = rand.Read(id) // never fails, by its documentation
	f := &results.File{
		Schema: results.Schema, Tool: results.Tool{Name: "kmsmac", Version: version + " in k6"}, RunID: hex.EncodeToString(id), Started: time.Now().UTC(),
		Plan:        results.Plan{Command: command, Seed: seed, Settings: settings},
		Environment: environment(env), Warnings: []string{},
	}
	var err error
	f.PlanHash, err = f.Plan.Hash()
	return f, err
}

func environment(env func(string) string) results.Environment {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	e := results.Environment{
		Host: host, OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU(), GOMAXPROCS: runtime.GOMAXPROCS(0),
		GOGC: first(env("GOGC"), "100"), Go: runtime.Version(), FIPS140: fips140.Enabled(),
		Modules: map[string]string{}, Switches: map[string]string{}, Engine: map[string]string{},
	}
	for _, name := range switches {
		if v := env(name); v != "" {
			e.Switches[name] = v
		}
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if slices.Contains(measuredModules, m.Path) {
				e.Modules[m.Path] = m.Version
			}
		}
	}
	return e
}

// resultDir is where shard index of count writes: a directory of its own if
// there are several. It makes it, and refuses one that holds a result or what a
// killed run left of one.
func resultDir(out string, index, count int) (string, error) {
	if count > 1 {
		out = filepath.Join(out, strconv.Itoa(index))
	}
	for _, name := range []string{results.FileName, results.LogFileName} {
		if _, err := os.Stat(filepath.Join(out, name)); !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("k6x: %s holds a result already: name another directory", out)
		}
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return "", fmt.Errorf("k6x: the result directory cannot be made: %w", err)
	}
	return out, nil
}

// measuredGOGC is the garbage collection target of a load, as in bench kms.
const measuredGOGC = 400

// setGOGC sets it unless the user did; restore sets back what was.
func setGOGC(env func(string) string) (text string, restore func()) {
	if v := env("GOGC"); v != "" {
		return strings.TrimSpace(v), func() {}
	}
	old := debug.SetGCPercent(measuredGOGC)
	return strconv.Itoa(measuredGOGC), func() { debug.SetGCPercent(old) }
}
