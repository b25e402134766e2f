// Package natssource reads records from subjects of NATS.
//
// With a stream of JetStream the cursor holds the sequence of the last record, and the source goes on
// behind it: each message is read once. Without one it gets what is published while it listens, and
// nothing else: that is what NATS promises there (at most once).
package natssource

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/fetch"
	"github.com/actiontrail/actiontrail/plugins/push"
)

// DefaultMaxLine is the longest record.
const DefaultMaxLine = 1 << 20

// subscribeTimeout is how long a server may take to know the subjects.
const subscribeTimeout = 10 * time.Second

// Config says what is read.
type Config struct {
	Servers     []string
	Subjects    []string
	Stream      string       // of JetStream; "": what is published while the source listens
	Start       string       // "beginning" or "end" of the stream, where the cursor knows none
	Credentials string       // file of a user's JWT and seed; "": none
	NKey        string       // file of a seed; "": none
	TLS         *tls.Config  // nil: as the addresses say
	MaxLine     int64        // bytes of a record, longer ones are cut; 0: DefaultMaxLine
	MaxInflight int64        // without a stream: bytes that are not durable yet; 0: push.DefaultMaxInflight
	Log         *slog.Logger // nil: nobody is told
}

// New makes a source of a stream, or one of what is published; nobody is called.
func New(c Config) (plugins.Source, error) {
	switch {
	case len(c.Servers) == 0 || len(c.Subjects) == 0:
		return nil, errors.New("servers and subjects are needed")
	case c.Start != "" && c.Start != "beginning" && c.Start != "end":
		return nil, fmt.Errorf("start %q: write beginning or end", c.Start)
	case c.MaxLine < 0 || c.MaxInflight < 0:
		return nil, errors.New("a limit is negative")
	}
	if c.MaxLine == 0 {
		c.MaxLine = DefaultMaxLine
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Stream != "" {
		return &Stream{config: c}, nil
	}
	return &Listener{config: c}, nil
}

// connect reaches a server. A connection that breaks is made again.
func (c *Config) connect() (*nats.Conn, error) {
	options := []nats.Option{nats.Name("actiontrail source"), nats.MaxReconnects(-1), nats.Timeout(10 * time.Second),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				c.Log.Warn("NATS is away", "error", err)
			}
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			c.Log.Warn("NATS tells of a mistake", "error", err)
		})}
	if c.Credentials != "" {
		options = append(options, nats.UserCredentials(c.Credentials))
	}
	if c.NKey != "" {
		login, err := nats.NkeyOptionFromSeed(c.NKey)
		if err != nil {
			return nil, fmt.Errorf("nkey: %w", err)
		}
		options = append(options, login)
	}
	if c.TLS != nil {
		options = append(options, nats.Secure(c.TLS))
	}
	o := nats.GetDefaultOptions()
	o.Servers = c.Servers
	for _, set := range options {
		if err := set(&o); err != nil {
			return nil, err
		}
	}
	conn, err := o.Connect()
	if err != nil {
		return nil, fmt.Errorf("connect to NATS: %w", err)
	}
	return conn, nil
}

// cut shortens what is too long.
func cut(data []byte, most int64) (short []byte, fault string) {
	if int64(len(data)) > most {
		return data[:most], fmt.Sprintf("longer than max_line: %d bytes, %d are the most", len(data), most)
	}
	return data, ""
}

// Listener is a plugins.Source of what is published while it is open.
type Listener struct {
	config Config
	draw   func() (string, error)

	mu    sync.Mutex
	conn  *nats.Conn
	queue *push.Queue // nil: closed
}

// Open subscribes. The running number is that of the cursor.
func (l *Listener) Open(_ context.Context, at plugins.Cursor) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.queue != nil {
		return errors.New("it is open already")
	}
	queue, err := push.Open(push.Config{Name: "nats", MaxInflight: l.config.MaxInflight, Draw: l.draw}, at)
	if err != nil {
		return err
	}
	conn, err := l.config.connect()
	if err != nil {
		return err
	}
	for _, subject := range l.config.Subjects {
		if _, err = conn.Subscribe(subject, func(m *nats.Msg) { l.take(queue, m) }); err != nil {
			break
		}
	}
	if err == nil {
		err = conn.FlushTimeout(subscribeTimeout)
	}
	if err != nil {
		conn.Close()
		return fmt.Errorf("subscribe: %w", err)
	}
	l.config.Log.Warn("these subjects have no stream: what is published while this agent does not listen, or falls behind, is lost; name a stream of JetStream that keeps them", "subjects", l.config.Subjects)
	l.conn, l.queue = conn, queue
	return nil
}

// take brings a message. While there is no room the client keeps what comes, and throws away and tells of what is too much.
func (l *Listener) take(q *push.Queue, m *nats.Msg) {
	if len(m.Data) == 0 {
		return
	}
	item := push.Item{Length: int64(len(m.Data)), File: m.Subject}
	item.Data, item.Fault = cut(m.Data, l.config.MaxLine)
	if _, err := q.Put(context.Background(), []push.Item{item}, nil); err != nil {
		l.config.Log.Warn("a message came while the source was closed", "subject", m.Subject)
	}
}

// Read returns what was published.
func (l *Listener) Read(ctx context.Context) (plugins.Batch, error) {
	if q := l.opened(); q != nil {
		return q.Read(ctx)
	}
	return plugins.Batch{}, fetch.ErrClosed
}

// Committed makes room.
func (l *Listener) Committed(_ context.Context, at plugins.Cursor) error {
	if q := l.opened(); q != nil {
		return q.Committed(at)
	}
	return fetch.ErrClosed
}

// Pushed says that what was read cannot be had again.
func (l *Listener) Pushed() {}

// Close listens no more.
func (l *Listener) Close() error {
	l.mu.Lock()
	conn, queue := l.conn, l.queue
	l.queue = nil
	l.mu.Unlock()
	if queue != nil {
		queue.Close()
		conn.Close()
	}
	return nil
}

func (l *Listener) opened() *push.Queue {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.queue
}

// Status is how the source fares.
func (l *Listener) Status() push.Status {
	if q := l.opened(); q != nil {
		return q.Status()
	}
	return push.Status{}
}
