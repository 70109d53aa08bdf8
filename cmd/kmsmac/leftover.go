package main

import (
	"context"
	"io"
	"regexp"
	"strings"
	"sync"
)

// removing runs do, which makes keys, and says how to remove what it may leave
// behind: at once when it is interrupted, while it still cleans up itself, and
// at its end if it could not.
func (a *app) removing(o *opened, rec *record, do func() error) error {
	if o.cleanup == "" {
		return do()
	}
	command := o.cleanup + " --run " + rec.file.RunID
	stop := context.AfterFunc(a.ctx, func() {
		a.say("interrupted: removing the keys of this run. Should that not end: %s", command)
	})
	err := do()
	stop()
	if rec.left {
		a.say("keys were left behind. This removes them: %s", command)
	}
	return err
}

// cleanupCommand is the command that finds the keys of runs on this target, to
// which --run is added; "" where no key outlives the command that made it.
func (s targetSpec) cleanupCommand(f targetFlags) string {
	if s.kind != kindURL && s.kind != kindAWS {
		return ""
	}
	words := []string{"kmsmac", "cleanup", "--target", f.Target, "--region", s.region}
	for _, w := range [][2]string{{"--region2", s.region2}, {"--endpoint", f.Endpoint}, {"--ca-file", f.CAFile}} {
		if w[1] != "" {
			words = append(words, w[0], w[1])
		}
	}
	for i, w := range words {
		words[i] = quoted(w)
	}
	return strings.Join(words, " ")
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:@%+,=-]+$`)

// quoted is the word as a POSIX shell takes it.
func quoted(word string) string {
	if plainWord.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// sharedWriter lets several goroutines write lines to one stream.
type sharedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (s *sharedWriter) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(p)
}
