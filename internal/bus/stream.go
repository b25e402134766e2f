package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// duplicateWindow is how long the stream itself knows the ids of batches. What
// comes again later is found by its number.
const duplicateWindow = 2 * time.Minute

// StreamConfig says how the stream is made.
type StreamConfig struct {
	MaxBytes int64  // 0: DefaultMaxBytes
	FirstSeq uint64 // of a new stream: above the position of every follower, so that a store that was lost and made anew is never taken for the old one
	Replicas int    // 0: 1
}

// EnsureStream makes the stream if there is none, and brings an older one to this form.
func (c *Conn) EnsureStream(ctx context.Context, cfg StreamConfig) error {
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = DefaultMaxBytes
	}
	sc := jetstream.StreamConfig{
		Name:        StreamName,
		Description: "batches of audit events",
		Subjects:    []string{allSubjects},
		Storage:     jetstream.FileStorage,
		Replicas:    max(cfg.Replicas, 1),
		Retention:   jetstream.LimitsPolicy,
		Discard:     jetstream.DiscardNew, // a full stream pushes back into the spools
		MaxBytes:    cfg.MaxBytes,
		MaxMsgSize:  MaxMessage,
		Duplicates:  duplicateWindow,
		AllowDirect: true,
		DenyDelete:  true,
	}
	old, err := c.js.Stream(ctx, StreamName)
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
		err = c.makeStream(ctx, sc, cfg.FirstSeq)
	case err == nil && slices.Contains(old.CachedInfo().Config.Subjects, unmade):
		err = c.openStream(ctx, old, sc, cfg.FirstSeq)
	case err == nil:
		sc.FirstSeq = old.CachedInfo().Config.FirstSeq
		_, err = c.js.UpdateStream(ctx, sc)
	}
	if err != nil {
		return fmt.Errorf("stream %s: %w", StreamName, c.explain(err))
	}
	return nil
}

// unmade is the subject of the stream while it is made: nobody may publish there.
const unmade = "actiontrail.unmade"

// makeStream makes the stream that the server does not know of. Its store may be there
// all the same, with batches that somebody has yet to read: a server that is killed between
// the two files which say what a stream is like (meta.inf, meta.sum) passes the stream
// over from then on. Made with a first seq, it would be emptied.
func (c *Conn) makeStream(ctx context.Context, sc jetstream.StreamConfig, first uint64) error {
	closed := sc
	closed.Subjects = []string{unmade}
	s, err := c.js.CreateStream(ctx, closed)
	if err != nil {
		return err
	}
	return c.openStream(ctx, s, sc, first)
}

// openStream lets batches into the stream: behind those that are in its store, or
// with first when that is behind them.
func (c *Conn) openStream(ctx context.Context, s jetstream.Stream, sc jetstream.StreamConfig, first uint64) error {
	if s.CachedInfo().State.LastSeq+1 < first {
		if err := s.Purge(ctx, jetstream.WithPurgeSequence(first)); err != nil {
			return err
		}
	}
	_, err := c.js.UpdateStream(ctx, sc)
	return err
}

// StreamState is what the stream holds now.
type StreamState struct {
	Messages, FirstSeq, LastSeq uint64
	Bytes, MaxBytes             int64
}

// State asks the stream what it holds.
func (c *Conn) State(ctx context.Context) (StreamState, error) {
	s, err := c.js.Stream(ctx, StreamName)
	if err != nil {
		return StreamState{}, c.explain(err)
	}
	i := s.CachedInfo()
	return StreamState{i.State.Msgs, i.State.FirstSeq, i.State.LastSeq, int64(i.State.Bytes), i.Config.MaxBytes}, nil
}

// Message is one batch message of the stream.
type Message struct {
	Subject string
	Seq     uint64
	Data    []byte
	Stored  time.Time // when the stream took it
}

// Last is the last message of a subject, or ErrNone. It needs no right but to
// read the subject's own last message.
func (c *Conn) Last(ctx context.Context, subject string) (Message, error) {
	return c.direct(ctx, directGet+"."+subject, nil)
}

// Next is the first message of a subject at or after seq, or ErrNone. NATS gives
// such a read only to those who may read everything; an agent asks the aggregator for it.
func (c *Conn) Next(ctx context.Context, subject string, seq uint64) (Message, error) {
	if c.cfg.Inbox != "" {
		return c.direct(ctx, recoverSubject(subject), strconv.AppendUint(nil, seq, 10))
	}
	request, err := json.Marshal(map[string]any{"seq": max(seq, 1), "next_by_subj": subject})
	if err != nil {
		return Message{}, err
	}
	return c.direct(ctx, directGet, request)
}

func (c *Conn) direct(ctx context.Context, to string, request []byte) (Message, error) {
	if !c.nc.IsConnected() {
		return Message{}, c.unconnected()
	}
	reply, err := c.nc.RequestWithContext(ctx, to, request)
	if err != nil {
		return Message{}, c.explain(err)
	}
	switch status := reply.Header.Get("Status"); status {
	case "":
	case "404":
		return Message{}, ErrNone
	case "503":
		return Message{}, ErrNoStream
	default:
		return Message{}, fmt.Errorf("read %s: NATS answers %s %s", to, status, reply.Header.Get("Description"))
	}
	seq, err := strconv.ParseUint(reply.Header.Get(jetstream.SequenceHeader), 10, 64)
	if err != nil {
		return Message{}, fmt.Errorf("read %s: reply without a sequence", to)
	}
	stored, err := time.Parse(time.RFC3339Nano, reply.Header.Get(jetstream.TimeStampHeaer))
	if err != nil {
		return Message{}, fmt.Errorf("read %s: reply without a time: %w", to, err)
	}
	return Message{reply.Header.Get(jetstream.SubjectHeader), seq, reply.Data, stored}, nil
}

// Subjects are the subjects that the stream holds, and how many messages of each.
func (c *Conn) Subjects(ctx context.Context) (map[string]uint64, error) {
	s, err := c.js.Stream(ctx, StreamName)
	if err != nil {
		return nil, c.explain(err)
	}
	i, err := s.Info(ctx, jetstream.WithSubjectFilter(allSubjects))
	if err != nil {
		return nil, c.explain(err)
	}
	return i.State.Subjects, nil
}

// Purge removes the messages of a subject whose seq is below before.
func (c *Conn) Purge(ctx context.Context, subject string, before uint64) error {
	s, err := c.js.Stream(ctx, StreamName)
	if err != nil {
		return c.explain(err)
	}
	if err := s.Purge(ctx, jetstream.WithPurgeSubject(subject), jetstream.WithPurgeSequence(before)); err != nil {
		return fmt.Errorf("purge %s below %d: %w", subject, before, c.explain(err))
	}
	return nil
}
