package local

import (
	"slices"
	"sort"
	"unsafe"

	"github.com/RoaringBitmap/roaring/v2"
)

// addressOf is where b begins in memory, to compare with the address of a fault.
func addressOf(b []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b))) }

func (x *fieldFooter) label() string {
	switch {
	case x.Name == "":
		return "the words"
	case x.Path != "":
		return x.Name + "." + x.Path
	}
	return x.Name
}

// segmentView is a segment in one query, with what that has learned. One goroutine has it.
type segmentView struct {
	*segment
	numbers  map[string]int64  // of keys that were looked up; -1: there is none
	patterns map[*pattern]bits // the keys that patterns want
	plain    []byte            // the block of keys that was unpacked last
	reader   docReader
}

func (v *segmentView) docs() docReader {
	if v.reader == nil {
		v.reader = v.readDocs()
	}
	return v.reader
}

func (v *segmentView) open(key fieldKey) (dictionary, error) {
	foot := v.byName[key]
	if foot == nil {
		return nil, nil
	}
	b, err := v.section(foot.Index, "index of "+foot.label())
	if err != nil {
		return nil, err
	}
	return &segmentDictionary{v, foot, b}, nil
}

func (v *segmentView) dictionary(no int, path string) (dictionary, error) {
	return v.open(fieldKey{name: fields[no].Name, path: path})
}

func (v *segmentView) words() (dictionary, error) { return v.open(fieldKey{}) }

func (s *segment) leafPaths(no int) ([]string, error) {
	var paths []string
	for i := range s.foot.Fields {
		if x := &s.foot.Fields[i]; x.Name == fields[no].Name && !x.Unnamed {
			paths = append(paths, x.Path)
		}
	}
	slices.Sort(paths)
	return paths, nil
}

func (s *segment) unnamed(no int) (*roaring.Bitmap, error) {
	if x := s.byName[fieldKey{fields[no].Name, "", true}]; x != nil {
		return s.list(x.All)
	}
	return roaring.New(), nil
}

func (s *segment) oddIDs() (*roaring.Bitmap, error) {
	b, err := s.section(s.foot.Odd, "odd")
	if err != nil {
		return nil, err
	}
	set, err := decodeList(b, s.foot.Events)
	if err != nil {
		return nil, s.damaged("section odd: %v", err)
	}
	return set, nil
}

func (s *segment) column(no int, fn func(n uint32, value uint64)) error {
	for i := range s.foot.Columns {
		c := &s.foot.Columns[i]
		if c.Name != fields[no].Name {
			continue
		}
		b, err := s.section(c.Values, c.Name)
		if err != nil {
			return err
		}
		plain, err := s.codec.unpack(b)
		if err == nil {
			err = readColumn(plain, s.foot.Events, fn)
		}
		if err != nil {
			return s.damaged("column %s: %v", c.Name, err)
		}
		return nil
	}
	return s.damaged("it has no column %s", fields[no].Name)
}

// hashes is the section hashes; what is used of it is checked.
func (s *segment) hashes() (hashSection, error) {
	if s.foot.version < 3 {
		b, err := s.section(s.foot.Hashes, "hashes")
		if err != nil {
			return hashSection{}, err
		}
		return splitHashes(b, func(int, int) error { return nil })
	}
	sums, err := s.section(s.foot.Sums, "sums")
	if err != nil {
		return hashSection{}, err
	}
	b := s.bytes(s.foot.Hashes)
	return splitHashes(b, func(from, to int) error {
		s.need(s.foot.Hashes.Offset+int64(from), s.foot.Hashes.Offset+int64(to))
		if page := s.pages.check(b, sums, from, to); page >= 0 {
			return s.damaged("page %d of the hashes does not match its checksum", page)
		}
		return nil
	})
}

// candidates are the events that have the hash of this value.
func (s *segment) candidates(value string) ([]uint32, error) {
	h, err := s.hashes()
	var out []uint32
	if err == nil {
		out, err = h.find(value, s.foot.Events)
	}
	if err != nil {
		return nil, s.damaged("%v", reasonOf(err))
	}
	return out, nil
}

func (s *segment) byID(id string) (*roaring.Bitmap, error) {
	set := roaring.New()
	found, err := s.candidates(id)
	docs := s.readDocs()
	for i := 0; err == nil && i < len(found); i++ {
		var got string
		if got, err = docs.id(found[i]); err == nil && got == id {
			set.Add(found[i])
		}
	}
	return set, err
}

// has tells whether the segment has the event of this time and id.
func (s *segment) has(at place) (known bool, err error) {
	err = s.guard(func() error {
		found, err := s.candidates(at.id)
		if err != nil || len(found) == 0 {
			return err
		}
		times, err := s.timesOf()
		if err != nil {
			return err
		}
		docs := s.readDocs()
		for _, n := range found {
			if times(n) != at.nanos {
				continue
			}
			id, err := docs.id(n)
			if err != nil {
				return err
			}
			known = known || id == at.id
		}
		return nil
	})
	return known, err
}

// behind is the number of the first event that does not come before p; when it
// is p itself, found is true.
func (s *segment) behind(p *place) (n int, found bool, err error) {
	from, err := s.at(p.nanos)
	if err != nil {
		return 0, false, err
	}
	to := s.foot.Events
	if p.nanos < s.foot.Hi {
		to, err = s.at(p.nanos + 1)
	}
	docs := s.readDocs()
	idAt := func(n int) string {
		id, e := docs.id(uint32(n))
		if err == nil {
			err = e
		}
		return id
	}
	n = from + sort.Search(to-from, func(i int) bool { return idAt(from+i) >= p.id })
	return n, n < to && idAt(n) == p.id, err
}

func (s *segment) top(set *roaring.Bitmap, after *place, ascending bool, n int) (hits []*hit, err error) {
	err = s.guard(func() error {
		times, err := s.timesOf()
		if err != nil {
			return err
		}
		add := func(i uint32) { hits = append(hits, &hit{nanos: times(i), n: i, part: s}) }
		edge, found := 0, false
		if !ascending {
			edge = s.foot.Events
		}
		if after != nil {
			if edge, found, err = s.behind(after); err != nil {
				return err
			}
		}
		if !ascending {
			// A reverse iterator cannot be advanced everywhere: what is behind is cut off.
			set := set.Clone()
			set.RemoveRange(uint64(edge), uint64(s.foot.Events))
			for it := set.ReverseIterator(); it.HasNext() && len(hits) < n; {
				add(it.Next())
			}
			return nil
		}
		if found {
			edge++
		}
		it := set.Iterator()
		it.AdvanceIfNeeded(uint32(edge))
		for it.HasNext() && len(hits) < n {
			add(it.Next())
		}
		return nil
	})
	return hits, err
}
