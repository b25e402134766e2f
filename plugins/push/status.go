package push

import (
	"net"
	"time"
)

// Status is how a source fares to which records are brought.
type Status struct {
	Addresses   []net.Addr // where it listens
	Connections int
	Brought     uint64    // records since the source was opened
	Taken       uint64    // those of them that the agent took
	Waiting     int       // records that are not durable yet
	Bytes       int64     // that they hold
	Oldest      time.Time // when the oldest of them came; zero: there is none
}

// Status is that of the queue: where a source listens it adds itself.
func (q *Queue) Status() Status {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := Status{Brought: q.brought, Taken: q.taken, Bytes: q.held}
	for _, all := range [][]*Ticket{q.given, q.queue} {
		for _, t := range all {
			s.Waiting += len(t.items)
		}
		if len(all) > 0 && (s.Oldest.IsZero() || all[0].came.Before(s.Oldest)) {
			s.Oldest = all[0].came
		}
	}
	return s
}
