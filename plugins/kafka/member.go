package kafka

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/fetch"
)

// member is a member of the group.
type member struct {
	config *Config
	client *kgo.Client
	loop   *fetch.Loop
	stop   context.CancelFunc // of telling
	told   sync.WaitGroup

	mu      sync.Mutex
	ids     map[string]string // of topics, by their names
	given   map[place]int64   // offset after the last record that the agent has, or was to have
	durable map[place]int64   // offset before which all is in the spool
	sent    map[place]int64   // what the group was told
	owned   map[place]string  // partitions of now, and the names of their topics
	changed chan struct{}     // closed when durable moves
	leaving bool
}

func join(c *Config, at map[place]int64) (*member, error) {
	m := &member{config: c, ids: map[string]string{}, given: map[place]int64{}, durable: at, sent: map[place]int64{}, owned: map[place]string{}, changed: make(chan struct{})}
	reset := kgo.NewOffset().AtStart()
	if c.Start == "end" {
		reset = kgo.NewOffset().AtEnd()
	}
	options := append(c.Access.Options(),
		kgo.ConsumeTopics(c.Topics...), kgo.ConsumerGroup(c.Group), kgo.ConsumeResetOffset(reset),
		kgo.DisableAutoCommit(), kgo.BlockRebalanceOnPoll(), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.OnPartitionsAssigned(m.assigned), kgo.AdjustFetchOffsetsFn(m.adjust), kgo.OnPartitionsRevoked(m.revoked), kgo.OnPartitionsLost(m.lost),
	)
	client, err := kgo.NewClient(options...)
	if err != nil {
		return nil, err
	}
	m.client = client
	m.loop = fetch.Start(m.read)
	ctx, stop := context.WithCancel(context.Background())
	m.stop = stop
	m.told.Go(func() { m.tell(ctx) })
	return m, nil
}

// read gives what the brokers give. Until the agent has taken all of a poll no partition is taken away.
func (m *member) read(ctx context.Context, give func(plugins.Batch) error) error {
	for {
		polled := m.client.PollRecords(ctx, plugins.MaxRecords)
		err := m.poll(ctx, polled, give)
		m.client.AllowRebalance()
		if err != nil {
			return err
		}
	}
}

