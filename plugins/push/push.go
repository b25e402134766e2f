// Package push is what the sources have in common to which records are brought: over
// a connection, by a request, through a pipe. A Queue holds them until the agent takes
// them, and tells whoever brought them when they are durable.
//
// The place of a record is a running number, drawn from the cursor: it goes on after a
// crash where the spool ends, so that an id is never that of another record
// (docs/format/push-mark.md).
package push

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/actiontrail/actiontrail/plugins"
)

// DefaultMaxInflight is how many bytes a queue holds that are not durable yet.
const DefaultMaxInflight = 16 << 20

// readBytes is about how much one Read returns.
const readBytes = 256 << 10

// itemBytes is what a record costs beside its text.
const itemBytes = 64

// ErrClosed is told to whoever brings records to a queue that is closed, or waits for it.
var ErrClosed = errors.New("the source is closed")

// Item is a record that is brought. The queue owns Data from then on.
type Item struct {
	Data   []byte
	Length int64  // of the record where it came from; 0: that of Data
	Fault  string // why Data is not the whole record
	File   string // who brought it, for people
}

// Config says what a queue is for.
type Config struct {
	Name        string                           // begins the identity of its records: "syslog"
	MaxInflight int64                            // bytes; 0: DefaultMaxInflight
	Draw        func() (string, error)           // of an instance in hex; nil: at random
	Other       func(key string, v []byte) error // reads the marks that are the source's own; nil: it has none
}

// Queue holds records from when they are brought until they are durable. Any goroutine may call it.
type Queue struct {
	config Config
	fileID string
	wake   chan struct{} // something was brought, or the queue has failed
	life   chan struct{} // closed by Close

	mu       sync.Mutex
	instance string
	next     int64     // number of the next record that is taken
	queue    []*Ticket // the first one may be taken in part
	given    []*Ticket // taken whole, not durable
	held     int64     // bytes
	brought  uint64    // records
	taken    uint64    // the same
	freed    chan struct{}
	closed   bool
	failed   error
}

// Ticket stands for records that were brought together.
type Ticket struct {
	items []Item
	size  int64
	came  time.Time
	took  func(n int) plugins.Cursor // nil: nothing else moves with its records
	next  int
	end   int64
	done  chan struct{}
	err   error
}

// Done is closed when all of the records are durable, or when Err tells why they may not be.
func (t *Ticket) Done() <-chan struct{} { return t.done }

// Ended tells whether Done is closed.
func (t *Ticket) Ended() bool {
	select {
	case <-t.done:
		return true
	default:
		return false
	}
}

// Size is how many bytes the records hold of their queue.
func (t *Ticket) Size() int64 { return t.size }

// Err is why the records may not be durable; to be asked after Done.
func (t *Ticket) Err() error { return t.err }

// Open makes a queue that goes on at a cursor.
func Open(c Config, at plugins.Cursor) (*Queue, error) {
	if c.MaxInflight == 0 {
		c.MaxInflight = DefaultMaxInflight
	}
	if c.Draw == nil {
		c.Draw = drawInstance
	}
	instance, next, err := readState(at, c.Other)
	if err != nil {
		return nil, err
	}
	if instance == "" {
		if instance, err = c.Draw(); err != nil {
			return nil, err
		}
	}
	return &Queue{config: c, fileID: c.Name + "/" + instance, instance: instance, next: next,
		wake: make(chan struct{}, 1), life: make(chan struct{}), freed: make(chan struct{})}, nil
}

// Next is the number that the next record gets which is taken.
func (q *Queue) Next() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.next
}

// Put brings records, at least one, and waits for room until ctx ends. took is called, with
// nothing else of the queue going on, each time that n more of them are handed out: what it
// returns moves in the same batch.
func (q *Queue) Put(ctx context.Context, items []Item, took func(n int) plugins.Cursor) (*Ticket, error) {
	for {
		t, freed, err := q.put(items, took)
		if t != nil || err != nil {
			return t, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-q.life:
			return nil, ErrClosed
		case <-freed:
		}
	}
}

