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

	"github.com/klauspost/compress/s2"

	"github.com/actiontrail/actiontrail/internal/durable"
)

// segmentName is the file name of a segment.
func segmentName(day int64, number uint64) string {
	return fmt.Sprintf("%s-%010d%s", time.Unix(day*24*3600, 0).UTC().Format("20060102"), number, segmentSuffix)
}

// writeSegment makes a segment file of src, durably, and opens it. A crash
// leaves a temporary file or the whole one.
func (x *Index) writeSegment(path string, src *source) (*segment, error) {
	f, err := os.CreateTemp(x.cfg.Dir, "."+filepath.Base(path)+".*"+durable.TemporarySuffix)
	if err != nil {
		return nil, err
	}
	w := &segmentWriter{disk: x.cfg.disk, codec: x.codec, packer: x.packer, src: src, f: f, out: bufio.NewWriterSize(sized{x.cfg.disk, f, new(int64)}, 256<<10)}
	err = w.write()
	if e := f.Close(); err == nil {
		err = e
	}
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

type segmentWriter struct {
	disk     disk
	codec    *codec
	packer   *docWriter
	src      *source
	f        *os.File
	out      *bufio.Writer
	offset   int64
	foot     footer
	postings []byte // of long lists, in memory until the keys are written
	entries  []byte
	codes    []byte // of the field that is written
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

func (w *segmentWriter) write() error {
	times := w.src.times
	if len(times) == 0 {
		return errors.New("it would have no events")
	}
	w.foot = footer{Events: len(times), Day: w.src.day, Lo: times[0], Hi: times[len(times)-1], Timeless: w.src.timeless}
	steps := []func() error{w.head, w.times, w.docs, w.odd, w.columns, w.dictionaries, w.end}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (w *segmentWriter) head() error {
	return w.put(binary.LittleEndian.AppendUint32([]byte(segmentMagic), segmentVersion))
}

// times are written in the largest unit that loses nothing.
func (w *segmentWriter) times() error {
	lo, hi := w.foot.Lo, w.foot.Hi
	w.foot.Unit = int64(time.Second)
	for _, t := range w.src.times {
		for (t-lo)%w.foot.Unit != 0 {
			w.foot.Unit /= 1000
		}
	}
	w.foot.Wide = (hi-lo)/w.foot.Unit > 1<<32-1
	b := make([]byte, 0, 8*len(w.src.times))
	for _, t := range w.src.times {
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

// docs writes the events in blocks, their places, and the hashes.
func (w *segmentWriter) docs() error {
	w.foot.Docs.Offset = w.offset
	var blocks []byte
	places, err := w.src.docs(w.packer, func(packed []byte) error {
		if err := w.put(packed); err != nil {
			return err
		}
		end := w.offset - w.foot.Docs.Offset
		if end > 1<<32-1 {
			return errors.New("its events take more than 4 GiB")
		}
		blocks = binary.LittleEndian.AppendUint32(blocks, uint32(end))
		blocks = binary.LittleEndian.AppendUint32(blocks, checksum(packed))
		return nil
	})
	if err != nil {
		return err
	}
	w.foot.Docs.Length = w.offset - w.foot.Docs.Offset
	if err := w.section(&w.foot.Blocks, blocks); err != nil {
		return err
	}
	if err := w.section(&w.foot.Places, appendPlaces(nil, places, len(blocks)/8)); err != nil {
		return err
	}
	hashes := w.src.hidden
	for n := range places {
		hashes = append(hashes, hashEntry{checksum(w.src.id(n)), uint32(n)})
	}
	return w.section(&w.foot.Hashes, appendHashes(nil, hashes, len(places)))
}

// appendPlaces appends the places of the events in so many blocks: u16, or u32 where they need it.
func appendPlaces(b []byte, places []uint32, blocks int) []byte {
	small := blocks*eventsPerBlock <= 1<<16
	for _, p := range places {
		if small {
			b = binary.LittleEndian.AppendUint16(b, uint16(p))
		} else {
			b = binary.LittleEndian.AppendUint32(b, p)
		}
	}
	return b
}

func (w *segmentWriter) odd() error {
	b, err := appendList(nil, w.src.odd)
	if err != nil {
		return err
	}
	return w.section(&w.foot.Odd, b)
}

func (w *segmentWriter) columns() error {
	for _, c := range w.src.columns {
		out := columnFooter{Name: fields[c.no].Name}
		if err := w.section(&out.Values, w.codec.pack(appendColumn(nil, c.cells))); err != nil {
			return err
		}
		w.foot.Columns = append(w.foot.Columns, out)
	}
	return nil
}

// long keeps a list for the section postings.
func (w *segmentWriter) long(list []uint32) (section, error) {
	from := len(w.postings)
	b, err := appendList(w.postings, list)
	if err != nil {
		return section{}, err
	}
	w.postings = b
	return section{int64(from), int64(len(b) - from), checksum(b[from:])}, nil
}

func (w *segmentWriter) dictionaries() error {
	if err := w.keys(); err != nil {
		return err
	}
	for i := range w.src.fields {
		if err := w.dictionary(&w.src.fields[i]); err != nil {
			return err
		}
	}
	if len(w.entries) > math.MaxUint32 {
		return errors.New("its dictionaries take more than 4 GiB")
	}
	w.foot.Entries = section{Offset: w.offset, Length: int64(len(w.entries))}
	if err := w.put(w.entries); err != nil {
		return err
	}
	w.foot.Postings = section{Offset: w.offset, Length: int64(len(w.postings))}
	return w.put(w.postings)
}

func (w *segmentWriter) keys() error {
	keys := w.src.keys
	w.foot.KeyCount, w.foot.Keys.Offset = len(keys), w.offset
	var refs []keyBlockRef
	var plain, packed []byte
	for from := 0; from < len(keys); from += keysPerBlock {
		plain = appendKeys(plain[:0], keys[from:min(from+keysPerBlock, len(keys))])
		packed = s2.Encode(packed[:cap(packed)], plain)
		refs = append(refs, keyBlockRef{string(keys[from]), w.offset - w.foot.Keys.Offset, int64(len(packed)), checksum(packed)})
		if err := w.put(packed); err != nil {
			return err
		}
	}
	w.foot.Keys.Length = w.offset - w.foot.Keys.Offset
	return w.section(&w.foot.KeyIndex, appendKeyIndex(nil, refs))
}

func (w *segmentWriter) dictionary(f *fieldSource) (err error) {
	out := fieldFooter{Path: f.path, Unnamed: f.unnamed}
	if f.no != wordsNo {
		out.Name = fields[f.no].Name
	}
	var index []byte
	for entries := f.entries; len(entries) > 0; {
		n := min(entriesPerBlock, len(entries))
		from := len(w.entries)
		if w.entries, err = appendEntries(w.entries, entries[:n], w.long); err != nil {
			return err
		}
		b := w.entries[from:]
		for _, v := range []uint32{entries[0].key, uint32(from), uint32(len(b)), checksum(b)} {
			index = binary.LittleEndian.AppendUint32(index, v)
		}
		entries = entries[n:]
	}
	if out.All, err = w.long(f.all); err != nil {
		return err
	}
	if len(f.hidden) > 0 {
		if out.Hidden, err = w.long(f.hidden); err != nil {
			return err
		}
	}
	if f.no == errorCode {
		for _, n := range f.all {
			w.foot.Hours[hourOf(w.src.times[n])].Errors++
		}
	}
	if err := w.section(&out.Index, index); err != nil {
		return err
	}
	if f.no != wordsNo && kinds[f.no] == asKey && len(f.entries) > 0 {
		out.Keys = len(f.entries)
		w.codes = appendCodes(w.codes[:0], w.foot.Events, f.entries)
		if err := w.section(&out.Codes, w.codes); err != nil {
			return err
		}
	}
	w.foot.Fields = append(w.foot.Fields, out)
	return nil
}

func (w *segmentWriter) end() error {
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
