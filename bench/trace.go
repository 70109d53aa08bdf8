package bench

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// ReadTrace makes a the schedule of a trace: one arrival per line, in seconds
// since the start with up to nine decimals, ascending. Empty lines and those
// that begin with # are skipped. The trace itself is not part of the plan's
// JSON; its digest, over the instants, is.
func (a *Arrivals) ReadTrace(r io.Reader) error {
	var instants []time.Duration
	digest := sha256.New()
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || text[0] == '#' {
			continue
		}
		at, err := parseSeconds(text)
		switch {
		case err != nil:
			return fmt.Errorf("bench: trace line %d: %w", n, err)
		case len(instants) > 0 && at < instants[len(instants)-1]:
			return fmt.Errorf("bench: trace line %d: %s comes before the arrival above it", n, text)
		case len(instants) == MaxTraceEntries:
			return fmt.Errorf("bench: the trace has more than %d arrivals", MaxTraceEntries)
		}
		instants = append(instants, at)
		fmt.Fprintln(digest, int64(at))
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("bench: reading the trace: %w", err)
	}
	if len(instants) == 0 {
		return fmt.Errorf("bench: the trace holds no arrivals")
	}
	*a = Arrivals{Shape: Trace, trace: instants, TraceEntries: len(instants), TraceDigest: hex.EncodeToString(digest.Sum(nil))}
	return nil
}

// parseSeconds reads a decimal number of seconds without rounding.
func parseSeconds(text string) (time.Duration, error) {
	whole, part, _ := strings.Cut(text, ".")
	for len(part) < 9 {
		part += "0"
	}
	s, err1 := strconv.ParseUint(whole, 10, 32)
	ns, err2 := strconv.ParseUint(part, 10, 32)
	at := time.Duration(s)*time.Second + time.Duration(ns)
	if err1 != nil || err2 != nil || len(part) > 9 || s > uint64(MaxDuration/time.Second) {
		return 0, fmt.Errorf("%.40q is not a number of seconds with up to nine decimals, at most %v", text, MaxDuration)
	}
	return at, nil
}
