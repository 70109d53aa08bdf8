package engine_test

import (
	"crypto/hmac"
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/kmsmac/kmsmac/engine"
)

var ratios = flag.Bool("ratios", false, "print the table of speeds measured side by side")

// contender is one way to do count MACs.
type contender struct {
	name  string
	count int
	run   func()
}

// interleave gives each contender many short turns in rotation, so that what
// disturbs the machine disturbs all, and returns the 2nd percentile of each in
// nanoseconds per MAC.
func interleave(turns int, contenders []contender) []float64 {
	const turn = 30 * time.Microsecond
	times, repeat := make([][]float64, len(contenders)), make([]int, len(contenders))
	for i, c := range contenders {
		c.run()
		start := time.Now()
		c.run()
		repeat[i] = max(1, int(turn/max(1, time.Since(start))))
	}
	for range turns {
		for i, c := range contenders {
			start := time.Now()
			for range repeat[i] {
				c.run()
			}
			times[i] = append(times[i], float64(time.Since(start).Nanoseconds())/float64(repeat[i]*c.count))
		}
	}
	low := make([]float64, len(contenders))
	for i := range times {
		slices.Sort(times[i])
		low[i] = times[i][turns/50]
	}
	return low
}

// TestRatios prints, for people, every implementation beside crypto/hmac.
func TestRatios(t *testing.T) {
	if !*ratios {
		t.Skip("needs -ratios")
	}
	for _, alg := range engine.Algorithms() {
		for _, size := range benchSizes {
			msg, dst := pattern(size, 2), make([]byte, 0, 64)
			h := hmac.New(standard[alg], pattern(32, 1))
			list := []contender{{"crypto-hmac", 1, func() {
				h.Reset()
				h.Write(msg)
				h.Sum(dst)
			}}}
			for _, impl := range engine.Impls() {
				if !impl.Supports(alg) {
					continue
				}
				k := mustKey(t, impl, alg, pattern(32, 1))
				tag := k.Sum(nil, msg)
				chained := slices.Clone(msg)
				list = append(list, contender{impl.Name(), 1, func() { k.Sum(dst, msg) }},
					contender{impl.Name() + "-chained", 1, func() { copy(chained, k.Sum(dst, chained)) }},
					contender{impl.Name() + "-verify", 1, func() { k.Verify(msg, tag) }})
			}
			low := interleave(400, list)
			for i, c := range list {
				fmt.Printf("%s size=%-5d %-24s %8.1f ns  %5.2fx\n", alg, size, c.name, low[i], low[0]/low[i])
			}
		}
	}
}
