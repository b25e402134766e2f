package sim

import (
	"bufio"
	"compress/gzip"
	"context"
	"io"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/file"
	"github.com/actiontrail/actiontrail/aggregator/archive/transparency"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// trail is an archive: the real one, in a real folder.
type trail struct {
	w            *world
	name         string
	dir          string
	filters      []string // that it has in turn
	create, read *site
	down         time.Time     // until when its bucket is down
	seq          atomic.Uint64 // its position, as it told last
}

func newTrail(w *world, name string, filters ...string) *trail {
	return &trail{w: w, name: name, dir: filepath.Join(w.dir, name), filters: filters,
		create: w.site(name+" create", chance{lost: 60, kept: 60, dieBefore: 25, dieAfter: 25}),
		read:   w.site(name+" read", chance{lost: 15, dieBefore: 3})}
}

func (t *trail) bucketDir() string { return filepath.Join(t.dir, "bucket") }
func (t *trail) staging() string   { return filepath.Join(t.dir, "staging") }

// open opens the archive for one life, with the filter of this life.
func (t *trail) open(ctx context.Context, p *process, life int) (*watched, error) {
	folder, err := file.New(t.bucketDir())
	if err != nil {
		return nil, err
	}
	text := t.filters[life%len(t.filters)]
	var filter query.Expr
	if text != "" {
		if filter, err = query.Parse(text); err != nil {
			return nil, err
		}
	}
	a, err := archive.Open(ctx, archive.Config{Trail: t.name, Bucket: bucket{folder, t.w, p, t.create, t.read, &t.down}, Staging: t.staging(),
		Filter: filter, FilterText: text, Parse: query.Parse, RollAge: 5 * time.Second, MaxSealAge: 3 * time.Minute, Now: time.Now,
		Log: &archive.LogConfig{Origin: "actiontrail/sim/" + t.name + "/file", File: t.staging() + ".log", Keys: func() ([]transparency.Key, error) {
			return []transparency.Key{transparency.NewKey([32]byte{1}, time.Time{})}, nil
		}}})
	if err != nil {
		return nil, err
	}
	return &watched{a, t}, nil
}

// watched tells the judge how far the archive says that it is.
type watched struct {
	*archive.Archive
	t *trail
}

func (a *watched) Position() event.Position {
	at := a.Archive.Position()
	a.t.seq.Store(at.Seq)
	return at
}

func (a *watched) Write(ctx context.Context, b []event.Batch) error {
	err := a.Archive.Write(ctx, b)
	a.Position()
	return err
}

func (a *watched) Flush(ctx context.Context, now time.Time) error {
	err := a.Archive.Flush(ctx, now)
	a.Position()
	return err
}

// judgeTrail verifies the archive, and compares each seal's objects with the
// batches that the seal says were scanned, and those with the stream.
func (j *judge) judgeTrail(t *trail) {
	ctx := context.Background()
	b, err := file.Open(t.bucketDir())
	j.w.must(err)
	report, err := archive.Verify(ctx, b, archive.VerifyOptions{})
	if err != nil || !report.OK() || len(report.Pending) > 0 {
		j.w.fail("archive verifies", "trail %s: %v, problems %v, pending %v", t.name, err, report.Problems, report.Pending)
	}
	scanned := map[*stored]int{}
	gaps := map[*stored]bool{}
	for n := range report.LastSeal + 1 {
		r, err := b.Read(ctx, archive.SealKey(n))
		j.w.must(err)
		data, err := io.ReadAll(r)
		j.w.must(err)
		j.w.must(r.Close())
		s, err := archive.DecodeSeal(data)
		j.w.must(err)
		if s.Amends == nil {
			j.judgeSeal(t, b, s, scanned, gaps)
		}
	}
	for _, one := range j.batches {
		switch n := scanned[one]; {
		case n > 1:
			j.w.fail("nothing twice", "trail %s sealed batch %d of %s %d times", t.name, one.Number, one.Lane, n)
		case n == 0 && !gaps[one]:
			j.w.fail("nothing lost", "trail %s never sealed batch %d of %s", t.name, one.Number, one.Lane)
		case n == 0 && !j.lost[one], n > 0 && j.lost[one]:
			j.w.fail("gaps", "trail %s: batch %d of %s, lost: %v, sealed: %d times, as a gap: %v", t.name, one.Number, one.Lane, j.lost[one], n, gaps[one])
		}
	}
}

func (j *judge) judgeSeal(t *trail, b *file.Bucket, s *archive.Seal, scanned map[*stored]int, gaps map[*stored]bool) {
	var filter query.Expr
	if s.Filter != "" {
		var err error
		filter, err = query.Parse(s.Filter)
		j.w.must(err)
	}
	want := map[string]bool{}
	for _, r := range s.Scanned {
		lane := j.lanes[r.Lane]
		if r.Gap != nil {
			for n := r.Gap.From; n <= min(r.Gap.To, uint64(len(lane))); n++ {
				gaps[lane[n-1]] = true
			}
		}
		if r.To > uint64(len(lane)) {
			j.w.fail("position", "trail %s, seal %d: says it has batch %d of %s, the stream had %d", t.name, s.Number, r.To, r.Lane, len(lane))
			return
		}
		for n := r.From; n <= r.To; n++ {
			one := lane[n-1]
			scanned[one]++
			for i := range one.Events {
				if filter == nil || filter.Match(&one.Events[i]) {
					want[one.Events[i].ID] = true
				}
			}
			if one.Seq <= s.Seq.After || one.Seq > s.Seq.To {
				j.w.fail("position", "trail %s, seal %d: batch %d of %s has seq %d, outside of %+v", t.name, s.Number, n, r.Lane, one.Seq, s.Seq)
			}
		}
	}
	last := map[string]int64{}
	for _, o := range s.Objects {
		for _, e := range j.w.readObject(b, o.Key) {
			if !want[e.ID] {
				j.w.fail("nothing twice", "trail %s, seal %d: event %s (%s) is there twice, or not of this seal", t.name, s.Number, e.ID, e.Name)
			}
			delete(want, e.ID)
			if l := j.w.logs[e.Origin.Source]; l != nil && e.Origin.FileID == l.file {
				if at, ok := last[l.name+o.Key]; ok && e.Origin.Offset <= at {
					j.w.fail("order", "trail %s, seal %d: line %d of %s stands after line %d", t.name, s.Number, e.Origin.Offset, l.name, at)
				}
				last[l.name+o.Key] = e.Origin.Offset
			}
		}
	}
	if len(want) > 0 {
		j.w.fail("nothing lost", "trail %s, seal %d: %d events of its batches are not in its objects", t.name, s.Number, len(want))
	}
}

func (w *world) readObject(b *file.Bucket, key string) (events []event.Event) {
	r, err := b.Read(context.Background(), key)
	if err != nil {
		w.fail("archive verifies", "%v", err)
		return nil
	}
	defer r.Close()
	z, err := gzip.NewReader(r)
	if err != nil {
		w.fail("archive verifies", "%s: %v", key, err)
		return nil
	}
	in := bufio.NewScanner(z)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		e, err := event.ParseJSON(in.Bytes())
		if err != nil {
			w.fail("archive verifies", "%s: %v", key, err)
		}
		events = append(events, e)
	}
	if in.Err() != nil {
		w.fail("archive verifies", "%s: %v", key, in.Err())
	}
	return events
}
