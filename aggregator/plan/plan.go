// Package plan tells what a trail would deliver before it does: how many events of
// the last days match, what they would cost in objects and bytes, and how that
// differs from the trail that runs. The index answers; nothing is written.
package plan

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/actiontrail/actiontrail/aggregator/archive/layout"
	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

const (
	// Days is how much of the past is looked at.
	Days = 7
	day  = 24 * time.Hour
	// samples are read of each day: they are compressed as an object would be.
	samples = 200
	// shown are the events of the answer.
	shown = 5
	// finest is the shortest time that events are counted in.
	finest = time.Minute
)

// Trail is a trail as it is declared.
type Trail struct {
	Name    string
	Where   string     // as it is shown
	Filter  query.Expr // nil: all events
	Deliver []Delivery
}

// Delivery is where a trail delivers to, as far as that costs something or is to be told.
type Delivery struct {
	Name, Kind, Target string
	Hash               string        // tells whether anything of it changes
	RollAge            time.Duration // 0: it makes no objects
	// Narrow is what it takes of the trail's events, as it is shown, and Filter the
	// trail's filter with it; empty and nil: all of them.
	Narrow string
	Filter query.Expr
}

// Change says what becomes of a trail or a delivery.
type Change string

// Changes.
const (
	Create Change = "create"
	Update Change = "update"
	Delete Change = "delete"
	Keep   Change = "keep"
)

// Result is what becomes of one trail.
type Result struct {
	Change      Change
	Name        string
	Where       string
	WhereBefore string
	Deliver     []DeliveryResult
	Estimate    Estimate // of a trail that is created or updated
	Before      int      // events that the trail which runs matches
	Gains       int      // of those that match, not matched before
	Loses       int      // matched before, and not any longer
}

// DeliveryResult is what becomes of one delivery of a trail.
type DeliveryResult struct {
	Change       Change
	Delivery     Delivery
	TargetBefore string
	NarrowBefore string
	ObjectsADay  float64
	Events       int // that it takes
}

// Estimate is what a filter matches in the last days.
type Estimate struct {
	Events      int       // that match
	Of          int       // all events
	Untaken     int       // that match, and no delivery takes
	ByDay       [Days]int // the oldest first
	LineBytes   int64     // of an event, on average, as a line of JSON
	StoredBytes int64     // of an event, on average, compressed
	Sample      [][]byte  // the newest that match, canonical JSON
	Incomplete  []string  // why events may be missing
}

// EventsADay is the mean.
func (e *Estimate) EventsADay() float64 { return float64(e.Events) / Days }

// Make compares the trails that are wanted with those that run. With complete the
// wanted ones are all: others that run are deleted.
func Make(ctx context.Context, x index.Index, running, wanted []Trail, complete bool, now time.Time) ([]Result, error) {
	var all []Result
	for _, t := range wanted {
		i := slices.IndexFunc(running, func(r Trail) bool { return r.Name == t.Name })
		r := Result{Change: Create, Name: t.Name, Where: t.Where}
		var old *Trail
		if i >= 0 {
			old = &running[i]
		}
		r.deliveries(&t, old)
		if old != nil {
			r.WhereBefore, r.Change = old.Where, Keep
			if old.Where != t.Where || slices.ContainsFunc(r.Deliver, func(d DeliveryResult) bool { return d.Change != Keep }) {
				r.Change = Update
			}
		}
		if r.Change != Keep {
			if err := r.estimate(ctx, x, &t, old, now); err != nil {
				return nil, fmt.Errorf("plan of trail %s: %w", t.Name, err)
			}
		}
		all = append(all, r)
	}
	for _, t := range running {
		if complete && !slices.ContainsFunc(wanted, func(w Trail) bool { return w.Name == t.Name }) {
			r := Result{Change: Delete, Name: t.Name, WhereBefore: t.Where}
			r.deliveries(&Trail{}, &t)
			all = append(all, r)
		}
	}
	return all, nil
}

func (r *Result) deliveries(t, old *Trail) {
	find := func(t *Trail, name string) *Delivery {
		if t != nil {
			if i := slices.IndexFunc(t.Deliver, func(d Delivery) bool { return d.Name == name }); i >= 0 {
				return &t.Deliver[i]
			}
		}
		return nil
	}
	for _, d := range t.Deliver {
		x := DeliveryResult{Change: Create, Delivery: d}
		if before := find(old, d.Name); before != nil {
			x.Change, x.TargetBefore, x.NarrowBefore = Update, before.Target, before.Narrow
			if before.Hash == d.Hash {
				x.Change = Keep
			}
		}
		r.Deliver = append(r.Deliver, x)
	}
	if old != nil {
		for _, d := range old.Deliver {
			if find(t, d.Name) == nil {
				r.Deliver = append(r.Deliver, DeliveryResult{Change: Delete, Delivery: d, TargetBefore: d.Target})
			}
		}
	}
}

