package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/results/render"
)

// plotFlags draw curves in the terminal.
type plotFlags struct {
	Plot bool `help:"Draw the curves with characters, above the figures."`
}

// refusePlot keeps pictures out of what machines read.
func (f plotFlags) refusePlot(format string) error {
	if f.Plot && format != "text" {
		return usagef("--plot draws for people: leave out --json and --format %s", format)
	}
	return nil
}

// plot draws the curves of a result that is about to be printed.
func (f plotFlags) plot(a *app, file *results.File) error {
	if !f.Plot {
		return nil
	}
	if err := render.Plots(a.streams.out, render.Run{File: file}); err != nil {
		return unknownf("the curves cannot be drawn: %w", err)
	}
	return nil
}

// timelineBeside reads the interval log that stands beside the result at path;
// nil without one. A log that cannot be read, or is of another run, is told and
// left out: the result is whole without it.
func timelineBeside(a *app, path string, f *results.File) *results.Timeline {
	if st, err := os.Stat(path); err == nil && !st.IsDir() {
		path = filepath.Dir(path)
	}
	name := filepath.Join(path, results.LogFileName)
	log, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var t *results.Timeline
	if err == nil {
		t, err = results.ReadTimeline(io.LimitReader(log, maxLogBytes))
		err = errors.Join(err, log.Close())
	}
	switch {
	case err != nil:
		a.say("warning: left out: %s: %v", name, err)
		return nil
	case t.RunID != f.RunID:
		a.say("warning: left out: %s is of run %s, the result beside it of run %s", name, t.RunID, f.RunID)
		return nil
	}
	return t
}

// maxLogBytes bounds what is read of an interval log: that of a day-long run is
// a few hundred megabytes.
const maxLogBytes = 1 << 30
