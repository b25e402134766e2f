package push

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"
)

const (
	// chunkBytes is about how much of a connection is brought together.
	chunkBytes = 128 << 10
	// windowBytes of one connection are not durable at a time: more is not read from it. That
	// much, and what the system's buffers hold, is lost when this process is killed.
	windowBytes = 1 << 20
	// maxConnections bounds what slow clients can hold; more are closed at once.
	maxConnections = 1024
	// shakeTimeout is how long a client may take to prove who it is.
	shakeTimeout = 10 * time.Second
)

// Framer reads the records of a connection, one at a time. With an error there may be a last
// record, else its Data is nil. Buffered is how many bytes were read and are no record yet.
type Framer interface {
	Next() (Item, error)
	Buffered() int
}

// Streams takes records from connections.
type Streams struct {
	Queue *Queue
	Frame func(r io.Reader) Framer
	Log   *slog.Logger

	life    context.Context
	end     context.CancelFunc
	running sync.WaitGroup
	mu      sync.Mutex
	open    map[io.Closer]bool // listeners and connections
	closed  bool
}

// Serve accepts connections until Close. When it cannot, the queue fails.
func (s *Streams) Serve(l net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = map[io.Closer]bool{}
		s.life, s.end = context.WithCancel(context.Background())
	}
	s.open[l] = true
	s.running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				s.Queue.Fail(err) // after Close nobody reads any more
				return
			}
			if s.keep(c) {
				s.running.Go(func() { s.connection(c) })
			}
		}
	})
}

// keep notes a connection, and closes it if it is one too many.
func (s *Streams) keep(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.open) > maxConnections {
		_ = c.Close() // it was never used
		return false
	}
	s.open[c] = true
	return true
}

// Connections is how many there are.
func (s *Streams) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for c := range s.open {
		if _, conn := c.(net.Conn); conn {
			n++
		}
	}
	return n
}

// Close ends everything, and waits for it.
func (s *Streams) Close() error {
	s.mu.Lock()
	s.closed = true
	var all []error
	for c := range s.open {
		if err := c.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			all = append(all, err)
		}
	}
	if s.end != nil {
		s.end()
	}
	s.mu.Unlock()
	s.running.Wait()
	return errors.Join(all...)
}

func (s *Streams) connection(c net.Conn) {
	defer func() {
		_ = c.Close() // its client knows no answer
		s.mu.Lock()
		delete(s.open, c)
		s.mu.Unlock()
	}()
	if shaking, ok := c.(interface{ HandshakeContext(context.Context) error }); ok {
		ctx, cancel := context.WithTimeout(s.life, shakeTimeout)
		err := shaking.HandshakeContext(ctx)
		cancel()
		if err != nil {
			s.Log.Warn("a client could not be let in", "client", c.RemoteAddr(), "error", err)
			return
		}
	}
	if err := Take(s.life, s.Queue, s.Frame(c), peer(c.RemoteAddr())); err != nil && s.life.Err() == nil {
		s.Log.Warn("a connection ended", "client", c.RemoteAddr(), "error", err)
	}
}

// peer is the address of a client without its port.
func peer(a net.Addr) string {
	if a == nil || a.String() == "" {
		return "unix"
	}
	host, _, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	return host
}

// Take brings what a framer reads to a queue until it ends, and is done when all of it is
// durable. io.EOF is no error.
func Take(ctx context.Context, q *Queue, f Framer, file string) error {
	var under []*Ticket // brought and not durable
	var window int64
	for {
		items, ended := Chunk(f, file)
		if len(items) > 0 {
			t, err := q.Put(ctx, items, nil)
			if err != nil {
				return err
			}
			under, window = append(under, t), window+t.size
		}
		for len(under) > 0 && (ended != nil || window > windowBytes || under[0].Ended()) {
			if err := await(ctx, under[0]); err != nil {
				return err
			}
			window -= under[0].size
			under = under[1:]
		}
		if errors.Is(ended, io.EOF) {
			return nil
		}
		if ended != nil {
			return ended
		}
	}
}

// Chunk reads a record, and those behind it that are there already.
func Chunk(f Framer, file string) (items []Item, ended error) {
	for size := 0; ; {
		item, err := f.Next()
		if item.Data != nil {
			item.File = file
			items = append(items, item)
		}
		size += len(item.Data) + itemBytes
		if err != nil || f.Buffered() == 0 || size >= chunkBytes || len(items) == 1000 {
			return items, err
		}
	}
}

func await(ctx context.Context, t *Ticket) error {
	select {
	case <-t.done:
		return t.err
	case <-ctx.Done():
		return ctx.Err()
	}
}
