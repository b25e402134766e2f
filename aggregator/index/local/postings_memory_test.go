package local

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The events of a term are the same whether they are worked out from the lists
// of inverted, from the events behind those, or from both, and after reset.
func TestEventsOf(t *testing.T) {
	const terms, events = 50, 6000
	r := rand.New(rand.NewPCG(1, 2))
	var p postings
	for round := range 2 {
		want := make([][]uint32, terms)
		for n := range uint32(events) {
			for k := range uint32(terms) {
				if r.Uint32N(k+2) == 0 {
					p.add(k)
					want[k] = append(want[k], n)
				}
			}
			p.closeEvent()
			if n%1000 != 999 {
				continue
			}
			for k := range uint32(terms) {
				if diff := cmp.Diff(want[k], p.eventsOf(terms, []uint32{k}).ToArray()); diff != "" {
					t.Fatalf("round %d: term %d of %d events (-want +got)\n%s", round, k, n+1, diff)
				}
			}
			both := slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(want[7]), want[49]...))))
			if diff := cmp.Diff(both, p.eventsOf(terms, []uint32{49, 7}).ToArray()); diff != "" {
				t.Fatalf("round %d: two terms of %d events (-want +got)\n%s", round, n+1, diff)
			}
		}
		if p.upTo == 0 {
			t.Fatal("nothing was inverted")
		}
		p.reset()
	}
}
