package results

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// MergePaths reads what shards left, each a result directory, a result file or
// an interval log, and merges it. Every path that cannot be read is named in
// the error. A directory with neither result nor log is that of a shard that
// died before its first second: it gives a warning, and its shard is missing.
func MergePaths(paths []string) (*File, error) {
	var parts []Part
	var warnings []string
	var faults []error
	for _, path := range paths {
		if isBare(path) {
			warnings = append(warnings, fmt.Sprintf("%s holds neither %s nor %s: no shard was read from it", path, FileName, LogFileName))
			continue
		}
		f, err := Read(path)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		parts = append(parts, Part{Source: path, File: f})
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	out, err := Merge(parts...)
	if err != nil {
		return nil, err
	}
	out.Warnings = append(out.Warnings, warnings...)
	return out, nil
}

// isBare reports whether path is a directory without a result or a log.
func isBare(path string) bool {
	if st, err := os.Stat(path); err != nil || !st.IsDir() {
		return false
	}
	for _, name := range []string{FileName, LogFileName} {
		if _, err := os.Stat(filepath.Join(path, name)); !errors.Is(err, fs.ErrNotExist) {
			return false
		}
	}
	return true
}
