package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// shipped is a record, and the index of its event.
type shipped struct {
	index  int
	record *kgo.Record
}

// flight is what is under way to the brokers. A record that was handed to the client is never
// taken back: the client goes on until a broker has answered, and so knows what is there.
type flight struct {
	load []shipped
	errs []error // of each, once done
	left atomic.Int64
	done chan struct{}
}

func (s *Sink) launch(load []shipped) {
	f := &flight{load: load, errs: make([]error, len(load)), done: make(chan struct{})}
	f.left.Store(int64(len(load)))
	s.under = f
	for i, x := range load {
		s.client.Produce(context.Background(), x.record, func(_ *kgo.Record, err error) {
			f.errs[i] = err
			if f.left.Add(-1) == 0 {
				close(f.done)
			}
		})
	}
}

// ship sends records and waits until the brokers have them. Those that are too large
// by themselves are refused; so that no other one is, what is refused together is
// sent again in two parts.
func (s *Sink) ship(ctx context.Context, load []shipped, refused map[int]error) error {
	if len(load) == 0 {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.launch(load)
	large, err := s.outcome(ctx)
	if err != nil || len(large) == 0 {
		return err
	}
	if len(load) == 1 {
		refused[load[0].index] = fmt.Errorf("the event has %d bytes: more than max_bytes, or than the topic %s takes in one message", len(load[0].record.Value), s.config.Topic)
		return nil
	}
	for i := range large { // the client has its own things in a record that it has had
		r := large[i].record
		large[i].record = &kgo.Record{Key: r.Key, Value: r.Value, Headers: r.Headers}
	}
	if err := s.ship(ctx, large[:len(large)/2], refused); err != nil {
		return err
	}
	return s.ship(ctx, large[len(large)/2:], refused)
}

// landed waits for what an earlier Write has left under way.
func (s *Sink) landed(ctx context.Context) error {
	if s.under == nil {
		return nil
	}
	_, err := s.outcome(ctx)
	return err
}

// outcome waits for what is under way. An error leaves in doubt what is there.
func (s *Sink) outcome(ctx context.Context) (large []shipped, err error) {
	f := s.under
	timer := time.NewTimer(s.timeout)
	defer timer.Stop()
	select {
	case <-f.done:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-timer.C:
		return nil, s.late(ctx, f)
	}
	s.under = nil
	for i, x := range f.load {
		switch why := f.errs[i]; {
		case why == nil:
			s.ends.offsets[x.record.Partition] = max(s.ends.offsets[x.record.Partition], x.record.Offset+1)
		case errors.Is(why, kerr.MessageTooLarge):
			large = append(large, x)
		case err == nil:
			err = why
		}
	}
	if err == nil {
		return large, nil
	}
	s.doubt = true
	s.client.Close() // it may have stopped for good
	s.client = nil
	return nil, s.explain("send to", err)
}

// late tells of brokers that do not answer, and why, as far as one can be asked.
func (s *Sink) late(ctx context.Context, f *flight) error {
	err := fmt.Errorf("topic %s: the brokers have not confirmed %d of %d events within %s; they are waited for", s.config.Topic, f.left.Load(), len(f.load), s.timeout)
	ctx, cancel := s.asking(ctx)
	defer cancel()
	if _, why := s.describe(ctx, s.client); why != nil {
		return fmt.Errorf("%w: %w", err, why)
	}
	return fmt.Errorf("%w: look whether enough replicas are in sync (min.insync.replicas)", err)
}

// explain says what to do about what brokers tell.
func (s *Sink) explain(what string, err error) error {
	hint := ""
	switch {
	case errors.Is(err, kerr.UnknownTopicOrPartition), errors.Is(err, kerr.UnknownTopicID):
		hint = ": make the topic, with at least as many replicas as may be lost"
	case errors.Is(err, kerr.TopicAuthorizationFailed), errors.Is(err, kerr.ClusterAuthorizationFailed):
		hint = ": allow Describe, Write and Read of the topic"
	case errors.Is(err, kerr.SaslAuthenticationFailed):
		hint = ": look at user and password_file of sasl"
	case errors.Is(err, io.EOF):
		hint = ": the brokers hang up; look at tls, and at user and password_file of sasl"
	}
	return fmt.Errorf("%s topic %s%s: %w", what, s.config.Topic, hint, err)
}
