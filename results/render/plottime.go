package render

import (
	"cmp"
	"fmt"
	"time"

	"gonum.org/v1/plot/plotter"

	"github.com/kmsmac/kmsmac/results"
)

// maxSlices is how many intervals a picture holds; longer runs are drawn with
// several intervals in one.
const maxSlices = 400

// slice is one or more intervals of a timeline.
type slice struct {
	results.TimelineInterval
	stalled bool
}

// slicesOf joins intervals until there are few enough to draw. Percentiles of a
// slice are the worst of its intervals: percentiles are never averaged.
func slicesOf(t *results.Timeline) (out []slice, joined int) {
	stalled := t.Stalled()
	joined = max(1, (len(t.Intervals)+maxSlices-1)/maxSlices)
	for i, iv := range t.Intervals {
		if i%joined == 0 {
			out = append(out, slice{iv, stalled[i]})
			continue
		}
		s := &out[len(out)-1]
		s.stalled = s.stalled || stalled[i]
		s.To = iv.To
		s.Due += iv.Due
		s.Succeeded += iv.Succeeded
		s.Failed += iv.Failed
		s.Throttled += iv.Throttled
		s.Dropped += iv.Dropped
		s.Response = worst(s.Response, iv.Response)
	}
	return out, joined
}

func worst(a, b *results.Latency) *results.Latency {
	if a == nil || b == nil {
		return cmp.Or(a, b)
	}
	return &results.Latency{P50: max(a.P50, b.P50), P90: max(a.P90, b.P90), P99: max(a.P99, b.P99), P999: max(a.P999, b.P999), Max: max(a.Max, b.Max)}
}

// timeFigure is response time and rates over time. Intervals in which the
// target throttled or stood still are shaded.
func timeFigure(name string, t *results.Timeline) figure {
	all, joined := slicesOf(t)
	f := figure{title: name + ": over time"}
	if joined > 1 {
		f.note = fmt.Sprintf("%d intervals of the log in one; percentiles are those of the worst.", joined)
	}
	if t.Cut {
		f.note += " The run was cut short: the last moments may be missing."
	}
	x := axis{label: "seconds since the start of the measured part", text: rateText}
	bands := timeBands(all)
	latency := panel{x: x, y: timeAxis("response time"), bands: bands, curves: latencyCurves(all)}
	f.panels = []panel{latency, {x: x, y: axis{label: "per second", zero: true, text: rateText}, bands: bands, curves: rateCurves(all)}}
	if n := len(all); n > 0 { // both panels have one scale
		for i := range f.panels {
			f.panels[i].x.min, f.panels[i].x.max = min(0, all[0].From.Seconds()), all[n-1].To.Seconds()
		}
	}
	if len(latency.curves) == 0 {
		f.panels = f.panels[1:]
	}
	return f
}

func latencyCurves(all []slice) []curve {
	var out []curve
	for i, c := range []struct {
		name string
		of   func(*results.Latency) int64
	}{{"p50", func(l *results.Latency) int64 { return l.P50 }}, {"p99", func(l *results.Latency) int64 { return l.P99 }}, {"maximum", func(l *results.Latency) int64 { return l.Max }}} {
		var low, high int64
		line := timeLine(all, func(s slice) (float64, bool) {
			if s.Response == nil {
				return 0, false
			}
			v := c.of(s.Response)
			if low == 0 || v < low {
				low = v
			}
			high = max(high, v)
			return max(float64(v), leastDrawn), true
		})
		if len(line) > 0 {
			out = append(out, curve{name: c.name, text: fmt.Sprintf("%s to %s", timeText(float64(low)), timeText(float64(high))), parts: line, paint: paint(i)})
		}
	}
	return out
}

// rateCurves leave out what is much shorter than the other slices, as the ends
// of a run can be: the rate of a few milliseconds says nothing.
func rateCurves(all []slice) []curve {
	var out []curve
	var lengths []float64
	for _, s := range all {
		lengths = append(lengths, float64(s.To-s.From))
	}
	least := time.Duration(results.Quantile(lengths, 0.5) / 4)
	for i, c := range []struct {
		name   string
		always bool
		of     func(results.TimelineInterval) int64
	}{
		{"due", false, func(i results.TimelineInterval) int64 { return i.Due }},
		{"succeeded", true, func(i results.TimelineInterval) int64 { return i.Succeeded }},
		{"failed", false, func(i results.TimelineInterval) int64 { return i.Failed }},
		{"throttled attempts", false, func(i results.TimelineInterval) int64 { return i.Throttled }},
		{"dropped", false, func(i results.TimelineInterval) int64 { return i.Dropped }},
	} {
		var sum int64
		line := timeLine(all, func(s slice) (float64, bool) {
			sum += c.of(s.TimelineInterval)
			return float64(c.of(s.TimelineInterval)) / (s.To - s.From).Seconds(), s.To > s.From && s.To-s.From >= least
		})
		if len(line) > 0 && (c.always || sum > 0) {
			p := paint(i)
			if i > 2 {
				p += lineColours // dashed: throttled attempts often are all that failed
			}
			out = append(out, curve{name: c.name, text: fmt.Sprintf("%d in all", sum), parts: line, paint: p})
		}
	}
	return out
}

// timeLine is a line of steps: a slice's value holds from its start to its end.
// Where there is none, the line has a gap.
func timeLine(all []slice, of func(slice) (float64, bool)) []plotter.XYs {
	var out []plotter.XYs
	gap := true
	for _, s := range all {
		v, ok := of(s)
		if !ok {
			gap = true
			continue
		}
		if gap {
			out = append(out, nil)
		}
		gap = false
		last := &out[len(out)-1]
		*last = append(*last, plotter.XY{X: s.From.Seconds(), Y: v}, plotter.XY{X: s.To.Seconds(), Y: v})
	}
	return out
}

// timeBands shade what went wrong, neighbours joined.
func timeBands(all []slice) []band {
	var throttled, stalled []band
	for _, s := range all {
		if s.Throttled > 0 {
			level, name := throttleLevel(s.TimelineInterval)
			throttled = joinBand(throttled, name, s.From, s.To, paintThrottled+level)
		}
		if s.stalled {
			stalled = joinBand(stalled, "stalled: nothing succeeded, or half took over ten times the usual", s.From, s.To, paintStall)
		}
	}
	return append(throttled, stalled...)
}

// throttleLevel is how dark an interval is shaded.
func throttleLevel(i results.TimelineInterval) (paint, string) {
	share := float64(i.Throttled) / float64(max(1, i.Succeeded+i.Failed))
	switch {
	case share < 0.02:
		return 0, "throttled: under 2 %"
	case share < 0.2:
		return 1, "throttled: 2 to 20 %"
	}
	return 2, "throttled: 20 % or more"
}

func joinBand(bands []band, name string, from, to time.Duration, p paint) []band {
	if n := len(bands); n > 0 && bands[n-1].to == from.Seconds() && bands[n-1].name == name {
		bands[n-1].to = to.Seconds()
		return bands
	}
	return append(bands, band{name, from.Seconds(), to.Seconds(), p})
}
