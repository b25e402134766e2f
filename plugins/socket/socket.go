// Package socket takes records as lines from whoever connects: over TCP, TLS or a Unix
// socket. Vault's audit device `socket` writes so, and much else that has no log of its own.
//
// Nothing is answered. What came over a connection is not read any further than a window
// ahead of what is durable; what was under way is lost when this process or its machine dies.
package socket

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"

	"github.com/actiontrail/actiontrail/internal/access"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/push"
)

// DefaultMaxLine is the longest record.
const DefaultMaxLine = 1 << 20

// socketMode lets the group write, too: a gateway seldom is the same user.
const socketMode = 0o660

// Config says where clients connect.
type Config struct {
	Listen      string       // host:port, or the path of a Unix socket, which begins with /
	TLS         *access.TLS  // of host:port; nil: in the clear
	MaxLine     int64        // bytes of a record, longer ones are cut; 0: DefaultMaxLine
	MaxInflight int64        // bytes that are not durable yet; 0: push.DefaultMaxInflight
	Log         *slog.Logger // nil: nobody is told
}

// Source is a plugins.Source of lines that come over connections.
type Source struct {
	config Config
	draw   func() (string, error)

	mu      sync.Mutex
	queue   *push.Queue // nil: closed
	streams *push.Streams
	addr    net.Addr
}

// New checks the configuration; nothing is opened.
func New(c Config) (*Source, error) {
	if _, _, err := net.SplitHostPort(c.Listen); err != nil && !c.unix() {
		return nil, fmt.Errorf("listen %q: neither host:port nor a path that begins with /", c.Listen)
	}
	if c.TLS != nil && (c.unix() || c.TLS.Cert == "" || c.TLS.Key == "") {
		return nil, errors.New("tls: it needs host:port, a certificate and its key")
	}
	if c.MaxLine == 0 {
		c.MaxLine = DefaultMaxLine
	}
	if c.MaxLine < 0 || c.MaxInflight < 0 {
		return nil, errors.New("a limit is negative")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Source{config: c}, nil
}

func (c *Config) unix() bool { return strings.HasPrefix(c.Listen, "/") }

// Open listens. The running number is that of the cursor.
func (s *Source) Open(ctx context.Context, at plugins.Cursor) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.queue != nil {
		return errors.New("it is open already")
	}
	queue, err := push.Open(push.Config{Name: "socket", MaxInflight: s.config.MaxInflight, Draw: s.draw}, at)
	if err != nil {
		return err
	}
	l, err := s.listen(ctx)
	if err != nil {
		return err
	}
	s.queue, s.addr = queue, l.Addr()
	s.streams = &push.Streams{Queue: queue, Log: s.config.Log, Frame: func(r io.Reader) push.Framer { return push.NewLines(r, s.config.MaxLine) }}
	s.streams.Serve(l)
	return nil
}

func (s *Source) listen(ctx context.Context) (net.Listener, error) {
	var nets net.ListenConfig
	if s.config.unix() {
		if err := removeSocket(s.config.Listen); err != nil {
			return nil, err
		}
		l, err := nets.Listen(ctx, "unix", s.config.Listen)
		if err != nil {
			return nil, fmt.Errorf("listen on %s: %w", s.config.Listen, err)
		}
		if err := os.Chmod(s.config.Listen, socketMode); err != nil {
			return nil, errors.Join(fmt.Errorf("listen on %s: %w", s.config.Listen, err), l.Close())
		}
		return l, nil
	}
	var secure *tls.Config
	if s.config.TLS != nil {
		c := access.NewCertificates(*s.config.TLS, s.config.Log)
		if err := c.Check(); err != nil {
			return nil, err
		}
		secure = c.Server()
	}
	l, err := nets.Listen(ctx, "tcp", s.config.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", s.config.Listen, err)
	}
	if secure != nil {
		l = tls.NewListener(l, secure)
	}
	return l, nil
}

// removeSocket takes away what a process that was killed has left. Anything else is left alone.
func removeSocket(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("listen on %s: there is something that is no socket; move it away, or listen elsewhere", path)
	}
	if c, err := net.Dial("unix", path); err == nil {
		return errors.Join(fmt.Errorf("listen on %s: another process listens there", path), c.Close())
	}
	return os.Remove(path)
}

// Read returns what came, in the order in which it was whole.
func (s *Source) Read(ctx context.Context) (plugins.Batch, error) {
	if q := s.opened(); q != nil {
		return q.Read(ctx)
	}
	return plugins.Batch{}, push.ErrClosed
}

// Committed lets more be read from those whose records are durable now.
func (s *Source) Committed(_ context.Context, at plugins.Cursor) error {
	if q := s.opened(); q != nil {
		return q.Committed(at)
	}
	return push.ErrClosed
}

// Pushed says that what was read cannot be had again.
func (s *Source) Pushed() {}

// Close listens no more.
func (s *Source) Close() error {
	s.mu.Lock()
	queue, streams := s.queue, s.streams
	s.queue = nil
	s.mu.Unlock()
	if queue == nil {
		return nil
	}
	queue.Close()
	return streams.Close()
}

func (s *Source) opened() *push.Queue {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queue
}

// Status is how the source fares.
func (s *Source) Status() push.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.queue == nil {
		return push.Status{}
	}
	st := s.queue.Status()
	st.Connections, st.Addresses = s.streams.Connections(), []net.Addr{s.addr}
	return st
}
