package api

import (
	"net/http"
	"testing"
	"time"
)

func histogramOf(t *testing.T, h http.Handler, parameters ...string) Histogram {
	t.Helper()
	got := decode[Histogram](t, get(t, h, target("/api/v1/histogram", parameters...)))
	total := 0
	for i, b := range got.Buckets {
		total += b.Count
		if b.Start.Unix()%got.IntervalSeconds != 0 && b.Start.Unix() > 0 {
			t.Errorf("bucket %d begins at %s, which is not aligned to %s", i, b.Start, got.Interval)
		}
		if i > 0 && b.Start.Unix()-got.Buckets[i-1].Start.Unix() != got.IntervalSeconds {
			t.Errorf("bucket %d begins at %s, after %s", i, b.Start, got.Buckets[i-1].Start)
		}
		if b.Errors > b.Count {
			t.Errorf("bucket %d has %d failures of %d events", i, b.Errors, b.Count)
		}
	}
	if total != got.Total {
		t.Errorf("buckets have %d events, total is %d", total, got.Total)
	}
	first, last := got.Buckets[0].Start, got.Buckets[len(got.Buckets)-1].Start
	step := time.Duration(got.IntervalSeconds) * time.Second
	if first.After(got.From) || !first.Add(step).After(got.From) || !last.Before(got.To) || last.Add(step).Before(got.To) {
		t.Errorf("buckets %s to %s of %s do not cover %s to %s closely", first, last, step, got.From, got.To)
	}
	return got
}

func TestHistogram(t *testing.T) {
	s, x := madeUpServer(180) // one a minute, from 09:00 to 11:59
	h := s.Handler()
	got := histogramOf(t, h, "from", "2026-11-29T09:30:00Z", "to", "2026-11-29T11:15:00Z", "interval", "1h")
	if len(got.Buckets) != 3 || got.Total != 105 || got.Interval != "1h" || got.IntervalSeconds != 3600 {
		t.Fatalf("%+v", got)
	}
	for i, want := range []int{30, 60, 15} {
		if b := got.Buckets[i]; b.Count != want || b.Start.Hour() != 9+i || b.Start.Minute() != 0 {
			t.Errorf("bucket %d is %+v, want %d events", i, b, want)
		}
	}
	failed := 0
	for _, e := range x.events {
		if e.ErrorCode != "" {
			failed++
		}
	}
	counted := 0
	for _, b := range histogramOf(t, h, "from", "now-3h").Buckets {
		counted += b.Errors
	}
	if counted != failed || failed == 0 {
		t.Errorf("%d failures counted of %d", counted, failed)
	}
	// A query counts what it finds only, and empty buckets stay.
	got = histogramOf(t, h, "query", "eventName: NoSuchAction", "from", "now-3h", "interval", "30m")
	if got.Total != 0 || len(got.Buckets) != 6 {
		t.Errorf("of nothing: %+v", got)
	}
}

func TestHistogramChosenInterval(t *testing.T) {
	s, _ := madeUpServer(10)
	h := s.Handler()
	for from, want := range map[string]string{
		"now-30s": "1s", "now-15m": "10s", "now-1h": "30s", "now-6h": "5m", "now-24h": "15m", "now-7d": "2h", "now-30d": "6h", "now-90d": "1d", "2000-01-01": "120d",
	} {
		if got := histogramOf(t, h, "from", from); got.Interval != want || len(got.Buckets) > autoBuckets+1 {
			t.Errorf("from %s: %d buckets of %s, want %s", from, len(got.Buckets), got.Interval, want)
		}
	}
}

// TestHistogramLongest is the longest range there is. Its first bucket begins before nanoseconds can tell.
func TestHistogramLongest(t *testing.T) {
	s, _ := madeUpServer(10)
	h := s.Handler()
	for _, interval := range []string{"", "5214w", "36500d", "1000d"} {
		if got := histogramOf(t, h, "from", "1678-01-01", "to", "2261-12-30", "interval", interval); got.Total != 10 || len(got.Buckets) > 300 {
			t.Errorf("interval %q: %d buckets, %d events", interval, len(got.Buckets), got.Total)
		}
	}
}

func TestHistogramMost(t *testing.T) {
	s, _ := madeUpServer(10)
	h := s.Handler()
	to := "2026-11-29T12:00:00Z"
	if got := histogramOf(t, h, "from", "2026-11-29T11:26:40Z", "to", to, "interval", "1s"); len(got.Buckets) != MaxBuckets {
		t.Errorf("%d buckets", len(got.Buckets))
	}
	get(t, h, target("/api/v1/histogram", "from", "2026-11-29T11:26:39Z", "to", to, "interval", "1s")).problem(t, http.StatusBadRequest)
	// Touching one more at both ends counts.
	get(t, h, target("/api/v1/histogram", "from", "2026-11-29T11:26:39.5Z", "to", "2026-11-29T11:59:59.5Z", "interval", "1s")).problem(t, http.StatusBadRequest)
}

func TestIntervals(t *testing.T) {
	for in, want := range map[string]string{"1s": "1s", "60s": "1m", "90s": "90s", "120m": "2h", "24h": "1d", "7d": "1w", "8d": "8d", "2w": "2w", "05m": "5m"} {
		step, err := parseInterval(in)
		if err != nil || formatInterval(step) != want {
			t.Errorf("%s: %v, written %s, want %s", in, err, formatInterval(step), want)
		}
	}
	for _, in := range []string{"", "m", "5", "0m", "-5m", "+5m", "1.5h", "5M", "5 m", "5ms", "5y", "99999999999h", "36501d", "4294967296s"} {
		if step, err := parseInterval(in); err == nil {
			t.Errorf("%q is taken as %s", in, step)
		}
	}
	for i, step := range steps {
		if back, err := parseInterval(formatInterval(step)); err != nil || back != step || i > 0 && (step <= steps[i-1] || step > 5*steps[i-1]/2) {
			t.Errorf("step %d is %s", i, step)
		}
	}
}

func TestFloor(t *testing.T) {
	at := func(s string) time.Time { return must(time.Parse(time.RFC3339Nano, s))(t) }
	for _, c := range []struct {
		t    string
		step time.Duration
		want string
	}{
		{"2026-11-29T10:07:59.999Z", 5 * time.Minute, "2026-11-29T10:05:00Z"},
		{"2026-11-29T10:05:00Z", 5 * time.Minute, "2026-11-29T10:05:00Z"},
		{"1969-12-31T23:59:59.5Z", time.Hour, "1969-12-31T23:00:00Z"},
		{"1969-12-31T23:00:00Z", time.Hour, "1969-12-31T23:00:00Z"},
		{"2026-11-29T10:00:00Z", 7 * day, "2026-11-26T00:00:00Z"}, // weeks since a Thursday
	} {
		if got := floor(at(c.t), c.step); !got.Equal(at(c.want)) {
			t.Errorf("floor(%s, %s) = %s, want %s", c.t, c.step, got, c.want)
		}
	}
}
