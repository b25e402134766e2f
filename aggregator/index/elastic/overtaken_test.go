package elastic_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/index/elastic"
	"github.com/actiontrail/actiontrail/aggregator/index/indextest"
	"github.com/actiontrail/actiontrail/event"
)

// An aggregator that was halted, and overtaken by another one, must not write an
// older position over a newer one: what the journal no longer has would be missing.
func TestOvertakenFoldChangesNothing(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	ctx := context.Background()
	var lanes indextest.Lanes
	write := func(x *elastic.Index, n int) {
		t.Helper()
		for i := range n {
			if err := x.Write(ctx, []event.Batch{lanes.Batch(fmt.Sprint("agent ", i%7))}); err != nil {
				t.Fatal(err)
			}
		}
	}
	flush := func(x *elastic.Index) error {
		err := x.Flush(ctx, now().Add(-1))
		if err != nil && strings.Contains(err.Error(), "count the events") { // which the fake cannot
			return nil
		}
		return err
	}
	halted := open(t, f.config())
	write(halted, 210) // and before it folds its journal another one takes over
	leads := open(t, f.config())
	write(leads, 5)
	if err := flush(leads); err != nil {
		t.Fatal(err)
	}
	write(leads, 210)
	if err := flush(leads); err != nil {
		t.Fatal(err)
	}
	if err := flush(halted); err == nil || !strings.Contains(err.Error(), "fold the journal") {
		t.Errorf("the one that was halted folds: %v", err)
	}
	want := leads.Position()
	if diff := cmp.Diff(want, open(t, f.config()).Position()); diff != "" {
		t.Errorf("position (-written +read)\n%s", diff)
	}
	if err := halted.Ready(ctx); err != nil { // it learns where the other one is
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, halted.Position()); diff != "" {
		t.Errorf("position of the one that was halted (-want +got)\n%s", diff)
	}
	leads.Forget()
	if err := leads.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, leads.Position()); diff != "" {
		t.Errorf("position learnt anew (-want +got)\n%s", diff)
	}
}
