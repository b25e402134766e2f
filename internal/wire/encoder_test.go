package wire

import (
	"encoding/hex"
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/event"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestRandomEventsComeBack(t *testing.T) {
	key, h := testLane(t)
	c := NewEncoder() // one for all: nothing of a batch may stay for the next
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 2))
		events := randomEvents(r, []int{0, 1, 2, 7, 8, 9, 100, 300, 700}[seed%9])
		for i := range events {
			c.Add(&events[i])
		}
		if c.Len() != len(events) {
			t.Fatalf("Len is %d, want %d", c.Len(), len(events))
		}
		h.Number = seed + 1
		msg, hash, err := c.Seal(h, key)
		if err != nil {
			t.Fatal(err)
		}
		fresh, _ := seal(t, h, key, events)
		if string(fresh) != string(msg) {
			t.Fatalf("seed %d: a used encoder writes other bytes than a new one", seed)
		}
		b, err := Open(msg)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if b.Hash != hash {
			t.Fatal("Seal and Open do not agree on the hash")
		}
		if d := diffEvents(placed(h, events), b.Events); d != "" {
			t.Fatalf("seed %d (-want +got):\n%s", seed, d)
		}
	}
}

// The strings of an event may lie in a buffer that is read into again.
func TestAddCopies(t *testing.T) {
	key, h := testLane(t)
	events := gatewayEvents(300)
	c := NewEncoder()
	for i := range events {
		e := events[i]
		var p [nStrings]*string
		point(&p, &e)
		var bufs [][]byte
		for _, s := range p {
			b := []byte(*s)
			bufs = append(bufs, b)
			*s = unsafeString(b)
		}
		c.Add(&e)
		for _, b := range bufs {
			for i := range b {
				b[i] = '!'
			}
		}
	}
	msg, _, err := c.Seal(h, key)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Open(msg)
	if err != nil {
		t.Fatal(err)
	}
	if d := diffEvents(placed(h, events), b.Events); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	// And the batch does not alias what it was opened from.
	clear(msg)
	if d := diffEvents(placed(h, events), b.Events); d != "" {
		t.Errorf("opened events changed with the bytes they came from:\n%s", d)
	}
}

func TestEncoderDoesNotAllocatePerEvent(t *testing.T) {
	key, h := testLane(t)
	events := gatewayEvents(500)
	c := NewEncoder()
	run := func() {
		for i := range events {
			c.Add(&events[i])
		}
		if _, _, err := c.Seal(h, key); err != nil {
			t.Fatal(err)
		}
	}
	run()
	if n := testing.AllocsPerRun(5, run); n > 60 {
		t.Errorf("%.0f allocations for a batch of %d events", n, len(events))
	}
}

func TestSizeIsNearTheBody(t *testing.T) {
	for name, events := range map[string][]event.Event{
		"gateway": gatewayEvents(500),
		"random":  randomEvents(rand.New(rand.NewPCG(9, 9)), 500),
		"few":     gatewayEvents(10),
	} {
		c := NewEncoder()
		for i := range events {
			c.Add(&events[i])
		}
		guess := c.Size()
		c.appendBody()
		if got := len(c.body); guess < got*2/3 || guess > got*3/2 {
			t.Errorf("%s: Size says %d, the body has %d", name, guess, got)
		}
		c.Reset()
		if c.Size() != 0 || c.Len() != 0 {
			t.Error("Reset leaves something")
		}
	}
}

type signer func([]byte) ([]byte, error)

func (s signer) Sign(b []byte) ([]byte, error) { return s(b) }

func TestFailedSealKeepsTheEvents(t *testing.T) {
	key, h := testLane(t)
	events := gatewayEvents(3)
	c := NewEncoder()
	for i := range events {
		c.Add(&events[i])
	}
	bad := h
	bad.Lane.Source = ""
	gone := errors.New("gone")
	for name, try := range map[string]func() error{
		"no source": func() error { _, _, err := c.Seal(bad, key); return err },
		"no signer": func() error {
			_, _, err := c.Seal(h, signer(func([]byte) ([]byte, error) { return nil, gone }))
			if !errors.Is(err, gone) {
				return nil
			}
			return err
		},
		"short signature": func() error {
			_, _, err := c.Seal(h, signer(func([]byte) ([]byte, error) { return []byte("x"), nil }))
			return err
		},
		"number 0": func() error { h := h; h.Number = 0; _, _, err := c.Seal(h, key); return err },
	} {
		if try() == nil {
			t.Errorf("%s: no error", name)
		}
	}
	msg, _, err := c.Seal(h, key)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := seal(t, h, key, events)
	if string(msg) != string(want) {
		t.Error("after failed seals the batch is another")
	}
}

