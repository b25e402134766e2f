package lanes

import "time"

// drainLook is how often a stop looks whether all is done. A file must have nothing
// new in two looks: its last lines may be on their way.
const drainLook = 250 * time.Millisecond

// drained waits until everything that the files hold is acknowledged by NATS, for
// as long as within. It is false when that was not long enough.
func (l *Lanes) drained(within time.Duration) bool {
	end := time.NewTimer(within)
	defer end.Stop()
	look := time.NewTicker(drainLook)
	defer look.Stop()
	done := 0
	for {
		select {
		case <-end.C:
			return false
		case <-look.C:
		}
		if done++; !l.idle() {
			done = 0
		}
		if done == 2 {
			return true
		}
	}
}

// idle tells whether nothing waits, neither in a file nor in a spool.
func (l *Lanes) idle() bool {
	for _, s := range l.Status() {
		if s.PendingBatches > 0 || !s.Began.IsZero() || s.Posted != nil && s.Posted.Waiting > 0 || s.Brought != nil && s.Brought.Waiting > 0 {
			return false
		}
		for _, f := range s.Files.Files {
			if f.Lag > 0 && f.Err == nil {
				return false
			}
		}
	}
	return true
}
