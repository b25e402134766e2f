package realtest

import (
	"bytes"
	"sync"
)

// Logged is a log that may be read while others still write to it. The zero value is empty.
type Logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write is that of an io.Writer.
func (l *Logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// String is what was written so far.
func (l *Logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
