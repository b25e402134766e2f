package kafka

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// asking bounds how long brokers may take to answer what they are asked.
func (s *Sink) asking(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, s.timeout/2)
}

// topic is what brokers tell of it.
type topic struct {
	id     [16]byte
	epochs map[int32]int32 // of the leaders of its partitions
}

// describe asks what the topic is like, and refuses one that would lose events.
func (s *Sink) describe(ctx context.Context, client *kgo.Client) (topic, error) {
	ctx, cancel := s.asking(ctx)
	defer cancel()
	request := kmsg.NewPtrMetadataRequest()
	asked := kmsg.NewMetadataRequestTopic()
	asked.Topic = kmsg.StringPtr(s.config.Topic)
	request.Topics = append(request.Topics, asked)
	answer, err := request.RequestWith(ctx, client)
	if err == nil && len(answer.Topics) != 1 {
		err = errors.New("the brokers tell nothing of it")
	}
	if err == nil {
		err = kerr.ErrorForCode(answer.Topics[0].ErrorCode)
	}
	if err != nil {
		return topic{}, s.explain("ask for", err)
	}
	t := topic{answer.Topics[0].TopicID, map[int32]int32{}}
	for _, p := range answer.Topics[0].Partitions {
		t.epochs[p.Partition] = p.LeaderEpoch
	}
	if len(t.epochs) == 0 {
		return topic{}, fmt.Errorf("topic %s has no partitions", s.config.Topic)
	}
	return t, s.compacted(ctx, client)
}

// compacted refuses a topic that would keep the last event of each actor alone. Who
// may not know the settings of a topic is not refused.
func (s *Sink) compacted(ctx context.Context, client *kgo.Client) error {
	if s.config.Key == KeyEvent {
		return nil
	}
	request := kmsg.NewPtrDescribeConfigsRequest()
	asked := kmsg.NewDescribeConfigsRequestResource()
	asked.ResourceType, asked.ResourceName, asked.ConfigNames = kmsg.ConfigResourceTypeTopic, s.config.Topic, []string{"cleanup.policy"}
	request.Resources = append(request.Resources, asked)
	answer, err := request.RequestWith(ctx, client)
	if err != nil {
		return s.explain("ask for the settings of", err)
	}
	for _, r := range answer.Resources {
		for _, c := range r.Configs {
			if c.Name == "cleanup.policy" && c.Value != nil && strings.Contains(*c.Value, "compact") {
				return fmt.Errorf("topic %s is compacted: of all events of one %s it would keep the last; write key = %q, or take a topic with cleanup.policy=delete", s.config.Topic, s.config.Key, KeyEvent)
			}
		}
	}
	return nil
}

// firstOffsets are those of the first record that each partition has.
func (s *Sink) firstOffsets(ctx context.Context, client *kgo.Client, t *topic) (map[int32]int64, error) {
	return s.listOffsets(ctx, client, t, -2)
}

// lastOffsets are those behind the last record of each partition, also behind one that not all
// replicas have yet: it may become visible later.
func (s *Sink) lastOffsets(ctx context.Context, client *kgo.Client, t *topic) (map[int32]int64, error) {
	ends, err := s.listOffsets(ctx, client, t, -1)
	if err != nil {
		return nil, err
	}
	ctx, cancel := s.asking(ctx)
	defer cancel()
	request := kmsg.NewPtrOffsetForLeaderEpochRequest()
	request.ReplicaID = -1
	asked := kmsg.NewOffsetForLeaderEpochRequestTopic()
	asked.Topic = s.config.Topic
	for n, epoch := range t.epochs {
		p := kmsg.NewOffsetForLeaderEpochRequestTopicPartition()
		p.Partition, p.CurrentLeaderEpoch, p.LeaderEpoch = n, epoch, epoch
		asked.Partitions = append(asked.Partitions, p)
	}
	request.Topics = append(request.Topics, asked)
	for _, shard := range client.RequestSharded(ctx, request) {
		if shard.Err != nil {
			return nil, s.explain("ask for the end of", shard.Err)
		}
		for _, at := range shard.Resp.(*kmsg.OffsetForLeaderEpochResponse).Topics {
			for _, p := range at.Partitions {
				if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
					return nil, s.explain("ask for the end of", err)
				}
				ends[p.Partition] = max(ends[p.Partition], p.EndOffset)
			}
		}
	}
	return ends, nil
}

// listOffsets asks the leaders of partitions; at is -1 for the end and -2 for the beginning.
func (s *Sink) listOffsets(ctx context.Context, client *kgo.Client, t *topic, at int64) (map[int32]int64, error) {
	ctx, cancel := s.asking(ctx)
	defer cancel()
	request := kmsg.NewPtrListOffsetsRequest()
	request.ReplicaID = -1
	asked := kmsg.NewListOffsetsRequestTopic()
	asked.Topic = s.config.Topic
	for n := range t.epochs {
		p := kmsg.NewListOffsetsRequestTopicPartition()
		p.Partition, p.Timestamp = n, at
		asked.Partitions = append(asked.Partitions, p)
	}
	request.Topics = append(request.Topics, asked)
	offsets := map[int32]int64{}
	for _, shard := range client.RequestSharded(ctx, request) {
		if shard.Err != nil {
			return nil, s.explain("ask for offsets of", shard.Err)
		}
		for _, at := range shard.Resp.(*kmsg.ListOffsetsResponse).Topics {
			for _, p := range at.Partitions {
				if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
					return nil, s.explain("ask for offsets of", err)
				}
				offsets[p.Partition] = p.Offset
			}
		}
	}
	if len(offsets) != len(t.epochs) {
		return nil, fmt.Errorf("topic %s: brokers tell the offsets of %d of %d partitions", s.config.Topic, len(offsets), len(t.epochs))
	}
	return offsets, nil
}
