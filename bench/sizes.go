package bench

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
)

// MaxMessageSize is the longest message that KMS takes, in bytes.
const MaxMessageSize = 4096

// defaultMessageSize is that of a digest or a short token, in bytes.
const defaultMessageSize = 32

// Sizes is a distribution of message sizes: a weighted choice of ranges. The
// zero value is always 32 bytes.
type Sizes []SizeRange

// SizeRange is one choice: every size from Min to Max is equally likely.
type SizeRange struct {
	Min    int     `json:"min"` // 1 to MaxMessageSize bytes
	Max    int     `json:"max"` // Min to MaxMessageSize
	Weight float64 `json:"weight"`
}

// ParseSizes reads "32", "16-1024", or a histogram "32:70,64-256:25,4096:5"
// of sizes or ranges with weights.
func ParseSizes(text string) (Sizes, error) {
	var out Sizes
	for part := range strings.SplitSeq(text, ",") {
		size, weight, weighted := strings.Cut(strings.TrimSpace(part), ":")
		lo, hi, isRange := strings.Cut(size, "-")
		if !isRange {
			hi = lo
		}
		r := SizeRange{Weight: 1}
		var err1, err2, err3 error
		r.Min, err1 = strconv.Atoi(lo)
		r.Max, err2 = strconv.Atoi(hi)
		if weighted {
			r.Weight, err3 = strconv.ParseFloat(weight, 64)
		}
		if err1 != nil || err2 != nil || err3 != nil {
			return nil, fmt.Errorf("bench: message size %q is not SIZE, MIN-MAX or SIZE:WEIGHT", part)
		}
		out = append(out, r)
	}
	return out, out.validate()
}

// String is the inverse of ParseSizes.
func (s Sizes) String() string {
	s = s.withDefaults()
	var b strings.Builder
	for i, r := range s {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Itoa(r.Min))
		if r.Max != r.Min {
			b.WriteString("-" + strconv.Itoa(r.Max))
		}
		if len(s) > 1 || r.Weight != 1 {
			b.WriteString(":" + strconv.FormatFloat(r.Weight, 'g', -1, 64))
		}
	}
	return b.String()
}

func (s Sizes) withDefaults() Sizes {
	if len(s) == 0 {
		return Sizes{{defaultMessageSize, defaultMessageSize, 1}}
	}
	return s
}

func (s Sizes) validate() error {
	weights := make([]float64, len(s))
	for i, r := range s {
		if r.Min < 1 || r.Max < r.Min || r.Max > MaxMessageSize {
			return fmt.Errorf("bench: message size %d-%d is not within 1 to %d bytes", r.Min, r.Max, MaxMessageSize)
		}
		weights[i] = r.Weight
	}
	if len(s) == 0 {
		return nil
	}
	_, err := newChoice(weights)
	return err
}

// choice picks one of several things by weight. Invariant: sums ascends to 1.
type choice struct{ sums []float64 }

func newChoice(weights []float64) (choice, error) {
	var total float64
	for _, w := range weights {
		if !(w >= 0) || w > 1e12 {
			return choice{}, fmt.Errorf("bench: weight %v is not between 0 and 1e12", w)
		}
		total += w
	}
	if total <= 0 {
		return choice{}, fmt.Errorf("bench: all weights are 0")
	}
	c := choice{sums: make([]float64, len(weights))}
	var sum float64
	for i, w := range weights {
		sum += w
		c.sums[i] = sum / total
	}
	return c, nil
}

// pick maps u in [0, 1) to an index.
func (c choice) pick(u float64) int {
	if len(c.sums) == 1 {
		return 0
	}
	i := sort.Search(len(c.sums), func(i int) bool { return c.sums[i] > u })
	return min(i, len(c.sums)-1)
}
