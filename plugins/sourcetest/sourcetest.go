// Package sourcetest checks that a plugins.Source keeps its contract: it reads
// everything once, and goes on from every cursor that it handed out.
package sourcetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/plugins"
)

// Harness is what is under test.
type Harness struct {
	// New makes a source that is not open yet. Each is a run of its own over the
	// same, unchanging data; only one is open at a time.
	New func(t testing.TB) plugins.Source
	// Want is the data of all records, in any order. A suite that could read
	// everything in one batch shows little: more than plugins.MaxRecords are wanted.
	Want []string
	// Ends says that Read returns io.EOF after the last record; else it blocks.
	Ends bool
	// Patience is how long records may take that are there. It is waited for in
	// full only by a source that is broken. 0: 20 seconds.
	Patience time.Duration
}

// boundaries is at how many batch boundaries a source is restarted at most.
const boundaries = 32

// Run runs the suite.
func Run(t *testing.T, h Harness) {
	t.Helper()
	if h.Patience == 0 {
		h.Patience = 20 * time.Second
	}
	for _, c := range []struct {
		name  string
		check func(testing.TB, Harness) error
	}{
		{"reads everything once", checkAll},
		{"goes on from every cursor", checkRestarts},
		{"loses nothing when ctx ends", checkCancel},
		{"can be opened again", checkReopen},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.check(t, h); err != nil {
				t.Error(err)
			}
		})
	}
}

// place is where a record was read: what its id is made of.
type place struct {
	fileID     string
	generation uint64
	offset     int64
}

// run is what was read of a source.
type run struct {
	records map[place]string
	cursors []plugins.Cursor // cursors[i]: before batch i
	before  []int            // before[i]: records read before batch i
	order   []place
	last    map[string]place // of each file
	next    plugins.Cursor   // of the last batch: the agent keeps it until its own batch is full
	kept    plugins.Cursor   // a copy
}

func newRun(at plugins.Cursor) *run {
	return &run{records: map[place]string{}, last: map[string]place{}, cursors: []plugins.Cursor{at}, before: []int{0}}
}

func (r *run) cursor() plugins.Cursor { return r.cursors[len(r.cursors)-1] }

// take checks and copies a batch.
func (r *run) take(b plugins.Batch) error {
	if len(b.Records) == 0 && len(b.Next) == 0 {
		return errors.New("a Read returned neither records nor marks")
	}
	if len(b.Records) > plugins.MaxRecords {
		return fmt.Errorf("a batch of %d records: at most plugins.MaxRecords", len(b.Records))
	}
	if len(b.Records) > 0 && len(b.Next) == 0 {
		return errors.New("records without a mark: a restart would read them again")
	}
	if !reflect.DeepEqual(r.next, r.kept) {
		return fmt.Errorf("a Read has changed the Next of the batch before, from %v to %v", r.kept, r.next)
	}
	r.next, r.kept = b.Next, make(plugins.Cursor, len(b.Next))
	for i, m := range b.Next {
		r.kept[i] = plugins.Mark{Key: m.Key, Value: bytes.Clone(m.Value)}
	}
	if r.next == nil {
		r.kept = nil
	}
	for _, rec := range b.Records {
		p := place{rec.Pos.FileID, rec.Pos.Generation, rec.Pos.Offset}
		if p.fileID == "" {
			return fmt.Errorf("record %q has no FileID", rec.Data)
		}
		if had, ok := r.records[p]; ok {
			return fmt.Errorf("two records at %+v: %q and %q", p, had, rec.Data)
		}
		if last, ok := r.last[p.fileID]; ok && (p.generation < last.generation || p.generation == last.generation && p.offset < last.offset) {
			return fmt.Errorf("record at %+v after that at %+v", p, last)
		}
		if cut := rec.Pos.Length > int64(len(rec.Data)); cut != (rec.Fault != "") || rec.Pos.Length < int64(len(rec.Data)) {
			return fmt.Errorf("record at %+v has %d bytes, Length %d and fault %q", p, len(rec.Data), rec.Pos.Length, rec.Fault)
		}
		r.records[p], r.last[p.fileID] = string(rec.Data), p
		r.order = append(r.order, p)
	}
	r.cursors = append(r.cursors, r.cursor().Merge(b.Next))
	r.before = append(r.before, len(r.order))
	return nil
}

// read reads until it has n records, committing as the agent does.
func (r *run) read(s plugins.Source, n int, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for len(r.order) < n {
		b, err := s.Read(ctx)
		if err != nil {
			return fmt.Errorf("read %d records of %d: %w", len(r.order), n, err)
		}
		if err := r.take(b); err != nil {
			return err
		}
		if err := s.Committed(ctx, r.cursor()); err != nil {
			return fmt.Errorf("committed: %w", err)
		}
	}
	return nil
}

