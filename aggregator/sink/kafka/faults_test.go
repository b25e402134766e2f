package kafka

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/realtest"
)

// carrier writes as a trail does: part by part, with a mark that is noted now and then. After an
// error and after a crash it goes on from a mark.
type carrier struct {
	t      *testing.T
	config Config
	rand   *rand.Rand
	sink   *Sink
	ready  bool
	at     int // events that were taken
	mark   []byte

	notedAt   int
	notedMark []byte
	errors    int
}

func carry(t *testing.T, c Config, seed uint64) *carrier {
	x := &carrier{t: t, config: c, rand: rand.New(rand.NewPCG(seed, 0))}
	x.crash()
	return x
}

// crash forgets all but what was noted. What was under way may arrive or not.
func (x *carrier) crash() {
	if x.sink != nil {
		if x.sink.client != nil {
			x.sink.client.Close()
		}
	}
	s, err := New(x.config)
	if err != nil {
		x.t.Fatal(err)
	}
	s.timeout = time.Second
	x.t.Cleanup(func() { s.Close() })
	x.sink, x.ready, x.at, x.mark = s, false, x.notedAt, x.notedMark
}

// to brings events up to a number, with crashes if it is to.
func (x *carrier) to(end int, crashes bool) {
	x.t.Helper()
	deadline := time.Now().Add(realtest.Patience)
	for x.at < end {
		if time.Now().After(deadline) {
			x.t.Fatal("the events are not taken")
		}
		if err := x.part(end); err != nil {
			x.errors++
			x.ready = false
		} else if crashes && x.rand.IntN(3) == 0 {
			x.crash()
		}
		if x.rand.IntN(4) == 0 {
			x.note()
		}
	}
}

func (x *carrier) note() { x.notedAt, x.notedMark = x.at, x.mark }

func (x *carrier) part(end int) error {
	ctx := x.t.Context()
	if !x.ready {
		if err := x.sink.Resume(ctx, x.mark); err != nil {
			return err
		}
		if x.mark == nil {
			x.mark = x.sink.Mark()
			x.note()
		}
		x.ready = true
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if x.rand.IntN(6) == 0 {
		go cancel()
	}
	next := min(end, x.at+1+x.rand.IntN(60))
	if err := x.sink.Write(ctx, some(x.at, next)); err != nil {
		return err
	}
	x.at, x.mark = next, x.sink.Mark()
	return nil
}

func (x *carrier) check(c *kfake.Cluster, partitions int32, want int) {
	x.t.Helper()
	got, err := held(c, x.config.Topic, partitions)
	if err != nil {
		x.t.Fatal(err)
	}
	var own []event.Event
	for i := range got {
		if got[i].ID != "foreign" {
			own = append(own, got[i])
		}
	}
	once(x.t, own, want)
	if x.errors > 0 {
		x.t.Logf("%d errors were met", x.errors)
	}
}

// foreign is a record of somebody else, with the same ids.
func foreign(t *testing.T, c *kfake.Cluster, topic string, from int) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.DefaultProduceTopic(topic))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var all []*kgo.Record
	for i := from; i < from+50; i++ {
		all = append(all, &kgo.Record{Key: strconv.AppendInt(nil, int64(i), 10), Value: []byte(`{"eventId":"foreign"}`), Headers: []kgo.RecordHeader{{Key: "eventId", Value: []byte(some(i, i+1)[0].ID)}, {Key: "producer", Value: []byte("other")}}})
	}
	if err := client.ProduceSync(t.Context(), all...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// Killed between produce and note, again and again: each event is there once, whoever
// else writes into the topic.
func TestCrashes(t *testing.T) {
	c := cluster(t)
	makeTopic(t, c, "audit", 4, nil)
	foreign(t, c, "audit", 0)
	x := carry(t, Config{Brokers: c.ListenAddrs(), Topic: "audit", Producer: "t/d"}, 1)
	x.to(1500, true)
	foreign(t, c, "audit", 1500)
	x.crash()
	x.to(3000, true)
	x.check(c, 4, 3000)
}

// Brokers refuse, answer late or not at all, or hang up after the work was done.
func TestFaultyBrokers(t *testing.T) {
	c := cluster(t, kfake.NumBrokers(3))
	makeTopic(t, c, "audit", 4, nil)
	x := carry(t, Config{Brokers: c.ListenAddrs(), Topic: "audit"}, 2)
	for round, fault := range []kfake.Fault{
		{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.RequestTimedOut, Count: 5}, // the work is done
		{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotEnoughReplicasAfterAppend, Count: 5},
		{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotEnoughReplicas, Count: 20},
		{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotLeaderForPartition, Count: 3},
		{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.TopicAuthorizationFailed, Count: 2}, // no retry of the client's own
		{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.OutOfOrderSequenceNumber, Count: 2},
		{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.UnknownProducerID, Count: 2},
		{Keys: []kmsg.Key{kmsg.Fetch}, Err: kerr.NotLeaderForPartition, Count: 5},
		{Keys: []kmsg.Key{kmsg.ListOffsets, kmsg.OffsetForLeaderEpoch}, Err: kerr.TopicAuthorizationFailed, Count: 2},
	} {
		h := c.Fault(fault)
		x.to(200*(round+1), true)
		h.Remove()
	}
	cut := 0
	c.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		if cut++; cut%5 == 0 {
			return nil, errors.New("hang up"), true
		}
		return nil, nil, false
	})
	x.to(2500, true)
	if x.errors < 5 || cut < 10 {
		t.Errorf("%d errors were met, %d connections cut", x.errors, cut/5)
	}
	x.check(c, 4, 2500)
}

