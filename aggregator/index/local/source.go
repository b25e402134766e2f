package local

// source is what a segment is written from: the events of one class and UTC day, ordered
// by time and id, and numbered in that order.
type source struct {
	day      int64
	class    int
	times    []int64
	id       func(n int) []byte
	docs     func(w *docWriter, put func(block []byte) error) (places []uint32, err error)
	odd      []uint32 // events whose id is not a UUID
	timeless bool
	keys     [][]byte // of all dictionaries, in order
	fields   []fieldSource
	hidden   []hashEntry // the values that have no key
	columns  []columnSource
}

// fieldSource is a dictionary.
type fieldSource struct {
	no      int // of the field; wordsNo: the words of all texts
	path    string
	entries []entrySource
	hidden  []uint32 // events with a value that has no key
	all     []uint32 // events with any value
	unnamed bool     // of a Flattened field, with no path and no keys: all are the events whose leaves have no dictionary
}

// entrySource is a key by its number, and the events that have it, ascending.
type entrySource struct {
	key    uint32
	events []uint32
}

// wordsNo stands for a field where the dictionary of all texts is meant.
const wordsNo = -1

// columnSource is a column; cells has one for each event.
type columnSource struct {
	no    int
	cells []columnCell
}
