// Package syslog takes records as syslog sends them: RFC 5424 and RFC 3164, over UDP
// (RFC 5426), TCP (RFC 6587) and TLS (RFC 5425). A message is a record as it came, with its
// envelope: the dialects take that off, or read the host and the program in it.
//
// Syslog has no answers. What came over a connection is not read any further than
// a window ahead of what is durable, so that a sender with a queue of its own keeps what cannot be
// kept here; what was under way is lost when this process or its machine dies. A datagram is lost
// whenever there is no room for it, and nobody sees that.
package syslog

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"

	"github.com/actiontrail/actiontrail/internal/access"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/push"
)

// DefaultMaxLine is the longest message.
const DefaultMaxLine = 1 << 20

// Config says where senders come. One of UDP and TCP is needed.
type Config struct {
	UDP, TCP    string       // host:port; "": it is not listened on
	TLS         *access.TLS  // of TCP; nil: in the clear
	MaxLine     int64        // bytes of a message, longer ones are cut; 0: DefaultMaxLine
	MaxInflight int64        // bytes that are not durable yet; 0: push.DefaultMaxInflight
	Log         *slog.Logger // nil: nobody is told
}

// Source is a plugins.Source of what syslog sends.
type Source struct {
	config Config
	draw   func() (string, error)

	mu   sync.Mutex
	open *listening // nil: closed
}

// listening is what an open source has.
type listening struct {
	queue    *push.Queue
	streams  *push.Streams
	tcp      net.Listener
	packets  net.PacketConn
	datagram sync.WaitGroup
}

// New checks the configuration; nothing is opened.
func New(c Config) (*Source, error) {
	if c.UDP == "" && c.TCP == "" {
		return nil, errors.New("there is nothing to listen on: udp or tcp is needed")
	}
	for _, a := range []string{c.UDP, c.TCP} {
		if _, _, err := net.SplitHostPort(a); a != "" && err != nil {
			return nil, fmt.Errorf("listen %q: not host:port", a)
		}
	}
	if c.TLS != nil && (c.TCP == "" || c.TLS.Cert == "" || c.TLS.Key == "") {
		return nil, errors.New("tls: it needs tcp, a certificate and its key")
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

// Open listens. The running number is that of the cursor.
func (s *Source) Open(ctx context.Context, at plugins.Cursor) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open != nil {
		return errors.New("it is open already")
	}
	o := &listening{}
	defer func() {
		if err != nil {
			err = errors.Join(err, o.close())
		}
	}()
	if o.queue, err = push.Open(push.Config{Name: "syslog", MaxInflight: s.config.MaxInflight, Draw: s.draw}, at); err != nil {
		return err
	}
	o.streams = &push.Streams{Queue: o.queue, Log: s.config.Log, Frame: func(r io.Reader) push.Framer { return newFrames(r, s.config.MaxLine) }}
	var nets net.ListenConfig
	if s.config.UDP != "" {
		if o.packets, err = nets.ListenPacket(ctx, "udp", s.config.UDP); err != nil {
			return fmt.Errorf("listen on %s: %w", s.config.UDP, err)
		}
		if c, ok := o.packets.(*net.UDPConn); ok {
			if err := c.SetReadBuffer(udpBuffer); err != nil {
				return fmt.Errorf("listen on %s: %w", s.config.UDP, err)
			}
		}
		o.datagram.Go(func() { o.datagrams(int(s.config.MaxLine)) })
	}
	if s.config.TCP != "" {
		var secure *tls.Config
		if s.config.TLS != nil {
			c := access.NewCertificates(*s.config.TLS, s.config.Log)
			if err := c.Check(); err != nil {
				return err
			}
			secure = c.Server()
		}
		if o.tcp, err = nets.Listen(ctx, "tcp", s.config.TCP); err != nil {
			return fmt.Errorf("listen on %s: %w", s.config.TCP, err)
		}
		l := o.tcp
		if secure != nil {
			l = tls.NewListener(l, secure)
		}
		o.streams.Serve(l)
	}
	s.open = o
	return nil
}

// Read returns what came, in the order in which it was whole.
func (s *Source) Read(ctx context.Context) (plugins.Batch, error) {
	if o := s.opened(); o != nil {
		return o.queue.Read(ctx)
	}
	return plugins.Batch{}, push.ErrClosed
}

// Committed lets more be read from those whose records are durable now.
func (s *Source) Committed(_ context.Context, at plugins.Cursor) error {
	if o := s.opened(); o != nil {
		return o.queue.Committed(at)
	}
	return push.ErrClosed
}

// Pushed says that what was read cannot be had again.
func (s *Source) Pushed() {}

// Close listens no more.
func (s *Source) Close() error {
	s.mu.Lock()
	o := s.open
	s.open = nil
	s.mu.Unlock()
	if o == nil {
		return nil
	}
	return o.close()
}

func (o *listening) close() error {
	var all []error
	if o.packets != nil {
		all = append(all, o.packets.Close())
	}
	if o.queue != nil {
		o.queue.Close()
	}
	if o.streams != nil {
		all = append(all, o.streams.Close())
	}
	o.datagram.Wait()
	return errors.Join(all...)
}

func (s *Source) opened() *listening {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

// Status is how the source fares.
func (s *Source) Status() push.Status {
	o := s.opened()
	if o == nil {
		return push.Status{}
	}
	st := o.queue.Status()
	st.Connections = o.streams.Connections()
	if o.tcp != nil {
		st.Addresses = append(st.Addresses, o.tcp.Addr())
	}
	if o.packets != nil {
		st.Addresses = append(st.Addresses, o.packets.LocalAddr())
	}
	return st
}
