package natssink

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/actiontrail/actiontrail/aggregator/sink/found"
)

// markVersion begins a mark: when the stream was made, in nanoseconds, and the
// sequence of the last message before, as uvarints.
const markVersion = 1

var errMark = errors.New("the mark of what was delivered is damaged, or of a later version")

// mark is a place in a stream.
type mark struct {
	created uint64 // 0: there is no mark
	seq     uint64
}

func (m mark) append(b []byte) []byte {
	b = append(b, markVersion)
	b = binary.AppendUvarint(b, m.created)
	return binary.AppendUvarint(b, m.seq)
}

func parseMark(b []byte) (m mark, err error) {
	if len(b) == 0 || b[0] != markVersion {
		return m, errMark
	}
	created, n := binary.Uvarint(b[1:])
	if n <= 0 || created == 0 {
		return m, errMark
	}
	seq, k := binary.Uvarint(b[1+n:])
	if k <= 0 || 1+n+k != len(b) {
		return m, errMark
	}
	return mark{created, seq}, nil
}

// Resume implements sink.Resumer. Without a mark nothing was delivered: what the
// stream holds is of others.
func (s *Sink) Resume(ctx context.Context, text []byte) error {
	s.base, s.ends, s.there, s.doubt = mark{}, mark{}, found.Events{}, false
	if text != nil && !s.config.Core {
		m, err := parseMark(text)
		if err != nil {
			return err
		}
		s.base, s.ends, s.doubt = m, m, true
	}
	return s.ready(ctx)
}

// Mark implements sink.Resumer. As long as events that are in the stream are to come again,
// it stays before them. Without JetStream there is none.
func (s *Sink) Mark() []byte {
	if s.base.created == 0 {
		return nil
	}
	return s.base.append(nil)
}

// came moves the mark, once nothing is left behind it that must be known.
func (s *Sink) came(events int, passed []string) {
	if s.there.Came(events, passed) {
		s.base = s.ends
	}
}

// readBack finds the stream, and reads from the mark to its end what of it is ours. Without
// a mark nothing of it is.
func (s *Sink) readBack(ctx context.Context) error {
	js, err := jetstream.New(s.conn)
	if err != nil {
		return err
	}
	name, err := js.StreamNameBySubject(ctx, s.config.Subject)
	if err != nil {
		return err
	}
	stream, err := js.Stream(ctx, name)
	if err != nil {
		return err
	}
	info := stream.CachedInfo()
	if name == "EVENTS" && slices.Contains(info.Config.Subjects, "events.>") {
		return errors.New("it is the stream that the agents' batches go through: take another subject, or another server")
	}
	now := mark{uint64(info.Created.UnixNano()), info.State.LastSeq}
	var there found.Events
	from := now
	if s.base.created != 0 {
		from.seq = 0 // it was made anew: all of it is later than the mark
		if s.base.created == now.created {
			from.seq = min(s.base.seq, now.seq)
		}
		// Who takes messages out of a work queue leaves nothing to be read back, and lets nobody else read.
		if info.Config.Retention == jetstream.LimitsPolicy {
			if err := s.read(ctx, stream, from.seq, now.seq, &there); err != nil {
				return err
			}
		}
	}
	s.stream, s.base, s.ends, s.there, s.doubt = name, from, now, there, false
	s.came(0, nil)
	return nil
}

// read reads the headers of messages behind after, up to last.
func (s *Sink) read(ctx context.Context, stream jetstream.Stream, after, last uint64, there *found.Events) error {
	if after >= last {
		return nil
	}
	end, err := stream.GetLastMsgForSubject(ctx, s.config.Subject)
	if errors.Is(err, jetstream.ErrMsgNotFound) || err == nil && end.Sequence <= after {
		return nil
	}
	if err != nil {
		return err
	}
	consumer, err := stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{
		FilterSubjects: []string{s.config.Subject}, DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: after + 1, HeadersOnly: true, InactiveThreshold: time.Minute,
	})
	if err != nil {
		return err
	}
	messages, err := consumer.Messages(jetstream.PullMaxMessages(1000))
	if err != nil {
		return err
	}
	defer messages.Stop()
	for at := after; at < end.Sequence; {
		m, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return fmt.Errorf("stream %s could not be read to its end, to find out what is there already: at %d of %d: %w", stream.CachedInfo().Config.Name, at, end.Sequence, err)
		}
		data, err := m.Metadata()
		if err != nil {
			return err
		}
		at = data.Sequence.Stream
		if h := m.Headers(); h.Get(headerProducer) == s.config.Producer && h.Get(headerEvent) != "" {
			there.Add([]byte(h.Get(headerEvent)))
		}
		if there.Len() > found.Most {
			return fmt.Errorf("stream %s holds more than %d events of producer %q behind the place where this delivery was: its note is much older than the stream; give the delivery another name to begin anew, and tell events that come again by their ids", stream.CachedInfo().Config.Name, found.Most, s.config.Producer)
		}
	}
	return nil
}
