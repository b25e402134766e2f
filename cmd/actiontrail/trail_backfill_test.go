package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/internal/realtest"
)

// What came while a trail was stopped is brought by a backfill, through kills,
// while new lines come: each line is in the archive once.
func TestBackfillOfAStop(t *testing.T) {
	b := newBox(t, "")
	b.configureTrails(fmt.Sprintf("trail \"all\" {\n  deliver \"file\" {\n    path = %q\n    roll {\n      max_age = \"1s\"\n      max_bytes = \"64KiB\"\n    }\n  }\n}\n", b.archive()))
	b.start()
	write := func(n int) {
		b.write(n)
		b.indexed()
	}
	write(500)
	b.trailCommand("stop", "all")
	write(3000)
	b.trailCommand("start", "all")
	write(500)
	b.trailCommand("backfill", "all", "--from", "1d", "--detach")
	for range 3 {
		b.server.Kill()
		b.start()
		b.write(100)
	}
	done := func() bool {
		s := b.trail("all")
		return len(s.Deliver) == 1 && len(s.Deliver[0].Backfills) == 1 && s.Deliver[0].Backfills[0].Done
	}
	realtest.Until(t, realtest.Patience, "the backfill to be done", done)
	b.indexed()
	b.trailCommand("backfill", "all", "--from", "2h") // brings nothing more, but what it is told
	if s := b.trail("all").Deliver[0].Backfills; len(s) != 2 || s[1].Events != 0 || s[1].Progress != 1 {
		t.Errorf("backfills are %+v", s)
	}
	b.archived()
	if n := b.total("eventName: TrailBackfill"); n != 2 {
		t.Errorf("%d events of backfills", n)
	}
}

func TestTimeOf(t *testing.T) {
	now := time.Date(2026, 11, 21, 7, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{"": "0001-01-01T00:00:00Z", "7d": "2026-11-14T07:00:00Z", "1d12h": "2026-11-19T19:00:00Z", "90m": "2026-11-21T05:30:00Z",
		"2026-11-01": "2026-11-01T00:00:00Z", "2026-11-01T08:00:00+08:00": "2026-11-01T00:00:00Z"} {
		if got, err := timeOf(text, now); err != nil || got.Format(time.RFC3339) != want {
			t.Errorf("%q is %s, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"x", "d", "7x", "2026-13-01"} {
		if got, err := timeOf(text, now); err == nil {
			t.Errorf("%q is %s", text, got)
		}
	}
}
