package wire

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/nats-io/nkeys"

	"github.com/actiontrail/actiontrail/event"
)

// testLane is a key, the same in every run, and a header of its lane.
func testLane(tb testing.TB) (nkeys.KeyPair, Header) {
	tb.Helper()
	return laneOf(tb, 1)
}

func laneOf(tb testing.TB, seed byte) (nkeys.KeyPair, Header) {
	tb.Helper()
	raw := make([]byte, 32)
	raw[0] = seed
	key, err := nkeys.FromRawSeed(nkeys.PrefixByteUser, raw)
	if err != nil {
		tb.Fatal(err)
	}
	pub, err := key.PublicKey()
	if err != nil {
		tb.Fatal(err)
	}
	return key, Header{
		Lane:     event.Lane{Account: "prod", Agent: "gw-1", Source: "edge", Key: pub, Epoch: 7},
		Number:   42,
		Prev:     event.Hash{1, 2, 3},
		Cursor:   []Mark{{"/var/log/a.log", []byte("1:2:3")}, {"/var/log/\xff", nil}},
		Snapshot: true,
	}
}

func seal(tb testing.TB, h Header, s Signer, events []event.Event) ([]byte, event.Hash) {
	tb.Helper()
	c := NewEncoder()
	for i := range events {
		c.Add(&events[i])
	}
	msg, hash, err := c.Seal(h, s)
	if err != nil {
		tb.Fatal(err)
	}
	return msg, hash
}

// placed are the events as a follower sees them: with the origin that the header
// gives, the id that follows from it, and the exchange as text.
func placed(h Header, events []event.Event) []event.Event {
	var out []event.Event
	for i, e := range events {
		e.Origin.Agent, e.Origin.Source, e.Origin.Epoch = h.Lane.Agent, h.Lane.Source, h.Lane.Epoch
		e.Origin.Batch, e.Origin.Index = h.Number, uint64(i)
		if e.Exchange.Status != 0 {
			e.Additional = e.Exchange.Object()
		}
		e.Exchange = event.Exchange{}
		if e.ID == "" {
			base := event.NewIDBase(h.Lane.Key, h.Lane.Source, e.Origin.FileID, 0)
			e.ID = base.ID(e.Origin.Offset)
		}
		out = append(out, e)
	}
	return out
}

func diffEvents(want, got []event.Event) string {
	return cmp.Diff(want, got, cmpopts.EquateComparable(event.Time{}))
}

func TestGatewayEventsComeBack(t *testing.T) {
	key, h := testLane(t)
	events := gatewayEvents(500)
	msg, hash := seal(t, h, key, events)
	b, err := Open(msg)
	if err != nil {
		t.Fatal(err)
	}
	want := event.Batch{Lane: h.Lane, Number: 42, Prev: h.Prev, Hash: hash, Snapshot: true}
	got := b
	got.Events = nil
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("batch (-want +got):\n%s", d)
	}
	if d := diffEvents(placed(h, events), b.Events); d != "" {
		t.Errorf("events (-want +got):\n%s", d)
	}
}
