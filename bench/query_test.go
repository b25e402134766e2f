package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/aggregator/index/local"
	"github.com/actiontrail/actiontrail/query"
)

// BenchmarkQuery asks an index of BENCH_EVENTS events (1,000,000) the 13 kinds of
// question that a search page asks: each kind alone, then all of them mixed. With
// BENCH_DIR the index is made there once, and found by the next run.
func BenchmarkQuery(b *testing.B) {
	total := setting(b, "BENCH_EVENTS", 1_000_000)
	dir := filledIndex(b, total)
	b.Run("open", func(b *testing.B) {
		for range b.N {
			b.StopTimer()
			evict(b, dir)
			b.StartTimer()
			closeIndex(b, openIndex(b, dir))
		}
	})
	a := newAsker(b, dir, total)
	for i, kind := range a.round() {
		b.Run("kind="+kind.name, func(b *testing.B) {
			cold := a.cold(b, dir, i)
			var times []time.Duration
			b.ResetTimer()
			for range b.N {
				b.StopTimer()
				q := a.round()[i]
				b.StartTimer()
				times = append(times, a.time(b, q))
			}
			report(b, times)
			b.ReportMetric(cold.Seconds()*1e3, "ms-cold")
		})
	}
	b.Run("mixed", func(b *testing.B) {
		const rounds = 10
		var times []time.Duration
		for range b.N * rounds {
			for _, q := range a.round() {
				times = append(times, a.time(b, q))
			}
		}
		report(b, times)
		now, peak := memory(b)
		b.ReportMetric(now, "MB-rss")
		b.ReportMetric(peak, "MB-rss-peak")
	})
	closeIndex(b, a.index)
}

func report(b *testing.B, times []time.Duration) {
	q := quantilesOf(times)
	b.ReportMetric(q.p50, "ms-p50")
	b.ReportMetric(q.p99, "ms-p99")
	b.ReportMetric(q.max, "ms-max")
}

// filledIndex is the folder of an index of so many events, all in segments.
func filledIndex(b *testing.B, total int) string {
	b.Helper()
	keep := os.Getenv("BENCH_DIR")
	if keep == "" {
		dir := b.TempDir()
		ingest(b, dir, total, 2000)
		return dir
	}
	dir := filepath.Join(keep, fmt.Sprintf("index-%d", total))
	if _, err := os.Stat(dir); err == nil {
		return dir
	}
	// One that was not finished is made anew, not taken for a whole one.
	part := dir + ".part"
	if err := os.RemoveAll(part); err != nil {
		b.Fatal(err)
	}
	if err := os.MkdirAll(part, 0o755); err != nil {
		b.Fatal(err)
	}
	ingest(b, part, total, 2000)
	if err := os.Rename(part, dir); err != nil {
		b.Fatal(err)
	}
	return dir
}

func openIndex(b *testing.B, dir string) *local.Index {
	b.Helper()
	x, err := local.Open(local.Config{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	return x
}

func closeIndex(b *testing.B, x *local.Index) {
	b.Helper()
	if err := x.Close(); err != nil {
		b.Fatal(err)
	}
}

// evict has the kernel forget the files, so that they come from the disk again.
func evict(b *testing.B, dir string) {
	b.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := unix.Fdatasync(int(f.Fd())); err != nil { // what is not written yet stays
			return err
		}
		return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
	})
	if err != nil {
		b.Fatal(err)
	}
}

// asker makes questions with constants of the events that the index holds.
type asker struct {
	index  *local.Index
	random *rand.Rand
	world  *events
	ids    []string // of some events, all over the time
}

func newAsker(b *testing.B, dir string, total int) *asker {
	b.Helper()
	a := &asker{index: openIndex(b, dir), random: rand.New(rand.NewPCG(99, 1)), world: newEvents(total)}
	const ids = 200
	for i := range ids {
		from := eventsStart.Add(time.Duration(i) * 89 * day / ids)
		page, err := a.index.Search(b.Context(), index.Query{From: from, To: eventsEnd, Limit: 1, Ascending: true})
		if err != nil || len(page.Events) == 0 {
			b.Fatalf("no event after %v: %v", from, err)
		}
		var e struct{ EventID string }
		if err := json.Unmarshal(page.Events[0], &e); err != nil {
			b.Fatal(err)
		}
		a.ids = append(a.ids, e.EventID)
	}
	return a
}

