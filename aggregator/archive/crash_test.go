package archive_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"sync"
	"testing"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/file"
	"github.com/actiontrail/actiontrail/event"
)

var errFault = errors.New("planted fault")

// faults decides which step fails, and how.
type faults struct {
	step  int                                 // steps so far
	plan  func(step int) (before, after bool) // fails without, or after having done it
	crash bool                                // a fault ends the process: nothing succeeds after it
	dead  bool

	mu sync.Mutex // seals are read several at once
}

func (f *faults) around(do func() error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dead {
		return errFault
	}
	f.step++
	before, after := f.plan(f.step)
	if before {
		f.dead = f.crash
		return errFault
	}
	err := do()
	if after {
		f.dead = f.crash
		return errFault
	}
	return err
}

// faulty is a bucket whose calls fail as planned.
type faulty struct {
	in archive.Bucket
	*faults
}

func (b faulty) Create(ctx context.Context, key string, r io.Reader, m archive.Meta) error {
	return b.around(func() error { return b.in.Create(ctx, key, r, m) })
}

func (b faulty) Read(ctx context.Context, key string) (r io.ReadCloser, err error) {
	err = b.around(func() error { r, err = b.in.Read(ctx, key); return err })
	return r, err
}

func (b faulty) Head(ctx context.Context, key string) (i archive.Info, err error) {
	err = b.around(func() error { i, err = b.in.Head(ctx, key); return err })
	return i, err
}

func (b faulty) List(ctx context.Context, prefix, after string) iter.Seq2[archive.Info, error] {
	return func(yield func(archive.Info, error) bool) {
		if err := b.around(func() error { return nil }); err != nil {
			yield(archive.Info{}, err)
			return
		}
		b.in.List(ctx, prefix, after)(yield)
	}
}

// plant makes the bucket and the staging folder of the site fail as planned.
func (s *site) plant(f *faults) {
	s.t.Helper()
	in, err := file.New(s.bucket)
	if err != nil {
		s.t.Fatal(err)
	}
	s.cfg.Bucket = faulty{in, f}
	s.cfg.SetStep(func(string) error { return f.around(func() error { return nil }) })
}

// covered checks that the archive holds what its position says: the stream may forget it.
func (s *site) covered(a *archive.Archive, stream []event.Batch) {
	s.t.Helper()
	ids := s.ids()
	for _, b := range stream {
		for _, e := range b.Events {
			if b.Seq <= a.Position().Seq && ids[e.ID] != 1 {
				s.t.Fatalf("the position is seq %d, but event %s at seq %d is %d times in the archive", a.Position().Seq, e.ID, b.Seq, ids[e.ID])
			}
		}
	}
}

func none(int) (bool, bool) { return false, false }

// crashStream gives 4 seals with up to 4 objects each.
func crashStream() []event.Batch { return makeStream(14, 3) }

func TestCrashAtEachStep(t *testing.T) {
	variants := []crashVariant{
		{"crash before", true, false, false, false},
		{"crash after", true, false, false, true},
		{"crash before, staging lost", true, true, false, false},
		{"crash after, staging lost", true, true, false, true},
		{"crash before, staging lost, other compression", true, true, true, false},
		{"crash after, staging lost, other compression", true, true, true, true},
		{"error before", false, false, false, false},
		{"error after", false, false, false, true},
	}
	stream := crashStream()
	for _, codec := range []archive.Codec{archive.NDJSONGzip, archive.Parquet} {
		for i, v := range variants {
			if codec == archive.Parquet && (i%3 != 2 || testing.Short()) { // the way is the same: some do
				continue
			}
			t.Run(v.name+" "+string(codec), func(t *testing.T) {
				t.Parallel()
				crashAtEachStep(t, stream, codec, v)
			})
		}
	}
}

type crashVariant struct {
	name        string
	crash, lost bool // the process ends; its staging folder is lost, and what it remembers of the log
	level       bool // the next release compresses in another way
	after       bool
}

func crashAtEachStep(t *testing.T, stream []event.Batch, codec archive.Codec, v crashVariant) {
	t.Helper()
	amended, stride := 0, 1
	if testing.Short() {
		stride = 5
	}
	for step := 1; ; step += stride {
		s := newSite(t)
		s.cfg.Codec = codec
		s.cfg.RollBytes = 4000
		s.cfg.SetSpills(2500)
		if v.lost != v.after { // half of them, as it is half of the work
			s.logged()
		}
		f := &faults{crash: v.crash, plan: func(n int) (bool, bool) { return n == step && !v.after, n == step && v.after }}
		s.plant(f)
		a, err := archive.Open(t.Context(), s.cfg)
		if err == nil {
			err = s.once(a, stream)
		}
		if err == nil && f.step < step {
			t.Logf("%d steps, %d times an amendment", f.step, amended)
			if (amended > 0) != v.level {
				t.Errorf("%d amendments", amended)
			}
			return
		}
		if a != nil {
			s.covered(a, stream)
		}
		if v.crash || a == nil {
			if v.lost {
				if err := errors.Join(os.RemoveAll(s.cfg.Staging), os.RemoveAll(s.logFolder())); err != nil {
					t.Fatal(err)
				}
			}
			if v.level {
				s.cfg.SetLevel(1)
			}
			s.plant(&faults{plan: none})
			a = s.open()
		}
		s.follow(a, stream)
		for n := range s.whole(stream, all).Seals {
			if s.seal(n).Amends != nil {
				amended++
			}
		}
		if t.Failed() {
			t.Fatalf("with a fault at step %d", step)
		}
	}
}

func TestManyFaults(t *testing.T) {
	stream, seeds := crashStream(), uint64(40)
	if testing.Short() {
		seeds = 10
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 1))
			s := newSite(t)
			s.cfg.RollBytes = 4000
			s.cfg.SetSpills(1 + r.IntN(3000))
			s.cfg.Codec = []archive.Codec{archive.NDJSONGzip, archive.Parquet}[r.IntN(2)]
			s.logged()
			var a *archive.Archive
			for life := 0; ; life++ {
				rate := 12 + life // so that it ends
				s.plant(&faults{crash: r.IntN(2) == 0, plan: func(int) (bool, bool) { return r.IntN(rate) == 0, r.IntN(rate) == 0 }})
				if r.IntN(3) == 0 {
					if err := errors.Join(os.RemoveAll(s.cfg.Staging), os.RemoveAll(s.logFolder())); err != nil {
						t.Fatal(err)
					}
				}
				s.cfg.SetLevel(1 + r.IntN(9))
				var err error
				if a, err = archive.Open(t.Context(), s.cfg); err != nil {
					continue
				}
				for range 3 {
					if err = s.once(a, stream); err == nil {
						s.whole(stream, all)
						return
					}
					s.covered(a, stream)
				}
			}
		})
	}
}
