// Package index is the contract of a searchable index of events. The engines
// are in the folders below it; indextest holds the suite that all of them pass.
package index

import (
	"context"
	"errors"
	"time"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// ErrNotFound is the answer of Get when no event has the id.
var ErrNotFound = errors.New("no event has this id")

// ErrCursor is the answer of Search when After is not a Page.Next of this index.
var ErrCursor = errors.New("not a cursor of this index")

// Query asks for events. From is inclusive, To exclusive; the zero time leaves that side open.
type Query struct {
	Filter    query.Expr // nil: all
	From, To  time.Time
	Limit     int    // of Search: how many events, 1 to MaxLimit; 0 = only Total
	After     string // of Search: Page.Next of the page before; empty: the first page
	Ascending bool   // of Search: oldest first
	NoTotal   bool   // of Search: do not count; Total is -1, and a page costs about what it holds
}

// MaxLimit is the most events that one page can hold.
const MaxLimit = 10_000

// Page is a part of an answer, ordered by (eventTime, eventId).
type Page struct {
	Events [][]byte // canonical JSON; the caller's own
	Total  int      // all that match in the window, not only those of this page; -1: not counted
	Next   string   // continues after the last event; empty: there are no more
	// Incomplete says why events of the window may be missing: a damaged part that
	// is not filled again, shards that failed. nil: the answer is complete.
	Incomplete []string
}

// Bucket counts the events of one step of time.
type Bucket struct {
	Start  time.Time
	Count  int
	Errors int // of them: with an errorCode
}

// Value is a value of a field, and how many events have it.
type Value struct {
	Value string
	Count int
}

// Field is a field, or a leaf of a Flattened one (requestParameters.InstanceId),
// and how many events have it: those that query.Exists of it matches.
type Field struct {
	Name  string
	Count int
}

// Stats describe an index for status pages.
type Stats struct {
	Events   int       // in the index
	Bytes    int64     // on disk
	Oldest   time.Time // eventTime of the oldest; zero: empty
	Newest   time.Time
	Segments int      // files, or backing indices
	Damaged  []string // parts set aside because their checksum failed, with the reason
	Merging  string   // what is being merged now, in words; empty: nothing
}

// Index is a sink that can be searched. Write and Flush are called by one
// goroutine (its follower), all else by any.
type Index interface {
	// Position is what the index holds durably.
	Position() event.Position
	// Write stores the events of batches that follow Position, in stream order,
	// and the new position with them. nil = durable. An error = it may or may not
	// be: ask Position, and write again from there. An event whose id and time
	// are already there is not stored twice. A batch without events only moves the position.
	Write(ctx context.Context, batches []event.Batch) error
	// Flush does what is due at this time (seal, merge, expire). It is called at least once a second.
	Flush(ctx context.Context, now time.Time) error

	Search(ctx context.Context, q Query) (Page, error)
	Get(ctx context.Context, id string) ([]byte, error)
	// Histogram, Values and Fields count. missing is why events of the window may be
	// missing in the counts, as Page.Incomplete; nil: they are of all.
	Histogram(ctx context.Context, q Query, step time.Duration) (counted []Bucket, missing []string, err error)
	Values(ctx context.Context, q Query, field string, n int) (counted []Value, missing []string, err error)
	// Fields are the fields and leaves that the events which match have, the most
	// frequent first, then by name, n at most. A Flattened field itself is not among
	// them, its leaves are.
	Fields(ctx context.Context, q Query, n int) (counted []Field, missing []string, err error)
	// Expire removes what is older than before, by whole days, and tells how many events went.
	Expire(ctx context.Context, before time.Time) (int, error)
	Stats() Stats
	Close() error
}
