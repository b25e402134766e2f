package api

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/query"
)

// MaxBuckets is the most that one histogram can have.
const MaxBuckets = 2000

// autoBuckets is the most that a histogram has whose interval was chosen here.
const autoBuckets = 120

const day = 24 * time.Hour

// steps are the intervals to choose from. Each is at most 2.5 of the one before,
// so that there are never fewer than about half of autoBuckets. Never changed.
var steps = []time.Duration{
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
	day, 2 * day, 4 * day, 7 * day, 14 * day, 30 * day, 60 * day, 120 * day, 240 * day, 480 * day, 960 * day, 1920 * day,
}

// floor is the begin of the bucket that t lies in. Buckets are aligned to 1970 UTC; step is whole seconds.
func floor(t time.Time, step time.Duration) time.Time {
	// In seconds: the bucket of an early instant can begin before nanoseconds do (1677).
	at, width := t.Unix(), int64(step/time.Second)
	rest := at % width
	if rest < 0 {
		rest += width
	}
	return time.Unix(at-rest, 0).UTC()
}

// bucketCount is how many buckets a range touches. A range may be longer than a Duration.
func bucketCount(win window, step time.Duration) int64 {
	first, last := floor(win.from, step), floor(win.to.Add(-1), step)
	return (last.Unix()-first.Unix())/int64(step/time.Second) + 1
}

func autoStep(win window) time.Duration {
	for _, step := range steps {
		if bucketCount(win, step) <= autoBuckets {
			return step
		}
	}
	return steps[len(steps)-1]
}

// parseInterval reads a number and its unit, whole seconds at least.
func parseInterval(s string) (time.Duration, error) {
	wrong := problemParameter("interval", strconv.Quote(s)+" is not a width", "write a number and s, m, h, d or w, such as 5m")
	if s == "" {
		return 0, wrong
	}
	var unit time.Duration
	switch s[len(s)-1] {
	case 's', 'm', 'h', 'd', 'w':
		unit = time.Duration(query.UnitSeconds(s[len(s)-1])) * time.Second
	default:
		return 0, wrong
	}
	n, err := strconv.ParseUint(s[:len(s)-1], 10, 32)
	if err != nil || n == 0 || n > uint64(100*365*day/unit) {
		return 0, wrong
	}
	return time.Duration(n) * unit, nil
}

// formatInterval is the shortest form that parseInterval reads.
func formatInterval(step time.Duration) string {
	for _, u := range []byte("wdhm") {
		if unit := time.Duration(query.UnitSeconds(u)) * time.Second; step%unit == 0 {
			return strconv.FormatInt(int64(step/unit), 10) + string(u)
		}
	}
	return strconv.FormatInt(int64(step/time.Second), 10) + "s"
}

// GetHistogram counts events per step of time.
func (h *handlers) GetHistogram(w http.ResponseWriter, r *http.Request, params GetHistogramParams) {
	begin := h.now()
	out, err := h.histogram(r.Context(), params)
	if err != nil {
		h.fail(w, r, params.Query, err)
		return
	}
	out.TookMs = h.now().Sub(begin).Milliseconds()
	writeJSON(w, http.StatusOK, "application/json", out)
}

func (h *handlers) histogram(ctx context.Context, params GetHistogramParams) (Histogram, error) {
	filter, err := parseQuery(params.Query)
	if err != nil {
		return Histogram{}, err
	}
	win, err := parseWindow(params.From, params.To, h.now())
	if err != nil {
		return Histogram{}, err
	}
	step := autoStep(win)
	if params.Interval != "" {
		if step, err = parseInterval(params.Interval); err != nil {
			return Histogram{}, err
		}
	}
	n := bucketCount(win, step)
	if n > MaxBuckets {
		return Histogram{}, problemParameter("interval", fmt.Sprintf("the range has %d buckets of %s", n, params.Interval),
			fmt.Sprintf("at most %d; leave it out, and one is chosen", MaxBuckets))
	}
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	counted, err := h.Index.Histogram(ctx, index.Query{Filter: filter, From: win.from, To: win.to}, step)
	if err != nil {
		return Histogram{}, err
	}
	out := Histogram{
		From: win.from, To: win.to, Interval: formatInterval(step), IntervalSeconds: int64(step / time.Second),
		Buckets: make([]HistogramBucket, n),
	}
	first := floor(win.from, step)
	for i := range out.Buckets {
		out.Buckets[i].Start = time.Unix(first.Unix()+int64(i)*out.IntervalSeconds, 0).UTC()
	}
	for _, b := range counted {
		at := (b.Start.Unix() - first.Unix()) / out.IntervalSeconds
		if at < 0 || at >= n {
			return Histogram{}, fmt.Errorf("index counted %d events at %s, outside the range %s to %s", b.Count, b.Start, win.from, win.to)
		}
		out.Buckets[at].Count += b.Count
		out.Buckets[at].Errors += b.Errors
		out.Total += b.Count
	}
	return out, nil
}
