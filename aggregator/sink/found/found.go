// Package found is what a sink remembers of events that it has found at its destination, behind the
// mark that was noted, until they come again.
package found

import "crypto/sha256"

const (
	// Most is how many events are remembered: 20 times what is delivered between two notes. They
	// take about 40 MB. A sink that finds more than that has a mark that is not of its destination.
	Most = 1 << 20
	// forgetAfter is how many events come until those that have not come again will not: what
	// is delivered again comes first, in the order in which it came before.
	forgetAfter = 1 << 18
)

// digest stands for the id of an event.
type digest [16]byte

func digestOf[T string | []byte](id T) digest {
	sum := sha256.Sum256([]byte(id))
	return digest(sum[:16])
}

// Events are those that were found. The zero value has none.
type Events struct {
	all   map[digest]bool
	since int // events that came since they were found
}

// Add notes the id of an event that is at the destination.
func (e *Events) Add(id []byte) {
	if e.all == nil {
		e.all = map[digest]bool{}
	}
	e.all[digestOf(id)] = true
}

// Len is how many have not come again.
func (e *Events) Len() int { return len(e.all) }

// Has tells whether an event is at the destination.
func (e *Events) Has(id string) bool { return len(e.all) > 0 && e.all[digestOf(id)] }

// Came notes that so many events came and are delivered, and that these of them were
// passed over. Done says that nothing is left: the mark may go on.
func (e *Events) Came(events int, passed []string) (done bool) {
	for _, id := range passed {
		delete(e.all, digestOf(id))
	}
	if e.since += events; e.since >= forgetAfter || len(e.all) == 0 {
		*e = Events{}
		return true
	}
	return false
}
