package local

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
)

// lostReason says what is wrong with a segment, and what that means.
func lostReason(reason string, events int) string {
	return fmt.Sprintf("%s; its %d events are not found any more", reason, events)
}

// Lost implements index.Refillable.
func (x *Index) Lost() []index.SeqRange {
	x.mu.RLock()
	defer x.mu.RUnlock()
	var lost []index.SeqRange
	for _, d := range x.manifest.Damaged {
		if d.Lost != (index.SeqRange{}) && !slices.Contains(lost, d.Lost) {
			lost = append(lost, d.Lost)
		}
	}
	return lost
}

// Refill implements index.Refillable.
func (x *Index) Refill(ctx context.Context, batches []event.Batch) error {
	x.writing.Lock()
	defer x.writing.Unlock()
	return x.store(ctx, batches, false)
}

// Refilled implements index.Refillable.
func (x *Index) Refilled(r index.SeqRange, note string, whole bool) error {
	x.saving.Lock()
	defer x.saving.Unlock()
	x.mu.RLock()
	next := x.manifest.clone()
	x.mu.RUnlock()
	for i := range next.Damaged {
		if d := &next.Damaged[i]; d.Lost == r {
			d.Lost, d.Gone, d.Reason = index.SeqRange{}, !whole, d.Reason+"; "+note
		}
	}
	return x.save(next, func() {})
}

// missing says why events of a window may not be in the index: what damage took
// was not read again yet, or cannot be. The caller holds mu.
func (x *Index) missing(first, last int64) []string {
	var out []string
	if x.position.Seq < x.behind {
		out = append(out, fmt.Sprintf("a damaged WAL is read again from the stream: batches %d to %d", x.position.Seq+1, x.behind))
	}
	for _, d := range x.manifest.Damaged {
		if d.Lost == (index.SeqRange{}) && !d.Gone {
			continue
		}
		if day, ok := dayOfName(d.File); ok && (last < day*dayNanos || first >= (day+1)*dayNanos) {
			continue
		}
		out = append(out, d.File+": "+d.Reason)
	}
	return out
}

// dayOfName is the day of a segment, as its name has it.
func dayOfName(name string) (day int64, ok bool) {
	if !strings.HasSuffix(name, segmentSuffix) || len(name) < 8 {
		return 0, false
	}
	t, err := time.Parse("20060102", name[:8])
	return dayOf(t.UnixNano()), err == nil
}
