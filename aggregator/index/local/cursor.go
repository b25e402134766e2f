package local

import "github.com/actiontrail/actiontrail/aggregator/index"

// place is where an event stands in the order of the answers: by time, then by id.
type place struct {
	nanos int64
	id    string
}

func (p place) cursor() string { return index.Cursor(p.nanos, p.id) }

func parseCursor(text string) (place, error) {
	nanos, id, err := index.ParseCursor(text)
	return place{nanos, id}, err
}
