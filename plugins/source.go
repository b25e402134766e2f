// Package plugins is the contract between the agent and what it reads from, and
// between the aggregator and what it writes to. Built-in sources, mappers and
// sinks implement it, and so does an outside plugin.
package plugins

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/actiontrail/actiontrail/event"
)

// Mark is one part of a cursor: the place reached in one file, connection or
// topic. Only the source knows what is in Value; an empty Value removes the mark.
type Mark struct {
	Key   string
	Value []byte
}

// Cursor is a place in a source, in parts. The agent keeps it: it is durable in
// the same record as the events before it. The empty Cursor is the place where
// the source was first met.
type Cursor []Mark

// Merge is c moved on by later marks: each replaces the mark of its key. The
// result is sorted by key; c is not changed.
func (c Cursor) Merge(later Cursor) Cursor {
	at := make(map[string][]byte, len(c)+len(later))
	for _, m := range c {
		at[m.Key] = m.Value
	}
	for _, m := range later {
		if at[m.Key] = m.Value; len(m.Value) == 0 {
			delete(at, m.Key)
		}
	}
	merged := make(Cursor, 0, len(at))
	for k, v := range at {
		merged = append(merged, Mark{k, v})
	}
	slices.SortFunc(merged, func(a, b Mark) int { return bytes.Compare([]byte(a.Key), []byte(b.Key)) })
	return merged
}

// Join is both moves in one: later marks replace those of their key, and a
// removal stays a removal.
func (c Cursor) Join(later Cursor) Cursor {
	if len(c) == 0 {
		return later
	}
	joined := slices.Clone(c)
	for _, m := range later {
		if i := slices.IndexFunc(joined, func(k Mark) bool { return k.Key == m.Key }); i >= 0 {
			joined[i] = m
		} else {
			joined = append(joined, m)
		}
	}
	return joined
}

// Value is the value of a mark, nil when the cursor has none of this key.
func (c Cursor) Value(key string) []byte {
	for _, m := range c {
		if m.Key == key {
			return m.Value
		}
	}
	return nil
}

// Position tells where a record was read.
type Position struct {
	File       string // path as the source saw it, or topic or endpoint
	FileID     string // identity of the file: survives a rename, differs for another file of the same name
	Generation uint64 // grows with every truncation of this file
	Offset     int64  // of the record's first byte
	Length     int64  // of the record in the source, in its encoding there and without its line end; more than of Data when Fault says it was cut
}

// Record is one raw unit of a source, before it has a meaning.
type Record struct {
	Data  []byte // without its line end, in UTF-8 if the source knows its encoding; valid until the next Read
	Pos   Position
	Fault string // why Data is not the whole record ("longer than max_line 1 MiB", "the rest of a line"); empty: it is whole

	Evidence *Evidence // of the source itself: there is no Data then, and no mapper is asked; nil: a record of the log
}

// MaxRecords is the most records that one Read returns.
const MaxRecords = 1000

// Batch is a run of records, MaxRecords at most, and the marks that moved with them.
type Batch struct {
	Records []Record
	Next    Cursor // to be merged into the cursor before; may move without records
}

// Source reads records in order. It keeps no state across runs: it is opened at
// the cursor that the agent kept and reads on from there. One goroutine calls it.
type Source interface {
	Open(ctx context.Context, at Cursor) error
	// Read blocks until there is a record, or a mark to move, and returns what is
	// there, up to some hundred kilobytes. It returns io.EOF when the source has
	// ended for good. When ctx ends first it returns ctx's error, and the next
	// Read goes on with nothing lost.
	Read(ctx context.Context) (Batch, error)
	// Committed tells that everything up to this cursor is durable in the spool.
	// It is called in order, at least once for each Batch or run of them: a push
	// source answers its client now, a file source may forget closed files.
	Committed(ctx context.Context, at Cursor) error
	Close() error
}

// Pushed is a Source whose records come from clients who wait for Committed. What it has
// handed out it cannot give back: the agent reads it only while the spool has room,
// and makes its cursor durable at once, also when no event came of the records.
type Pushed interface {
	Source
	Pushed()
}

// ErrIgnored is what a mapper answers to a record that its rules say to leave
// out on purpose. The agent counts it, and shows the count.
var ErrIgnored = errors.New("ignored by a rule")

// Mapper gives a record its meaning: it fills all of e but ID and Origin's
// place, which the agent stamps. It is pure: no clock, no I/O. Strings it puts
// into e may alias r.Data. e is zero when Map is called. An error other than
// ErrIgnored says what is wrong with the record; the agent makes an Unparsed
// event of it. One goroutine calls it.
type Mapper interface {
	Map(r *Record, e *event.Event) error
}

// Recognised is a dialect that a mapper has found records to be of, where it was
// not told which one they are.
type Recognised struct {
	Format  string
	Why     string // what it was known by, for people
	Records uint64 // since the mapper was made
}
