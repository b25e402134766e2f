package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/durable"
)

// Checked is what a check found in one file of an index.
type Checked struct {
	File     string    `json:"file"`
	Class    string    `json:"class,omitempty"`
	Events   int       `json:"events"` // that can be read
	Bytes    int64     `json:"bytes"`
	From     time.Time `json:"from,omitzero"` // eventTime of the first event; zero: there is none
	To       time.Time `json:"to,omitzero"`   // and of the last
	Problems []string  `json:"problems,omitempty"`
}

// Report is what a check found in an index.
type Report struct {
	Seq   uint64    `json:"seq"` // of the last batch that is in it
	Files []Checked `json:"files"`
	// Problems concern no single file.
	Problems []string `json:"problems,omitempty"`
}

// OK tells whether nothing is damaged.
func (r *Report) OK() bool {
	return len(r.Problems) == 0 && !slices.ContainsFunc(r.Files, func(c Checked) bool { return len(c.Problems) > 0 })
}

// Check reads all of the index in a folder that nobody has open, and changes
// nothing: every checksum, every event, and whether each event is found by each
// of its values. An error says why it could not be checked.
func Check(ctx context.Context, dir string) (r Report, err error) {
	if _, err := os.Stat(filepath.Join(dir, manifestName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return r, err
	}
	if _, err := os.Stat(dir); err != nil {
		return r, err
	}
	lock, err := durable.LockDir(dir)
	if err != nil {
		return r, err
	}
	defer lock.Close()
	c, err := newCodec()
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	m, err := readManifest(dir)
	if err != nil {
		r.Problems = append(r.Problems, err.Error())
		return r, nil
	}
	if m == nil {
		return r, nil
	}
	r.Seq = m.Position.Seq
	for _, e := range m.Segments {
		checked, err := checkSegment(ctx, c, dir, e)
		if err != nil {
			return r, err
		}
		r.Files = append(r.Files, checked)
	}
	if err := checkWALs(ctx, c, dir, m, &r); err != nil {
		return r, err
	}
	for _, d := range m.Damaged {
		r.Problems = append(r.Problems, fmt.Sprintf("%s was set aside: %s", d.File, d.Reason))
	}
	return r, nil
}

// problem notes what is wrong, as long as it can be read.
func (c *Checked) problem(format string, args ...any) {
	const most = 20
	if len(c.Problems) < most {
		c.Problems = append(c.Problems, fmt.Sprintf(format, args...))
	} else if len(c.Problems) == most {
		c.Problems = append(c.Problems, "and more")
	}
}

func (c *Checked) time(nanos int64) {
	t := time.Unix(0, nanos).UTC()
	if c.From.IsZero() || t.Before(c.From) {
		c.From = t
	}
	if c.To.IsZero() || t.After(c.To) {
		c.To = t
	}
}

// checkWALs reads the WALs whose events are not in segments.
func checkWALs(ctx context.Context, codec *codec, dir string, m *manifest, r *Report) error {
	x := &Index{cfg: Config{Dir: dir}}
	numbers, err := x.walNumbers()
	if err != nil {
		r.Problems = append(r.Problems, err.Error())
		return nil
	}
	numbers = slices.DeleteFunc(numbers, func(n uint64) bool { return n < m.WAL })
	if len(numbers) == 0 {
		if m.WAL > 1 || len(m.Segments) > 0 || m.Position.Seq > 0 {
			r.Files = append(r.Files, Checked{File: walName(m.WAL), Problems: []string{"the file is missing"}})
		}
		return nil
	}
	for n := m.WAL; n <= numbers[len(numbers)-1]; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		c := Checked{File: walName(n)}
		b, err := os.ReadFile(filepath.Join(dir, c.File))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			c.problem("the file is missing")
			r.Files = append(r.Files, c)
			continue
		case err != nil:
			return err
		}
		c.Bytes = int64(len(b))
		end := int64(-1)
		if n < numbers[len(numbers)-1] {
			if end, err = x.endOf(n); err != nil {
				c.problem("%v", err)
			}
		}
		found, err := readWAL(codec, b, n, end, func(rec record, _ bool) error {
			failed := rec.each(func(e *event.Event) {
				c.Events++
				c.time(e.Time.Nanos)
			})
			for i := range rec.batches {
				r.Seq = max(r.Seq, rec.batches[i].Seq)
			}
			return failed
		})
		if err != nil {
			c.problem("%v", err)
		}
		for _, d := range found.damage {
			c.problem("%s", d)
		}
		r.Files = append(r.Files, c)
	}
	return nil
}

// checkChunk is how many events of a segment are held against its dictionaries at a time.
const checkChunk = 32_768

