package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/kmsmac/kmsmac/results"
)

type versionCmd struct{}

// Run prints one line: version, commit, Go, platform.
func (versionCmd) Run(a *app) error {
	t := tool()
	line := "kmsmac " + t.Version
	if t.Commit != "" {
		line += " " + t.Commit
	}
	_, err := fmt.Fprintf(a.streams.out, "%s %s %s/%s\n", line, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// tool is this program as result files name it. A binary made by `go install`
// knows its version from the module, one made by `make` from the linker.
func tool() results.Tool {
	t := results.Tool{Name: "kmsmac", Version: version}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return t
	}
	if version == "devel" && info.Main.Version != "" {
		t.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			t.Commit = s.Value
		}
	}
	return t
}
