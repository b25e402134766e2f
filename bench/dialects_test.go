package bench

import (
	"slices"
	"testing"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/mapper"
)

// dialectLine is a line of one form of a dialect, and what a mapper of it needs to know.
type dialectLine struct{ name, format, logFormat, line string }

// BenchmarkDialects maps a line of each form of each dialect again and again, by
// its name and, where it can be recognised, with format auto. There are no rules:
// it is what reading costs, and making the event.
func BenchmarkDialects(b *testing.B) {
	all := slices.Concat(nginxLines(), servedLines(), nestedLines())
	for _, d := range all {
		b.Run(d.name, func(b *testing.B) { mapLine(b, mapper.Options{Format: d.format, LogFormat: d.logFormat}, d.line) })
	}
	for _, d := range all {
		if d.logFormat == "" {
			b.Run("auto-"+d.name, func(b *testing.B) { mapLine(b, mapper.Options{Format: "auto"}, d.line) })
		}
	}
}

// linesOfRound are enough for the clock of CPU seconds, and few enough for a quiet moment.
const linesOfRound = 5_000

// mapLine maps a line in rounds, and gives the figures of the cheapest: what a
// busy machine adds is in the others.
func mapLine(b *testing.B, opt mapper.Options, line string) {
	m, err := mapper.New(opt)
	if err != nil {
		b.Fatal(err)
	}
	r, best := plugins.Record{Data: []byte(line)}, 0.0
	var e event.Event
	one := func() {
		e = event.Event{}
		if err := m.Map(&r, &e); err != nil {
			b.Fatal(err)
		}
	}
	allocs := testing.AllocsPerRun(100, one)
	for b.Loop() {
		from := cpuSeconds(b)
		for range linesOfRound {
			one()
		}
		if cpu := cpuSeconds(b) - from; best == 0 || cpu < best {
			best = cpu
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(best/linesOfRound*1e6, "CPU-s/million")
	b.ReportMetric(linesOfRound/best, "lines/s")
	b.ReportMetric(allocs, "allocs/line")
}