func TestTooManyEvents(t *testing.T) {
	key, h := testLane(t)
	c := NewEncoder()
	for range MaxEvents + 1 {
		c.Add(&event.Event{})
	}
	if _, _, err := c.Seal(h, key); err == nil {
		t.Error("a batch that nobody will read was sealed")
	}
}

func TestHeaderComesBack(t *testing.T) {
	key, h := testLane(t)
	events := gatewayEvents(10)
	msg, want := seal(t, h, key, events)
	got, hash, err := ReadHeader(msg)
	if err != nil {
		t.Fatal(err)
	}
	if hash != want {
		t.Error("ReadHeader gives another hash than Seal")
	}
	h.Body, h.Codec, h.Count = got.Body, ColumnsS2, len(events)
	h.First, h.Last = events[0].Time.Nanos, events[9].Time.Nanos
	if d := cmp.Diff(h, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	// The first batch of the first epoch has nothing before it.
	h.Prev, h.Cursor, h.Snapshot = event.Hash{}, nil, false
	msg, _ = seal(t, h, key, nil)
	if got, _, err = ReadHeader(msg); err != nil || got.Prev != (event.Hash{}) || got.Count != 0 || got.First != 0 {
		t.Errorf("empty batch: %+v %v", got, err)
	}
}

// TestGolden holds the format still: batches that were written must be readable for ever.
func TestGolden(t *testing.T) {
	key, h := testLane(t)
	h.Lane.Key = strings.Clone(h.Lane.Key)
	events := goldenEvents()
	c := NewEncoder()
	for i := range events {
		e, generation := &events[i], uint64(i)
		c.AddDerived(generation, e)
		if e.ID == "" {
			base := event.NewIDBase(h.Lane.Key, h.Lane.Source, e.Origin.FileID, generation)
			e.ID = base.ID(e.Origin.Offset)
		}
	}
	msg, _, err := c.Seal(h, key)
	if err != nil {
		t.Fatal(err)
	}
	const file = "testdata/batch.hex"
	if *update {
		if err := os.WriteFile(file, []byte(hexLines(msg)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), hexLines(msg)); d != "" {
		t.Errorf("the bytes of a batch have changed (-golden +now):\n%s", d)
	}
	old, err := hex.DecodeString(strings.ReplaceAll(string(want), "\n", ""))
	if err != nil {
		t.Fatal(err)
	}
	b, err := Open(old)
	if err != nil {
		t.Fatal(err)
	}
	if d := diffEvents(placed(h, events), b.Events); d != "" {
		t.Errorf("golden batch (-want +got):\n%s", d)
	}
}

// goldenEvents use every form of every kind of column.
func goldenEvents() []event.Event {
	events := gatewayEvents(4)
	events[0].Global = true
	events[1].Time = event.Time{}
	events[1].ID, events[3].ID = "", "" // derived
	events[2].ID = "not-a-uuid"
	events[2].Identity = event.Identity{Type: "anonymous", Trust: event.TrustNone}
	events[3].Extra = `{"z":[1,2]}`
	events[0].Exchange = event.Exchange{Method: "PATCH", Path: "/v1/roles", Status: 200, Bytes: 532, DurationMs: 12}
	events[1].Exchange = event.Exchange{Method: "GET", Path: "/v1/roles", Referer: "https://a.example/", Status: 404, Bytes: 0, DurationMs: -1}
	events[2].Additional = `{"header:x":"1"}`
	return events
}

func hexLines(b []byte) string {
	var s strings.Builder
	for len(b) > 0 {
		n := min(40, len(b))
		s.WriteString(hex.EncodeToString(b[:n]) + "\n")
		b = b[n:]
	}
	return s.String()
}

func unsafeString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
