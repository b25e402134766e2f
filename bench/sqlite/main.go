// Command sqlite gives the same events to our embedded index and to SQLite with
// FTS5, in one run, asks both the same questions, and prints what each took and
// the ratio. Both sync each batch. That their answers are equal is looked at with
// each question.
//
// It is a module of its own, so that the product's go.mod stays free of SQLite,
// which is modernc.org/sqlite: the C of SQLite as Go, run without cgo as we are.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/bench/cloud"
	"github.com/actiontrail/actiontrail/bench/gauge"
)

func main() {
	o := options{}
	flag.IntVar(&o.events, "events", 1_000_000, "how many events")
	flag.IntVar(&o.batch, "batch", 2000, "how many of them are made durable at a time")
	flag.IntVar(&o.rounds, "rounds", 20, "how often each kind of question is asked")
	flag.StringVar(&o.dir, "dir", "", "an empty folder to work in; otherwise a temporary one")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "sqlite:", err)
		os.Exit(1)
	}
}

type options struct {
	events, batch, rounds int
	dir                   string
}

// run fills both, asks both and prints the table.
func run(ctx context.Context, o options, out io.Writer) (err error) {
	if o.events < 1 || o.batch < 1 || o.rounds < 1 {
		return fmt.Errorf("-events, -batch and -rounds are numbers above 0")
	}
	if o.dir == "" {
		if o.dir, err = os.MkdirTemp("", "sqlite"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(o.dir)) }()
	}
	ours, err := openOurs(filepath.Join(o.dir, "ours"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ours.close()) }()
	lite, err := openLite(ctx, filepath.Join(o.dir, "sqlite"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lite.close()) }()
	var took [2]filled
	for i, e := range []engine{ours, lite} {
		if took[i], err = fill(ctx, e, o.events, o.batch); err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "%d events written in %v\n", o.events, took[i].wall.Round(time.Second))
	}
	times, err := ask(ctx, ours.index, lite, o)
	if err != nil {
		return err
	}
	return table(out, o, took, times)
}

// timed is how long each engine took for the questions of one kind.
type timed struct {
	name       string
	ours, lite []time.Duration
}

// ask asks both engines, in turn, and fails when their answers differ.
func ask(ctx context.Context, ours index.Index, l *lite, o options) ([]timed, error) {
	asker, err := cloud.NewAsker(ctx, ours, o.events)
	if err != nil {
		return nil, err
	}
	var all []timed
	for round := range o.rounds + 1 { // the first is not counted: whatever is read for it stays in memory
		for i, q := range asker.Round() {
			at := time.Now()
			a, err := q.Ask(ctx, ours)
			oursTook := time.Since(at)
			if err != nil {
				return nil, err
			}
			at = time.Now()
			b, err := l.ask(ctx, q)
			liteTook := time.Since(at)
			if err != nil {
				return nil, fmt.Errorf("SQLite: %s: %w", q.Name, err)
			}
			if err := equal(a, b); err != nil {
				return nil, fmt.Errorf("%s: %s: %w", q.Name, q.KQL(), err)
			}
			if round == 0 {
				all = append(all, timed{name: q.Name})
				continue
			}
			all[i].ours, all[i].lite = append(all[i].ours, oursTook), append(all[i].lite, liteTook)
		}
	}
	return all, nil
}

// table prints what was measured, and how many times ours SQLite took.
func table(out io.Writer, o options, took [2]filled, times []timed) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "%d events\tours\tSQLite\tSQLite : ours\t\n", o.events)
	row := func(what string, ours, lite float64, digits int) {
		fmt.Fprintf(w, "%s\t%.*f\t%.*f\t%.2f\t\n", what, digits, ours, digits, lite, lite/ours)
	}
	n := float64(o.events)
	row("CPU us/event", took[0].cpu/n*1e6, took[1].cpu/n*1e6, 1)
	row("events/s", n/took[0].wall.Seconds(), n/took[1].wall.Seconds(), 0)
	row("bytes/event", float64(took[0].bytes)/n, float64(took[1].bytes)/n, 0)
	var mixed timed
	for _, t := range append(times, mixed) {
		if t.name == "" {
			t = mixed
			t.name = "mixed"
		}
		ours, lite := gauge.QuantilesOf(t.ours), gauge.QuantilesOf(t.lite)
		row(t.name+" ms p50", ours.P50, lite.P50, 2)
		row(t.name+" ms p99", ours.P99, lite.P99, 2)
		mixed.ours, mixed.lite = append(mixed.ours, t.ours...), append(mixed.lite, t.lite...)
	}
	return w.Flush()
}
