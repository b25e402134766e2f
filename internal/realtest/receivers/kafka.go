// Package receivers has what trails deliver to, for tests of the server. It stands apart from
// realtest so that most tests do not link the clients.
package receivers

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/actiontrail/actiontrail/internal/realtest"
)

// Kafka is a broker in this process that speaks Kafka's protocol and keeps what it has in a folder.
// It is a double: brokers of Kafka itself are not run by tests.
type Kafka struct {
	Addr string

	t       testing.TB
	dir     string
	port    int
	cluster *kfake.Cluster
}

// StartKafka runs a broker with a topic until the test ends.
func StartKafka(t testing.TB, topic string, partitions int32) *Kafka {
	t.Helper()
	k := &Kafka{t: t, dir: t.TempDir(), Addr: realtest.FreeAddr(t)}
	_, port, err := net.SplitHostPort(k.Addr)
	if err == nil {
		k.port, err = strconv.Atoi(port)
	}
	if err != nil {
		t.Fatal(err)
	}
	k.Again()
	t.Cleanup(k.Stop)
	if err := k.cluster.CreateTopic(topic, partitions, nil); err != nil {
		t.Fatal(err)
	}
	return k
}

// ServeKafka runs a broker with a topic at an address, in memory, until this process ends.
func ServeKafka(addr, topic string, partitions int32) error {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return err
	}
	_, err = kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(n), kfake.SeedTopics(partitions, topic))
	return err
}

// Stop ends the broker.
func (k *Kafka) Stop() { k.cluster.Close() }

// Again starts it anew with what it had.
func (k *Kafka) Again() {
	k.t.Helper()
	var err error
	if k.cluster, err = kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(k.port), kfake.DataDir(k.dir), kfake.SyncWrites()); err != nil {
		k.t.Fatal(err)
	}
}

// Records are the values of all records of a topic.
func (k *Kafka) Records(topic string) (all [][]byte, err error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(k.Addr), kgo.ConsumeTopics(topic))
	if err != nil {
		return nil, err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), realtest.Patience)
	defer cancel()
	want := int64(0)
	for _, p := range k.cluster.PartitionInfos(topic) {
		want += p.HighWatermark
	}
	for int64(len(all)) < want {
		fetched := client.PollFetches(ctx)
		if ctx.Err() != nil {
			return nil, fmt.Errorf("%d of %d records of topic %s could be read", len(all), want, topic)
		}
		for _, r := range fetched.Records() {
			all = append(all, r.Value)
		}
	}
	return all, nil
}
