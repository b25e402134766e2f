package elastic

import "github.com/actiontrail/actiontrail/aggregator/index"

// spot is where an event stands in the order of the answers: by time, then by id.
type spot struct {
	nanos int64
	id    string
}

func (s spot) cursor() string { return index.Cursor(s.nanos, s.id) }

func parseCursor(text string) (spot, error) {
	nanos, id, err := index.ParseCursor(text)
	return spot{nanos, id}, err
}
