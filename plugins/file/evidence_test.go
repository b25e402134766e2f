package file

import (
	"testing"

	"github.com/actiontrail/actiontrail/plugins"
)

// A mark says what was told. It waits until all of that has found room in a batch.
func TestMarkWaitsForItsFacts(t *testing.T) {
	w := newWorld(t, true)
	w.write("a.log", "a1\n")
	w.start()
	w.want("a1")
	s := w.source
	a := s.tails[0]
	for i := range 3 {
		a.tell(0, int64(i), plugins.Evidence{Name: plugins.SourceRotated})
	}
	s.page.reset()
	s.page.records = s.page.records[:plugins.MaxRecords-1]
	if s.hand(a) {
		t.Error("three facts have found room for one")
	}
	if s.move(a); len(s.next) > 0 {
		t.Errorf("the mark has moved before its facts: %q", s.next)
	}
	s.page.reset()
	if !s.hand(a) || len(s.page.records) != 2 {
		t.Errorf("%d facts on the next page, want 2", len(s.page.records))
	}
	if s.move(a); len(s.next) != 1 {
		t.Errorf("the mark has not moved with its facts: %q", s.next)
	}
}
