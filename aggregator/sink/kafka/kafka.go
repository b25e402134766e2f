// Package kafka delivers a trail into a topic of Kafka: an event is a record.
//
// The producer is idempotent and waits for all replicas in sync, so that what the client sends again by
// itself is there once. What a crash, or an answer that never came, leaves in doubt is read back from the
// topic: a mark is the offset of each partition behind what was delivered, each record names who produced it
// and the id of its event, and what is found behind the mark is passed over when it comes again.
package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/actiontrail/actiontrail/aggregator/sink"
	"github.com/actiontrail/actiontrail/aggregator/sink/found"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/event/render"
	"github.com/actiontrail/actiontrail/internal/access"
	"github.com/actiontrail/actiontrail/internal/brokers"
	"github.com/actiontrail/actiontrail/plugins"
)

// Keys that records can have.
const (
	KeyEvent   = "eventId"
	KeyActor   = "actor"   // userIdentity.principalId, else userName, accessKeyId
	KeyAccount = "account" // recipientAccountId
)

// Defaults.
const (
	DefaultCompression = "zstd"
	DefaultMaxBytes    = 1_000_000 // of a batch of records: a little less than what brokers take unless told otherwise
	DefaultProducer    = "actiontrail"
)

const (
	// answerWithin is how long a Write waits for the brokers. What they have not answered
	// by then stays under way, and the next one waits for it first.
	answerWithin = 30 * time.Second
	// flightEvents and flightBytes are about what is under way at once.
	flightEvents = 5000
	flightBytes  = 16 << 20
	// metadataAge is how soon brokers are asked again who leads a partition.
	metadataAge = 250 * time.Millisecond
)

// Config says where events go to, and how. It is also what the config block of a plugin would hold.
type Config struct {
	Brokers     []string       `json:"brokers"`
	TLS         *access.Client `json:"tls"`  // nil: in the clear
	SASL        *brokers.SASL  `json:"sasl"` // nil: nobody signs in
	Topic       string         `json:"topic"`
	Key         string         `json:"key"`         // one of the above; empty: KeyEvent
	Format      string         `json:"format"`      // of event/render; empty: render.Canonical
	Compression string         `json:"compression"` // none, gzip, snappy, lz4 or zstd; empty: DefaultCompression
	MaxBytes    int32          `json:"max_bytes"`   // of a batch before compression: a larger event is refused; 0: DefaultMaxBytes
	// Producer stands in a header of each record: who writes the same events into one
	// topic twice, on purpose, has two. Empty: DefaultProducer.
	Producer string `json:"producer"`
}

// Sink is a plugins.Sink of a topic.
type Sink struct {
	config  Config
	format  render.Format
	timeout time.Duration // answerWithin, but in tests

	client *kgo.Client // nil: not open
	topic  topic       // as it was when the client was opened
	under  *flight     // what the brokers have not answered yet; nil: nothing
	doubt  bool        // what is behind base must be read before more is written

	base  mark         // behind it, nothing of ours but what is in there was delivered
	ends  mark         // behind all that is known to be delivered
	there found.Events // that are in the topic behind base, and have not come again yet
}

var (
	_ plugins.Sink = (*Sink)(nil)
	_ sink.Resumer = (*Sink)(nil)
	_ io.Closer    = (*Sink)(nil)
)

