package wire

import (
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"testing"
)

// FuzzAddRecord has events whose strings are parts of a record, or of memory that is
// used again for each. They come out as events that own their strings do.
func FuzzAddRecord(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(seed, uint16(200*seed), uint8(seed*7))
	}
	key, h := testLane(f)
	c, owned, plain := NewEncoder(), NewEncoder(), NewEncoder()
	f.Fuzz(func(t *testing.T, seed uint64, n uint16, settle uint8) {
		r := rand.New(rand.NewPCG(seed, 11))
		events := decidedEvents(r, int(n)%3000)
		if seed%3 == 2 {
			events = randomEvents(r, int(n)%400)
		}
		if len(events) > 0 && seed%5 == 4 { // too long to be copied while they wait
			events[r.IntN(len(events))].UserAgent = strings.Repeat("x", longest+1)
		}
		k := newKinder(r)
		records := make([]byte, 0, 64<<10)
		var scratch []byte
		for i := range events {
			e := events[i] // its strings are made to point elsewhere
			kinds := k.kinds(&e)
			scratch = scratch[:0]
			from := len(records)
			var p [nStrings]*string
			point(&p, &e)
			for _, s := range p {
				to := &scratch
				if r.IntN(3) > 0 && len(records)+len(*s) <= cap(records) {
					to = &records
				}
				*to = append(*to, *s...)
				*s = view((*to)[len(*to)-len(*s):])
			}
			generation := uint64(r.IntN(50) / 49)
			c.AddRecord(records[from:], generation, &e, kinds)
			owned.AddKinds(generation, &events[i], kinds)
			plain.AddDerived(generation, &events[i])
			clear(scratch)
			if r.IntN(int(settle)+1) == 0 || cap(records)-len(records) < 8<<10 {
				c.Settle()
				clear(records)
				records = records[:0]
			}
		}
		if c.Size() != owned.Size() {
			t.Errorf("Size says %d, want %d", c.Size(), owned.Size())
		}
		owned.Reset()
		h.Number = 1
		got, _, err := c.Seal(h, key)
		if err != nil {
			t.Fatal(err)
		}
		want, _, err := plain.Seal(h, key)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			a, _ := Open(got)
			b, _ := Open(want)
			t.Fatalf("%d events, the bytes differ (-want +got):\n%s", len(events), diffEvents(b.Events, a.Events))
		}
		b, err := Open(got)
		if err != nil {
			t.Fatal(err)
		}
		for i := range b.Events {
			if b.Events[i].Identity != events[i].Identity || b.Events[i].UserAgent != events[i].UserAgent || b.Events[i].ResourceName != events[i].ResourceName {
				t.Fatalf("event %d: %+v, want %+v", i, b.Events[i], events[i])
			}
		}
	})
}

// FuzzDeltas compares numbers that are written together with one after the other.
func FuzzDeltas(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0, 1}, uint8(60))
	f.Add([]byte("some numbers, eight bytes each: \xff\xff\xff\xff\xff\xff\xff\xff"), uint8(35))
	f.Fuzz(func(t *testing.T, b []byte, shift uint8) {
		var deltas []int64
		for ; len(b) >= 8; b = b[8:] {
			deltas = append(deltas, int64(binary.LittleEndian.Uint64(b))>>(shift%64))
		}
		for edge := int64(1); edge > 0; edge <<= 1 {
			deltas = append(deltas, edge, edge-1, -edge, -edge-1)
		}
		var all, single numberColumn
		half := len(deltas) / 3
		grown := all.addAll(deltas[:half]) + all.addAll(deltas[half:])
		var want []byte
		for _, d := range deltas {
			grown -= single.add(d)
			want = binary.AppendVarint(want, d)
		}
		if grown != 0 || string(all.deltas) != string(want) || string(single.deltas) != string(want) {
			t.Fatalf("%d: %x and %x, want %x", deltas, all.deltas, single.deltas, want)
		}
	})
}

// Numbers that are all 0 are counted, whether they come together or not.
func TestZerosTogether(t *testing.T) {
	var c numberColumn
	if c.addAll(make([]int64, 40)) != 0 || c.used() || c.zeros != 40 {
		t.Fatalf("%d zeros, used: %v", c.zeros, c.used())
	}
	c.addAll([]int64{0, 5, 0})
	if want := string(make([]byte, 41)) + "\x0a\x00"; string(c.deltas) != want || c.zeros != 0 {
		t.Fatalf("%x, want %x", c.deltas, want)
	}
}
