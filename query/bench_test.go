package query

import (
	"testing"

	"github.com/actiontrail/actiontrail/event"
)

// benchmarks are filters as trails and alerts have them; want is the most allocations of one Match.
var benchmarks = []struct {
	name, query string
	want        float64
}{
	{"3 terms", "eventRW: Write and serviceName: Ecs and acsRegion: cn-hangzhou", 0},
	{"list", "serviceName: (Ram or Sts or Ecs)", 0},
	{"wildcard", "eventName: Delete* and not userIdentity.userName: *bot*", 0},
	{"time", "eventTime >= 2026-11-01 and eventTime < 2026-12-01", 0},
	{"number", "origin.batch > 5", 0},
	{"address", "sourceIpAddress: 10.0.0.0/8", 0},
	{"leaf", "requestParameters.InstanceId: i-1", 1},
	{"nested", "requestParameters.Tag: { Key: env and Value: prod }", 0},
	{"name with a wildcard", "user*Name: alice or error*: Forbidden.RAM", 0},
	{"word", "errorMessage: resource", 0},
	{"free", "alice nobody", 40},
}

func TestMatchDoesNotAllocate(t *testing.T) {
	e := deletion(t)
	for _, c := range benchmarks {
		x, err := Parse(c.query)
		if err != nil {
			t.Fatal(err)
		}
		if got := testing.AllocsPerRun(100, func() { x.Match(e) }); got > c.want {
			t.Errorf("%s: %v allocations", c.name, got)
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	e := deletion(b)
	for _, c := range benchmarks {
		b.Run(c.name, func(b *testing.B) {
			x, err := Parse(c.query)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				x.Match(e)
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	var x Expr
	for b.Loop() {
		x, _ = Parse("eventRW: Write and serviceName: (Ram or Sts) and not userIdentity.userName: *bot*")
	}
	_ = x.Match(&event.Event{})
}