// topicName is what brokers take as the name of a topic.
var topicName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,249}$`)

// New checks the configuration; nobody is called.
func New(c Config) (*Sink, error) {
	reach := brokers.Access{Brokers: c.Brokers, TLS: c.TLS, SASL: c.SASL}
	if err := reach.Check(); err != nil {
		return nil, err
	}
	if !topicName.MatchString(c.Topic) || c.Topic == "." || c.Topic == ".." {
		return nil, fmt.Errorf("%q is not the name of a topic: use letters, digits, ., _ and -", c.Topic)
	}
	set := func(s *string, otherwise string) {
		if *s == "" {
			*s = otherwise
		}
	}
	set(&c.Key, KeyEvent)
	set(&c.Format, render.Canonical)
	set(&c.Compression, DefaultCompression)
	set(&c.Producer, DefaultProducer)
	if c.MaxBytes == 0 {
		c.MaxBytes = DefaultMaxBytes
	}
	format, known := render.Find(c.Format)
	switch {
	case c.Key != KeyEvent && c.Key != KeyActor && c.Key != KeyAccount:
		return nil, fmt.Errorf("key %q is not known: use %s, %s or %s", c.Key, KeyEvent, KeyActor, KeyAccount)
	case !known:
		return nil, fmt.Errorf("format %q is not known", c.Format)
	case c.MaxBytes < 1<<10:
		return nil, errors.New("max_bytes is less than an event has: give it 1KiB at least")
	}
	if _, err := codec(c.Compression); err != nil {
		return nil, err
	}
	return &Sink{config: c, format: format, timeout: answerWithin}, nil
}

func codec(name string) (kgo.CompressionCodec, error) {
	switch name {
	case "none":
		return kgo.NoCompression(), nil
	case "gzip":
		return kgo.GzipCompression(), nil
	case "snappy":
		return kgo.SnappyCompression(), nil
	case "lz4":
		return kgo.Lz4Compression(), nil
	case "zstd":
		return kgo.ZstdCompression(), nil
	}
	return kgo.NoCompression(), fmt.Errorf("compression %q is not known: use none, gzip, snappy, lz4 or zstd", name)
}

func (s *Sink) reach() *brokers.Access {
	return &brokers.Access{Brokers: s.config.Brokers, TLS: s.config.TLS, SASL: s.config.SASL}
}

// open makes a client, and learns what the topic is like. Without a mark of before,
// all that the topic holds now was delivered by others.
func (s *Sink) open(ctx context.Context) error {
	if s.client != nil {
		return nil
	}
	compression, err := codec(s.config.Compression)
	if err != nil {
		return err
	}
	client, err := kgo.NewClient(append(s.reach().Options(),
		kgo.DefaultProduceTopic(s.config.Topic), kgo.RequiredAcks(kgo.AllISRAcks()), kgo.StopProducerOnDataLossDetected(),
		kgo.ProducerBatchCompression(compression, kgo.SnappyCompression()), kgo.ProducerBatchMaxBytes(s.config.MaxBytes), kgo.ProducerLinger(2*time.Millisecond), kgo.MetadataMinAge(metadataAge),
		kgo.MaxBufferedRecords(4*flightEvents),
	)...)
	if err != nil {
		return err
	}
	t, err := s.describe(ctx, client)
	if err == nil && s.base.offsets == nil {
		s.base = mark{topic: t.id}
		if s.base.offsets, err = s.lastOffsets(ctx, client, &t); err == nil {
			s.ends = s.base.clone()
		}
	}
	if err != nil {
		client.Close()
		return err
	}
	s.client, s.topic = client, t
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
	refused := map[int]error{}
	came := make(map[string]int, len(events)) // the first of each id
	var passed []string
	var load []shipped
	size := 0
	for i := range events {
		if _, again := came[events[i].ID]; again {
			continue
		}
		came[events[i].ID] = i
		if s.there.Has(events[i].ID) {
			passed = append(passed, events[i].ID)
			continue
		}
		r := s.record(&events[i])
		load = append(load, shipped{i, r})
		if size += len(r.Value); len(load) >= flightEvents || size >= flightBytes {
			if err := s.ship(ctx, load, refused); err != nil {
				return s.failed(err)
			}
			load, size = nil, 0
		}
	}
	if err := s.ship(ctx, load, refused); err != nil {
		return s.failed(err)
	}
	s.came(len(events), passed)
	if len(refused) > 0 {
		for i := range events { // as the first of their ids
			if why := refused[came[events[i].ID]]; why != nil {
				refused[i] = why
			}
		}
		return &plugins.BatchError{Refused: refused}
	}
	return nil
}

// failed has the next Write find out what of this one is there.
func (s *Sink) failed(err error) error {
	s.doubt = true
	return err
}

// ready waits for what is under way, and reads back what is in doubt.
func (s *Sink) ready(ctx context.Context) error {
	if err := s.landed(ctx); err != nil {
		return err
	}
	if err := s.open(ctx); err != nil {
		return err
	}
	if !s.doubt {
		return nil
	}
	return s.readBack(ctx)
}

// Close ends the client. What is under way is in doubt then, and found by Resume.
func (s *Sink) Close() error {
	if s.client != nil {
		s.client.Close()
		s.client = nil
	}
	if s.under != nil {
		s.under, s.doubt = nil, true
	}
	return nil
}
