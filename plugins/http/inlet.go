package httpsource

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/actiontrail/actiontrail/plugins"
)

// readBytes is about how much one Read returns.
const readBytes = 256 << 10

var errClosed = errors.New("the source is closed")

// inlet is what an open source has: the requests that wait to be taken, and those
// that wait to be durable.
type inlet struct {
	config *Config
	count  *counts
	budget *budget
	fileID string
	wake   chan struct{} // a request came
	life   chan struct{} // closed by close

	addr   net.Addr
	server *http.Server
	served chan error // of the listener, when it has failed

	mu      sync.Mutex
	state   state
	keys    map[keyHash]*known   // those of state: of requests that were taken, durable or not
	waiting map[keyHash]*request // those that have a key and no answer yet
	queue   []*request           // the first one may be taken in part
	given   []*request           // taken whole, not durable
	closed  bool
}

// request is what a client brought.
type request struct {
	records [][]byte
	size    int64 // bytes of the budget
	came    time.Time
	key     *known // nil: it has none

	next    int           // the record that is taken next
	end     int64         // number after its last record, once that is taken
	waiters int           // clients that want to know
	taken   chan struct{} // closed when its first record is taken
	done    chan struct{} // closed when all is durable, or err is set
	err     error
}

func newInlet(c *Config, at state, count *counts) *inlet {
	in := &inlet{config: c, count: count, budget: newBudget(c.MaxInflight), state: at, fileID: "http/" + at.instance,
		wake: make(chan struct{}, 1), life: make(chan struct{}), served: make(chan error, 1),
		keys: map[keyHash]*known{}, waiting: map[keyHash]*request{}}
	for _, k := range at.keys {
		in.keys[k.key] = k
	}
	return in
}

// submit queues records, or finds the request that has the same key. It takes over size bytes
// of the budget. done is a request that was answered before.
func (in *inlet) submit(records [][]byte, size int64, key *known) (r *request, done bool, err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.closed {
		in.budget.release(size)
		return nil, false, errClosed
	}
	if key != nil {
		if other := in.waiting[key.key]; other != nil {
			in.budget.release(size)
			if other.key.body != key.body {
				return nil, false, errOtherBody
			}
			other.waiters++
			return other, false, nil
		}
		if was := in.keys[key.key]; was != nil {
			if was.body != key.body || was.total != len(records) {
				in.budget.release(size)
				return nil, false, errOtherBody
			}
			if was.taken == was.total {
				in.budget.release(size)
				return nil, true, nil
			}
			records, key = records[was.taken:], was // the first ones became durable before a crash
		}
	}
	r = &request{records: records, size: size, came: time.Now(), key: key, waiters: 1, taken: make(chan struct{}), done: make(chan struct{})}
	if key != nil {
		in.waiting[key.key] = r
	}
	in.queue = append(in.queue, r)
	select {
	case in.wake <- struct{}{}:
	default:
	}
	return r, false, nil
}

// leave is for a client that waits no longer. It is true when nothing of the request was
// taken, nor will be.
func (in *inlet) leave(r *request) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	r.waiters--
	if r.waiters > 0 || r.next > 0 || r.err != nil {
		return r.next == 0
	}
	if i := slices.Index(in.queue, r); i >= 0 {
		in.queue = slices.Delete(in.queue, i, i+1)
		in.forget(r, errors.New("withdrawn"))
		return true
	}
	return false
}

// forget ends a request.
func (in *inlet) forget(r *request, err error) {
	if r.key != nil {
		delete(in.waiting, r.key.key)
	}
	r.err = err
	close(r.done)
	in.budget.release(r.size)
}

// read hands out records, of several requests if they are small.
func (in *inlet) read(ctx context.Context) (plugins.Batch, error) {
	for {
		if err := ctx.Err(); err != nil {
			return plugins.Batch{}, err
		}
		if b := in.take(); len(b.Records) > 0 {
			return b, nil
		}
		select {
		case <-ctx.Done():
		case <-in.wake:
		case <-in.life:
			return plugins.Batch{}, errClosed
		case err := <-in.served:
			return plugins.Batch{}, fmt.Errorf("listen on %s: %w", in.addr, err)
		}
	}
}

func (in *inlet) take() plugins.Batch {
	in.mu.Lock()
	defer in.mu.Unlock()
	var b plugins.Batch
	size := 0
	for len(in.queue) > 0 {
		r := in.queue[0]
		before := r.next
		for r.next < len(r.records) && len(b.Records) < plugins.MaxRecords {
			data := r.records[r.next]
			if size > 0 && size+len(data) > readBytes {
				break
			}
			size += len(data)
			b.Records = append(b.Records, in.record(data))
			r.next++
		}
		if r.next > before {
			if before == 0 {
				close(r.taken)
			}
			b.Next = b.Next.Join(in.took(r, r.next-before))
		}
		if r.next < len(r.records) {
			break
		}
		r.end = in.state.next
		in.given = append(in.given, r)
		in.queue = slices.Delete(in.queue, 0, 1)
	}
	if len(b.Records) > 0 {
		b.Next = b.Next.Join(plugins.Cursor{placeMark(in.state.instance, in.state.next)})
	}
	return b
}

func (in *inlet) record(data []byte) plugins.Record {
	r := plugins.Record{Data: data, Pos: plugins.Position{File: in.config.Path, FileID: in.fileID, Offset: in.state.next, Length: int64(len(data))}}
	if int64(len(data)) > in.config.MaxLine {
		r.Data, r.Fault = data[:in.config.MaxLine], fmt.Sprintf("longer than max_line: %d bytes, %d are the most", len(data), in.config.MaxLine)
	}
	in.state.next++
	return r
}

// committed ends the requests whose records are all before next.
func (in *inlet) committed(next int64) {
	in.mu.Lock()
	defer in.mu.Unlock()
	n := 0
	for n < len(in.given) && in.given[n].end <= next {
		in.forget(in.given[n], nil)
		n++
	}
	in.given = slices.Delete(in.given, 0, n)
}

// close refuses what is not durable.
func (in *inlet) close() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.closed = true
	close(in.life)
	for _, r := range slices.Concat(in.given, in.queue) {
		in.forget(r, errClosed)
	}
	in.given, in.queue = nil, nil
}