func (r *Result) estimate(ctx context.Context, x index.Index, t, old *Trail, now time.Time) error {
	to := now.UTC().Truncate(finest).Add(finest)
	q := index.Query{Filter: t.Filter, From: to.Add(-Days * day), To: to}
	buckets, incomplete, err := x.Histogram(ctx, q, finest)
	if err != nil {
		return err
	}
	e := &r.Estimate
	e.Incomplete = incomplete
	for _, b := range buckets {
		e.Events += b.Count
		if n := int(b.Start.Sub(q.From) / day); n >= 0 && n < Days {
			e.ByDay[n] += b.Count
		}
	}
	folders, err := e.sample(ctx, x, q)
	if err != nil {
		return err
	}
	for i := range r.Deliver {
		if err := r.Deliver[i].estimate(ctx, x, q, buckets, folders); err != nil {
			return err
		}
	}
	count := func(filter query.Expr) (int, error) {
		q := q
		q.Filter = filter
		page, err := x.Search(ctx, q)
		e.Incomplete = append(e.Incomplete, page.Incomplete...)
		return page.Total, err
	}
	if filter := untaken(t); filter != nil {
		if e.Untaken, err = count(filter); err != nil {
			return err
		}
	}
	if e.Of, err = count(nil); err != nil || old == nil {
		return err
	}
	if r.Before, err = count(old.Filter); err != nil {
		return err
	}
	both := e.Events
	if old.Filter != nil && t.Filter != nil {
		if both, err = count(query.And{Exprs: []query.Expr{old.Filter, t.Filter}}); err != nil {
			return err
		}
	} else if old.Filter != nil {
		both = r.Before
	}
	r.Gains, r.Loses = max(0, e.Events-both), max(0, r.Before-both)
	return nil
}

// estimate tells how much of a trail's events a delivery takes; buckets and q are those of the trail.
func (d *DeliveryResult) estimate(ctx context.Context, x index.Index, q index.Query, buckets []index.Bucket, folders int) error {
	if d.Change == Delete {
		return nil
	}
	if d.Delivery.Narrow != "" {
		q.Filter = d.Delivery.Filter
		own, _, err := x.Histogram(ctx, q, finest) // what is incomplete was said of the trail
		if err != nil {
			return err
		}
		buckets = own
	}
	for _, b := range buckets {
		d.Events += b.Count
	}
	if d.Delivery.RollAge > 0 {
		d.ObjectsADay = objectsADay(buckets, d.Delivery.RollAge, folders)
	}
	return nil
}

// untaken matches the events of a trail that none of its deliveries takes; nil: there are none.
func untaken(t *Trail) query.Expr {
	var taken []query.Expr
	for _, d := range t.Deliver {
		if d.Narrow == "" {
			return nil
		}
		taken = append(taken, d.Filter)
	}
	if len(taken) == 0 {
		return nil
	}
	rest := query.Expr(query.Not{Expr: taken[0]})
	if len(taken) > 1 {
		rest = query.Not{Expr: query.Or{Exprs: taken}}
	}
	if t.Filter == nil {
		return rest
	}
	return query.And{Exprs: []query.Expr{t.Filter, rest}}
}

// sample reads events of each day, and compresses them as objects would be. It
// tells in how many folders they come, on average at one time.
func (e *Estimate) sample(ctx context.Context, x index.Index, q index.Query) (folders int, err error) {
	lines := map[layout.Folder][]byte{}
	n, bytesOf := 0, 0
	for back := range Days {
		part := q
		part.To = q.To.Add(-time.Duration(back) * day)
		part.From, part.Limit, part.NoTotal = part.To.Add(-day), samples, true
		page, err := x.Search(ctx, part)
		if err != nil {
			return 0, err
		}
		e.Incomplete = append(e.Incomplete, page.Incomplete...)
		inDay := map[[2]string]bool{}
		for _, line := range page.Events {
			if len(e.Sample) < shown {
				e.Sample = append(e.Sample, line)
			}
			parsed, err := event.ParseJSON(line)
			if err != nil {
				return 0, err
			}
			folder := layout.ActionTrail.Folder(event.Lane{}, &parsed)
			inDay[[2]string{parsed.RecipientAccountID, parsed.Region}] = true
			lines[folder] = append(append(lines[folder], line...), '\n')
			n++
			bytesOf += len(line) + 1
		}
		folders = max(folders, len(inDay))
	}
	if n == 0 {
		return 1, nil
	}
	stored := 0
	for _, text := range lines {
		size, err := gzipped(text)
		if err != nil {
			return 0, err
		}
		stored += size
	}
	e.LineBytes, e.StoredBytes = int64(bytesOf/n), max(1, int64(stored/n))
	slices.Sort(e.Incomplete)
	e.Incomplete = slices.Compact(e.Incomplete)
	return folders, nil
}

func gzipped(text []byte) (int, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(text); err != nil {
		return 0, err
	}
	if err := z.Close(); err != nil {
		return 0, err
	}
	return b.Len(), nil
}

// objectsADay counts the times of a roll in which something matched: each gives one
// object for each folder, and never more than it has events.
func objectsADay(buckets []index.Bucket, roll time.Duration, folders int) float64 {
	roll = max(cmp.Or(roll, finest), finest)
	objects := 0
	var until time.Time
	events := 0
	for _, b := range buckets {
		if b.Count == 0 {
			continue
		}
		if !b.Start.Before(until) {
			objects += min(events, folders)
			events, until = 0, b.Start.Add(roll)
		}
		events += b.Count
	}
	return float64(objects+min(events, folders)) / Days
}
