package local

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/go-cmp/cmp"
)

// Whatever the width, the codes of a set are counted as its events have them.
func TestCodes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, entries := range []int{0, 1, 2, 3, 4, 7, 8, 255, 256, 1000} {
		const events = 1003
		of := make([]uint32, events)
		set := roaring.New()
		want := make([]uint32, entries)
		for n := range uint32(events) {
			in := r.IntN(3) > 0
			if in {
				set.Add(n)
			}
			if entries == 0 || r.IntN(5) == 0 {
				continue // it has no value
			}
			i := r.IntN(entries)
			of[n] = uint32(i + 1)
			if in {
				want[i]++
			}
		}
		codes := appendCodes([]byte("before"), of, entries)[len("before"):]
		if len(codes) != codesSize(events, codeBits(entries)) {
			t.Fatalf("%d entries: %d bytes", entries, len(codes))
		}
		got, err := countCodes(codes, codeBits(entries), entries, set)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%d entries (-want +got)\n%s", entries, diff)
		}
	}
}

func FuzzCodes(f *testing.F) {
	f.Add(appendCodes(nil, []uint32{19: 2, 0: 2, 3: 1, 4: 1, 7: 3}, 3), uint16(3), uint16(20))
	f.Fuzz(func(t *testing.T, b []byte, entries, events uint16) {
		b = append(slices.Clip(b), make([]byte, max(0, codesSize(int(events), codeBits(int(entries)))-len(b)))...)
		set := roaring.New()
		set.AddRange(0, uint64(events))
		counts, err := countCodes(b, codeBits(int(entries)), int(entries), set)
		if err == nil && len(counts) != int(entries) {
			t.Fatalf("%d counts of %d entries", len(counts), entries)
		}
	})
}
