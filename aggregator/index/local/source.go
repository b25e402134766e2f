package local

import (
	"cmp"
	"slices"
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// source is what a segment is written from: the events of one UTC day, ordered
// by time and id, and numbered in that order.
type source struct {
	day      int64
	times    []int64
	doc      func(n int) ([]byte, error) // called in order
	odd      []uint32                    // events whose id is not a UUID
	timeless bool
	fields   []fieldSource
	columns  []columnSource
}

// fieldSource is a dictionary: keys in order, and the events of each, ascending.
type fieldSource struct {
	no   int // of the field; wordsNo: the words of all texts
	path string
	keys []string
	list func(k int) []uint32 // its result is valid until the next call
	// unnamed are of a Flattened field, with no path and no keys: the events whose leaves have no dictionary.
	unnamed []uint32
}

// wordsNo stands for a field where the dictionary of all texts is meant.
const wordsNo = -1

// columnSource is a column; cells has one for each event.
type columnSource struct {
	no    int
	cells []columnCell
}

// days are the UTC days that the memory has events of. Nothing may be added any more.
func (m *memory) days() []int64 {
	var days []int64
	for _, t := range m.times {
		if d := dayOf(t); len(days) == 0 || days[len(days)-1] != d {
			days = append(days, d)
		}
	}
	slices.Sort(days)
	return slices.Compact(days)
}

// source are the events of a day. Nothing may be added to the memory any more.
func (m *memory) source(day int64) *source {
	var order []uint32
	for n, t := range m.times {
		if dayOf(t) == day {
			order = append(order, uint32(n))
		}
	}
	slices.SortFunc(order, func(a, b uint32) int {
		if c := cmp.Compare(m.times[a], m.times[b]); c != 0 {
			return c
		}
		return strings.Compare(idOf(m.docs[a]), idOf(m.docs[b]))
	})
	const absent = ^uint32(0)
	number := slices.Repeat([]uint32{absent}, len(m.times))
	src := &source{day: day, times: make([]int64, len(order)), timeless: m.notime && day == 0}
	for n, old := range order {
		number[old] = uint32(n)
		src.times[n] = m.times[old]
	}
	src.doc = func(n int) ([]byte, error) { return m.docs[order[n]], nil }
	renumber := func(into, list []uint32) []uint32 {
		into = into[:0]
		for _, n := range list {
			if number[n] != absent {
				into = append(into, number[n])
			}
		}
		slices.Sort(into)
		return into
	}
	src.odd = renumber(nil, m.odd)
	add := func(no int, path string, p *postings) {
		f := fieldSource{no: no, path: path}
		var codes []uint32
		for c := range p.keys {
			if slices.ContainsFunc(p.lists[c], func(n uint32) bool { return number[n] != absent }) {
				codes = append(codes, uint32(c))
			}
		}
		if len(codes) == 0 {
			return
		}
		slices.SortFunc(codes, func(a, b uint32) int { return strings.Compare(p.keys[a], p.keys[b]) })
		f.keys = make([]string, len(codes))
		for k, c := range codes {
			f.keys[k] = p.keys[c]
		}
		var buf []uint32
		f.list = func(k int) []uint32 {
			buf = renumber(buf, p.lists[codes[k]])
			return buf
		}
		src.fields = append(src.fields, f)
	}
	for no := range fields {
		if m.keyed[no] != nil {
			add(no, "", m.keyed[no])
		}
		if fields[no].Kind == event.Flattened {
			paths := make([]string, 0, len(m.leaves[no]))
			for p := range m.leaves[no] {
				paths = append(paths, p)
			}
			slices.Sort(paths)
			for _, p := range paths {
				add(no, p, m.leaves[no][p])
			}
			if rest := renumber(nil, m.rest[no]); len(rest) > 0 {
				src.fields = append(src.fields, fieldSource{no: no, unnamed: rest})
			}
		}
		if hasColumn(no) {
			cells := make([]columnCell, len(order))
			for n, old := range order {
				cells[n] = m.columns[no][old]
			}
			src.columns = append(src.columns, columnSource{no, cells})
		}
	}
	add(wordsNo, "", m.tokens)
	return src
}
