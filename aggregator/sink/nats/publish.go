package natssink

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// published is a message, the index of its event, and who tells what became of it.
type published struct {
	index int
	msg   *nats.Msg
	ack   jetstream.PubAckFuture
}

// publish publishes messages and waits until the server has them: the stream, or without
// one the server itself.
func (s *Sink) publish(ctx context.Context, load []published, refused map[int]error) error {
	if len(load) == 0 {
		return nil
	}
	if s.config.Core {
		return s.publishCore(ctx, load, refused)
	}
	js, err := jetstream.New(s.conn, jetstream.WithPublishAsyncMaxPending(2*flightEvents))
	if err != nil {
		return err
	}
	for i := range load {
		p := &load[i]
		if p.ack, err = js.PublishMsgAsync(p.msg, jetstream.WithRetryAttempts(0)); errors.Is(err, nats.ErrMaxPayload) {
			refused[p.index] = s.tooLarge(p, "the server", s.conn.MaxPayload())
		} else if err != nil {
			return s.explain("publish to", err)
		}
	}
	timer := time.NewTimer(s.timeout)
	defer timer.Stop()
	for i := range load {
		if load[i].ack == nil {
			continue
		}
		timer.Reset(s.timeout) // a server that syncs each message may take long for all
		if err := s.acknowledged(ctx, &load[i], timer.C, refused); err != nil {
			return err
		}
	}
	return nil
}

func (s *Sink) acknowledged(ctx context.Context, p *published, late <-chan time.Time, refused map[int]error) error {
	select {
	case ack := <-p.ack.Ok():
		if ack.Stream != s.stream {
			return fmt.Errorf("subject %s: stream %s took an event, and it was %s before: it is looked at again", s.config.Subject, ack.Stream, s.stream)
		}
		s.ends.seq = max(s.ends.seq, ack.Sequence)
		return nil
	case err := <-p.ack.Err():
		var api *jetstream.APIError
		if errors.As(err, &api) && api.ErrorCode == tooLargeForStream {
			refused[p.index] = s.tooLarge(p, "stream "+s.stream, 0)
			return nil
		}
		return s.explain("publish to", err)
	case <-late:
		return s.explain("publish to", context.DeadlineExceeded)
	case <-ctx.Done():
		return s.explain("publish to", ctx.Err())
	}
}

func (s *Sink) publishCore(ctx context.Context, load []published, refused map[int]error) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	for i := range load {
		if err := s.conn.PublishMsg(load[i].msg); errors.Is(err, nats.ErrMaxPayload) {
			refused[load[i].index] = s.tooLarge(&load[i], "the server", s.conn.MaxPayload())
		} else if err != nil {
			return s.explain("publish to", err)
		}
	}
	if err := s.conn.FlushWithContext(ctx); err != nil {
		return s.explain("publish to", err)
	}
	if err := s.conn.LastError(); err != nil { // it came before the answer to the flush
		return s.explain("publish to", err)
	}
	return nil
}

// Error codes of JetStream.
const (
	tooLargeForStream = 10054
	streamIsFull      = 10077
)

func (s *Sink) tooLarge(p *published, who string, most int64) error {
	if most > 0 {
		return fmt.Errorf("the event has %d bytes, and %s takes %d in one message (max_payload)", len(p.msg.Data), who, most)
	}
	return fmt.Errorf("the event has %d bytes: more than %s takes in one message (max_msg_size)", len(p.msg.Data), who)
}

// explain says what to do about what the server tells, or why it tells nothing.
func (s *Sink) explain(what string, err error) error {
	var api *jetstream.APIError
	hint := ""
	if refusal := s.refusal.Swap(nil); refusal != nil && !errors.Is(err, *refusal) {
		err = fmt.Errorf("%w: %w", err, *refusal)
	}
	switch {
	case errors.Is(err, nats.ErrPermissionViolation):
		hint = ": allow to publish the subject and $JS.API.>, and to subscribe _INBOX.>"
	case errors.Is(err, jetstream.ErrStreamNotFound), errors.Is(err, jetstream.ErrNoStreamResponse), errors.Is(err, nats.ErrNoResponders), errors.Is(err, jetstream.ErrJetStreamNotEnabled):
		hint = ": no stream of JetStream takes it: make one, or write jetstream = false"
	case errors.As(err, &api) && api.ErrorCode == streamIsFull:
		hint = ": the stream is full: give it more room, or let it discard old messages"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrTimeout):
		return fmt.Errorf("%s subject %s: the server has not answered within %s: %w", what, s.config.Subject, s.timeout, err)
	}
	return fmt.Errorf("%s subject %s%s: %w", what, s.config.Subject, hint, err)
}
