package local

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// What is merged, by the events of the segments of a day, and when they were made: in minutes before now.
func TestPlanMerge(t *testing.T) {
	const k = 1024
	over := time.Unix(0, 3*dayNanos).Add(time.Hour)
	running := over.Add(-2 * time.Hour)
	for _, c := range []struct {
		name   string
		now    time.Time
		events []int
		ago    []int // the last is of all behind it
		want   []int // events of those that are merged
	}{
		{"a day that is over becomes one", over, []int{32 * k, 15 * k, 32 * k, 32 * k}, []int{60}, []int{15 * k, 32 * k, 32 * k, 32 * k}},
		{"one alone stays", over, []int{32 * k}, []int{60}, nil},
		{"not while it is written to", over, []int{32 * k, 32 * k, 15 * k}, []int{60, 60, 1}, nil},
		{"what is late does not hold it up", over, []int{32 * k, 32 * k, 10}, []int{60, 60, 1}, []int{10, 32 * k, 32 * k}},
		{"too little for a large one", over, []int{100 * k, 10}, []int{60}, nil},
		{"little ones join each other", over, []int{100 * k, 10, 20}, []int{60}, []int{10, 20}},
		{"enough for a large one", over, []int{100 * k, 10 * k, 3 * k}, []int{60}, []int{3 * k, 10 * k, 100 * k}},
		{"as many as fit", over, []int{400 * k, 400 * k, 400 * k}, []int{60}, []int{400 * k, 400 * k}},
		{"full ones stay", over, []int{900 * k, 600 * k}, []int{60}, nil},
		{"a day that runs keeps seven", running, slices.Repeat([]int{32 * k}, 7), []int{60}, nil},
		{"and merges eight", running, slices.Repeat([]int{32 * k}, 8), []int{60}, slices.Repeat([]int{32 * k}, 8)},
		{"of a like size", running, append(slices.Repeat([]int{32 * k}, 7), 300*k), []int{60}, nil},
	} {
		var all []mergeable
		for i, n := range c.events {
			all = append(all, mergeable{day: 2, known: true, events: n, bytes: int64(n) * 300, made: c.now.Add(-time.Duration(c.ago[min(i, len(c.ago)-1)]) * time.Minute)})
		}
		var got []int
		for _, i := range planMerge(all, c.now, mergedMost) {
			got = append(got, all[i].events)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// Days, classes, and what can be read again or not, stay apart.
func TestPlanMergeKeepsApart(t *testing.T) {
	now := time.Unix(0, 10*dayNanos)
	all := []mergeable{{day: 1, events: 5, known: true}, {day: 2, events: 5, known: true}, {day: 2, class: "a", events: 5, known: true}, {day: 2, events: 5}}
	if got := planMerge(all, now, mergedMost); got != nil {
		t.Fatalf("%v are merged", got)
	}
	for i, s := range all {
		if got := planMerge(append(slices.Clone(all), s), now, mergedMost); !slices.Equal(got, []int{i, len(all)}) {
			t.Errorf("%v are merged, want %d and %d", got, i, len(all))
		}
	}
}

// Whatever a day has, its events are merged about twice, and few segments are left.
func TestMergesOfADay(t *testing.T) {
	const memory = 32 * 1024
	for _, c := range []struct{ memories, late, most int }{{3, 0, 1}, {4, 0, 1}, {31, 0, 2}, {300, 0, 19}, {4, 50, 4}, {40, 200, 6}} {
		t.Run(fmt.Sprintf("%d memories and %d late", c.memories, c.late), func(t *testing.T) {
			begin := time.Unix(0, 2*dayNanos)
			var all []mergeable
			merged, total := 0, 0
			settle := func(now time.Time) {
				for {
					some := planMerge(all, now, mergedMost)
					if some == nil {
						return
					}
					one := mergeable{day: 2, known: true, made: now}
					for _, i := range some {
						one.events += all[i].events
						one.bytes += all[i].bytes
					}
					merged += one.events
					if one.events > mergedMost {
						t.Fatalf("one of %d events", one.events)
					}
					slices.Sort(some)
					for _, i := range slices.Backward(some) {
						all = slices.Delete(all, i, i+1)
					}
					all = append(all, one)
				}
			}
			add := func(n int, now time.Time) {
				all = append(all, mergeable{day: 2, known: true, events: n, bytes: int64(n) * 300, made: now})
				total += n
				settle(now)
			}
			for i := range c.memories {
				add(memory, begin.Add(24*time.Hour*time.Duration(i+1)/time.Duration(c.memories)))
			}
			now := begin.Add(24 * time.Hour)
			for i := range c.late {
				now = now.Add(time.Minute)
				add(1+i%50, now)
			}
			settle(now.Add(time.Hour))
			if len(all) > c.most {
				t.Errorf("%d segments are left, want at most %d: %+v", len(all), c.most, all)
			}
			if times := float64(merged) / float64(total); times > 2.1 {
				t.Errorf("each event was merged %.2f times", times)
			}
		})
	}
}
