package local_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/aggregator/index/indextest"
	"github.com/actiontrail/actiontrail/aggregator/index/local"
)

// now is when the tests run, for an index.
func now() time.Time { return indextest.Start.Add(72 * time.Hour) }

// The answers are the same whether events are in memory, in few segments or in many.
func TestConformance(t *testing.T) {
	t.Parallel()
	classes := index.Classes{
		{Name: "signins", EventTypes: []string{"ConsoleSignin"}, Retention: 400 * 24 * time.Hour},
		{Name: "calls", Accounts: []string{"1001"}},
	}
	for _, c := range []struct {
		segment int
		classes index.Classes
	}{{1, nil}, {60, nil}, {60, classes}, {100_000, nil}} {
		if c.segment == 1 && testing.Short() {
			continue // a file for each event
		}
		t.Run(fmt.Sprintf("%d events and %d classes", c.segment, len(c.classes)), func(t *testing.T) {
			indextest.Short(t, opener(local.Config{SegmentEvents: c.segment, Classes: c.classes, Retention: 90 * 24 * time.Hour, Now: now}))
		})
	}
	// Some segments of each day, and some events in memory.
	forever := index.Classes{{Name: "signins", EventTypes: []string{"ConsoleSignin"}}}
	t.Run("all", func(t *testing.T) {
		indextest.Run(t, opener(local.Config{SegmentEvents: 6000, Classes: forever, Now: now}))
	})
}

func opener(cfg local.Config) func(t testing.TB, dir string) index.Index {
	return func(t testing.TB, dir string) index.Index {
		cfg.Dir = dir
		x, err := local.Open(cfg)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
}
