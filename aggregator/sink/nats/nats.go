// Package natssink delivers a trail to a subject of NATS: an event is a message.
//
// A stream of JetStream acknowledges each one. An id of the delivery and the event lets the stream pass over what is
// published again within its duplicate window; what a longer outage or a crash leaves in doubt is read back from the
// stream, its headers alone: a mark is the sequence behind which nothing was delivered. Without JetStream a
// message reaches who listens at that moment, and nobody knows whether it did.
package natssink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/actiontrail/actiontrail/aggregator/sink"
	"github.com/actiontrail/actiontrail/aggregator/sink/found"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/event/render"
	"github.com/actiontrail/actiontrail/internal/access"
	"github.com/actiontrail/actiontrail/plugins"
)

// DefaultProducer is that of a delivery without a name.
const DefaultProducer = "actiontrail"

// Headers of messages, beside Nats-Msg-Id.
const (
	headerEvent    = "eventId"
	headerFormat   = "format"
	headerProducer = "producer"
)

const (
	// answerWithin is how long a server may take until the next answer.
	answerWithin = 10 * time.Second
	// flightEvents and flightBytes are about that.
	flightEvents = 500
	flightBytes  = 4 << 20
)

// Config says where events go to, and how. It is also what the config block of a plugin would hold.
type Config struct {
	Servers     []string       `json:"servers"` // nats:// or tls:// addresses
	Subject     string         `json:"subject"`
	Core        bool           `json:"core"`        // without JetStream
	Credentials string         `json:"credentials"` // file of a user's JWT and seed; empty: none
	NKey        string         `json:"nkey"`        // file of a seed; empty: none
	TLS         *access.Client `json:"tls"`         // nil: as the addresses say
	Format      string         `json:"format"`      // of event/render; empty: render.Canonical
	// Producer stands in a header of each message, and in its id: a stream may take the
	// same event from two. Empty: DefaultProducer.
	Producer string `json:"producer"`
}

// Sink is a plugins.Sink of a subject.
type Sink struct {
	config  Config
	format  render.Format
	timeout time.Duration // answerWithin, but in tests

	conn    *nats.Conn // nil: not open
	stream  string
	refusal *atomic.Pointer[error] // what the server told outside of an answer
	doubt   bool                   // what is behind base must be read before more is published

	base  mark         // behind it, nothing of ours but what is in there was delivered
	ends  mark         // behind all that is known to be delivered
	there found.Events // that are in the stream behind base, and have not come again yet
}

var (
	_ plugins.Sink = (*Sink)(nil)
	_ sink.Resumer = (*Sink)(nil)
	_ io.Closer    = (*Sink)(nil)
)

// New checks the configuration; nobody is called.
func New(c Config) (*Sink, error) {
	if len(c.Servers) == 0 {
		return nil, errors.New(`servers are needed: write servers = ["tls://nats.example.com:4222"]`)
	}
	if err := checkSubject(c.Subject); err != nil {
		return nil, err
	}
	if c.Credentials != "" && c.NKey != "" {
		return nil, errors.New("nkey and credentials exclude each other: keep one of the two")
	}
	if c.TLS != nil {
		if err := c.TLS.Check(); err != nil {
			return nil, err
		}
	}
	if c.Format == "" {
		c.Format = render.Canonical
	}
	if c.Producer == "" {
		c.Producer = DefaultProducer
	}
	if strings.ContainsAny(c.Producer, "\r\n") {
		return nil, errors.New("producer has more than one line")
	}
	format, known := render.Find(c.Format)
	if !known {
		return nil, fmt.Errorf("format %q is not known", c.Format)
	}
	return &Sink{config: c, format: format, timeout: answerWithin, refusal: &atomic.Pointer[error]{}}, nil
}

func checkSubject(s string) error {
	tokens := strings.Split(s, ".")
	if s == "" || len(s) > 255 || strings.ContainsAny(s, " \t\r\n*>") || slices.Contains(tokens, "") {
		return fmt.Errorf(`%q is not one subject: write subject = "audit.events"`, s)
	}
	if strings.HasPrefix(s, "$") || strings.HasPrefix(s, "_INBOX") {
		return fmt.Errorf("the subjects %s. are those of NATS itself: take others", tokens[0])
	}
	return nil
}

// Write implements plugins.Sink.
func (s *Sink) Write(ctx context.Context, events []event.Event) error {
	if len(events) == 0 {
		return nil
	}
	if err := s.ready(ctx); err != nil {
		return err
	}
	err := s.write(ctx, events)
	if refused := (*plugins.BatchError)(nil); err != nil && !errors.As(err, &refused) {
		s.hangUp() // so that nothing of it is under way when the next one looks what is there
		s.doubt = true
	}
	return err
}

func (s *Sink) write(ctx context.Context, events []event.Event) error {
	refused := map[int]error{}
	came := make(map[string]int, len(events)) // the first of each id
	var passed []string
	var load []published
	size := 0
	for i := range events {
		if _, again := came[events[i].ID]; again {
			continue
		}
		came[events[i].ID] = i
		if s.there.Has(headerID(events[i].ID)) {
			passed = append(passed, headerID(events[i].ID))
			continue
		}
		m := s.message(&events[i])
		load = append(load, published{i, m, nil})
		if size += len(m.Data); len(load) >= flightEvents || size >= flightBytes {
			if err := s.publish(ctx, load, refused); err != nil {
				return err
			}
			load, size = nil, 0
		}
	}
	if err := s.publish(ctx, load, refused); err != nil {
		return err
	}
	s.came(len(events), passed)
	if len(refused) == 0 {
		return nil
	}
	for i := range events { // as the first of their ids
		if why := refused[came[events[i].ID]]; why != nil {
			refused[i] = why
		}
	}
	return &plugins.BatchError{Refused: refused}
}

func (s *Sink) message(e *event.Event) *nats.Msg {
	m := &nats.Msg{Subject: s.config.Subject, Data: s.format.Append(nil, e), Header: nats.Header{headerEvent: {headerID(e.ID)}, headerFormat: {s.format.Name}, headerProducer: {s.config.Producer}}}
	if !s.config.Core {
		m.Header[jetstream.MsgIDHeader] = []string{s.config.Producer + "/" + headerID(e.ID)}
	}
	return m
}

// headerID is an id as it can stand in a header: the usual ones as they are.
func headerID(id string) string { return url.PathEscape(id) }

// ready connects, and reads back what is in doubt.
func (s *Sink) ready(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.conn == nil || !s.conn.IsConnected() {
		s.hangUp()
		if err := s.connect(ctx); err != nil {
			return err
		}
	}
	if s.config.Core || s.base.created != 0 && !s.doubt {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 3*s.timeout)
	defer cancel()
	if err := s.readBack(ctx); err != nil {
		s.hangUp()
		return s.explain("read the stream of", err)
	}
	return nil
}

// Close ends the connection.
func (s *Sink) Close() error {
	s.hangUp()
	return nil
}
