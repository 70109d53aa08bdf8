package render

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
)

// axis is one direction of a panel.
type axis struct {
	label string
	log   bool
	text  func(float64) string // of a tick; nil is a plain number
	nines bool                 // it counts 1/(1−q): see nines
	zero  bool                 // the axis begins at 0
	min   float64              // with max: fixed limits; equal ones are taken from the data
	max   float64
}

// limits returns the axis with limits around values.
func (a axis) limits(values []float64) axis {
	if a.min < a.max || len(values) == 0 {
		return a
	}
	a.min, a.max = slices.Min(values), slices.Max(values)
	switch {
	case a.log:
		a.min, a.max = niceBelow(a.min), niceAbove(a.max)
		if a.min == a.max {
			a.max = niceAbove(a.max * 1.01)
		}
		return a
	case a.zero:
		a.min = min(a.min, 0)
	}
	pad := (a.max - a.min) * 0.04
	if a.max == a.min {
		pad = max(math.Abs(a.max)*0.1, 1e-9)
	}
	a.max += pad
	if !a.zero {
		a.min -= pad
	}
	return a
}

// apply sets gonum's axis; after is put behind each label.
func (a axis) apply(out *plot.Axis, ticks int, after string) {
	out.Label.Text, out.Min, out.Max = a.label, a.min, a.max
	for _, f := range []*font.Font{&out.Label.TextStyle.Font, &out.Tick.Label.Font} {
		f.Size, f.Variant = textSize, "Sans"
	}
	out.Label.Padding, out.Padding, out.Tick.Length = 4, 0, 4
	if a.log {
		out.Scale = plot.LogScale{}
	}
	out.Tick.Marker = plot.TickerFunc(func(lo, hi float64) []plot.Tick {
		list := a.tickList(lo, hi, ticks)
		for i := range list {
			if list[i].Label != "" {
				list[i].Label += after
			}
		}
		return list
	})
}

func (a axis) tickList(lo, hi float64, n int) []plot.Tick {
	text := a.text
	if text == nil {
		text = func(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
	}
	switch {
	case a.nines:
		return ninesTicks(lo, hi, n)
	case a.log:
		return logTicks(lo, hi, n, text)
	}
	return linearTicks(lo, hi, n, text)
}

func within(ticks []plot.Tick, lo, hi float64) []plot.Tick {
	return slices.DeleteFunc(slices.Clone(ticks), func(t plot.Tick) bool { return t.Value < lo*(1-1e-9) || t.Value > hi*(1+1e-9) })
}

// logTicks labels 1, 2 and 5 of each decade where there is room, else 1.
func logTicks(lo, hi float64, n int, text func(float64) string) []plot.Tick {
	decades := math.Log10(hi / lo)
	every := max(1, int(math.Ceil(decades/float64(n))))
	var out []plot.Tick
	for exp := int(math.Floor(math.Log10(lo))); exp <= int(math.Ceil(math.Log10(hi))); exp++ {
		for m := 1; m < 10; m++ {
			t := plot.Tick{Value: float64(m) * math.Pow10(exp)}
			if m == 1 && exp%every == 0 || (m == 2 || m == 5) && 3*decades <= float64(n) {
				t.Label = text(t.Value)
			}
			out = append(out, t)
		}
	}
	return within(out, lo, hi)
}

// linearTicks labels about n round values.
func linearTicks(lo, hi float64, n int, text func(float64) string) []plot.Tick {
	step := niceAbove((hi - lo) / float64(n))
	var out []plot.Tick
	for i := math.Ceil(lo/step - 1e-9); i*step <= hi+step*1e-9; i++ {
		v := i*step + 0 // −0 is 0
		out = append(out, plot.Tick{Value: v, Label: text(v)})
	}
	return out
}

// niceAbove is the least of 1, 2, 5, 10, … at or above v, which is above 0.
func niceAbove(v float64) float64 {
	unit := math.Pow10(int(math.Floor(math.Log10(v))))
	for _, m := range []float64{1, 2, 5} {
		if v <= m*unit*(1+1e-9) {
			return m * unit
		}
	}
	return 10 * unit
}

// niceBelow is the greatest of 1, 2, 5, 10, … at or below v, which is above 0.
func niceBelow(v float64) float64 {
	unit := math.Pow10(int(math.Floor(math.Log10(v))))
	for _, m := range []float64{5, 2} {
		if v >= m*unit*(1-1e-9) {
			return m * unit
		}
	}
	return unit
}

// timeText is nanoseconds in the unit that suits them: "20 ms".
func timeText(ns float64) string {
	if ns == 0 {
		return "0"
	}
	for _, u := range []struct {
		name string
		of   time.Duration
	}{{"s", time.Second}, {"ms", time.Millisecond}, {"µs", time.Microsecond}} {
		if ns >= float64(u.of)*0.9999 {
			return strconv.FormatFloat(ns/float64(u.of), 'g', 4, 64) + " " + u.name
		}
	}
	return strconv.FormatFloat(ns, 'g', 4, 64) + " ns"
}

// timeAxis counts nanoseconds on a logarithmic scale.
func timeAxis(label string) axis { return axis{label: label, log: true, text: timeText} }

// nines is the axis of 1/(1−q), up to end: it counts the nines of a percentile.
func nines(end float64) axis {
	return axis{label: "percentile", log: true, nines: true, min: 1, max: max(end, 10)}
}

// ninesTicks labels the median and as many nines as there is room for.
func ninesTicks(lo, hi float64, n int) []plot.Tick {
	every := max(1, int(math.Ceil(math.Log10(hi)/float64(n))))
	out := []plot.Tick{{Value: 1}, {Value: 2, Label: "50 %"}}
	for v, i := 10.0, 0; v <= hi; v, i = v*10, i+1 {
		t := plot.Tick{Value: v}
		if i%every == 0 {
			t.Label = strconv.FormatFloat(100-100/v, 'f', max(0, i-1), 64) + " %"
		}
		out = append(out, t)
	}
	return within(out, lo, hi)
}

// rateText is a rate without an exponent.
func rateText(v float64) string {
	if v >= 1e6 {
		return fmt.Sprintf("%.3g M", v/1e6)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}
