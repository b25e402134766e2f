package sim

import (
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/actiontrail/actiontrail/aggregator"
	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/layout"
	"github.com/actiontrail/actiontrail/aggregator/debt"
)

// trail is what somebody has declared: its filter changes, it is stopped and started.
type trail struct {
	w          *world
	name       string
	filters    []string // that it may have
	deliveries []*delivery

	mu       sync.Mutex
	filter   string // now
	declared map[string]bool
	turns    []turn
}

// turn is a start or a stop: batches behind this seq come to another trail.
type turn struct {
	after   uint64
	stopped bool
}

// delivery is one archive of a trail: the real one, in a real folder.
type delivery struct {
	w            *world
	trail        *trail
	name         string
	dir          string
	create, read *site
	follow       *site
	down         atomic.Int64  // until when its bucket is down, in ns
	seq          atomic.Uint64 // its position, as it told last
	busy         atomic.Int64  // calls of its archive that are under way
	owed         atomic.Pointer[debt.Debt]

	mu       sync.Mutex
	layout   layout.Layout // of what is made from now on
	codec    archive.Codec
	age      bool
	there    bool               // it is declared
	since    time.Time          // so
	excused  map[*stored]uint64 // purged from the stream while it was not: the last seq
	requests []request
	last     bool // the last backfill was thought of
}

// request is a backfill that was asked for: what the index had by then is to come.
type request struct {
	aggregator.BackfillRequest
	index uint64 // seq
}

// form is how the objects of a delivery look.
type form struct {
	layout layout.Layout
	codec  archive.Codec
}

var forms = []form{
	{layout.ActionTrail, archive.NDJSONGzip}, {layout.ActionTrail, archive.NDJSONGzip}, {layout.OSS, archive.NDJSONGzip}, {layout.OSS, archive.NDJSONZstd},
	{layout.Hive, archive.NDJSONZstd}, {layout.Hive, archive.Parquet}, {layout.CloudTrail, archive.CloudTrailGzip},
}

func newTrail(w *world, name string, deliveries int, filters ...string) *trail {
	t := &trail{w: w, name: name, filters: filters, declared: map[string]bool{}}
	t.declare(filters[0])
	for i := range deliveries {
		key := name
		if i > 0 {
			key = fmt.Sprint(name, ".", i+1)
		}
		d := &delivery{w: w, trail: t, name: key, dir: filepath.Join(w.dir, key), there: i == 0 || w.forges || w.dice.one(2), excused: map[*stored]uint64{}, since: w.began,
			create: w.site(key+" create", chance{lost: 60, kept: 60, dieBefore: 25, dieAfter: 25}),
			read:   w.site(key+" read", chance{lost: 15, dieBefore: 3}),
			follow: w.site(key+" follow", chance{lost: 15, kept: 15, dieBefore: 3})}
		d.change(w.dice)
		t.deliveries = append(t.deliveries, d)
	}
	return t
}

func (t *trail) declare(filter string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.filter = filter
	t.declared[filter] = true
}

func (t *trail) where() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.filter
}

// turned notes that the trail was stopped or started.
func (t *trail) turned(after uint64, stopped bool) {
	t.w.trace("trail %s is stopped: %v, after seq %d", t.name, stopped, after)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.turns = append(t.turns, turn{after, stopped})
}

// stoppedAt tells whether the trail was stopped at this place of the stream.
func (t *trail) stoppedAt(seq uint64) (stopped bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, turn := range t.turns {
		if seq > turn.after {
			stopped = turn.stopped
		}
	}
	return stopped
}

func (t *trail) stopped() bool { return t.stoppedAt(1 << 60) }

// change gives the objects another form.
func (d *delivery) change(s *site) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := forms[s.intN(len(forms))]
	d.layout, d.codec, d.age = f.layout, f.codec, s.one(8)
}

// put tells whether the delivery is declared from now on.
func (d *delivery) put(there bool) {
	d.w.trace("delivery %s is there: %v", d.name, there)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.there, d.since = there, time.Now()
}

func (d *delivery) isThere() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.there
}

// holds is how far the stream may be purged for the delivery; false: it holds nothing
// back. One that was just declared is not counted: who purges may not know of it yet.
func (d *delivery) holds() (seq uint64, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.there || time.Since(d.since) < time.Second && d.since != d.w.began {
		return 0, false
	}
	seq = d.seq.Load()
	if owed := d.owed.Load(); owed != nil {
		seq = max(seq, owed.To())
	}
	return seq, true
}

// dies has the bucket be down for a time.
func (d *delivery) dies(within time.Duration) {
	d.w.counts.fault(d.w, "bucket down", "")
	d.down.Store(time.Now().Add(within).UnixNano())
}

// excuse notes that a batch at this seq is purged while nobody holds it for this delivery.
func (d *delivery) excuse(b *stored, seq uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.excused[b] = max(d.excused[b], seq)
}

// owes tells whether a delivery of the trail owes.
func (t *trail) owes() bool {
	return slices.ContainsFunc(t.deliveries, func(d *delivery) bool {
		owed := d.owed.Load()
		return owed != nil && owed.Status().Owing
	})
}

func (d *delivery) asked() []request {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.requests)
}

func (d *delivery) bucketDir() string { return filepath.Join(d.dir, "bucket") }
func (d *delivery) staging() string   { return filepath.Join(d.dir, "staging") }

// deliveries are those of all trails, whether they are declared or not.
func (w *world) deliveries() (all []*delivery) {
	for _, t := range w.trails {
		all = append(all, t.deliveries...)
	}
	return all
}
