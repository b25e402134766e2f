package natssource

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/fetch"
)

const (
	// readBytes is about how much one batch has.
	readBytes = 256 << 10
	// fetchWait is how long one request to the server waits for messages. They are given when they come.
	fetchWait = 5 * time.Second
	// markPrefix begins the key of the mark, see docs/format/fetch-mark.md.
	markPrefix  = "s/"
	markVersion = 1
)

var errMark = errors.New("the cursor has a mark that is damaged, or of a later version")

// Stream is a plugins.Source of a stream of JetStream.
type Stream struct {
	fetch.Source
	config Config
}

// Open begins to read behind the cursor.
func (s *Stream) Open(_ context.Context, at plugins.Cursor) error {
	return s.Begin(func() (fetch.Work, error) {
		for _, m := range at {
			if _, err := sequence(m); err != nil {
				return nil, err
			}
		}
		return func(ctx context.Context, give func(plugins.Batch) error) error { return s.work(ctx, at, give) }, nil
	})
}

// sequence is that of the last record that was read.
func sequence(m plugins.Mark) (uint64, error) {
	if !strings.HasPrefix(m.Key, markPrefix) || len(m.Value) < 2 || m.Value[0] != markVersion {
		return 0, fmt.Errorf("mark %q: %w", m.Key, errMark)
	}
	n, read := binary.Uvarint(m.Value[1:])
	if 1+read != len(m.Value) || n > 1<<62 {
		return 0, fmt.Errorf("mark %q: %w", m.Key, errMark)
	}
	return n, nil
}

func (s *Stream) work(ctx context.Context, at plugins.Cursor, give func(plugins.Batch) error) error {
	conn, err := s.config.connect()
	if err != nil {
		return err
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return err
	}
	stream, err := js.Stream(ctx, s.config.Stream)
	if err != nil {
		return fmt.Errorf("stream %s: %w", s.config.Stream, err)
	}
	info := stream.CachedInfo()
	// A stream that was made anew counts from one again: it is another one.
	identity := fmt.Sprintf("%s/%d", info.Config.Name, info.Created.UnixNano())
	var others plugins.Cursor
	last, known := uint64(0), false
	for _, m := range at {
		if m.Key != markPrefix+identity {
			others = append(others, plugins.Mark{Key: m.Key})
		} else if last, err = sequence(m); err != nil {
			return err
		} else {
			known = true
		}
	}
	if !known && len(at) == 0 && s.config.Start == "end" {
		last = info.State.LastSeq
	}
	c := jetstream.OrderedConsumerConfig{FilterSubjects: s.config.Subjects, DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: last + 1}
	consumer, err := stream.OrderedConsumer(ctx, c)
	if err != nil {
		return fmt.Errorf("stream %s: %w", s.config.Stream, err)
	}
	if !known { // where it begins is durable before anything is read
		if err := give(plugins.Batch{Next: append(others, mark(identity, last))}); err != nil {
			return err
		}
	}
	for ctx.Err() == nil {
		messages, err := consumer.Fetch(plugins.MaxRecords, jetstream.FetchMaxWait(fetchWait))
		if err != nil {
			return fmt.Errorf("stream %s: %w", s.config.Stream, err)
		}
		if err := s.fetched(ctx, messages.Messages(), identity, &last, give); err != nil {
			return err
		}
		if err := messages.Error(); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("stream %s: %w", s.config.Stream, err)
		}
	}
	return ctx.Err()
}

// fetched gives messages as they come: the first one, and those that are there then.
func (s *Stream) fetched(ctx context.Context, messages <-chan jetstream.Msg, identity string, last *uint64, give func(plugins.Batch) error) error {
	for {
		var b plugins.Batch
		size, moved := 0, false
		for more := true; more && size < readBytes; {
			var m jetstream.Msg
			select {
			case m = <-messages:
			default:
				if moved {
					more = false
					continue
				}
				select {
				case m = <-messages:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			if m == nil { // the request has ended
				if !moved {
					return nil
				}
				break
			}
			data, err := m.Metadata()
			if err != nil {
				return err
			}
			*last, moved = data.Sequence.Stream, true
			if len(m.Data()) > 0 {
				b.Records = append(b.Records, s.record(m, identity, *last))
			}
			size += len(m.Data())
		}
		b.Next = plugins.Cursor{mark(identity, *last)}
		if err := give(b); err != nil {
			return err
		}
	}
}

func (s *Stream) record(m jetstream.Msg, identity string, seq uint64) plugins.Record {
	r := plugins.Record{Pos: plugins.Position{File: m.Subject(), FileID: "nats/" + identity, Offset: int64(seq), Length: int64(len(m.Data()))}}
	r.Data, r.Fault = cut(m.Data(), s.config.MaxLine)
	return r
}

func mark(identity string, last uint64) plugins.Mark {
	return plugins.Mark{Key: markPrefix + identity, Value: binary.AppendUvarint([]byte{markVersion}, last)}
}
