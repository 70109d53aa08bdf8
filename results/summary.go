package results

import (
	"embed"
	"encoding/base64"
	"fmt"
	"math"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// SummarySchema is the version of the summary that Summarize makes.
const SummarySchema = 1

// Summary is what `kmsmac run --json` prints: the verdict and the sections
// without the envelope.
type Summary struct {
	Schema      int          `json:"schema"`
	Verdict     Verdict      `json:"verdict"`
	RunID       string       `json:"run_id"`
	Target      *Endpoint    `json:"target,omitempty"` // what was under test
	ResultFile  string       `json:"result_file,omitempty"`
	Interrupted bool         `json:"interrupted"`
	Warnings    []string     `json:"warnings"`
	Vectors     *Vectors     `json:"vectors,omitempty"`
	Conformance *Conformance `json:"conformance,omitempty"`
	Bench       []Load       `json:"bench,omitempty"`
}

// Summarize returns the summary of f; path is where the file was written.
func Summarize(f *File, path string) Summary {
	s := Summary{
		Schema: SummarySchema, Verdict: f.Verdict, RunID: f.RunID, ResultFile: path,
		Interrupted: f.Interrupted, Warnings: f.Warnings, Vectors: f.Vectors,
		Conformance: f.Conformance, Bench: f.Load,
	}
	if f.Environment.Endpoint.Kind != "" {
		s.Target = &f.Environment.Endpoint
	}
	if s.Warnings == nil {
		s.Warnings = []string{}
	}
	return s
}

// Schemas holds the JSON Schemas of everything machines read:
// schema/result.schema.json and schema/summary.schema.json (2020-12).
//
//go:embed schema/*.json
var Schemas embed.FS

// Lowest and highest recordable latency in nanoseconds, and the significant
// decimal digits of every histogram: 3 digits keep each value within 0.1 %.
// All histograms share them, so any two can be merged bucket for bucket.
const (
	LowestNs    = 1
	HighestNs   = int64(300e9)
	Significant = 3
)

// NewHistogram returns an empty histogram with the project's one shape.
func NewHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(LowestNs, HighestNs, Significant)
}

// LatencyOf returns the percentiles of h, or nil if it is empty.
func LatencyOf(h *hdrhistogram.Histogram) *Latency {
	if h == nil || h.TotalCount() == 0 {
		return nil
	}
	return &Latency{P50: ValueAt(h, 0.5), P90: ValueAt(h, 0.9), P99: ValueAt(h, 0.99), P999: ValueAt(h, 0.999), Max: h.Max()}
}

// ValueAt returns the smallest recorded value that at least a share q (0 to 1)
// of all values does not exceed: the nearest-rank rule of HdrHistogram, rank
// ceil(q·n). The library's own ValueAtQuantile rounds the rank and can be one
// too low. It is 0 for an empty histogram.
func ValueAt(h *hdrhistogram.Histogram, q float64) int64 {
	n := float64(h.TotalCount())
	if n == 0 {
		return 0
	}
	rank := max(1, math.Ceil(q*n-1e-9)) // the product of exact decimals is not exact
	return h.ValueAtQuantile(100 * (rank - 0.25) / n)
}

// EncodeHistogram writes h as HDR V2 compressed base64, the form of
// Load.Histograms.
func EncodeHistogram(h *hdrhistogram.Histogram) (string, error) {
	raw, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		return "", fmt.Errorf("results: histogram: %w", err)
	}
	return string(raw), nil
}

// DecodeHistogram is the inverse of EncodeHistogram.
func DecodeHistogram(text string) (*hdrhistogram.Histogram, error) {
	if _, err := base64.StdEncoding.DecodeString(text); err != nil {
		return nil, fmt.Errorf("results: histogram is not base64: %w", err)
	}
	h, err := hdrhistogram.Decode([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("results: histogram: %w", err)
	}
	return h, nil
}
