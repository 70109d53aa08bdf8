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
		text := label
		if meaning := labelTexts[label]; meaning != "" {
			text += ": " + meaning
		}
		if label == "concurrency_limited" && l.WorkersNeeded > 0 {
			text += fmt.Sprintf("; %d workers would do", l.WorkersNeeded)
		}
		p.printf("  %s\n", text)
	}
}

// generator prints, once, what is of the process and not of one load.
func (p *printer) generator(loads []results.Load) {
	i := slices.IndexFunc(loads, func(l results.Load) bool {
		return l.CPUPerRequest != nil || l.AllocsPerRequest != nil || l.Calibration != nil || l.Network != nil
	})
	if i < 0 {
		return
	}
	l := loads[i]
	p.printf("generator: client %s\n", l.Client)
	if l.AllocsPerRequest != nil && l.BytesPerRequest != nil {
		cpu := "CPU time not known here"
		if l.CPUPerRequest != nil {
			cpu = fmt.Sprintf("%.1f µs of CPU time", *l.CPUPerRequest/1e3)
		}
		p.printf("  each request: %s, %.1f allocations, %.0f bytes\n", cpu, *l.AllocsPerRequest, *l.BytesPerRequest)
	}
	if c := l.Calibration; c != nil {
		p.printf("  by itself: service time %s at p50 and %s at p99, one at a time; at most %.0f/s, %d at a time\n",
			ms(c.Floor.P50), ms(c.Floor.P99), c.CeilingPerSecond, c.Concurrency)
	}
	if n := l.Network; n != nil {
		p.printf("  network: %s, sent %d bytes, received %d bytes", n.Protocol, n.BytesSent, n.BytesReceived)
		if d := n.DateDelta; d > time.Second || d < -time.Second {
			p.printf(", the target's clock is off by %s", d)
		}
		p.printf("\n")
	}
	p.printf("\n")
}
