package api

import (
	"sync"
	"time"
)

// Calls without the right token are audited one by one up to these counts; those
// beyond are counted, and the next call that is recorded says how many they were.
// Whoever guesses tokens must not fill the audit.
const (
	refusedEach   = 20 // of one address in refusedWindow
	refusedAll    = 300
	refusedWindow = time.Minute
)

// refusals bound the audit of calls that were refused for want of a token.
type refusals struct {
	mu      sync.Mutex
	begin   time.Time // of the window
	calls   map[string]int
	all     int
	skipped int // since the last recorded call
}

// skip tells whether a refused call is only counted.
func (f *refusals) skip(now time.Time, address string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if d := now.Sub(f.begin); d >= refusedWindow || d < 0 || f.calls == nil {
		f.begin, f.calls, f.all = now, map[string]int{}, 0
	}
	if f.all >= refusedAll || f.calls[address] >= refusedEach {
		f.skipped++
		return true
	}
	f.all++
	f.calls[address]++
	return false
}

// take returns how many calls were skipped; they are the caller's to record.
func (f *refusals) take() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.skipped
	f.skipped = 0
	return n
}

// giveBack is for a record that failed.
func (f *refusals) giveBack(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.skipped += n
}