func (m *member) poll(ctx context.Context, polled kgo.Fetches, give func(plugins.Batch) error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for _, e := range polled.Errors() {
		if !kerr.IsRetriable(e.Err) {
			return fmt.Errorf("topic %s, partition %d: %w", e.Topic, e.Partition, e.Err)
		}
		m.config.Log.Warn("a partition cannot be read; it is tried again", "topic", e.Topic, "partition", e.Partition, "error", e.Err)
	}
	var b plugins.Batch
	next := map[place]int64{}
	size := 0
	flush := func() error {
		for p, offset := range next {
			b.Next = append(b.Next, p.mark(offset))
		}
		m.mu.Lock()
		for p, offset := range next {
			m.given[p] = offset
		}
		m.mu.Unlock()
		full := b
		b, next, size = plugins.Batch{}, map[place]int64{}, 0
		return give(full)
	}
	for _, r := range polled.Records() {
		p := place{m.id(r.Topic), r.Partition}
		next[p] = r.Offset + 1
		if len(r.Value) == 0 {
			continue // a tombstone of a compacted topic
		}
		b.Records = append(b.Records, m.record(r, p))
		if size += len(r.Value); size >= readBytes {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if len(next) == 0 {
		return nil
	}
	return flush()
}

func (m *member) record(r *kgo.Record, p place) plugins.Record {
	out := plugins.Record{Data: r.Value, Pos: plugins.Position{File: fmt.Sprintf("%s/%d", r.Topic, r.Partition), FileID: "kafka/" + p.String(), Offset: r.Offset, Length: int64(len(r.Value))}}
	if most := m.config.MaxLine; out.Pos.Length > most {
		out.Data, out.Fault = r.Value[:most], fmt.Sprintf("longer than max_line: %d bytes, %d are the most", out.Pos.Length, most)
	}
	return out
}

// id is the identity of a topic.
func (m *member) id(topic string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if id := m.ids[topic]; id != "" {
		return id
	}
	return topic
}

// assigned asks the brokers for the ids of topics, before anything of them is read.
func (m *member) assigned(ctx context.Context, client *kgo.Client, topics map[string][]int32) {
	request := kmsg.NewPtrMetadataRequest()
	for topic := range topics {
		t := kmsg.NewMetadataRequestTopic()
		t.Topic = kmsg.StringPtr(topic)
		request.Topics = append(request.Topics, t)
	}
	ids := map[string]string{}
	if len(request.Topics) > 0 {
		answer, err := request.RequestWith(ctx, client)
		if err != nil {
			m.config.Log.Error("brokers do not tell the ids of topics: their names stand for them", "error", err)
		} else {
			for _, t := range answer.Topics {
				if t.Topic != nil && t.TopicID != [16]byte{} {
					ids[*t.Topic] = hex.EncodeToString(t.TopicID[:])
				}
			}
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for topic, partitions := range topics {
		if id := ids[topic]; id != "" {
			m.ids[topic] = id
		}
		name := topic
		if m.ids[topic] != "" {
			name = m.ids[topic]
		}
		for _, n := range partitions {
			m.owned[place{name, n}] = topic
		}
	}
}

// adjust goes on where the cursor is, whatever the group knows; where others may have read
// meanwhile, behind them.
func (m *member) adjust(_ context.Context, offsets map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error) {
	for topic, partitions := range offsets {
		id := m.id(topic)
		m.mu.Lock()
		for n, group := range partitions {
			own, known := m.durable[place{id, n}]
			switch {
			case known && (!m.config.Shared || own > group.EpochOffset().Offset):
				partitions[n] = kgo.NewOffset().At(own).WithEpoch(-1)
			case !known && !m.config.Shared && len(m.durable) > 0 && m.config.Start != "end":
				partitions[n] = kgo.NewOffset().AtStart() // nothing of it is durable: what the group knows went with a spool
			}
		}
		m.mu.Unlock()
	}
	return offsets, nil
}

// revoked waits until all that was read of these partitions is durable, and tells the group: who gets
// them goes on there.
func (m *member) revoked(ctx context.Context, _ *kgo.Client, topics map[string][]int32) {
	wait := time.NewTimer(settleWithin)
	defer wait.Stop()
	for {
		settled, changed := m.settled(topics)
		if settled {
			break
		}
		select {
		case <-changed:
			continue
		case <-wait.C:
			m.config.Log.Warn("partitions are taken away whose last records are not durable yet: another member will read them, too")
		case <-ctx.Done():
		}
		break
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveWithin)
	defer cancel()
	if err := m.send(ctx); err != nil {
		m.config.Log.Warn("the group could not be told how far partitions were read", "error", err)
	}
	m.lost(ctx, m.client, topics)
}

func (m *member) settled(topics map[string][]int32) (bool, <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.leaving {
		return true, nil
	}
	for topic, partitions := range topics {
		id := topic
		if m.ids[topic] != "" {
			id = m.ids[topic]
		}
		for _, n := range partitions {
			if p := (place{id, n}); m.durable[p] < m.given[p] {
				return false, m.changed
			}
		}
	}
	return true, nil
}

// lost forgets partitions that others have.
func (m *member) lost(_ context.Context, _ *kgo.Client, topics map[string][]int32) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for topic, partitions := range topics {
		id := topic
		if m.ids[topic] != "" {
			id = m.ids[topic]
		}
		for _, n := range partitions {
			delete(m.owned, place{id, n})
			delete(m.sent, place{id, n})
		}
	}
}

// committed notes what is durable.
func (m *member) committed(at map[place]int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.durable = at
	close(m.changed)
	m.changed = make(chan struct{})
}

// tell tells the group what is durable, from time to time.
func (m *member) tell(ctx context.Context) {
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := m.send(ctx); err != nil && ctx.Err() == nil {
			m.config.Log.Warn("the group could not be told how far partitions were read; it is tried again", "error", err)
		}
	}
}

// send tells the group what it does not know yet.
func (m *member) send(ctx context.Context) error {
	news := map[string]map[int32]kgo.EpochOffset{}
	sent := map[place]int64{}
	m.mu.Lock()
	for p, topic := range m.owned {
		if offset, known := m.durable[p]; known && m.sent[p] != offset {
			if news[topic] == nil {
				news[topic] = map[int32]kgo.EpochOffset{}
			}
			news[topic][p.partition] = kgo.EpochOffset{Epoch: -1, Offset: offset}
			sent[p] = offset
		}
	}
	m.mu.Unlock()
	if len(news) == 0 {
		return nil
	}
	var wrong error
	m.client.CommitOffsetsSync(ctx, news, func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, answer *kmsg.OffsetCommitResponse, err error) {
		if wrong = err; err != nil || answer == nil {
			return
		}
		for _, t := range answer.Topics {
			for _, p := range t.Partitions {
				wrong = errors.Join(wrong, kerr.ErrorForCode(p.ErrorCode))
			}
		}
	})
	if wrong == nil {
		m.mu.Lock()
		for p, offset := range sent {
			m.sent[p] = offset
		}
		m.mu.Unlock()
	}
	return wrong
}

// leave leaves the group, which knows by then what is durable, if the brokers answer.
func (m *member) leave() {
	m.mu.Lock()
	m.leaving = true
	close(m.changed)
	m.changed = make(chan struct{})
	m.mu.Unlock()
	m.stop()
	m.told.Wait()
	m.loop.Close()
	m.client.CloseAllowingRebalance()
}
