package index

import "time"

// Keeper is an index that can be told to keep events longer than it would: a
// trail owes them, and they are nowhere else.
type Keeper interface {
	// Keep has events whose eventTime is not before from stay, until the same name
	// asks for something else. The zero time asks for nothing. When it returns,
	// what is there stays. It is forgotten when the index is closed.
	Keep(name string, from time.Time)
}
