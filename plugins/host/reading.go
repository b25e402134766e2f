package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/actiontrail/actiontrail/internal/backoff"
	"github.com/actiontrail/actiontrail/plugins"
	pb "github.com/actiontrail/actiontrail/proto/actiontrail/plugin/v1"
)

// reading is what goes on between Open and Close: processes one after the other,
// that begin where the one before was.
type reading struct {
	source    *Source
	stop      context.CancelFunc
	batches   chan plugins.Batch // without room: what was taken from it has been returned by Read
	ended     chan struct{}      // closed when there will be no more
	err       error              // why; after ended
	over      chan struct{}      // closed when the last process has gone as well
	closed    error              // how; after over
	committed chan struct{}      // durable has moved

	marks map[string][]byte // the cursor after the last batch that Read returned; keep alone touches it

	mu      sync.Mutex
	durable []*pb.Mark // what the source was last told to be
	untold  bool       // the process that runs does not know it yet
}

func (r *reading) move(next plugins.Cursor) {
	for _, m := range next {
		if r.marks[m.Key] = m.Value; len(m.Value) == 0 {
			delete(r.marks, m.Key)
		}
	}
}

func (r *reading) cursor() []*pb.Mark {
	at := make([]*pb.Mark, 0, len(r.marks))
	for _, k := range slices.Sorted(maps.Keys(r.marks)) {
		at = append(at, &pb.Mark{Key: k, Value: r.marks[k]})
	}
	return at
}

// open starts a process and opens the source in it, at the cursor.
func (r *reading) open(ctx context.Context) (*process, error) {
	program := &r.source.program
	p, err := program.start(ctx)
	if err == nil {
		r.source.note(func(t *Status) { t.Running, t.Starts, t.PID = true, t.Starts+1, p.child.number() })
		var a *pb.OpenResponse
		a, err = answer(ctx, p, "to Open", call(pb.NewSourceClient(p.conn).Open), &pb.OpenRequest{Config: program.config(), Cursor: r.cursor()})
		if err == nil {
			err = configError(a.Problems)
		}
		if err != nil {
			p.end()
		}
	}
	if err != nil {
		r.source.died(err)
		return nil, err
	}
	return p, nil
}

// keep reads until ctx ends, the source has ended, or it says that it cannot go on.
func (r *reading) keep(ctx context.Context, p *process) {
	defer close(r.over)
	log := r.source.program.log()
	lost := func(err error) {
		log.Warn("plugin has gone, starting it again where it was", "error", err)
		r.source.died(err)
	}
	err := backoff.Retry(ctx, lost, func() (err error) {
		for { // processes that read something need no patience
			if p == nil {
				if p, err = r.open(ctx); err != nil {
					return err
				}
			}
			read, err := r.follow(ctx, p)
			if ctx.Err() != nil || !errors.Is(err, errGone) {
				return &backoff.Permanent{Err: err}
			}
			p.end()
			if p = nil; !read {
				return err
			}
			lost(err)
		}
	})
	if why := (*backoff.Permanent)(nil); errors.As(err, &why) {
		err = why.Err
	}
	r.err = err
	close(r.ended) // before the process ends, which may take a while
	r.source.died(err)
	if p != nil {
		r.closed = r.close(p)
		p.end()
	}
}

// follow hands over batches until there are no more, of this process. It tells
// whether there was any.
func (r *reading) follow(ctx context.Context, p *process) (read bool, err error) {
	r.mu.Lock()
	r.untold = r.durable != nil
	r.mu.Unlock()
	ctx, stop := context.WithCancelCause(ctx)
	var telling sync.WaitGroup
	telling.Go(func() {
		if err := r.tell(ctx, p); err != nil {
			stop(err)
		}
	})
	defer telling.Wait()
	defer stop(nil)
	stream, err := pb.NewSourceClient(p.conn).Read(ctx, &pb.ReadRequest{})
	for {
		var b *pb.Batch
		if err == nil {
			b, err = stream.Recv()
		}
		switch cause := context.Cause(ctx); {
		case err != nil && cause != nil:
			return read, cause
		case errors.Is(err, io.EOF): // without having said that it has ended: a mistake, or the end of the process
			return read, fmt.Errorf("%w: it ended without a batch that says so", errGone)
		case err != nil:
			return read, fmt.Errorf("read: %w", plain(err))
		}
		batch, err := batchOf(b)
		if err != nil {
			return read, fmt.Errorf("the plugin has sent what it must not: %w", err)
		}
		if len(batch.Next) > 0 {
			select {
			case r.batches <- batch:
				r.move(batch.Next)
				read = true
			case <-ctx.Done():
				return read, context.Cause(ctx)
			}
		}
		if b.Ended {
			return read, io.EOF
		}
	}
}

// tell tells the process what has become durable, until ctx ends.
func (r *reading) tell(ctx context.Context, p *process) error {
	for {
		if err := r.tellNow(ctx, p); err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-r.committed:
		}
	}
}

func (r *reading) tellNow(ctx context.Context, p *process) error {
	r.mu.Lock()
	at, untold := r.durable, r.untold
	r.untold = false
	r.mu.Unlock()
	if !untold {
		return nil
	}
	_, err := answer(ctx, p, "to Committed", call(pb.NewSourceClient(p.conn).Committed), &pb.CommittedRequest{Cursor: at})
	if err != nil {
		r.mu.Lock()
		r.untold = true
		r.mu.Unlock()
	}
	return err
}

// close has a source let go of what it holds. It is told first what is durable.
func (r *reading) close(p *process) error {
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	if err := r.tellNow(ctx, p); err != nil {
		return err
	}
	_, err := answer(ctx, p, "to Close", call(pb.NewSourceClient(p.conn).Close), &pb.CloseRequest{})
	return err
}
