package local

import (
	"github.com/RoaringBitmap/roaring/v2"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// view is a segment or a memory, seen alike by queries. Its events have the
// numbers from 0. Bitmaps are the caller's own. A segment's methods fail when
// they meet damage.
type view interface {
	// window are the events of first ≤ time ≤ last.
	window(first, last int64) (*roaring.Bitmap, error)
	// dictionary is that of a field, or of a leaf of a Flattened field; nil: no event has a value that stands in one.
	dictionary(no int, path string) (dictionary, error)
	// leafPaths are the leaves of a Flattened field that have dictionaries.
	leafPaths(no int) ([]string, error)
	// unnamed are the events that have leaves of the field without a dictionary.
	unnamed(no int) (*roaring.Bitmap, error)
	// words is the dictionary of the tokens of all texts.
	words() (dictionary, error)
	// column gives the values of a column to fn, in order; events without one are left out.
	column(no int, fn func(n uint32, value uint64)) error
	// oddIDs are the events whose id is not a UUID.
	oddIDs() (*roaring.Bitmap, error)
	// timeless tells whether some event may have no eventTime; it stands at 1970.
	timeless() bool
	byID(id string) (*roaring.Bitmap, error)
}

// docReader reads events. What it returns is valid until the next call.
type docReader interface {
	read(n uint32) ([]byte, error)        // canonical JSON
	event(n uint32, e *event.Event) error // the event stays valid
	id(n uint32) (string, error)
	// arrange puts events into the order in which they are read with the least work.
	arrange(events []uint32) error
}

// dictionary are the values of a field, each with the events that have it.
type dictionary interface {
	find(key string) (*roaring.Bitmap, error) // empty: nobody has it
	// like adds the events of the keys that the pattern wants; hidden ones are not among them.
	like(p *pattern, into *roaring.Bitmap) error
	// hidden are the events with a value that find knows, but of which there is no
	// key to compare: it looks like an id.
	hidden() (*roaring.Bitmap, error)
	all() (*roaring.Bitmap, error) // the events with any value
	// count calls add for each key that events of set have, with how many; hidden
	// ones are not counted. The key is valid within add.
	count(set *roaring.Bitmap, add func(key []byte, n int)) error
}

// pattern is which keys of dictionaries are wanted.
type pattern struct {
	prefix string                // of all of them
	want   func(key string) bool // of those with the prefix
	ids    bool                  // what looks like an id could be wanted
}

// likePattern wants what is like the parts, as query.Wildcard has it.
func likePattern(parts []string) *pattern {
	return &pattern{parts[0], func(key string) bool { return query.Like(key, parts) }, likeID(parts)}
}
