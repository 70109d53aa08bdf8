package render

import (
	"fmt"
	"slices"
	"time"

	"github.com/kmsmac/kmsmac/results"
)

// outcomes prints the rarer ends of requests.
func (p *printer) outcomes(l results.Load) {
	if l.Refused > 0 {
		p.printf("  wrong on purpose and refused %d\n", l.Refused)
	}
	if l.Unfinished > 0 {
		p.printf("  in flight at the end %d\n", l.Unfinished)
	}
}

// labelTexts say what a label means for the reader.
var labelTexts = map[string]string{
	"generator_limited":   "response times say more about this machine than about the target",
	"concurrency_limited": "arrivals waited for a free worker",
}

// labels prints each label with its meaning.
func (p *printer) labels(l results.Load) {
	for _, label := range l.Labels {
		p.printf("  %s\n", labelText(l, label))
	}
}

// labelText is a label with its meaning.
func labelText(l results.Load, label string) string {
	text := label
	if meaning := labelTexts[label]; meaning != "" {
		text += ": " + meaning
	}
	if label == "concurrency_limited" && l.WorkersNeeded > 0 {
		text += fmt.Sprintf("; %d workers would do", l.WorkersNeeded)
	}
	return text
}

func tellsOfGenerator(l results.Load) bool {
	return l.CPUPerRequest != nil || l.AllocsPerRequest != nil || l.Calibration != nil || l.Network != nil
}

// generator prints, once, what is of the process and not of one load.
func (p *printer) generator(loads []results.Load) {
	i := slices.IndexFunc(loads, tellsOfGenerator)
	if i < 0 {
		return
	}
	for _, line := range generatorLines(loads[i]) {
		p.printf("%s\n", line)
	}
	p.printf("\n")
}

// generatorLines say what the generator took and can do; the first is a head.
func generatorLines(l results.Load) []string {
	out := []string{"generator: client " + l.Client}
	if l.AllocsPerRequest != nil && l.BytesPerRequest != nil {
		cpu := "CPU time not known here"
		if l.CPUPerRequest != nil {
			cpu = fmt.Sprintf("%.1f µs of CPU time", *l.CPUPerRequest/1e3)
		}
		out = append(out, fmt.Sprintf("  each request: %s, %.1f allocations, %.0f bytes", cpu, *l.AllocsPerRequest, *l.BytesPerRequest))
	}
	if c := l.Calibration; c != nil {
		out = append(out, fmt.Sprintf("  by itself: service time %s at p50 and %s at p99, one at a time; at most %.0f/s, %d at a time",
			ms(c.Floor.P50), ms(c.Floor.P99), c.CeilingPerSecond, c.Concurrency))
	}
	if n := l.Network; n != nil {
		line := fmt.Sprintf("  network: %s, connections opened %d, sent %d bytes, received %d bytes", n.Protocol, n.ConnectionsOpened, n.BytesSent, n.BytesReceived)
		if d := n.DateDelta; d > time.Second || d < -time.Second {
			line += fmt.Sprintf(", the target's clock is off by %s", d)
		}
		out = append(out, line)
	}
	return out
}