// Partitions are added and move; the topic is made anew.
func TestPartitions(t *testing.T) {
	c := cluster(t, kfake.NumBrokers(3))
	makeTopic(t, c, "audit", 1, nil)
	x := carry(t, Config{Brokers: c.ListenAddrs(), Topic: "audit"}, 3)
	x.to(300, true)
	client, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for _, n := range []int32{3, 6} {
		request := kmsg.NewPtrCreatePartitionsRequest()
		more := kmsg.NewCreatePartitionsRequestTopic()
		more.Topic, more.Count = "audit", n
		request.Topics = append(request.Topics, more)
		answer, err := request.RequestWith(t.Context(), client)
		if err != nil || answer.Topics[0].ErrorCode != 0 {
			t.Fatal(answer, err)
		}
		c.ShufflePartitionLeaders()
		x.to(x.at+400, true)
	}
	x.check(c, 6, 1100)
	if err := c.DeleteTopic("audit"); err != nil {
		t.Fatal(err)
	}
	makeTopic(t, c, "audit", 2, nil)
	x.crash()
	from := x.at
	x.to(from+300, true)
	got, err := held(c, "audit", 2)
	if err != nil || len(got) < 300 {
		t.Errorf("%d events are in the new topic, %v", len(got), err)
	}
}

// The brokers go away and come back with what they had.
func TestBrokersAway(t *testing.T) {
	dir := t.TempDir()
	_, text, err := net.SplitHostPort(realtest.FreeAddr(t))
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	start := func() *kfake.Cluster {
		c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(port), kfake.DataDir(dir), kfake.SyncWrites())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := start()
	makeTopic(t, c, "audit", 3, nil)
	x := carry(t, Config{Brokers: []string{fmt.Sprint("127.0.0.1:", port)}, Topic: "audit"}, 4)
	x.to(200, false)
	for round := range 2 {
		c.Close()
		for range 2 { // one waits for brokers, one finds none
			if err := x.part(x.at + 50); err == nil {
				t.Fatal("events are taken by nobody")
			} else {
				t.Log(err)
				x.ready = false
			}
			if round == 1 {
				x.crash()
			}
		}
		c = start()
		x.to(200*(round+2), false)
	}
	x.check(c, 3, 600)
	c.Close()
}

// What a client has under way when it is given no time is found later, and never sent twice.
func TestSlowBrokers(t *testing.T) {
	c := cluster(t)
	makeTopic(t, c, "audit", 2, nil)
	x := carry(t, Config{Brokers: c.ListenAddrs(), Topic: "audit"}, 5)
	x.to(10, false)
	x.sink.timeout = 300 * time.Millisecond
	slow, answer := true, make(chan struct{})
	c.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		if slow {
			slow = false
			c.SleepControl(func() { <-answer })
		}
		return nil, nil, false
	})
	err := x.sink.Write(t.Context(), some(10, 60))
	if err == nil || x.sink.under == nil {
		t.Fatal("it was not slow: ", err)
	}
	t.Log(err)
	close(answer)
	for err != nil { // as one that notes no marks
		err = x.sink.Write(t.Context(), some(10, 60))
	}
	x.at, x.mark = 60, x.sink.Mark()
	x.to(200, false)
	x.check(c, 2, 200)
}

// What does not come again is forgotten after a while, so that the mark goes on.
func TestForgets(t *testing.T) {
	c := cluster(t)
	makeTopic(t, c, "audit", 1, nil)
	s := newSink(t, Config{Brokers: c.ListenAddrs(), Topic: "audit"})
	if err := s.Resume(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	m := s.Mark()
	if err := s.Write(t.Context(), some(0, 10)); err != nil {
		t.Fatal(err)
	}
	if err := s.Resume(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(t.Context(), some(5, 12)); err != nil { // five of them do not match any more
		t.Fatal(err)
	}
	if string(s.Mark()) != string(m) || s.there.Len() != 5 {
		t.Errorf("the mark has moved over events that may come again: %d are remembered", s.there.Len())
	}
	s.came(1<<18, nil)
	if err := s.Write(t.Context(), some(12, 13)); err != nil {
		t.Fatal(err)
	}
	if string(s.Mark()) == string(m) || s.there.Len() != 0 {
		t.Error("the mark stays for ever")
	}
	got, err := held(c, "audit", 1)
	if err != nil {
		t.Fatal(err)
	}
	once(t, got, 13)
}