// end checks that there is nothing more: io.EOF, or Read blocks and returns the
// error of its ctx. Marks may still move.
func (r *run) end(s plugins.Source, h Harness) error {
	ends, wait := h.Ends, 30*time.Millisecond
	if ends {
		wait = h.Patience
	}
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	for {
		b, err := s.Read(ctx)
		if len(b.Records) > 0 {
			return fmt.Errorf("read more than there is: %q", b.Records[0].Data)
		}
		switch {
		case ends && errors.Is(err, io.EOF), !ends && errors.Is(err, context.DeadlineExceeded):
			return nil
		case err != nil || ends && ctx.Err() != nil:
			return fmt.Errorf("after the last record Read returned %v (ends: %v)", err, ends)
		}
	}
}

// open opens a new source.
func open(t testing.TB, h Harness, at plugins.Cursor) (plugins.Source, error) {
	s := h.New(t)
	if err := s.Open(context.Background(), at); err != nil {
		return nil, fmt.Errorf("open at %v: %w", at, err)
	}
	return s, nil
}

// whole reads all.
func whole(t testing.TB, h Harness) (*run, error) {
	s, err := open(t, h, nil)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	r := newRun(nil)
	if err := r.read(s, len(h.Want), h.Patience); err != nil {
		return nil, err
	}
	return r, errors.Join(r.end(s, h), s.Close())
}

func checkAll(t testing.TB, h Harness) error {
	r, err := whole(t, h)
	if err != nil {
		return err
	}
	got := slices.Sorted(maps.Values(r.records))
	want := slices.Sorted(slices.Values(h.Want))
	for i := range want {
		if got[i] != want[i] {
			return fmt.Errorf("sorted record %d is %q, want %q", i, got[i], want[i])
		}
	}
	return nil
}

func checkRestarts(t testing.TB, h Harness) error {
	all, err := whole(t, h)
	if err != nil {
		return err
	}
	n := len(all.cursors)
	step := max(1, n/boundaries)
	for i := 0; i < n; i += step {
		if err := checkRestart(t, h, all, i); err != nil {
			return fmt.Errorf("restart before batch %d of %d: %w", i, n, err)
		}
	}
	return checkRestart(t, h, all, n-1)
}

// checkRestart opens at the cursor before batch i: it must give the rest, at the same places.
func checkRestart(t testing.TB, h Harness, all *run, i int) error {
	s, err := open(t, h, all.cursors[i])
	if err != nil {
		return err
	}
	defer s.Close()
	r := newRun(all.cursors[i])
	if err := r.read(s, len(all.order)-all.before[i], h.Patience); err != nil {
		return err
	}
	for _, p := range all.order[all.before[i]:] {
		if got, ok := r.records[p]; !ok || got != all.records[p] {
			return fmt.Errorf("at %+v: got %q (%v), want %q", p, got, ok, all.records[p])
		}
	}
	return r.end(s, h)
}

func checkCancel(t testing.TB, h Harness) error {
	s, err := open(t, h, nil)
	if err != nil {
		return err
	}
	defer s.Close()
	r := newRun(nil)
	whole, stop := context.WithTimeout(context.Background(), h.Patience)
	defer stop()
	for turn := 0; len(r.order) < len(h.Want); turn++ {
		ctx, cancel := context.WithCancel(whole)
		switch turn % 3 {
		case 0:
			cancel()
		case 1:
			go cancel() // somewhere in Read
		}
		b, err := s.Read(ctx)
		ended := ctx.Err() != nil
		cancel()
		if err != nil {
			if !ended || !errors.Is(err, context.Canceled) {
				return fmt.Errorf("read %d records of %d: %w", len(r.order), len(h.Want), err)
			}
			if len(b.Records) > 0 {
				return fmt.Errorf("records beside the error %w", err)
			}
			continue
		}
		if err := r.take(b); err != nil {
			return err
		}
	}
	if h.Ends {
		return r.end(s, h)
	}
	ctx, cancel := context.WithCancel(context.Background()) // while it blocks
	done := make(chan error, 1)
	go func() {
		for {
			b, err := s.Read(ctx)
			if err != nil || len(b.Records) > 0 {
				done <- err
				return
			}
		}
	}()
	cancel()
	select {
	case err := <-done:
		if !errors.Is(err, context.Canceled) {
			return fmt.Errorf("a blocked Read returned %v when ctx was cancelled", err)
		}
	case <-time.After(h.Patience):
		return errors.New("a blocked Read goes on after ctx was cancelled")
	}
	return nil
}

// checkReopen reads half, closes, and opens the same source again, as a lane
// does that starts anew: at an older cursor than it had reached.
func checkReopen(t testing.TB, h Harness) error {
	s, err := open(t, h, nil)
	if err != nil {
		return err
	}
	defer s.Close()
	r := newRun(nil)
	if err := r.read(s, len(h.Want)/2, h.Patience); err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	at, before := r.cursors[len(r.cursors)/2], r.before[len(r.cursors)/2]
	if err := s.Open(context.Background(), at); err != nil {
		return fmt.Errorf("open again: %w", err)
	}
	rest := newRun(at)
	if err := rest.read(s, len(h.Want)-before, h.Patience); err != nil {
		return err
	}
	for _, p := range r.order[before:] {
		if rest.records[p] != r.records[p] {
			return fmt.Errorf("at %+v: %q after opening again, %q before", p, rest.records[p], r.records[p])
		}
	}
	return rest.end(s, h)
}