// question is one use of the index, from the text of the query to the answer.
type question struct {
	name string
	kql  string
	ask  func(ctx context.Context, x index.Index, filter query.Expr) error
}

// time asks once.
func (a *asker) time(b *testing.B, q question) time.Duration {
	began := time.Now()
	filter, err := query.Parse(q.kql)
	if err == nil {
		err = q.ask(b.Context(), a.index, filter)
	}
	took := time.Since(began)
	if err != nil {
		b.Fatalf("%s: %s: %v", q.name, q.kql, err)
	}
	return took
}

// cold is the time of the first question to an index that was just opened, with
// its files on the disk only.
func (a *asker) cold(b *testing.B, dir string, kind int) time.Duration {
	closeIndex(b, a.index)
	evict(b, dir)
	a.index = openIndex(b, dir)
	return a.time(b, a.round()[kind])
}

// round is one question of each kind, with constants drawn anew.
func (a *asker) round() []question {
	r, w := a.random, a.world
	days := 1 + r.IntN(89)
	user, key := w.users[r.IntN(len(w.users))].name, w.keys[r.IntN(len(w.keys))]
	of := func() string { return w.resources[r.IntN(len(w.resources))].name }
	service, region := services[r.IntN(8)], regions[r.IntN(4)]
	three := "serviceName: " + service + " and acsRegion: " + region + " and eventRW: Write"
	all := index.Query{From: eventsStart, To: eventsEnd}
	some := func(from, to int) index.Query {
		return index.Query{From: eventsStart.Add(time.Duration(from) * day), To: eventsStart.Add(time.Duration(to) * day)}
	}
	return []question{
		{"latest", "", latest(some(0, days))},
		{"user-write", "userIdentity.userName: " + user + " and eventRW: Write", latest(all)},
		{"key", "userIdentity.accessKeyId: " + key, latest(all)},
		{"text", of(), latest(all)},
		{"resource", "resourceName: " + of(), latest(all)},
		{"id", "eventId: " + a.ids[r.IntN(len(a.ids))], latest(all)},
		{"prefix", "resourceName: " + of()[:6] + "*", latest(all)},
		{"latest-of-3", three, latest(all)},
		{"count-of-3-30d", three, count(some(60, 90))},
		{"histogram", "", histogram(all)},
		{"histogram-service", "serviceName: " + service, histogram(all)},
		{"top-7d", "serviceName: " + service, top(some(days/2, days/2+7), "eventName", "sourceIpAddress")},
		{"top-90d", "serviceName: " + service, top(all, "userIdentity.userName", "resourceName")},
	}
}

func latest(q index.Query) func(context.Context, index.Index, query.Expr) error {
	return func(ctx context.Context, x index.Index, filter query.Expr) error {
		q.Filter, q.Limit = filter, 50
		_, err := x.Search(ctx, q)
		return err
	}
}

func count(q index.Query) func(context.Context, index.Index, query.Expr) error {
	return func(ctx context.Context, x index.Index, filter query.Expr) error {
		q.Filter, q.Limit = filter, 0
		_, err := x.Search(ctx, q)
		return err
	}
}

func histogram(q index.Query) func(context.Context, index.Index, query.Expr) error {
	return func(ctx context.Context, x index.Index, filter query.Expr) error {
		q.Filter = filter
		_, err := x.Histogram(ctx, q, time.Hour)
		return err
	}
}

func top(q index.Query, fields ...string) func(context.Context, index.Index, query.Expr) error {
	return func(ctx context.Context, x index.Index, filter query.Expr) error {
		q.Filter = filter
		for _, f := range fields {
			if _, err := x.Values(ctx, q, f, 10); err != nil {
				return err
			}
		}
		return nil
	}
}
