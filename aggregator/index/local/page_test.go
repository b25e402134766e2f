package local

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/aggregator/index/indextest"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// countedPart counts the events of a part that a page reads to know whether they match.
type countedPart struct {
	part
	reads *int
}

func (p countedPart) readDocs() docReader { return countedDocs{p.part.readDocs(), p.reads} }

type countedDocs struct {
	docReader
	reads *int
}

func (d countedDocs) read(n uint32) ([]byte, error) {
	*d.reads++
	return d.docReader.read(n)
}

// An export by pages without a total reads each event about once, however many
// pages it has, and the latest few read few, also when the filter must be asked
// of each event. What it gives is what a search with a total gives.
func TestPagesWithoutTotalAreLinear(t *testing.T) {
	x := mustOpen(t, Config{Dir: t.TempDir(), SegmentEvents: 100_000})
	defer mustClose(t, x)
	const n = 6000
	for b := range 6 {
		batch := event.Batch{Lane: event.Lane{Agent: "a"}, Number: uint64(b + 1), Seq: uint64(b + 1)}
		for i := range n / 6 {
			k := (b*n/6 + i) * 7919 % n
			e := event.Event{ID: fmt.Sprintf("e%05d", k), Name: "N", ErrorMessage: fmt.Sprintf("one two%d three", k%2),
				Time: event.At(indextest.Start.Add(time.Duration(k/3)*time.Minute), 3)} // three events a time
			batch.Events = append(batch.Events, e)
		}
		if err := x.Write(t.Context(), []event.Batch{batch}); err != nil {
			t.Fatal(err)
		}
		if b == 3 {
			if err := cmp.Or(x.cut(), x.waitBuilt(t.Context())); err != nil {
				t.Fatal(err)
			}
		}
	}
	filter, err := query.Parse(`errorMessage: "one two1"`) // of two words: each event must be read
	if err != nil {
		t.Fatal(err)
	}
	for _, ascending := range []bool{true, false} {
		whole, err := x.Search(t.Context(), index.Query{Filter: filter, Limit: index.MaxLimit, Ascending: ascending})
		if err != nil || whole.Total != n/2 {
			t.Fatalf("%d events, %v", whole.Total, err)
		}
		q := index.Query{Filter: filter, Limit: 150, Ascending: ascending, NoTotal: true}
		reads, first := 0, 0
		var got []string
		for {
			var page index.Page
			err := x.query(q, func(parts []part, _ []string) error {
				for i := range parts {
					parts[i] = countedPart{parts[i], &reads}
				}
				var after *place
				if q.After != "" {
					p, err := parseCursor(q.After)
					if err != nil {
						return err
					}
					after = &p
				}
				var err error
				page, err = nextPage(t.Context(), parts, q, after)
				return err
			})
			if err != nil || page.Total != -1 {
				t.Fatalf("total %d, %v", page.Total, err)
			}
			for _, doc := range page.Events {
				got = append(got, string(doc))
			}
			if first == 0 {
				first = reads
			}
			if q.After = page.Next; q.After == "" {
				break
			}
		}
		var want []string
		for _, doc := range whole.Events {
			want = append(want, string(doc))
		}
		if !slices.Equal(got, want) {
			t.Errorf("ascending %v: %d events in pages, want %d in the same order", ascending, len(got), len(want))
		}
		// The two parts have the same times, so a page reads in both what it takes of one.
		if parts := len(x.segments) + 1; reads > 8*n || first > 4*q.Limit*parts {
			t.Errorf("ascending %v: %d events were read for all pages, %d for the first one", ascending, reads, first)
		}
	}
}
