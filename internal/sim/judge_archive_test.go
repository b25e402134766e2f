package sim

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/file"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// judged is an archive before the judge.
type judged struct {
	*judge
	d       *delivery
	bucket  *file.Bucket
	begun   time.Time
	scanned map[*stored]int // while the trail ran
	passed  map[*stored]int // while it was stopped
	gaps    map[*stored]bool
	parts   []*archive.Backfill
	held    map[string]bool // ids of all events
	amended map[uint64][]uint64
}

// judgeArchive verifies an archive, and compares what is in it with what must be:
// each batch was looked at once, or came while nobody kept it; of those that came
// while the trail was stopped nothing is there; and backfills have brought what
// they were asked for.
func (j *judge) judgeArchive(d *delivery) {
	ctx := context.Background()
	b, err := file.Open(d.bucketDir())
	j.w.must(err)
	a := &judged{judge: j, d: d, bucket: b, scanned: map[*stored]int{}, passed: map[*stored]int{}, gaps: map[*stored]bool{}, held: map[string]bool{}, amended: map[uint64][]uint64{}}
	report, err := archive.Verify(ctx, b, archive.VerifyOptions{Identities: identities()})
	if err != nil || !report.OK() || len(report.Pending) > 0 || report.Closed > 0 {
		j.w.fail("archive verifies", "trail %s: %v, problems %v, pending %v, %d closed", d.name, err, report.Problems, report.Pending, report.Closed)
	}
	var all []*archive.Seal
	for n := range report.LastSeal + 1 {
		r, err := b.Read(ctx, archive.SealKey(n))
		j.w.must(err)
		data, err := io.ReadAll(r)
		j.w.must(err)
		j.w.must(r.Close())
		s, err := archive.DecodeSeal(data)
		j.w.must(err)
		if n == 0 {
			a.begun = s.Time
		}
		j.w.counts.seal(about(s))
		if s.Amends != nil {
			a.amended[*s.Amends] = append(a.amended[*s.Amends], n)
			continue
		}
		all = append(all, s)
	}
	for _, s := range all {
		a.seal(s)
	}
	for _, one := range j.batches {
		a.batch(one)
	}
	for _, r := range d.asked() {
		a.request(r)
	}
}

func about(s *archive.Seal) string {
	switch {
	case s.Amends != nil:
		return "amendment"
	case s.Backfill != nil && s.Matched > 0:
		return "backfill"
	case s.Stopped != nil && s.Events > 0:
		return "stopped"
	case s.Paid != nil && s.Matched > 0:
		return "paid"
	case s.Matched > 0:
		return "scanned"
	}
	return "empty"
}

// batch sees that a batch was looked at once.
func (a *judged) batch(one *stored) {
	n := a.scanned[one] + a.passed[one]
	// What the stream has lost is a gap to who was there.
	excused := a.d.excused[one] > 0 || a.lost[one] && len(a.d.excused) > 0
	switch {
	case n > 1:
		a.w.fail("nothing twice", "trail %s sealed batch %d of %s %d times", a.d.name, one.Number, one.Lane, n)
	case n == 0 && !a.gaps[one] && !excused:
		a.w.fail("nothing lost", "trail %s never sealed batch %d of %s", a.d.name, one.Number, one.Lane)
	case n == 0 && !a.lost[one] && !excused, n > 0 && a.lost[one]:
		a.w.fail("gaps", "trail %s: batch %d of %s, lost: %v, sealed: %d times, as a gap: %v", a.d.name, one.Number, one.Lane, a.lost[one], n, a.gaps[one])
	}
	for _, p := range a.parts {
		if a.scanned[one] > 0 && names(p, one) {
			a.w.fail("nothing twice", "trail %s: batch %d of %s was scanned, and backfill %s looks at it again", a.d.name, one.Number, one.Lane, p.ID)
			return
		}
	}
}

// names tells whether a backfill looks at a batch.
func names(p *archive.Backfill, one *stored) bool {
	for i := range p.Lanes {
		if p.Lanes[i].Lane == one.Lane && p.Lanes[i].Has(one.Number) {
			return true
		}
	}
	return false
}

func within(e *event.Event, from, to time.Time) bool {
	at := e.Time.Std()
	return !at.Before(from) && at.Before(to)
}

// seal sees that the objects of a seal have what they must, and nothing else.
func (a *judged) seal(s *archive.Seal) {
	var filter query.Expr
	if s.Filter != "" {
		var err error
		filter, err = query.Parse(s.Filter)
		a.w.must(err)
	}
	want := map[string]bool{}
	wants := func(e *event.Event) {
		if filter == nil || filter.Match(e) {
			want[e.ID] = true
		}
	}
	for _, r := range s.Scanned {
		lane := a.lanes[r.Lane]
		if r.Gap != nil {
			for n := r.Gap.From; n <= min(r.Gap.To, uint64(len(lane))); n++ {
				a.gaps[lane[n-1]] = true
			}
		}
		if r.To > uint64(len(lane)) {
			a.w.fail("position", "trail %s, seal %d: says it has batch %d of %s, the stream had %d", a.d.name, s.Number, r.To, r.Lane, len(lane))
			return
		}
		for _, one := range lane[r.From-1 : r.To] {
			seq, ok := a.place(s, one)
			if !ok {
				a.w.fail("position", "trail %s, seal %d: batch %d of %s stands at seq %v, outside of %+v", a.d.name, s.Number, one.Number, r.Lane, a.seqs[one.Hash], s.Seq)
			}
			stopped := a.d.trail.stoppedAt(seq)
			if stopped != (s.Stopped != nil) {
				a.w.fail("stopped", "trail %s, seal %d: batch %d of %s came while it was stopped: %v; the seal says %v", a.d.name, s.Number, one.Number, r.Lane, stopped, s.Stopped)
			}
			if stopped {
				a.passed[one]++
				continue
			}
			a.scanned[one]++
			for i := range one.Events {
				wants(&one.Events[i])
			}
		}
	}
	if s.Backfill != nil {
		a.backfill(s, wants)
	}
	a.objects(s, want)
}

