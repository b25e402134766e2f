package local

import (
	"cmp"
	"maps"
	mathbits "math/bits"
	"slices"
	"time"
)

// Segments of one class and UTC day are merged, so that a day that is over is one
// segment, or a few of mergedEvents. An event is merged about twice at most: while its
// day is written to, mergeFan segments of a like size become one; when nothing came for
// a while, all that fit together do. What comes late joins the large ones only when there is enough of it.
const (
	mergeFan    = 8
	mergeQuiet  = 10 * time.Minute
	mergeLate   = 32      // a segment smaller by this than the largest does not keep its day from being quiet
	mergeLeast  = 8       // merging a large segment needs more than a part of it
	mergedMost  = 1 << 20 // events of a merged segment
	mergedBytes = 1 << 30
)

// mergeable is what is known of a segment when merges are planned.
type mergeable struct {
	day    int64
	class  string
	known  bool // where its events are in the stream
	events int
	bytes  int64
	made   time.Time
}

// mergeGroup are segments that may be merged with each other: where the events of
// some are in the stream is known or not for all.
type mergeGroup struct {
	day   int64
	class string
	known bool
}

// planMerge chooses segments that should become one now, by their places in all; nil:
// there are none. most is how many events a merged one may have. The newest days come
// first: they are asked most.
func planMerge(all []mergeable, now time.Time, most int) []int {
	groups := map[mergeGroup][]int{}
	for i, s := range all {
		if s.events <= most/2 && s.bytes <= mergedBytes/2 {
			k := mergeGroup{s.day, s.class, s.known}
			groups[k] = append(groups[k], i)
		}
	}
	keys := slices.SortedFunc(maps.Keys(groups), func(a, b mergeGroup) int {
		return cmp.Or(cmp.Compare(b.day, a.day), cmp.Compare(a.class, b.class), cmp.Compare(b2i(a.known), b2i(b.known)))
	})
	for _, k := range keys {
		of := groups[k]
		slices.SortStableFunc(of, func(a, b int) int { return cmp.Compare(all[a].events, all[b].events) })
		var chosen []int
		if quiet(all, of, k.day, now) {
			chosen = mergeAll(all, of, most)
		} else {
			chosen = mergeTier(all, of, most)
		}
		if len(chosen) > 1 {
			return chosen
		}
	}
	return nil
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// quiet tells whether the day is over, and nothing but what is late came for a while.
func quiet(all []mergeable, of []int, day int64, now time.Time) bool {
	if !now.After(time.Unix(0, (day+1)*dayNanos).Add(mergeQuiet)) {
		return false
	}
	largest := all[of[len(of)-1]].events
	return !slices.ContainsFunc(of, func(i int) bool {
		return all[i].events*mergeLate >= largest && now.Sub(all[i].made) < mergeQuiet
	})
}

// mergeAll are the smallest, as many as fit, when the largest of them is worth it.
func mergeAll(all []mergeable, of []int, most int) []int {
	n := fit(all, of, most)
	for ; n > 1; n-- {
		rest := 0
		for _, i := range of[:n-1] {
			rest += all[i].events
		}
		if rest*mergeLeast >= all[of[n-1]].events {
			return of[:n]
		}
	}
	return nil
}

// fit is how many of the first may be merged into one.
func fit(all []mergeable, of []int, most int) int {
	events, bytes := 0, int64(0)
	for n, i := range of {
		events += all[i].events
		bytes += all[i].bytes
		if events > most || bytes > mergedBytes {
			return n
		}
	}
	return len(of)
}

// mergeTier are mergeFan segments of a like size: within the same power of mergeFan.
func mergeTier(all []mergeable, of []int, most int) []int {
	tier := func(i int) int { return mathbits.Len(uint(all[i].events)) / 3 } // by 8
	for from := 0; from+mergeFan <= len(of); from++ {
		some := of[from : from+mergeFan]
		if tier(some[0]) == tier(some[mergeFan-1]) && fit(all, some, most) == mergeFan {
			return some
		}
	}
	return nil
}
