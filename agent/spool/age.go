package spool

import "time"

// Oldest is when the oldest batch that is not acknowledged was written; zero when
// none waits. Of one that was there when the spool was opened it is when its
// segment was last written: the batch may be older, by as long as that segment took.
func (s *Spool) Oldest() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, e, _ := s.find(s.sent)
	return e.at
}

func (s *Spool) now() time.Time {
	if s.cfg.Now != nil {
		return s.cfg.Now()
	}
	return time.Now()
}
