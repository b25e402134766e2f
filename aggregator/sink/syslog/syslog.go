// Package syslog delivers events as RFC 5424 messages over TCP or TLS, each with its
// length before it (RFC 6587, 5425). Receivers of syslog answer nothing: what was
// sent counts as delivered when the receiver has read to the end of the connection.
package syslog

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/sink"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/access"
	"github.com/actiontrail/actiontrail/plugins"
)

// When what was sent counts as delivered.
const (
	// AcknowledgeClose: when the receiver has closed the connection, as it does when it has
	// read to the end of what was sent.
	AcknowledgeClose = "close"
	// AcknowledgeSent: when the receiver's machine has it, for receivers that never close.
	AcknowledgeSent = "sent"
)

// Defaults.
const (
	DefaultFacility = "audit" // 13, log audit
	DefaultAppName  = "actiontrail"
	// DefaultID is the SD-ID of the structured data. 32473 is the number for examples: who has one of their own writes it.
	DefaultID = "actiontrail@32473"
	// DefaultMostBytes is how long a message may be: many receivers take 64 KiB at most unless told otherwise.
	DefaultMostBytes = 64 << 10
)

// How long a receiver may take.
const (
	dialPatience  = 10 * time.Second // to be connected to, and for TLS
	writePatience = time.Minute      // to take some of what is sent
	closePatience = time.Minute      // to read the rest and close
	grace         = 100 * time.Millisecond
)

// Config says who is sent messages, and what they are like.
type Config struct {
	Address     string        `json:"address"` // host:port
	TLS         bool          `json:"tls,omitempty"`
	Files       access.Client `json:"files,omitzero"`        // of TLS
	Trail       string        `json:"trail,omitempty"`       // told by the structured data; "": it is not
	Name        string        `json:"name,omitempty"`        // that the receiver's certificate has; "": the host of Address
	Format      string        `json:"format,omitempty"`      // of the event in the message; "": canonical JSON
	Facility    string        `json:"facility,omitempty"`    // "": DefaultFacility
	Severity    string        `json:"severity,omitempty"`    // of all; "": info, of a write notice, of what failed warning
	AppName     string        `json:"app_name,omitempty"`    // "": DefaultAppName
	Hostname    string        `json:"hostname,omitempty"`    // "": that of this machine
	ID          string        `json:"sd_id,omitempty"`       // of the structured data; "": DefaultID
	BOM         bool          `json:"bom,omitempty"`         // before messages that are not ASCII, as RFC 5424 has it
	MostBytes   int           `json:"max_bytes,omitempty"`   // of a message; 0: DefaultMostBytes
	Acknowledge string        `json:"acknowledge,omitempty"` // AcknowledgeClose, also when it is "", or AcknowledgeSent
}

// Sink is a receiver of syslog.
type Sink struct {
	config Config
	form   form
	conn   *connection // nil: what was written is settled
	buf    []byte
	close  time.Duration // closePatience
}

var (
	_ plugins.Sink = (*Sink)(nil)
	_ sink.Settler = (*Sink)(nil)
)

// New checks the configuration and opens nothing.
func New(c Config) (*Sink, error) {
	host, _, err := net.SplitHostPort(c.Address)
	if err != nil || host == "" {
		return nil, fmt.Errorf(`syslog: %q is not host:port: write "logs.example.com:6514"`, c.Address)
	}
	if err := c.Files.Check(); err != nil {
		return nil, fmt.Errorf("syslog: %w", err)
	}
	c.Name, c.Acknowledge, c.MostBytes = cmp.Or(c.Name, host), cmp.Or(c.Acknowledge, AcknowledgeClose), cmp.Or(c.MostBytes, DefaultMostBytes)
	if c.Acknowledge != AcknowledgeClose && c.Acknowledge != AcknowledgeSent {
		return nil, fmt.Errorf("syslog: acknowledge is %q or %q, not %q", AcknowledgeClose, AcknowledgeSent, c.Acknowledge)
	}
	if c.MostBytes < LeastBytes {
		return nil, fmt.Errorf("syslog: max_bytes is %d: every receiver takes %d", c.MostBytes, LeastBytes)
	}
	if c.Hostname == "" {
		if c.Hostname, err = os.Hostname(); err != nil {
			return nil, fmt.Errorf("syslog: %w: write hostname", err)
		}
	}
	s := &Sink{config: c, close: closePatience}
	if s.form, err = newForm(&c); err != nil {
		return nil, fmt.Errorf("syslog: %w", err)
	}
	return s, nil
}

// Write implements plugins.Sink. Events are delivered at least once, when they are settled. One that is
// longer than a message may be is refused: receivers cut such ones, or take the rest for another message.
func (s *Sink) Write(ctx context.Context, events []event.Event) error {
	refused := map[int]error{}
	for at := 0; at < len(events); {
		s.buf = s.buf[:0]
		for ; at < len(events) && len(s.buf) < 256<<10; at++ {
			var n int
			if s.buf, n = s.form.append(s.buf, &events[at], s.config.MostBytes); n > s.config.MostBytes {
				refused[at] = fmt.Errorf("as a message of syslog it has %d bytes, and max_bytes is %d", n, s.config.MostBytes)
			}
		}
		if err := s.send(ctx); err != nil {
			s.drop()
			return s.failed(err)
		}
	}
	if len(refused) > 0 {
		return &plugins.BatchError{Refused: refused}
	}
	return nil
}

func (s *Sink) send(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(s.buf) == 0 {
		return nil
	}
	if s.conn == nil {
		c, err := dial(ctx, &s.config, s.close)
		if err != nil {
			return err
		}
		s.conn = c
	}
	return s.conn.write(ctx, s.buf)
}

// Settle implements sink.Settler. The next Write connects anew.
func (s *Sink) Settle(ctx context.Context) error {
	if s.conn == nil {
		return nil
	}
	var err error
	if s.config.Acknowledge == AcknowledgeSent {
		err = s.conn.sent(ctx)
	} else if err = s.conn.closed(ctx); err == nil {
		s.drop()
	}
	if err != nil {
		s.drop()
		return s.failed(err)
	}
	return nil
}

func (s *Sink) failed(err error) error { return fmt.Errorf("syslog %s: %w", s.config.Address, err) }

// drop ends the connection; what was written and not settled comes again.
func (s *Sink) drop() {
	if s.conn != nil {
		s.conn.Close()
		s.conn = nil
	}
}

// Close implements io.Closer.
func (s *Sink) Close() error {
	s.drop()
	return nil
}
