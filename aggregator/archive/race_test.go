package archive_test

import (
	"context"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/file"
	"github.com/actiontrail/actiontrail/event"
)

// turns lets one of several writers make a call of the bucket at a time: each stops
// before each of its calls, until the test has chosen who goes on.
type turns struct{ asks chan ask }

type ask struct {
	writer int
	ended  bool
	goOn   chan struct{}
}

// run runs the writers until all have ended. choose picks one of those that wait.
func (s *turns) run(writers []func(), choose func(step int, waiting []int) int) {
	for i, w := range writers {
		go func() {
			s.before(i)
			w()
			s.asks <- ask{writer: i, ended: true}
		}()
	}
	waiting := map[int]chan struct{}{}
	for running, step := len(writers), 0; running > 0; {
		a := <-s.asks
		if running--; !a.ended {
			waiting[a.writer] = a.goOn
		}
		if running > 0 || len(waiting) == 0 {
			continue
		}
		var who []int
		for w := range waiting {
			who = append(who, w)
		}
		slices.Sort(who)
		next := choose(step, who)
		step++
		close(waiting[next])
		delete(waiting, next)
		running = 1
	}
}

func (s *turns) before(writer int) {
	a := ask{writer: writer, goOn: make(chan struct{})}
	s.asks <- a
	<-a.goOn
}

// turning is the bucket as one of the writers has it.
type turning struct {
	in     archive.Bucket
	turns  *turns
	writer int
}

func (b turning) Create(ctx context.Context, key string, r io.Reader, m archive.Meta) error {
	b.turns.before(b.writer)
	return b.in.Create(ctx, key, r, m)
}

func (b turning) Read(ctx context.Context, key string) (io.ReadCloser, error) {
	b.turns.before(b.writer)
	return b.in.Read(ctx, key)
}

func (b turning) Head(ctx context.Context, key string) (archive.Info, error) {
	b.turns.before(b.writer)
	return b.in.Head(ctx, key)
}

func (b turning) List(ctx context.Context, prefix, after string) iter.Seq2[archive.Info, error] {
	b.turns.before(b.writer)
	return b.in.List(ctx, prefix, after)
}

// race has several writers, none of which knows of another, follow one stream into
// one bucket. The clocks differ, and of two the compression, too. It tells how
// often one found that another was faster.
func (s *site) race(writers int, stream []event.Batch, choose func(step int, waiting []int) int) (beaten int) {
	s.t.Helper()
	in, err := file.New(s.bucket)
	if err != nil {
		s.t.Fatal(err)
	}
	all := &turns{asks: make(chan ask)}
	errs := make([]error, writers)
	lost := make([]int, writers)
	var run []func()
	for i := range writers {
		w := *s
		w.clock = &clock{start.Add(time.Duration(i) * 7 * time.Second)}
		w.cfg.Now = w.clock.now
		w.cfg.Bucket = turning{in, all, i}
		w.cfg.Staging = filepath.Join(filepath.Dir(s.bucket), fmt.Sprint("staging-", i))
		w.cfg.SetLevel(1 + 8*(i%2))
		if s.cfg.Log != nil {
			log := *s.cfg.Log
			log.File = filepath.Join(s.logFolder(), fmt.Sprintf("all-%d.json", i))
			w.cfg.Log = &log
		}
		run = append(run, func() { lost[i], errs[i] = w.compete(stream) })
	}
	all.run(run, choose)
	for i, err := range errs {
		if err != nil {
			s.t.Fatalf("writer %d: %v", i, err)
		}
		beaten += lost[i]
	}
	s.clock.pass(100 * time.Hour)
	return beaten
}

// compete follows the stream to its end as a follower does: after an error again from the position.
func (s *site) compete(stream []event.Batch) (beaten int, err error) {
	var a *archive.Archive
	for range 200 {
		if a == nil {
			if a, err = archive.Open(s.t.Context(), s.cfg); err != nil {
				a = nil
			}
		}
		if a != nil {
			err = s.once(a, stream)
		}
		switch {
		case err == nil:
			return beaten, nil
		case strings.Contains(err.Error(), "another process"), strings.Contains(err.Error(), "somebody else"):
			beaten++
		default:
			return beaten, err
		}
	}
	return beaten, err
}

// Two writers that both believe they lead: whoever wins each call of the bucket,
// nothing is lost and nothing doubled, the seals are one chain and one log.
func TestTwoWritersRaceWithoutALease(t *testing.T) {
	stream := makeStream(9, 3)
	for _, logged := range []bool{false, true} {
		beaten := 0
		one := func(name string, writers int, choose func(int, []int) int) {
			s := newSite(t)
			s.cfg.RollBytes = 4000
			if logged {
				s.logged()
			}
			beaten += s.race(writers, stream, choose)
			if s.whole(stream, all); t.Failed() {
				t.Fatalf("%s, logged: %v", name, logged)
			}
		}
		// One goes so far, then the other one until it has ended, then the first one again.
		for at := range 50 {
			one(fmt.Sprintf("halted at call %d", at), 2, func(step int, waiting []int) int {
				if step < at {
					return waiting[0]
				}
				return waiting[len(waiting)-1]
			})
		}
		// All ways in which 6 runs of calls can be dealt to two.
		for deal := range 64 {
			one(fmt.Sprintf("deal %06b", deal), 2, func(step int, waiting []int) int {
				return waiting[deal>>(step/5%6)&1%len(waiting)]
			})
		}
		for seed := range uint64(40) {
			r := rand.New(rand.NewPCG(seed, 7))
			one(fmt.Sprintf("seed %d", seed), 2+int(seed%2), func(_ int, waiting []int) int { return waiting[r.IntN(len(waiting))] })
		}
		if beaten < 50 {
			t.Errorf("in all races a writer was beaten %d times: they hardly met", beaten)
		}
		t.Logf("logged %v: beaten %d times", logged, beaten)
	}
}
