package natssink

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

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

func carry(t *testing.T, c Config) *carrier {
	x := &carrier{t: t, config: c, rand: rand.New(rand.NewPCG(1, 0))}
	x.crash()
	return x
}

// crash forgets all but what was noted.
func (x *carrier) crash() {
	if x.sink != nil {
		x.sink.Close()
	}
	x.sink = newSink(x.t, x.config)
	x.sink.timeout = 2 * time.Second
	x.ready, x.at, x.mark = false, x.notedAt, x.notedMark
}

func (x *carrier) to(end int, crashed func()) {
	x.t.Helper()
	realtest.Until(x.t, realtest.Patience, "the events to be taken", func() bool {
		for x.at < end {
			if err := x.part(end); err != nil {
				x.errors++
				x.ready = false
				return false
			}
			if crashed != nil && x.rand.IntN(4) == 0 {
				x.crash()
				crashed()
			}
			if x.rand.IntN(4) == 0 {
				x.notedAt, x.notedMark = x.at, x.mark
			}
		}
		return true
	})
}

func (x *carrier) part(end int) error {
	ctx := x.t.Context()
	if !x.ready {
		if err := x.sink.Resume(ctx, x.mark); err != nil {
			return err
		}
		if x.mark == nil {
			x.mark = x.sink.Mark()
			x.notedAt, x.notedMark = x.at, x.mark
		}
		x.ready = true
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if x.rand.IntN(8) == 0 {
		go cancel()
	}
	next := min(end, x.at+1+x.rand.IntN(60))
	if err := x.sink.Write(ctx, some(x.at, next)); err != nil {
		return err
	}
	x.at, x.mark = next, x.sink.Mark()
	return nil
}

// once tells of events that are not there exactly once.
func once(t *testing.T, got []event.Event, want int) {
	t.Helper()
	times := map[string]int{}
	for i := range got {
		times[got[i].ID]++
	}
	var wrong []string
	for _, e := range some(0, want) {
		if n := times[e.ID]; n != 1 {
			wrong = append(wrong, fmt.Sprintf("%q %d times", e.ID, n))
		}
	}
	if len(wrong) > 0 || len(times) != want {
		t.Errorf("%d events are there, %d were written; %d are not there once: %v", len(times), want, len(wrong), wrong[:min(5, len(wrong))])
	}
}

// Killed between publishing and noting, again and again, and for longer than the stream knows ids:
// each event is there once, whatever others publish.
func TestCrashes(t *testing.T) {
	url, conn := start(t, nil)
	stream := makeStream(t, conn, jetstream.StreamConfig{Name: "AUDIT", Subjects: []string{"audit.>"}, Duplicates: 100 * time.Millisecond})
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	probe := func(id string) bool {
		ack, err := js.PublishMsg(t.Context(), &nats.Msg{Subject: "audit.probe"}, jetstream.WithMsgID(id))
		if err != nil {
			t.Fatal(err)
		}
		return ack.Duplicate
	}
	n := 0
	forgotten := func() { // wait until the stream has forgotten the ids of what was published before
		n++
		id := fmt.Sprint("probe-", n)
		probe(id)
		realtest.Until(t, realtest.Patience, "the stream to forget ids", func() bool { return !probe(id) })
	}
	for i := range 50 { // of another producer, with the same ids
		if _, err := js.PublishMsg(t.Context(), &nats.Msg{Subject: "audit.others", Header: nats.Header{headerEvent: {headerID(some(i, i+1)[0].ID)}, headerProducer: {"other"}}}); err != nil {
			t.Fatal(err)
		}
	}
	x := carry(t, Config{Servers: []string{url}, Subject: "audit.trail", Producer: "t.d"})
	x.to(600, forgotten)
	for i := 600; i < 650; i++ {
		if _, err := js.PublishMsg(t.Context(), &nats.Msg{Subject: "audit.trail", Data: []byte(`{}`), Header: nats.Header{headerEvent: {headerID(some(i, i+1)[0].ID)}, headerProducer: {"other"}}}); err != nil {
			t.Fatal(err)
		}
	}
	x.crash()
	x.to(1200, forgotten)
	got, err := held(conn, "AUDIT", "audit.trail")
	if err != nil {
		t.Fatal(err)
	}
	own := got[:0]
	for i := range got {
		if got[i].ID != "" {
			own = append(own, got[i])
		}
	}
	once(t, own, 1200)
	if n < 5 {
		t.Errorf("%d crashes", n)
	}
	// What receivers take out of a stream cannot be read back; the stream knows ids for a while.
	if err := js.DeleteStream(t.Context(), stream.CachedInfo().Config.Name); err != nil {
		t.Fatal(err)
	}
	makeStream(t, conn, jetstream.StreamConfig{Name: "WORK", Subjects: []string{"audit.trail"}, Retention: jetstream.WorkQueuePolicy})
	x.to(1300, nil)
	if got, err = held(conn, "WORK", "audit.trail"); err == nil && len(got) < 100 {
		t.Errorf("%d events are in the new stream", len(got))
	}
}

// A server that is killed, as kill -9 does, and started again, while events flow.
func TestServerIsKilled(t *testing.T) {
	addr, p := realtest.StartNATS(t)
	url := "nats://" + addr
	conn, err := nats.Connect(url, nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	makeStream(t, conn, jetstream.StreamConfig{Name: "AUDIT", Subjects: []string{"audit.>"}})
	x := carry(t, Config{Servers: []string{url}, Subject: "audit.trail"})
	for round := range 4 {
		x.to(x.at+300, nil)
		back := make(chan struct{})
		go func() {
			defer close(back)
			p.Kill()
			p.Again()
		}()
		x.to(300*(round+1)+200, nil)
		<-back
	}
	x.to(1500, nil)
	t.Logf("%d errors were met", x.errors)
	var got []event.Event
	realtest.Until(t, realtest.Patience, "the stream to be read", func() bool {
		got, err = held(conn, "AUDIT", "audit.trail")
		return err == nil
	})
	once(t, got, 1500)
}

// A stream that is full takes events again when there is room.
func TestFullStream(t *testing.T) {
	url, conn := start(t, nil)
	stream := makeStream(t, conn, jetstream.StreamConfig{Name: "AUDIT", Subjects: []string{"audit.>"}, MaxMsgs: 100, Discard: jetstream.DiscardNew})
	s := newSink(t, Config{Servers: []string{url}, Subject: "audit.trail"})
	err := s.Write(t.Context(), some(0, 150))
	if err == nil {
		t.Fatal("more is taken than there is room for")
	}
	t.Log(err)
	c := stream.CachedInfo().Config
	c.MaxMsgs = 1000
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.UpdateStream(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(t.Context(), some(0, 150)); err != nil {
		t.Fatal(err)
	}
	got, err := held(conn, "AUDIT", "audit.trail")
	if err != nil {
		t.Fatal(err)
	}
	once(t, got, 150)
}
