package local

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/actiontrail/actiontrail/aggregator/index"
)

// Histogram counts what matches by steps of time, which are aligned to 1970
// UTC. Steps without events are left out.
func (x *Index) Histogram(ctx context.Context, q index.Query, step time.Duration) (out []index.Bucket, missing []string, err error) {
	if step <= 0 {
		return nil, nil, fmt.Errorf("a histogram cannot have steps of %v", step)
	}
	err = x.query(q, func(parts []part, why []string) error {
		missing = why
		counts := map[int64]index.Bucket{}
		var mu sync.Mutex
		err := each(ctx, parts, q, func(i int, set *roaring.Bitmap) error {
			mine, err := countSteps(parts[i], set, int64(step))
			mu.Lock()
			defer mu.Unlock()
			for start, b := range mine {
				sum := counts[start]
				sum.Count += b.Count
				sum.Errors += b.Errors
				counts[start] = sum
			}
			return err
		})
		if err != nil {
			return err
		}
		out = make([]index.Bucket, 0, len(counts))
		for _, start := range slices.Sorted(maps.Keys(counts)) {
			b := counts[start]
			b.Start = time.Unix(0, start).UTC()
			out = append(out, b)
		}
		return nil
	})
	return out, missing, err
}

// floor is the begin of the step that t lies in.
func floor(t, step int64) int64 {
	rest := t % step
	if rest < 0 {
		rest += step
	}
	return t - rest
}

func countSteps(p part, set *roaring.Bitmap, step int64) (map[int64]index.Bucket, error) {
	out := map[int64]index.Bucket{}
	if set.IsEmpty() {
		return out, nil
	}
	err := p.search(func(v view) error {
		if s, ok := v.(*segmentView); ok && s.countHours(set, step, out) {
			return nil
		}
		failed := roaring.New()
		d, err := v.dictionary(errorCode, "")
		if err == nil && d != nil {
			failed, err = d.all()
		}
		if err != nil {
			return err
		}
		failed.And(set)
		return errors.Join(
			addSteps(p, set, step, out, func(b *index.Bucket) { b.Count++ }),
			addSteps(p, failed, step, out, func(b *index.Bucket) { b.Errors++ }))
	})
	return out, err
}

func addSteps(p part, set *roaring.Bitmap, step int64, out map[int64]index.Bucket, add func(*index.Bucket)) error {
	times, err := p.timesOf()
	if err != nil {
		return err
	}
	var at index.Bucket
	from, to := int64(0), int64(0) // of the step of at
	it := set.ManyIterator()
	var buf [1024]uint32
	for {
		k := it.NextMany(buf[:])
		if k == 0 {
			break
		}
		for _, n := range buf[:k] {
			if t := times(n); from == to || t < from || t >= to {
				if from != to {
					out[from] = at
				}
				from = floor(t, step)
				to = from + step
				at = out[from]
			}
			add(&at)
		}
	}
	if from != to {
		out[from] = at
	}
	return nil
}

// countHours counts by the footer alone, when all of the segment matches and a
// step is whole hours.
func (s *segment) countHours(set *roaring.Bitmap, step int64, out map[int64]index.Bucket) bool {
	if step%int64(time.Hour) != 0 || set.GetCardinality() != uint64(s.foot.Events) {
		return false
	}
	for h, n := range s.foot.Hours {
		if n.Events == 0 {
			continue
		}
		start := floor(s.foot.Day*dayNanos+int64(h)*int64(time.Hour), step)
		b := out[start]
		b.Count += n.Events
		b.Errors += n.Errors
		out[start] = b
	}
	return true
}
