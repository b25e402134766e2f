// Package httpsource takes records that clients post: gateways that push their
// logs by HTTP, and audit webhooks.
//
// A request is answered with 200 only when all of its records are durable in the
// spool of the agent. It is refused as a whole, before any of its records is taken,
// when they are not asked for in time: then the spool is full, or the disk. What has
// been taken cannot be given back; its client waits for as long as it likes, and if
// it goes away before the answer it will send the same again. Its records are
// then there twice, unless it names the request by an Idempotency-Key.
//
// The place of a record is a running number, drawn from the cursor: it goes on after a
// crash where the spool ends, so that an id is never that of another record. The cursor
// also holds the keys that were seen last (docs/format/http-mark.md).
package httpsource

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/actiontrail/actiontrail/internal/access"
	"github.com/actiontrail/actiontrail/plugins"
)

// Defaults of Config.
const (
	DefaultPath        = "/logs"
	DefaultMaxBody     = 8 << 20
	DefaultMaxRecords  = 10_000
	DefaultMaxLine     = 1 << 20
	DefaultMaxInflight = 64 << 20
	DefaultWait        = 5 * time.Second
)

// HealthPath answers GET with 200 while the source is open.
const HealthPath = "/healthz"

// Config says where clients come, and what they may bring.
type Config struct {
	Listen      string        // host:port
	Path        string        // of POST; "": DefaultPath
	TokenFile   string        // of the tokens of which a client must bring one, one a line; "": none is asked for
	TLS         *access.TLS   // nil: in the clear
	Split       string        // how a body becomes records: SplitAuto (also ""), SplitJSON or SplitLines
	MaxBody     int64         // bytes of a request, unpacked; 0: DefaultMaxBody
	MaxRecords  int           // of a request; 0: DefaultMaxRecords
	MaxLine     int64         // longest record in bytes, longer ones are cut; 0: DefaultMaxLine
	MaxInflight int64         // bytes of all requests that are not durable yet; 0: DefaultMaxInflight
	Wait        time.Duration // for room, and again for a request to be taken, before it is refused; 0: DefaultWait
	Log         *slog.Logger  // nil: nobody is told
}

// Source is a plugins.Source of what clients post.
type Source struct {
	config Config
	token  *access.Tokens
	draw   func() (string, error) // of an instance

	mu    sync.Mutex
	inlet *inlet // nil: closed
	count counts
}

// New checks the configuration; nothing is opened.
func New(c Config) (*Source, error) {
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return nil, fmt.Errorf("listen %q: not host:port", c.Listen)
	}
	c.Path = def(c.Path, DefaultPath)
	if !strings.HasPrefix(c.Path, "/") || strings.ContainsAny(c.Path, "?#") || c.Path == HealthPath {
		return nil, fmt.Errorf("path %q: write one that begins with / and is not %s", c.Path, HealthPath)
	}
	switch c.Split = def(c.Split, SplitAuto); c.Split {
	case SplitAuto, SplitJSON, SplitLines:
	default:
		return nil, fmt.Errorf("split %q: write auto, json or lines", c.Split)
	}
	if c.TLS != nil && (c.TLS.Cert == "" || c.TLS.Key == "") {
		return nil, errors.New("tls: a server needs a certificate and its key")
	}
	c.MaxBody, c.MaxRecords, c.MaxLine = def(c.MaxBody, DefaultMaxBody), def(c.MaxRecords, DefaultMaxRecords), def(c.MaxLine, DefaultMaxLine)
	c.MaxInflight, c.Wait = def(c.MaxInflight, DefaultMaxInflight), def(c.Wait, DefaultWait)
	if c.MaxBody < 0 || c.MaxRecords < 0 || c.MaxLine < 0 || c.Wait < 0 {
		return nil, errors.New("a limit is negative")
	}
	if c.MaxInflight < c.MaxBody {
		return nil, fmt.Errorf("max_inflight %d: it must hold a body, which may have %d bytes", c.MaxInflight, c.MaxBody)
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	s := &Source{config: c, draw: drawInstance}
	if c.TokenFile != "" {
		s.token = access.NewTokens(c.TokenFile)
	}
	return s, nil
}

func def[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

// Open listens. Keys and running number are those of the cursor.
func (s *Source) Open(ctx context.Context, at plugins.Cursor) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inlet != nil {
		return errors.New("it is open already")
	}
	state, err := readState(at)
	if err != nil {
		return err
	}
	if state.instance == "" {
		if state.instance, err = s.draw(); err != nil {
			return err
		}
	}
	in := newInlet(&s.config, state, &s.count)
	if err := s.listen(ctx, in); err != nil {
		return err
	}
	s.inlet = in
	return nil
}

// Read returns what clients have brought, in the order in which it was whole.
func (s *Source) Read(ctx context.Context) (plugins.Batch, error) {
	in := s.opened()
	if in == nil {
		return plugins.Batch{}, errClosed
	}
	return in.read(ctx)
}

// Committed answers the clients of all that is durable now.
func (s *Source) Committed(_ context.Context, at plugins.Cursor) error {
	in := s.opened()
	if in == nil {
		return errClosed
	}
	state, err := readState(at)
	if err != nil {
		return err
	}
	in.committed(state.next)
	return nil
}

// Pushed says that clients wait for Committed.
func (s *Source) Pushed() {}

// Close refuses everything that is not durable, and listens no more.
func (s *Source) Close() error {
	s.mu.Lock()
	in := s.inlet
	s.inlet = nil
	s.mu.Unlock()
	if in == nil {
		return nil
	}
	in.close()
	return in.stop()
}

func (s *Source) opened() *inlet {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.inlet
}

// Addr is where it listens, nil when it does not.
func (s *Source) Addr() net.Addr {
	if in := s.opened(); in != nil {
		return in.addr
	}
	return nil
}
