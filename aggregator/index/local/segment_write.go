package local

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/actiontrail/actiontrail/internal/durable"
)

// segmentName is the file name of a segment.
func segmentName(day int64, number uint64) string {
	return fmt.Sprintf("%s-%010d%s", time.Unix(day*24*3600, 0).UTC().Format("20060102"), number, segmentSuffix)
}

// writeSegment makes a segment file of src, durably, and opens it. A crash
// leaves a temporary file or the whole one.
func (x *Index) writeSegment(path string, src *source) (*segment, error) {
	return x.makeSegment(path, func(w *segmentWriter) error { return w.build(src, x.packer) })
}

// makeSegment makes a segment file of what write writes, durably, and opens it.
func (x *Index) makeSegment(path string, write func(w *segmentWriter) error) (*segment, error) {
	f, err := os.CreateTemp(x.cfg.Dir, "."+filepath.Base(path)+".*"+durable.TemporarySuffix)
	if err != nil {
		return nil, err
	}
	w := x.newSegmentWriter(f)
	err = errors.Join(write(w), w.close())
	if err == nil {
		err = os.Chmod(f.Name(), 0o640)
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return nil, errors.Join(err, os.Remove(f.Name()))
	}
	if err := durable.SyncDir(x.cfg.Dir); err != nil {
		return nil, err
	}
	return openSegment(x.codec, path)
}

// sized writes through disk, one after the other.
type sized struct {
	disk disk
	f    *os.File
	at   *int64
}

func (s sized) Write(b []byte) (int, error) {
	n, err := s.disk.write(s.f, b, *s.at)
	*s.at += int64(n)
	return n, err
}

// segmentWriter writes a segment, section by section. What it writes comes from
// a memory or from other segments.
type segmentWriter struct {
	disk     disk
	codec    *codec
	salt     salt
	f        *os.File
	out      *bufio.Writer
	offset   int64
	foot     footer
	times    []int64 // of the events
	blocks   []byte  // of the section blocks, while docs is written
	postings spill   // of long lists
	entries  spill
	plain    []byte   // of the list or the block of entries that is written
	codes    []uint32 // of the field that is written
	packed   []byte
	// The indices that each look-up needs stand together, before the footer.
	keyIndex []byte
	indices  [][]byte // of the dictionaries in foot.Fields
}

func (x *Index) newSegmentWriter(f *os.File) *segmentWriter {
	d := x.cfg.disk
	return &segmentWriter{disk: d, codec: x.codec, salt: x.salt, f: f, out: bufio.NewWriterSize(sized{d, f, new(int64)}, 256<<10),
		postings: spill{disk: d, dir: x.cfg.Dir}, entries: spill{disk: d, dir: x.cfg.Dir}}
}

func (w *segmentWriter) close() error {
	return errors.Join(w.postings.close(), w.entries.close(), w.f.Close())
}

func (w *segmentWriter) put(b []byte) error {
	n, err := w.out.Write(b)
	w.offset += int64(n)
	return err
}

// section writes a section that is checked as a whole.
func (w *segmentWriter) section(into *section, b []byte) error {
	*into = section{w.offset, int64(len(b)), checksum(b)}
	return w.put(b)
}

// pagedSection writes a section that parts gives piece by piece, and the checksums of its pages.
func (w *segmentWriter) pagedSection(into, sums *section, parts func(put func(b []byte) error) error) error {
	*into = section{Offset: w.offset}
	var pages pageSums
	err := parts(func(b []byte) error {
		pages.add(b)
		return w.put(b)
	})
	if err != nil {
		return err
	}
	pages.end()
	into.Length = w.offset - into.Offset
	return w.section(sums, pages.sums)
}

// begin begins a segment of events of these times, which are in order.
func (w *segmentWriter) begin(day int64, times []int64, timeless bool) error {
	if len(times) == 0 {
		return errors.New("it would have no events")
	}
	w.times = times
	w.foot = footer{Events: len(times), Day: day, Lo: times[0], Hi: times[len(times)-1], Timeless: timeless, Salt: w.salt.String()}
	if err := w.head(); err != nil {
		return err
	}
	return w.writeTimes()
}

func (w *segmentWriter) head() error {
	return w.put(binary.LittleEndian.AppendUint32([]byte(segmentMagic), segmentVersion))
}

