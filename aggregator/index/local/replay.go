package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// replayedWAL is a WAL read into a memory.
type replayedWAL struct {
	replayed
	memory *memory
}

// replay reads WAL n. Damage that was not known is entered into the manifest,
// and whole becomes false: from there on the position stays.
func (x *Index) replay(n uint64, numbers []uint64, whole *bool, m *manifest) (out replayedWAL, err error) {
	out.memory = newMemory(x.codec, n)
	b, err := os.ReadFile(filepath.Join(x.cfg.Dir, walName(n)))
	if errors.Is(err, fs.ErrNotExist) {
		out.damage = []string{"the file is missing"}
	} else if err != nil {
		return out, err
	}
	end := int64(-1)
	if n != numbers[len(numbers)-1] {
		if end, err = x.endOf(n); err != nil {
			return out, err
		}
	}
	if len(out.damage) == 0 {
		out.replayed, err = readWAL(x.codec, b, n, end, func(rec record, intact bool) error {
			return x.take(out.memory, rec, *whole && intact && n >= m.From)
		})
		if err != nil {
			return out, err
		}
	}
	out.memory.end = out.end
	out.memory.walBytes.Store(int64(len(b)))
	if len(out.damage) > 0 {
		if n >= m.From {
			*whole = false
		}
		name := walName(n)
		if !slices.ContainsFunc(m.Damaged, func(d damageEntry) bool { return d.File == name }) {
			m.Damaged = append(m.Damaged, damageEntry{File: name, Reason: strings.Join(out.damage, "; "), Missing: len(b) == 0})
		} else {
			out.damage = nil // known: nothing is new
		}
	}
	out.memory.position = x.position.Clone()
	return out, nil
}

// endOf is how much of WAL n counts, which the one after it says; all of it when that is damaged.
func (x *Index) endOf(n uint64) (int64, error) {
	f, err := os.Open(filepath.Join(x.cfg.Dir, walName(n+1)))
	if err == nil {
		head := make([]byte, walHead)
		k, _ := f.ReadAt(head, 0) // what is missing makes it no header
		f.Close()
		info, err := readWALHead(head[:k], n+1)
		if err != nil {
			return 0, err
		}
		if info.whole {
			return info.before, nil
		}
	}
	st, err := os.Stat(filepath.Join(x.cfg.Dir, walName(n)))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return st.Size(), nil
}

// take adds a record's events to the memory, and moves the position when that may be.
func (x *Index) take(m *memory, rec record, moves bool) error {
	var failed error
	for i := 0; i < len(rec.docs); i += eventsPerBlock { // version 1: packed anew
		if err := x.repack(m, rec.docs[i:min(i+eventsPerBlock, len(rec.docs))]); err != nil {
			failed = errors.Join(failed, err)
		}
	}
	for _, b := range rec.blocks {
		m.addBlock(b.packed, b.events.count)
		first := len(m.times)
		for i := range b.events.count {
			var e event.Event
			if err := b.events.event(i, &e); err != nil {
				failed = errors.Join(failed, err)
			} else if !x.replayed(m, &e) {
				m.add(&e, i, x.cfg.Classes.Of(&e))
				x.body.docs.add(&e)
			}
		}
		m.addGathered(x.body.docs, first)
	}
	for i := range rec.batches {
		m.seqs.Add(rec.batches[i].Seq)
		x.behind = max(x.behind, rec.batches[i].Seq)
	}
	if failed == nil && moves {
		for i := range rec.batches {
			x.position.Advance(&rec.batches[i])
		}
	}
	return failed
}

// replayed tells whether the event was met in a WAL already.
func (x *Index) replayed(m *memory, e *event.Event) bool {
	return m.has(e.ID, e.Time.Nanos) || slices.ContainsFunc(x.full, func(m *memory) bool { return m.has(e.ID, e.Time.Nanos) })
}

// repack adds canonical JSON to the memory, as a block.
func (x *Index) repack(m *memory, docs [][]byte) error {
	var failed error
	events := make([]event.Event, 0, len(docs))
	taken := map[place]bool{}
	for i, doc := range docs {
		e, err := decodeEvent(doc)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("event %d: %w", i, err))
			continue
		}
		if at := (place{e.Time.Nanos, e.ID}); !taken[at] && !x.replayed(m, &e) {
			taken[at] = true
			events = append(events, e)
		}
	}
	for len(events) > 0 {
		n := 0
		for n < len(events) && !x.body.docs.full() {
			x.body.docs.add(&events[n])
			n++
		}
		var values gathered
		x.body.docs.gather(&values)
		m.addBlock(x.body.docs.take(nil), n)
		first := len(m.times)
		for i := range events[:n] {
			m.add(&events[i], i, x.cfg.Classes.Of(&events[i]))
		}
		m.addValues(&values, first)
		events = events[n:]
	}
	return failed
}
