package results

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// fault names the first place where f contradicts itself, or holds what no run
// can give; "" if there is none. It finds edits by hand and damage that is
// still JSON: what is derived must follow from what is raw.
func (f *File) fault() string {
	switch {
	case f.RunID == "":
		return "run_id is missing"
	case f.Started.IsZero():
		return "started is missing"
	case f.Verdict != Pass && f.Verdict != Fail && f.Verdict != Inconclusive:
		return fmt.Sprintf("verdict is %q", f.Verdict)
	}
	for i := range f.Load {
		if text := f.Load[i].fault(); text != "" {
			return fmt.Sprintf("load %d (%s %s): %s", i+1, f.Load[i].Operation, f.Load[i].KeySpec, text)
		}
	}
	if f.Sweep != nil {
		for i := range f.Sweep.Points {
			if text := f.Sweep.Points[i].fault(); text != "" {
				return fmt.Sprintf("sweep point %d: %s", i+1, text)
			}
		}
	}
	if f.EngineBench != nil {
		for _, c := range f.EngineBench.Cases {
			if text := c.fault(); text != "" {
				return fmt.Sprintf("engine_bench %s: %s", c.Name(), text)
			}
		}
	}
	for _, r := range f.Rounds {
		if len(r.Again) > 0 && len(r.Again) != len(r.Values) {
			return fmt.Sprintf("rounds %s %s: %d values and %d again", r.Metric, r.Name, len(r.Values), len(r.Again))
		}
	}
	return f.Conformance.fault()
}

func (l *Load) fault() string {
	if text := negative(reflect.ValueOf(*l)); text != "" {
		return text
	}
	for _, clock := range []struct {
		name string
		said *Latency
	}{{"response", l.Response}, {"service", l.Service}, {"lag", l.Lag}, {"wire", l.Wire}} {
		if text := clock.said.fault(clock.name+"_ns", l.Histograms[clock.name]); text != "" {
			return text
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.Histograms)) {
		if _, err := DecodeHistogram(l.Histograms[name]); err != nil {
			return fmt.Sprintf("histogram %s: %v", name, err)
		}
	}
	return ""
}

func (p *SweepPoint) fault() string {
	if text := negative(reflect.ValueOf(*p)); text != "" {
		return text
	}
	return p.Response.fault("response_ns", p.Histogram)
}

// fault holds percentiles against their histogram, if there is one.
func (l *Latency) fault(name, histogram string) string {
	if histogram == "" {
		return ""
	}
	h, err := DecodeHistogram(histogram)
	if err != nil {
		return fmt.Sprintf("histogram of %s: %v", name, err)
	}
	want := LatencyOf(h)
	switch {
	case want == nil && l == nil:
		return ""
	case want == nil || l == nil:
		return name + " and its histogram are not both empty"
	case *l != *want:
		return fmt.Sprintf("%s is p50 %d, p90 %d, p99 %d, p99.9 %d, max %d; its histogram says %d, %d, %d, %d, %d",
			name, l.P50, l.P90, l.P99, l.P999, l.Max, want.P50, want.P90, want.P99, want.P999, want.Max)
	}
	return ""
}

func (c EngineCase) fault() string {
	if c.Jobs < 1 {
		return fmt.Sprintf("jobs is %d", c.Jobs)
	}
	again := c
	again.Summarize()
	if again.LowNs != c.LowNs || again.MedianNs != c.MedianNs {
		return fmt.Sprintf("low_ns is %v and median_ns %v; its rounds say %v and %v", c.LowNs, c.MedianNs, again.LowNs, again.MedianNs)
	}
	return ""
}

func (c *Conformance) fault() string {
	if c == nil {
		return ""
	}
	counted := map[CaseVerdict]int{}
	for _, r := range c.Cases {
		counted[r.Verdict]++
	}
	for _, v := range []CaseVerdict{CasePass, CaseFail, CaseWarn, CaseInconclusive, CaseNotApplicable, CaseSkipped} {
		if c.Counts[v] != counted[v] {
			return fmt.Sprintf("conformance: counts.%s is %d, %d cases are so", v, c.Counts[v], counted[v])
		}
		delete(counted, v)
	}
	for _, v := range slices.Sorted(maps.Keys(counted)) {
		return fmt.Sprintf("conformance: a case has verdict %q", v)
	}
	return ""
}

// negative names the first count of the struct v that is below zero.
func negative(v reflect.Value) string {
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Int64 && f.Int() < 0 {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			return fmt.Sprintf("%s is %d", name, f.Int())
		}
	}
	return ""
}
