package kafka

import (
	"context"
	"fmt"
	"maps"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/actiontrail/actiontrail/aggregator/sink/found"
)

// readBytes bounds what one fetch brings.
const readBytes = 4 << 20

// Resume implements sink.Resumer. Without a mark nothing was delivered: what the
// topic holds is of others.
func (s *Sink) Resume(ctx context.Context, text []byte) error {
	if err := s.landed(ctx); err != nil {
		return err
	}
	s.base, s.ends, s.there, s.doubt = mark{}, mark{}, found.Events{}, false
	if text != nil {
		m, err := parseMark(text)
		if err != nil {
			return err
		}
		s.base, s.doubt = m, true
		s.ends = m.clone()
	} else if s.client != nil { // the end of now is to be asked for
		if err := s.Close(); err != nil {
			return err
		}
	}
	return s.ready(ctx)
}

// Mark implements sink.Resumer. As long as events that are in the topic are to come again,
// it stays before them.
func (s *Sink) Mark() []byte {
	if s.base.offsets == nil {
		return nil
	}
	return s.base.append(nil)
}

// came moves the mark, once nothing is left behind it that must be known.
func (s *Sink) came(events int, passed []string) {
	if s.there.Came(events, passed) {
		s.base = s.ends.clone()
	}
}

// readBack reads the topic from the mark to its end, and remembers what of it is ours.
func (s *Sink) readBack(ctx context.Context) error {
	t, err := s.describe(ctx, s.client)
	if err != nil {
		return err
	}
	first, err := s.firstOffsets(ctx, s.client, &t)
	if err != nil {
		return err
	}
	last, err := s.lastOffsets(ctx, s.client, &t)
	if err != nil {
		return err
	}
	from := maps.Clone(first)
	if s.base.topic == t.id { // else it was made anew: its offsets are others
		for n, offset := range s.base.offsets {
			if at, known := from[n]; known {
				from[n] = max(at, offset)
			}
		}
	}
	var there found.Events
	if err := s.read(ctx, from, last, &there); err != nil {
		return err
	}
	for n, offset := range last {
		from[n] = min(from[n], offset) // it may have lost its end
	}
	s.topic, s.base, s.ends, s.there, s.doubt = t, mark{t.id, from}, mark{t.id, last}, there, false
	s.came(0, nil)
	return nil
}

// read reads partitions from offsets to others.
func (s *Sink) read(ctx context.Context, from, to map[int32]int64, there *found.Events) error {
	at := map[int32]kgo.Offset{}
	for n, offset := range from {
		if offset < to[n] {
			at[n] = kgo.NewOffset().At(offset)
		}
	}
	if len(at) == 0 {
		return nil
	}
	client, err := kgo.NewClient(append(s.reach().Options(), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{s.config.Topic: at}),
		kgo.KeepControlRecords(), kgo.FetchMaxBytes(readBytes), kgo.FetchMaxPartitionBytes(readBytes), kgo.MaxConcurrentFetches(1), kgo.MetadataMinAge(metadataAge))...)
	if err != nil {
		return err
	}
	defer client.Close()
	for len(at) > 0 {
		turn, cancel := context.WithTimeout(ctx, s.timeout)
		fetched := client.PollFetches(turn)
		late := turn.Err() != nil
		cancel()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case late:
			return fmt.Errorf("topic %s: %d partitions could not be read to their end within %s, to find out what is there already", s.config.Topic, len(at), s.timeout)
		}
		for _, e := range fetched.Errors() {
			return s.explain("read back", e.Err)
		}
		for _, r := range fetched.Records() {
			if id, ours := s.ours(r); ours && r.Offset < to[r.Partition] {
				there.Add(id)
			}
			if r.Offset+1 >= to[r.Partition] {
				delete(at, r.Partition)
			}
		}
		if there.Len() > found.Most {
			return fmt.Errorf("topic %s holds more than %d events of producer %q behind the place where this delivery was: its note is much older than the topic; give the delivery another name to begin anew, and tell events that come again by their ids", s.config.Topic, found.Most, s.config.Producer)
		}
	}
	return nil
}
