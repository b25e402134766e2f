package httpsource

import (
	"net/http"
	"sync"
	"time"
)

// Status tells how the source fares, for status pages.
type Status struct {
	Requests uint64    // answered with 200 since the source was made
	Records  uint64    // of those
	Busy     uint64    // refused with 503
	Refused  uint64    // for any other reason
	Waiting  int       // requests that are not answered yet and wait to be durable
	Bytes    int64     // that they hold
	Oldest   time.Time // when the oldest of them came; zero: there is none
}

// counts are those of the Status.
type counts struct {
	mu sync.Mutex
	s  Status
}

func (c *counts) answered(p *problem, records int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case p == nil && records > 0:
		c.s.Requests++
		c.s.Records += uint64(records)
	case p == nil || p.Status == statusClientGone: // a look at its health, or nobody was answered
	case p.Status == http.StatusServiceUnavailable:
		c.s.Busy++
	default:
		c.s.Refused++
	}
}

// Status may be called by any goroutine.
func (s *Source) Status() Status {
	s.count.mu.Lock()
	st := s.count.s
	s.count.mu.Unlock()
	if in := s.opened(); in != nil {
		in.mu.Lock()
		defer in.mu.Unlock()
		st.Waiting, st.Bytes = len(in.given)+len(in.queue), in.budget.held(in.config.MaxInflight)
		for _, all := range [][]*request{in.given, in.queue} {
			if len(all) > 0 && (st.Oldest.IsZero() || all[0].came.Before(st.Oldest)) {
				st.Oldest = all[0].came
			}
		}
	}
	return st
}
