package spool

import "time"

// stampEvery is how finely a segment remembers when its records were written: a
// time for each would be most of what a long queue needs of memory.
const stampEvery = time.Second

// stamp says that the records from this one on were written at this time, or up to stampEvery later.
type stamp struct {
	count uint64 // of records before it in the segment
	at    int64  // Unix milliseconds
}

// stamp notes the time of the record that comes next.
func (g *segment) stamp(at time.Time) {
	ms := at.UnixMilli()
	if n := len(g.times); n == 0 || ms < g.times[n-1].at || ms-g.times[n-1].at >= stampEvery.Milliseconds() {
		g.times = append(g.times, stamp{g.count, ms})
	}
}

// Oldest is when the oldest batch that is not acknowledged was written, to the
// second; zero when none waits. Of one that was there when the spool was opened it
// is when its segment was last written: the batch may be older, by as long as that segment took.
func (s *Spool) Oldest() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.segments {
		if s.sent >= g.first+g.count {
			continue
		}
		at := g.times[0].at
		for _, t := range g.times {
			if g.first+t.count > s.sent {
				break
			}
			at = t.at
		}
		return time.UnixMilli(at)
	}
	return time.Time{}
}
