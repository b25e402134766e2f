package aggregator

import (
	"fmt"
	"log/slog"
	"slices"
	"testing"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/internal/bus/embedded"
)

// newBus is an embedded server with a stream that holds n batches of gw-1 and
// gw-2 in turn: odd seqs are those of gw-1.
func newBus(t *testing.T, n int) *bus.Conn {
	t.Helper()
	s, err := embedded.Start(embedded.Config{Dir: t.TempDir(), MaxBytes: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	c, err := bus.Connect(bus.Config{Name: "test", Server: s})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	if err := c.EnsureStream(t.Context(), bus.StreamConfig{MaxBytes: 32 << 20}); err != nil {
		t.Fatal(err)
	}
	for i := 1; i <= n; i++ {
		subject := fmt.Sprintf("events.prod.gw-%d.edge", 2-i%2)
		if seq, _, err := c.Publish(t.Context(), subject, fmt.Sprint(i), []byte(fmt.Sprint(i))); err != nil || seq != uint64(i) {
			t.Fatalf("seq %d, %v", seq, err)
		}
	}
	return c
}

// held are the seqs that the stream has.
func held(t *testing.T, c *bus.Conn) []uint64 {
	t.Helper()
	state, err := c.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var seqs []uint64
	for in := c.Follow(0); uint64(len(seqs)) < state.Messages; {
		messages, err := in.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range messages {
			seqs = append(seqs, m.Seq)
		}
	}
	return seqs
}

// seqs are from, from + step … up to to.
func seqs(from, to, step uint64) (all []uint64) {
	for s := from; s <= to; s += step {
		all = append(all, s)
	}
	return all
}

// both are two runs, in order.
func both(a, b []uint64) []uint64 {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return all
}

func followerAt(seq uint64) *Follower {
	f := &Follower{}
	f.note(func(s *FollowerStatus) { s.Seq = seq })
	return f
}

// Nothing is purged that a follower lacks, nor what comes after the last
// snapshot of a subject, nor what is retained.
func TestPurge(t *testing.T) {
	const n = 20
	lane1, lane2 := newLane(t, "gw-1", 1, 7).lane, newLane(t, "gw-2", 2, 7).lane
	epochs := map[event.Lane]uint64{lane2: 2} // gw-1 has lost its spool often: an epoch is a random number
	for i := range uint64(9) {
		lane := lane1
		lane.Epoch = 100 - i
		epochs[lane] = 1 + 2*i
	}
	for name, c := range map[string]struct {
		followers []uint64
		index     uint64
		retain    uint64
		snapshots map[event.Lane]uint64
		want      []uint64
	}{
		"up to the slowest":                   {[]uint64{20, 11, 20}, 20, 0, map[event.Lane]uint64{lane1: 19, lane2: 20}, seqs(12, n, 1)},
		"up to the index":                     {[]uint64{20, 20}, 11, 0, map[event.Lane]uint64{lane1: 19, lane2: 20}, seqs(12, n, 1)},
		"a follower that has nothing":         {[]uint64{20, 0}, 20, 0, map[event.Lane]uint64{lane1: 19, lane2: 20}, seqs(1, n, 1)},
		"from each snapshot on":               {[]uint64{20}, 20, 0, map[event.Lane]uint64{lane1: 5, lane2: 14}, both(seqs(5, n, 2), seqs(14, n, 2))},
		"the last batch is the last snapshot": {[]uint64{20}, 20, 0, map[event.Lane]uint64{lane1: 19, lane2: 20}, []uint64{19, 20}},
		"without a snapshot":                  {[]uint64{20}, 20, 0, map[event.Lane]uint64{lane1: 0, lane2: 20}, both(seqs(1, n, 2), []uint64{20})},
		"the newest epoch's snapshot":         {[]uint64{20}, 20, 0, epochs, both([]uint64{17, 19}, seqs(2, n, 2))},
		"a subject of refused batches":        {[]uint64{14}, 20, 0, map[event.Lane]uint64{lane1: 19}, both(seqs(15, n, 2), seqs(16, n, 2))},
		"what is retained":                    {[]uint64{18}, 20, 6, map[event.Lane]uint64{lane1: 19, lane2: 20}, seqs(13, n, 1)},
		"all is retained":                     {[]uint64{20}, 20, 20, map[event.Lane]uint64{lane1: 19, lane2: 20}, seqs(1, n, 1)},
		"more than all is retained":           {[]uint64{20}, 20, 50, map[event.Lane]uint64{lane1: 19, lane2: 20}, seqs(1, n, 1)},
	} {
		t.Run(name, func(t *testing.T) {
			conn := newBus(t, n)
			at := event.Position{Seq: c.index, Lanes: map[event.Lane]event.LanePosition{}}
			for lane, seq := range c.snapshots {
				at.Lanes[lane] = event.LanePosition{Number: 1, Snapshot: seq}
			}
			p := &Purger{Conn: conn, Position: func() event.Position { return at }, Retain: c.retain, Log: slog.New(slog.DiscardHandler)}
			for _, seq := range c.followers {
				p.Followers = append(p.Followers, followerAt(seq))
			}
			for range 2 { // the second time there is nothing to do
				if err := p.Purge(t.Context()); err != nil {
					t.Fatal(err)
				}
				same(t, "held", c.want, held(t, conn))
			}
		})
	}
}

// The stream is purged as the followers go on, and a purge that failed is done the next time.
func TestPurgeGoesOn(t *testing.T) {
	conn := newBus(t, 20)
	lane := newLane(t, "gw-1", 1, 7).lane
	slow := followerAt(4)
	at := event.Position{Seq: 20, Lanes: map[event.Lane]event.LanePosition{lane: {Number: 10, Snapshot: 15}}}
	p := &Purger{Conn: conn, Followers: []*Follower{slow}, Position: func() event.Position { return at }}
	for _, c := range []struct{ slowest, first, refused uint64 }{{4, 5, 6}, {9, 11, 10}, {9, 11, 10}, {20, 15, 22}} {
		slow.note(func(s *FollowerStatus) { s.Seq = c.slowest })
		if err := p.Purge(t.Context()); err != nil {
			t.Fatal(err)
		}
		same(t, fmt.Sprintf("held with the slowest at %d", c.slowest), both(seqs(c.first, 20, 2), seqs(c.refused, 20, 2)), held(t, conn))
	}
	at.Lanes[lane] = event.LanePosition{Number: 10, Snapshot: 19}
	conn.Close()
	if err := p.Purge(t.Context()); err == nil {
		t.Error("a purge without a connection has no error")
	}
	if p.purged["events.prod.gw-1.edge"] != 15 {
		t.Error("a purge that failed counts as done")
	}
}