// times are written in the largest unit that loses nothing.
func (w *segmentWriter) writeTimes() error {
	lo, hi := w.foot.Lo, w.foot.Hi
	w.foot.Unit = int64(time.Second)
	for _, t := range w.times {
		for (t-lo)%w.foot.Unit != 0 {
			w.foot.Unit /= 1000
		}
	}
	w.foot.Wide = (hi-lo)/w.foot.Unit > 1<<32-1
	b := make([]byte, 0, 8*len(w.times))
	for _, t := range w.times {
		if d := uint64((t - lo) / w.foot.Unit); w.foot.Wide {
			b = binary.LittleEndian.AppendUint64(b, d)
		} else {
			b = binary.LittleEndian.AppendUint32(b, uint32(d))
		}
		w.foot.Hours[hourOf(t)].Events++
	}
	return w.section(&w.foot.Times, b)
}

// hourOf is the hour of the UTC day of a time.
func hourOf(nanos int64) int {
	return int((nanos - dayOf(nanos)*dayNanos) / int64(time.Hour))
}

// docsPerBlock is how many events a block of version 1 holds.
const docsPerBlock = 32

// docBlock writes a packed block of events.
func (w *segmentWriter) docBlock(packed []byte) error {
	if len(w.blocks) == 0 {
		w.foot.Docs.Offset = w.offset
	}
	if err := w.put(packed); err != nil {
		return err
	}
	w.foot.Docs.Length = w.offset - w.foot.Docs.Offset
	if w.foot.Docs.Length > math.MaxUint32 {
		return errors.New("its events take more than 4 GiB")
	}
	w.blocks = binary.LittleEndian.AppendUint32(w.blocks, uint32(w.foot.Docs.Length))
	w.blocks = binary.LittleEndian.AppendUint32(w.blocks, checksum(packed))
	return nil
}

// endDocs writes what finds the events in the blocks.
func (w *segmentWriter) endDocs(places []uint32) error {
	if err := w.section(&w.foot.Blocks, w.blocks); err != nil {
		return err
	}
	return w.section(&w.foot.Places, appendPlaces(nil, places, len(w.blocks)/8))
}

// appendPlaces appends the places of the events in so many blocks: of 2 bytes, or 3 or 4 where they need it.
func appendPlaces(b []byte, places []uint32, blocks int) []byte {
	switch most := blocks * eventsPerBlock; {
	case most <= 1<<16:
		for _, p := range places {
			b = binary.LittleEndian.AppendUint16(b, uint16(p))
		}
	case most <= 1<<24:
		for _, p := range places {
			b = append(b, byte(p), byte(p>>8), byte(p>>16))
		}
	default:
		for _, p := range places {
			b = binary.LittleEndian.AppendUint32(b, p)
		}
	}
	return b
}

func (w *segmentWriter) odd(list []uint32) (err error) {
	if w.plain, err = appendList(w.plain[:0], list); err != nil {
		return err
	}
	return w.section(&w.foot.Odd, w.plain)
}

func (w *segmentWriter) column(c columnSource) error {
	out := columnFooter{Name: fields[c.no].Name}
	if err := w.section(&out.Values, w.codec.pack(appendColumn(nil, c.cells))); err != nil {
		return err
	}
	w.foot.Columns = append(w.foot.Columns, out)
	return nil
}

// long keeps a list for the section postings.
func (w *segmentWriter) long(list []uint32) (section, error) {
	b, err := appendList(w.packed[:0], list)
	if err != nil {
		return section{}, err
	}
	w.packed = b[:0]
	at := section{w.postings.size, int64(len(b)), checksum(b)}
	return at, w.postings.add(b)
}

func (w *segmentWriter) end() error {
	w.foot.Entries = section{Offset: w.offset, Length: w.entries.size}
	if err := w.entries.each(w.put); err != nil {
		return err
	}
	w.foot.Postings = section{Offset: w.offset, Length: w.postings.size}
	if err := w.postings.each(w.put); err != nil {
		return err
	}
	for i, index := range w.indices {
		if err := w.section(&w.foot.Fields[i].Index, index); err != nil {
			return err
		}
	}
	if err := w.section(&w.foot.KeyIndex, w.keyIndex); err != nil {
		return err
	}
	b, err := w.foot.encode()
	if err != nil {
		return err
	}
	if err := w.put(b); err != nil {
		return err
	}
	if err := w.out.Flush(); err != nil {
		return err
	}
	return w.disk.sync(w.f)
}
