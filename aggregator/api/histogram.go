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

// autoBuckets is the most that a histogram has whose interval was chosen here, unless the caller says.
const autoBuckets = 120

// Limits of a break-down.
const (
	defaultSeries = 5
	maxSeries     = 20
)

const day = 24 * time.Hour

// steps are the intervals to choose from. Each is at most 2.5 of the one before,
// so that there are never fewer than about half of what is allowed. Never changed.
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

// autoStep is the shortest step that gives so many buckets at most.
func autoStep(win window, most int) time.Duration {
	for _, step := range steps {
		if bucketCount(win, step) <= int64(most) {
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
	q, err := parseAsked(params.Query, params.From, params.To, h.now())
	if err != nil {
		return Histogram{}, err
	}
	step, err := parseStep(params, q.window)
	if err != nil {
		return Histogram{}, err
	}
	down, err := parseBreakDown(params)
	if err != nil {
		return Histogram{}, err
	}
	g := grid{first: floor(q.From, step), step: step, n: int(bucketCount(q.window, step))}
	out := Histogram{
		From: q.From, To: q.To, Interval: formatInterval(step), IntervalSeconds: int64(step / time.Second),
		Buckets: make([]HistogramBucket, g.n), Warnings: q.warnings,
	}
	g.missing = &out.Incomplete
	for i := range out.Buckets {
		out.Buckets[i].Start = time.Unix(g.first.Unix()+int64(i)*out.IntervalSeconds, 0).UTC()
	}
	err = h.look(ctx, h.patience, func(ctx context.Context) error {
		if err := h.count(ctx, q.Query, g, func(i int, b index.Bucket) {
			out.Buckets[i].Count += b.Count
			out.Buckets[i].Errors += b.Errors
			out.Total += b.Count
		}); err != nil || down.n == 0 {
			return err
		}
		return h.breakDown(ctx, q.Query, g, down, &out)
	})
	return out, err
}

// parseStep is the width of a bucket.
func parseStep(params GetHistogramParams, win window) (time.Duration, error) {
	most, err := parseCount("buckets", params.Buckets, autoBuckets, 1, MaxBuckets)
	if err != nil {
		return 0, err
	}
	if params.Interval == "" {
		return autoStep(win, most), nil
	}
	step, err := parseInterval(params.Interval)
	if err != nil {
		return 0, err
	}
	if n := bucketCount(win, step); n > MaxBuckets {
		return 0, problemParameter("interval", fmt.Sprintf("the range has %d buckets of %s", n, params.Interval),
			fmt.Sprintf("at most %d; leave it out, and one is chosen", MaxBuckets))
	}
	return step, nil
}

// grid are the buckets of a histogram.
type grid struct {
	first time.Time
	step  time.Duration
	n     int
	// missing is told why events may be missing in what was counted.
	missing *Incomplete
}

// count gives to add what the index counts, with the number of the bucket.
func (h *handlers) count(ctx context.Context, q index.Query, g grid, add func(i int, b index.Bucket)) error {
	counted, missing, err := h.Index.Histogram(ctx, q, g.step)
	if err != nil {
		return err
	}
	addMissing(g.missing, missing)
	for _, b := range counted {
		at := (b.Start.Unix() - g.first.Unix()) / int64(g.step/time.Second)
		if at < 0 || at >= int64(g.n) {
			return fmt.Errorf("index counted %d events at %s, outside the range %s to %s", b.Count, b.Start, q.From, q.To)
		}
		add(int(at), b)
	}
	return nil
}
