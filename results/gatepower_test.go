package results

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/kmsmac/kmsmac/internal/proof"
)

var (
	gatesFlag  = flag.Int("gates", 0, "simulate so many gates for each goal, print a row each, and run no test")
	knownFlag  = flag.String("known", "../docs/known-short.md", "with -gates: the list of goals known to be short")
	recordFlag = flag.String("record", "", "DIR=FILE: write the result directory of a gate of a build with itself as a recording, and run no test")
)

func TestMain(m *testing.M) {
	flag.Parse()
	switch {
	case *recordFlag != "":
		os.Exit(exitOf(true, recordTo(*recordFlag)))
	case *gatesFlag > 0:
		os.Exit(exitOf(gatePowerOf("testdata/rounds", *knownFlag, *gatesFlag, os.Stdout)))
	}
	os.Exit(m.Run())
}

func exitOf(ok bool, err error) int {
	switch {
	case err != nil:
		fmt.Fprintf(os.Stderr, "gate-power: %v\n", err)
		return 3
	case !ok:
		return 1
	}
	return 0
}

func recordTo(arg string) error {
	dir, file, _ := strings.Cut(arg, "=")
	return record(dir, file)
}

// gatePowerOf is the proof over every recording in dir.
func gatePowerOf(dir, known string, gates int, w io.Writer) (ok bool, err error) {
	recordings, err := readRecordings(dir)
	if err != nil {
		return false, err
	}
	excuses, err := proof.ReadKnown(known)
	if err != nil {
		return false, err
	}
	return gatePower(w, Judge, recordings, excuses, gates, runtime.GOMAXPROCS(0)), nil
}

func readRecordings(dir string) (map[string]*recording, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("%s holds no recording", dir)
	}
	out := map[string]*recording{}
	for _, path := range paths {
		if out[strings.TrimSuffix(filepath.Base(path), ".json")], err = readRecording(path); err != nil {
			return nil, err
		}
	}
	return out, nil
}
