package local

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/sys/unix"

	"github.com/actiontrail/actiontrail/aggregator/index"
)

// segment is an open segment file, mapped. It never changes. Whoever uses it
// holds a reference; the last one to leave unmaps it.
type segment struct {
	path  string
	data  []byte
	foot  *footer
	codec *codec
	seqs  index.SeqRange // where its events are in the stream, as the manifest has it
	class string         // of its events, as the manifest has it
	made  time.Time      // when the process that is running made it; zero: another one did
	refs  atomic.Int64

	salt     salt     // of the marks
	salted   bool     // it has marks
	checked  sync.Map // section → error or nil, of what was checked
	resident residence
	pages    checkedPages // of hashes
	byName   map[fieldKey]*fieldFooter
	keyRefs  atomic.Pointer[[]keyBlockRef]
	openDocs func() (*zstd.Decoder, error)
	decoder  atomic.Pointer[zstd.Decoder]
}

type fieldKey struct {
	name, path string
	unnamed    bool
}

// damageError says that a segment cannot be read any more.
type damageError struct {
	segment *segment
	reason  string
}

func (e *damageError) Error() string {
	return fmt.Sprintf("segment %s is damaged: %s", filepath.Base(e.segment.path), e.reason)
}

func (s *segment) damaged(format string, args ...any) error {
	return &damageError{s, fmt.Sprintf(format, args...)}
}

// openSegment maps a segment and checks its footer. The caller has a reference.
func openSegment(c *codec, path string) (*segment, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	s := &segment{path: path, codec: c, byName: map[fieldKey]*fieldFooter{}}
	s.refs.Store(1)
	s.openDocs = sync.OnceValues(s.newDecoder)
	if st.Size() == 0 || st.Size() > math.MaxInt {
		return nil, s.damaged("it has %d bytes", st.Size())
	}
	if s.data, err = unix.Mmap(int(f.Fd()), 0, int(st.Size()), unix.PROT_READ, unix.MAP_SHARED); err != nil {
		return nil, fmt.Errorf("map %s: %w", path, err)
	}
	s.resident = newResidence(len(s.data))
	s.need(s.size()-segmentEnding, s.size())
	err = s.guard(func() (err error) {
		s.foot, err = decodeFooter(s.data)
		if _, other := err.(*versionError); err != nil && !other {
			return s.damaged("%v", err)
		}
		return err
	})
	if err != nil {
		s.release()
		return nil, err
	}
	s.pages = newCheckedPages(s.foot.Hashes.Length)
	s.salt, s.salted = parseSalt(s.foot.Salt)
	for i := range s.foot.Fields {
		x := &s.foot.Fields[i]
		s.byName[fieldKey{x.Name, x.Path, x.Unnamed}] = x
	}
	return s, nil
}

// acquire takes a reference; false when the segment is gone.
func (s *segment) acquire() bool {
	for {
		n := s.refs.Load()
		if n == 0 {
			return false
		}
		if s.refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

func (s *segment) release() {
	if s.refs.Add(-1) > 0 {
		return
	}
	if d := s.decoder.Load(); d != nil {
		d.Close()
	}
	unix.Munmap(s.data) // of a mapping that was made: it cannot fail
}

// guard turns a fault of the mapping (the file was cut short, or the disk does
// not give it) into damage.
func (s *segment) guard(fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		if fault, ok := r.(interface{ Addr() uintptr }); ok && len(s.data) > 0 {
			if from := addressOf(s.data); fault.Addr() >= from && fault.Addr()-from < uintptr(len(s.data)) {
				err = s.damaged("its bytes at %d cannot be read", fault.Addr()-from)
				return
			}
		}
		panic(r)
	}()
	return fn()
}

func (s *segment) entry() segmentEntry {
	return segmentEntry{filepath.Base(s.path), s.class, s.foot.Events, s.size(), s.seqs}
}

func (s *segment) size() int64 { return int64(len(s.data)) }

// segmentEnding is about what a segment ends with that each look-up needs: the footer
// and, before it, the indices of its keys and entries.
const segmentEnding = 256 << 10

// need has bytes of the file brought into memory.
func (s *segment) need(from, to int64) { s.resident.need(s.data, max(from, 0), to) }

// part are bytes of a section that were found to lie within it.
func (s *segment) part(x section, from, to int64) []byte {
	s.need(x.Offset+from, x.Offset+to)
	return s.data[x.Offset+from : x.Offset+to : x.Offset+to]
}

func (s *segment) bytes(x section) []byte {
	return s.data[x.Offset : x.Offset+x.Length : x.Offset+x.Length]
}

// section is a section that is checked as a whole, on its first use.
func (s *segment) section(x section, name string) ([]byte, error) {
	b := s.bytes(x)
	if _, ok := s.checked.Load(x); !ok {
		s.need(x.Offset, x.Offset+x.Length)
		if checksum(b) != x.CRC {
			return nil, s.damaged("its section %s does not match its checksum", name)
		}
		s.checked.Store(x, true)
	}
	return b, nil
}

// listBytes are those of a list of the section postings, checked.
func (s *segment) listBytes(x section) ([]byte, error) {
	if all := s.foot.Postings.Length; x.Length > all || x.Offset > all-x.Length {
		return nil, s.damaged("a list lies beyond the end of the lists")
	}
	b := s.part(s.foot.Postings, x.Offset, x.Offset+x.Length)
	if checksum(b) != x.CRC {
		return nil, s.damaged("a list of events does not match its checksum")
	}
	return b, nil
}

// list reads a list of the section postings.
func (s *segment) list(x section) (*roaring.Bitmap, error) {
	b, err := s.listBytes(x)
	if err != nil {
		return nil, err
	}
	set, err := decodeList(b, s.foot.Events)
	if err != nil {
		return nil, s.damaged("%v", err)
	}
	return set, nil
}

func (s *segment) search(fn func(view) error) error {
	return s.guard(func() error { return fn(&segmentView{segment: s}) })
}

func (s *segment) span() (lo, hi int64, some bool) { return s.foot.Lo, s.foot.Hi, true }

func (s *segment) timeless() bool { return s.foot.Timeless }

// timesOf gives the time of each event; the numbers are below foot.Events.
func (s *segment) timesOf() (func(n uint32) int64, error) {
	b, err := s.section(s.foot.Times, "times")
	lo, unit := s.foot.Lo, s.foot.Unit
	if s.foot.Wide {
		return func(n uint32) int64 { return lo + int64(binary.LittleEndian.Uint64(b[8*n:]))*unit }, err
	}
	return func(n uint32) int64 { return lo + int64(binary.LittleEndian.Uint32(b[4*n:]))*unit }, err
}

// at is the number of the first event at this time or later.
func (s *segment) at(nanos int64) (int, error) {
	times, err := s.timesOf()
	if err != nil {
		return 0, err
	}
	return sort.Search(s.foot.Events, func(i int) bool { return times(uint32(i)) >= nanos }), nil
}

func (s *segment) window(first, last int64) (*roaring.Bitmap, error) {
	from, to := 0, s.foot.Events
	var err error
	if first > s.foot.Lo {
		from, err = s.at(first)
	}
	if err == nil && last < s.foot.Hi {
		to, err = s.at(last + 1)
	}
	set := roaring.New()
	if err == nil && from < to {
		set.AddRange(uint64(from), uint64(to))
	}
	return set, err
}