// place is where a batch stands in the part of the stream that a seal is about: at the
// first seq of all. What was purged while the delivery was not declared it may not have
// seen, and have taken the batch from a later one.
func (a *judged) place(s *archive.Seal, one *stored) (seq uint64, ok bool) {
	seq = one.Seq
	for _, at := range a.seqs[one.Hash] {
		if at <= s.Seq.After || at > s.Seq.To {
			continue
		}
		if seq, ok = at, true; at > a.d.excused[one] || a.d.trail.stoppedAt(at) == (s.Stopped != nil) {
			break
		}
	}
	return seq, ok
}

// backfill gives the events of a part of a backfill: those of its batches and its
// time that no part before has brought.
func (a *judged) backfill(s *archive.Seal, wants func(*event.Event)) {
	p := s.Backfill
	for _, one := range a.batches {
		if !names(p, one) || a.lost[one] {
			continue
		}
		var before []*archive.Backfill
		for _, b := range a.parts {
			if names(b, one) {
				before = append(before, b)
			}
		}
		for i := range one.Events {
			e := &one.Events[i]
			if within(e, p.From, p.To) && !slices.ContainsFunc(before, func(b *archive.Backfill) bool { return within(e, b.From, b.To) }) {
				wants(e)
			}
		}
	}
	a.parts = append(a.parts, p)
}

// request sees that a backfill is done as it was asked for: its parts follow on
// one another, and nothing of it that the index had was passed over.
func (a *judged) request(r request) {
	from, to := r.From, r.To
	if r.Back > 0 {
		from, to = a.begun.Add(-r.Back), a.begun
	}
	at := from
	for _, p := range a.parts {
		if p.ID != r.ID {
			continue
		}
		if !p.From.Equal(at) || p.To.After(to) {
			a.w.fail("backfill", "trail %s, backfill %s from %s to %s: a part is from %s to %s, where %s should begin it", a.d.name, r.ID, from, to, p.From, p.To, at)
		}
		at = p.To
	}
	if !at.Equal(to) {
		a.w.fail("backfill", "trail %s, backfill %s from %s to %s: its parts end at %s", a.d.name, r.ID, from, to, at)
	}
	for _, one := range a.batches {
		if one.Seq > r.index || a.lost[one] || a.scanned[one] > 0 {
			continue
		}
		for i := range one.Events {
			e := &one.Events[i]
			if within(e, from, to) && !slices.ContainsFunc(a.parts, func(p *archive.Backfill) bool { return within(e, p.From, p.To) && names(p, one) }) {
				a.w.fail("backfill", "trail %s, backfill %s from %s to %s: %s of %s in batch %d of %s (seq %d), which nobody had scanned, was passed over",
					a.d.name, r.ID, from, to, e.Name, e.Time, one.Number, one.Lane, one.Seq)
				return
			}
		}
	}
}

// objects compares the objects of a seal with the events that they must have.
func (a *judged) objects(s *archive.Seal, want map[string]bool) {
	last := map[string]int64{}
	encrypted := len(s.Recipients) > 0
	for i, o := range s.Objects {
		var events []event.Event
		switch {
		case !encrypted:
			events = a.w.readObject(a.bucket, &o)
		case i == 0: // those of all objects
			events = a.readEncrypted(s)
		}
		for _, e := range events {
			if !want[e.ID] || a.held[e.ID] {
				a.w.fail("nothing twice", "trail %s, seal %d: event %s (%s) is there twice, or not of this seal", a.d.name, s.Number, e.ID, e.Name)
			}
			delete(want, e.ID)
			a.held[e.ID] = true
			if l := a.w.logs[e.Origin.Source]; l != nil && e.Origin.FileID == l.file && s.Backfill == nil && !encrypted {
				if at, ok := last[l.name+o.Key]; ok && e.Origin.Offset <= at {
					a.w.fail("order", "trail %s, seal %d: line %d of %s stands after line %d", a.d.name, s.Number, e.Origin.Offset, l.name, at)
				}
				last[l.name+o.Key] = e.Origin.Offset
			}
		}
	}
	if len(want) > 0 {
		of := "its batches"
		if s.Backfill != nil {
			of = fmt.Sprintf("backfill %s from %s to %s", s.Backfill.ID, s.Backfill.From, s.Backfill.To)
		}
		a.w.fail("nothing lost", "trail %s, seal %d: %d events of %s are not in its objects", a.d.name, s.Number, len(want), of)
	}
}
