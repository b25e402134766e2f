package indextest

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
)

// How much Run asks, with -short a tenth of it, unless the environment says otherwise: INDEXTEST_SEED,
// INDEXTEST_EVENTS and INDEXTEST_QUERIES.
const (
	defaultSeed    = 1
	defaultEvents  = 20_000
	defaultQueries = 2_000
)

// asking is how many questions are under way at a time, so that an engine far away keeps the suite busy.
const asking = 8

// setting is a number of the environment.
func setting(t *testing.T, name string, standard int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return standard
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		t.Fatalf("%s=%s is not a number of 0 or more", name, text)
	}
	return n
}

// conforms writes events of every kind and asks thousands of questions about
// them. The same seed gives the same events and questions.
func conforms(t *testing.T, b *bench) {
	seed := setting(t, "INDEXTEST_SEED", defaultSeed)
	events, queries := defaultEvents, defaultQueries
	if testing.Short() {
		events, queries = events/10, queries/10
	}
	events, queries = setting(t, "INDEXTEST_EVENTS", events), setting(t, "INDEXTEST_QUERIES", queries)
	began := time.Now()
	b.world = newWorld(uint64(seed))
	ctx := context.Background()
	const batch = 250
	for written := 0; written < events; written += batch {
		some := make([]event.Event, min(batch, events-written))
		for i := range some {
			some[i] = b.world.rich()
		}
		some = append(some, some[b.world.IntN(len(some))]) // once more
		b.write(t, b.lanes.Batch(fmt.Sprint("agent ", written/batch%3), some...))
		if err := b.index.Flush(ctx, Start.Add(72*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if written/batch == events/batch/2 {
			b.reopen(t)
		}
	}
	wrote := time.Since(began)
	asked := ask(t, b.index, newOracle(b.events), uint64(seed), queries)
	line := fmt.Sprintf("%s: seed %d: %d events in %.1f s, %d queries in %.1f s: %s", t.Name(), seed, len(b.events), wrote.Seconds(),
		queries, (time.Since(began) - wrote).Seconds(), asked)
	t.Log(line)
	fmt.Println("measured:", line) // make check shows it
}

// ask asks n questions, in no order but the same ones for a seed, and tells how
// much was asked. The first answer that is wrong ends the test, with the
// smallest question that has it too.
func ask(t *testing.T, x index.Index, o *oracle, seed uint64, n int) string {
	t.Helper()
	type failure struct {
		number int
		q      question
		way    way
		err    error
	}
	var (
		next, searched, found atomic.Int64
		mu                    sync.Mutex
		failed                *failure
		wait                  sync.WaitGroup
	)
	a := newAsker(rand.New(rand.NewPCG(seed, 4)), o, n)
	ctx := context.Background()
	asks := func() {
		for {
			i := int(next.Add(1)) - 1
			if i >= n {
				return
			}
			mine := asker{rand.New(rand.NewPCG(seed, 1000+uint64(i))), o, a.leaves, a.froms}
			q := mine.question()
			for _, way := range mine.ways(q.From.IsZero() || q.To.IsZero()) {
				err := way.check(ctx, x, o, q)
				if err == nil {
					searched.Add(1)
					continue
				}
				mu.Lock()
				if failed == nil || i < failed.number {
					failed = &failure{i, q, way, err}
				}
				mu.Unlock()
				next.Store(int64(n))
				return
			}
			if len(o.hits(q.Query)) > 0 {
				found.Add(1)
			}
		}
	}
	for range asking {
		wait.Go(asks)
	}
	wait.Wait()
	if f := failed; f != nil {
		q := shrink(f.q, func(q question) bool { return f.way.check(ctx, x, o, q) != nil })
		err := cmp.Or(f.way.check(ctx, x, o, q), fmt.Errorf("not again, but before: %w", f.err))
		t.Fatalf("INDEXTEST_SEED=%d: query %d, %s: %v\nof %s", seed, f.number, f.way.name, err, q)
	}
	if share := float64(found.Load()) / float64(n); n >= 500 && share < 0.5 {
		t.Fatalf("the suite is wrong: only %.0f%% of the queries find something", 100*share)
	}
	return fmt.Sprintf("%d questions, %d queries found something, nothing differs", searched.Load(), found.Load())
}

// ways are the methods that a question is put to: Search always, of the others two,
// or one when all that there is may have to be looked at.
func (a *asker) ways(wide bool) []way {
	all := ways()
	some, others := all[:1:1], 2
	if wide {
		others = 1
	}
	for _, i := range a.Perm(len(all) - 1)[:others] {
		some = append(some, all[1+i])
	}
	some = append(some, way{"match", a.direct})
	return some
}

// direct asks query.Match about some events, by itself.
func (a *asker) direct(_ context.Context, _ index.Index, o *oracle, q question) error {
	if q.Filter == nil {
		return nil
	}
	for range 20 {
		if err := o.direct(q.Filter, a.IntN(len(o.events))); err != nil {
			return err
		}
	}
	return nil
}

// newWorld begins to draw events of three days.
func newWorld(seed uint64) world {
	return world{Rand: rand.New(rand.NewPCG(seed, 3)), start: Start}
}
