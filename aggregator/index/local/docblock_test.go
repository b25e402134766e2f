package local

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/actiontrail/actiontrail/aggregator/index/indextest"
	"github.com/actiontrail/actiontrail/event"
)

func blockDecoder(t testing.TB) *zstd.Decoder {
	t.Helper()
	dec, err := docDecoder(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(dec.Close)
	return dec
}

// What goes into a block comes out, byte for byte, whatever it is.
func TestBlocksComeBack(t *testing.T) {
	w, err := newDocWriter()
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	dec := blockDecoder(t)
	r := rand.New(rand.NewPCG(5, 6))
	base := event.NewIDBase("key", "source", "file", 0)
	objects := []event.Object{"", `{"a":"b"}`, `{"a":1,"b":[true,null,{"c":"d"},["e",-1.5e3]],"f":{}}`, `{"a":"\n\"\\","é":"日本"}`, `{"a":"\/"}`, `{"a":"` + "\xff" + `"}`,
		`{ "a" : "b" }`, "\x00\x01", "{", `{"":{"":""}}`, `{"a.b":{"c":"1"},"a":{"b.c":"2"}}`, event.Object(`{"many":["` + strings.Repeat(`x","`, 300) + `"]}`), `{"x":[]}`, `{"a":"x`, "\x02"}
	texts := []string{"", "x", "ABCDEF0123456789", "abcdef0123456789", "i-0123456789abcdef0", strings.Repeat("0af", 400), "6BA7B810-9DAD-11D1-80B4-00C04FD430C8", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "\xff\x00", "12345678", "1234567"}
	for round := range 60 {
		count := 1 + r.IntN(eventsPerBlock)
		in := make([]event.Event, count)
		for i := range in {
			e := typical(r, &base, i, indextest.Start.Add(time.Duration(r.Int64N(1e15))))
			if round%2 == 1 {
				for _, f := range docTexts {
					if r.IntN(4) == 0 {
						*f(&e) = texts[r.IntN(len(texts))]
					}
				}
				for _, f := range docObjects {
					if r.IntN(3) == 0 {
						*f(&e) = objects[r.IntN(len(objects))]
					}
				}
				e.Extra, e.Identity.Extra = objects[r.IntN(4)], objects[r.IntN(4)]
				e.Global = r.IntN(2) == 0
				if r.IntN(5) == 0 {
					e.Time, e.Origin = event.Time{}, event.Origin{}
				}
				if r.IntN(5) == 0 {
					e.Exchange = event.Exchange{Method: "GET", Path: "/x", Status: 200, Bytes: -1, DurationMs: 7}
				}
				if r.IntN(5) == 0 {
					e.Origin.Epoch, e.Origin.Offset, e.Time = 1<<63+5, -7, event.Unix(r.Int64()-r.Int64(), uint8(r.IntN(10)))
				}
			}
			in[i] = e
			w.add(&in[i])
		}
		packed := w.take([]byte("before"))[len("before"):]
		b, err := openBlock(dec, packed)
		if err != nil {
			t.Fatal(err)
		}
		for i := range in {
			var got event.Event
			if err := b.event(i, &got); err != nil {
				t.Fatal(err)
			}
			if want, got := string(in[i].AppendJSON(nil)), string(got.AppendJSON(nil)); want != got {
				t.Fatalf("event %d of %d\n%s\nbecomes\n%s", i, count, want, got)
			}
		}
		if err := b.event(count, new(event.Event)); err == nil {
			t.Fatal("an event that is not there")
		}
	}
}

// The paths of a shape are those that Leaves gives.
func TestShapesHaveThePathsOfTheirLeaves(t *testing.T) {
	for _, o := range []event.Object{`{"a":"b"}`, `{"a":1,"b":[true,null,{"c":"d"},["e",-1.5e3],[]],"f":{}}`, `{"":{"":""}}`, `{"a\"":{"b":{"c":"2"},"d":[{"e":[[{"f":false}]]}]},"a.b":{"c":"1"}}`} {
		var want, got []string
		o.Leaves(func(path, value string) { want = append(want, path+"="+value) })
		var s shaper
		s.split(o)
		pieces, _ := shapePieces(string(s.shape))
		for i, p := range pieces {
			got = append(got, p.path+"="+s.leaves[i])
		}
		if fmt.Sprint(want) != fmt.Sprint(got) {
			t.Errorf("%s has the leaves\n%s\nand not\n%s", o, want, got)
		}
	}
}

func FuzzReadBlock(f *testing.F) {
	w, err := newDocWriter()
	if err != nil {
		f.Fatal(err)
	}
	defer w.close()
	dec := blockDecoder(f)
	r := rand.New(rand.NewPCG(5, 6))
	base := event.NewIDBase("key", "source", "file", 0)
	for _, count := range []int{1, 3, 40} {
		for i := range count {
			e := typical(r, &base, i, indextest.Start)
			w.add(&e)
		}
		packed := w.take(nil)
		b, err := openBlock(dec, packed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b.plain)
	}
	f.Fuzz(func(t *testing.T, plain string) {
		b, err := readBlock(plain)
		if err != nil {
			return
		}
		for i := range b.count {
			var e event.Event
			if b.event(i, &e) == nil {
				e.AppendJSON(nil)
			}
		}
	})
}

func FuzzShape(f *testing.F) {
	f.Add(`{"a":1,"b":[true,null,{"c":"d"},["e",-1.5e3]],"f":{}}`)
	f.Add(`{"a":"\n\"\\","é":"日本"}`)
	f.Fuzz(func(t *testing.T, o string) {
		var s shaper
		s.split(event.Object(o))
		pieces, end := shapePieces(string(s.shape))
		var b []byte
		for i, p := range pieces {
			b = append(b, p.text...)
			if p.mark == markText {
				b = event.AppendString(b, s.leaves[i])
			} else {
				b = append(b, s.leaves[i]...)
			}
		}
		if b = append(b, end...); string(b) != o {
			t.Fatalf("%q becomes %q", o, b)
		}
		if o := event.Object(o); len(pieces) > 0 && o.Valid() {
			i := 0
			o.Leaves(func(path, value string) {
				if pieces[i].path != path || s.leaves[i] != value {
					t.Fatalf("leaf %d of %s is %q of %q", i, o, s.leaves[i], pieces[i].path)
				}
				i++
			})
		}
		shapePieces(o)
	})
}

func BenchmarkBlocks(b *testing.B) {
	w, err := newDocWriter()
	if err != nil {
		b.Fatal(err)
	}
	defer w.close()
	r := rand.New(rand.NewPCG(5, 6))
	base := event.NewIDBase("key", "source", "file", 0)
	events := make([]event.Event, eventsPerBlock)
	for i := range events {
		events[i] = typical(r, &base, i, indextest.Start)
	}
	var packed []byte
	b.Run("write", func(b *testing.B) {
		for range b.N {
			for i := range events {
				w.add(&events[i])
			}
			packed = w.take(packed[:0])
		}
		b.ReportMetric(float64(len(packed))/eventsPerBlock, "B/event")
	})
	dec := blockDecoder(b)
	b.Run("open", func(b *testing.B) {
		for range b.N {
			x, err := openBlock(dec, packed)
			if err != nil {
				b.Fatal(err)
			}
			var e event.Event
			if err := x.event(7, &e); err != nil {
				b.Fatal(err)
			}
		}
	})
}