// checkSegment checks one segment. What is wrong with it is no error.
func checkSegment(ctx context.Context, codec *codec, dir string, entry segmentEntry) (Checked, error) {
	c := Checked{File: entry.File, Class: entry.Class}
	s, err := openSegment(codec, filepath.Join(dir, entry.File))
	if err != nil {
		c.problem("%v", reasonOf(err))
		return c, nil
	}
	defer s.release()
	c.Bytes = s.size()
	if s.foot.Events != entry.Events || s.size() != entry.Bytes {
		c.problem("it has %d events and %d bytes, the manifest says %d and %d", s.foot.Events, s.size(), entry.Events, entry.Bytes)
	}
	if day, ok := dayOfName(entry.File); !ok || day != s.foot.Day {
		c.problem("it is of day %d", s.foot.Day)
	}
	k := &segmentCheck{s: s, c: &c, docs: s.readDocs()}
	for from := 0; from < s.foot.Events; from += checkChunk {
		err := s.guard(func() error { return k.chunk(ctx, from, min(from+checkChunk, s.foot.Events)) })
		if ctx.Err() != nil {
			return c, ctx.Err()
		}
		if err != nil {
			c.problem("%v", reasonOf(err))
		}
	}
	if err := s.guard(k.whole); err != nil {
		c.problem("%v", reasonOf(err))
	}
	return c, nil
}

// reasonOf is an error without the name of the segment that it is about.
func reasonOf(err error) string {
	var bad *damageError
	if errors.As(err, &bad) {
		return bad.reason
	}
	return err.Error()
}

// segmentCheck reads a segment chunk by chunk.
type segmentCheck struct {
	s        *segment
	c        *Checked
	docs     docReader
	last     *place // of the event before
	hours    [24]hourCount
	timeless bool
}

type hourCount struct{ events, errors int }

// chunk reads the events from one number to another, and compares the segment
// with a memory of them.
func (k *segmentCheck) chunk(ctx context.Context, from, to int) error {
	times, err := k.s.timesOf()
	if err != nil {
		return err
	}
	m := newMemory(k.s.codec, 0)
	m.addBlock(nil, 0)
	w, err := newDocWriter()
	if err != nil {
		return err
	}
	defer w.close()
	first := 0
	for n := from; n < to; n++ {
		if n%checkEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		doc, err := k.docs.read(uint32(n))
		if err != nil {
			return err
		}
		e, err := event.ParseJSON(doc)
		if err != nil {
			return fmt.Errorf("event %d: %w", n, err)
		}
		if string(e.AppendJSON(nil)) != string(doc) {
			k.c.problem("event %d is not canonical JSON", n)
		}
		at := place{e.Time.Nanos, e.ID}
		k.place(n, &e, at, times(uint32(n)))
		m.add(&e, 0, 0)
		if w.add(&e); w.count == eventsPerBlock {
			m.addGathered(w, first)
			first = len(m.times)
		}
		k.c.Events++
		k.c.time(at.nanos)
	}
	m.addGathered(w, first)
	return k.compare(ctx, m, from, to)
}

// place checks the order of the events, and that each is found by its id.
func (k *segmentCheck) place(n int, e *event.Event, at place, stored int64) {
	if stored != at.nanos || dayOf(at.nanos) != k.s.foot.Day {
		k.c.problem("event %d is of %v, and stands at %v", n, time.Unix(0, at.nanos).UTC(), time.Unix(0, stored).UTC())
	}
	if l := k.last; l != nil && (at.nanos < l.nanos || at.nanos == l.nanos && at.id <= l.id) {
		k.c.problem("event %d is not in its order", n)
	}
	k.last = &at
	k.timeless = k.timeless || e.Time.IsZero()
	h := &k.hours[(at.nanos-dayOf(at.nanos)*dayNanos)/int64(time.Hour)]
	h.events++
	if e.ErrorCode != "" {
		h.errors++
	}
	if set, err := k.s.byID(e.ID); err != nil || !set.Contains(uint32(n)) {
		k.c.problem("event %d is not found by its id %q (%v)", n, e.ID, err)
	}
}

// whole checks what the segment says of all its events.
func (k *segmentCheck) whole() error {
	set, err := k.s.window(k.s.foot.Lo, k.s.foot.Hi)
	if err != nil {
		return err
	}
	counts, err := countSteps(k.s, set, int64(time.Hour))
	if err != nil {
		return err
	}
	for h, want := range k.hours {
		got := counts[k.s.foot.Day*dayNanos+int64(h)*int64(time.Hour)]
		if k.c.Events == k.s.foot.Events && (got.Count != want.events || got.Errors != want.errors) {
			k.c.problem("hour %d has %d events and %d errors, and is said to have %d and %d", h, want.events, want.errors, got.Count, got.Errors)
		}
	}
	if k.timeless && !k.s.timeless() {
		k.c.problem("an event without a time is not told of")
	}
	return k.codes()
}
