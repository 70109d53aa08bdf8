package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// progress shows how a run goes: one live line on a terminal, one plain line
// every few seconds elsewhere. Its methods may be called concurrently.
type progress struct {
	mu       sync.Mutex
	w        io.Writer
	terminal bool
	every    time.Duration
	last     time.Time
	drawn    int // length of the live line on the screen
}

func newProgress(s streams) *progress {
	return &progress{w: s.err, terminal: s.terminal, every: 5 * time.Second, last: time.Now()}
}

// update shows line if it is time to. Errors of writing are ignored: progress
// is talk.
func (p *progress) update(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if p.terminal {
		if now.Sub(p.last) < 100*time.Millisecond {
			return
		}
		p.last = now
		_, _ = fmt.Fprintf(p.w, "\r%-*s", p.drawn, line)
		p.drawn = len(line)
		return
	}
	if now.Sub(p.last) >= p.every {
		p.last = now
		_, _ = fmt.Fprintln(p.w, line)
	}
}

// done removes the live line.
func (p *progress) done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.drawn > 0 {
		_, _ = fmt.Fprintf(p.w, "\r%-*s\r", p.drawn, "")
		p.drawn = 0
	}
}
