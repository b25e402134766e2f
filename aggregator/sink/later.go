package sink

import "time"

// Later is the error of a receiver that said when to try again: not before After has passed.
type Later struct {
	After time.Duration
	Err   error
}

func (l *Later) Error() string { return l.Err.Error() }
func (l *Later) Unwrap() error { return l.Err }
