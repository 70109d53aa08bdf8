package kmsemu

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// counters count answers by operation and code. Both come from the emulator's
// own tables, never from a request, so their number is bounded.
type counters struct {
	of map[*operation]*counter // never changes; nil stands for no known operation
}

type counter struct {
	name   string
	ok     atomic.Uint64
	failed sync.Map // code → *atomic.Uint64
}

func newCounters() counters {
	c := counters{map[*operation]*counter{nil: {name: "unknown"}}}
	for i := range operations {
		c.of[&operations[i]] = &counter{name: operations[i].name}
	}
	return c
}

// add counts an answer; code is "" for a success.
func (c *counters) add(op *operation, code string) {
	n := c.of[op]
	if code == "" {
		n.ok.Add(1)
		return
	}
	v, ok := n.failed.Load(code)
	if !ok {
		v, _ = n.failed.LoadOrStore(code, new(atomic.Uint64))
	}
	v.(*atomic.Uint64).Add(1)
}

// WriteMetrics writes what the emulator counts in Prometheus' text format 0.0.4:
// answers by operation and code, the length of the queue, and the keys there
// are. Nothing in it is secret.
func (e *Emulator) WriteMetrics(w io.Writer) error {
	b := bufio.NewWriter(w)
	head(b, "kmsmac_emulator_requests_total", "counter", "Answers by operation and error code; code \"\" is a success.")
	for _, n := range slices.SortedFunc(maps.Values(e.count.of), func(a, b *counter) int { return strings.Compare(a.name, b.name) }) {
		n.write(b)
	}
	gauge(b, "kmsmac_emulator_queue_length", "Requests that wait for one of the servers.", e.QueueLength())
	gauge(b, "kmsmac_emulator_keys", "Keys of all accounts and Regions, those pending deletion included.", e.keyCount())
	return b.Flush()
}

func (n *counter) write(b *bufio.Writer) {
	codes := map[string]uint64{}
	if v := n.ok.Load(); v > 0 {
		codes[""] = v
	}
	n.failed.Range(func(code, v any) bool {
		codes[code.(string)] = v.(*atomic.Uint64).Load()
		return true
	})
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		fmt.Fprintf(b, "kmsmac_emulator_requests_total{operation=\"%s\",code=\"%s\"} %d\n", n.name, labelEscapes.Replace(code), codes[code])
	}
}

// labelEscapes are those of the text format.
var labelEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

func head(b *bufio.Writer, name, kind, help string) {
	fmt.Fprintf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

func gauge(b *bufio.Writer, name, help string, v int) {
	head(b, name, "gauge", help)
	fmt.Fprintf(b, "%s %d\n", name, v)
}

func (e *Emulator) keyCount() (n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, r := range e.realms {
		n += len(r.order)
	}
	return n
}

// metrics answers GET /metrics.
func (s *Server) metrics(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	if err := s.Emulator.WriteMetrics(w); err != nil {
		return // the client has gone
	}
	b := bufio.NewWriter(w)
	gauge(b, "kmsmac_emulator_connections", "Open connections.", int(s.slots.open.Load()))
	if used, ok := cpuTime(); ok {
		head(b, "process_cpu_seconds_total", "counter", "CPU time of the process, user and system.")
		fmt.Fprintf(b, "process_cpu_seconds_total %.6f\n", used.Seconds())
	}
	_ = b.Flush() // as above
}