// Try is Put without waiting: nil when there is no room.
func (q *Queue) Try(items []Item) *Ticket {
	t, _, _ := q.put(items, nil)
	return t
}

func (q *Queue) put(items []Item, took func(n int) plugins.Cursor) (*Ticket, <-chan struct{}, error) {
	var size int64
	for i := range items {
		size += int64(cap(items[i].Data)) + itemBytes
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return nil, nil, ErrClosed
	}
	if q.held > 0 && q.held+size > q.config.MaxInflight {
		return nil, q.freed, nil
	}
	q.held += size
	q.brought += uint64(len(items))
	t := &Ticket{items: items, size: size, came: time.Now(), took: took, done: make(chan struct{})}
	q.queue = append(q.queue, t)
	q.stir()
	return t, nil, nil
}

// Withdraw takes back what nobody has taken. It is false when something was taken, or is refused.
func (q *Queue) Withdraw(t *Ticket) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.Index(q.queue, t)
	if i < 0 || t.next > 0 {
		return false
	}
	q.queue = slices.Delete(q.queue, i, i+1)
	q.end(t, ErrClosed)
	return true
}

// Fail ends the next Read with an error, once what was brought before is taken.
func (q *Queue) Fail(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.failed == nil {
		q.failed = err
	}
	q.stir()
}

func (q *Queue) stir() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// end ends a ticket.
func (q *Queue) end(t *Ticket, err error) {
	t.err = err
	close(t.done)
	q.held -= t.size
	close(q.freed)
	q.freed = make(chan struct{})
}

// Read is that of a plugins.Source.
func (q *Queue) Read(ctx context.Context) (plugins.Batch, error) {
	for {
		if err := ctx.Err(); err != nil {
			return plugins.Batch{}, err
		}
		b, err := q.take()
		if len(b.Records) > 0 || err != nil {
			return b, err
		}
		select {
		case <-ctx.Done():
		case <-q.wake:
		case <-q.life:
			return plugins.Batch{}, ErrClosed
		}
	}
}

// take hands out records, of several tickets if they are small.
func (q *Queue) take() (plugins.Batch, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var b plugins.Batch
	size := 0
	for len(q.queue) > 0 {
		t := q.queue[0]
		before := t.next
		for t.next < len(t.items) && len(b.Records) < plugins.MaxRecords {
			item := &t.items[t.next]
			if size > 0 && size+len(item.Data) > readBytes {
				break
			}
			size += len(item.Data)
			b.Records = append(b.Records, q.record(item))
			t.next++
		}
		if n := t.next - before; n > 0 && t.took != nil {
			b.Next = b.Next.Join(t.took(n))
		}
		if t.next < len(t.items) {
			break
		}
		t.end = q.next
		q.given = append(q.given, t)
		q.queue = slices.Delete(q.queue, 0, 1)
	}
	if len(b.Records) == 0 {
		return b, q.failed
	}
	b.Next = b.Next.Join(plugins.Cursor{placeMark(q.instance, q.next)})
	return b, nil
}

func (q *Queue) record(i *Item) plugins.Record {
	r := plugins.Record{Data: i.Data, Fault: i.Fault, Pos: plugins.Position{File: i.File, FileID: q.fileID, Offset: q.next, Length: i.Length}}
	if i.Length == 0 {
		r.Pos.Length = int64(len(i.Data))
	}
	q.next++
	q.taken++
	return r
}

// Committed ends the tickets whose records are all durable at this cursor.
func (q *Queue) Committed(at plugins.Cursor) error {
	_, next, err := readState(at, func(string, []byte) error { return nil })
	if err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	n := 0
	for n < len(q.given) && q.given[n].end <= next {
		q.end(q.given[n], nil)
		n++
	}
	q.given = slices.Delete(q.given, 0, n)
	return nil
}

// Close refuses what is not durable.
func (q *Queue) Close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return
	}
	q.closed = true
	close(q.life)
	for _, t := range slices.Concat(q.given, q.queue) {
		q.end(t, ErrClosed)
	}
	q.given, q.queue = nil, nil
}
