package local

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

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
	w := &segmentWriter{disk: x.cfg.disk, codec: x.codec, src: src, f: f, out: bufio.NewWriterSize(sized{x.cfg.disk, f, new(int64)}, 256<<10)}
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
	src      *source
	f        *os.File
	out      *bufio.Writer
	offset   int64
	foot     footer
	postings []byte // of long lists, in memory until the keys are written
	keys     []byte
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

const (
	docsPerBlock = 32
	maxSamples   = 64
	maxSample    = 64 << 10 // bytes
)

// docs writes the events in blocks, and the ids, which are read from them.
func (w *segmentWriter) docs() error {
	n := len(w.src.times)
	var sample []byte
	if step := n / maxSamples; step >= docsPerBlock { // with few events it would cost more than it saves
		for i := 0; i < n && len(sample) < maxSample; i += step {
			doc, err := w.src.doc(i)
			if err != nil {
				return err
			}
			sample = append(sample, doc[:min(len(doc), maxSample-len(sample))]...)
		}
	}
	enc, err := docEncoder(sample)
	if err != nil {
		return err
	}
	defer enc.Close()
	if err := w.section(&w.foot.Sample, w.codec.pack(sample)); err != nil {
		return err
	}
	w.foot.Docs.Offset = w.offset
	type entry struct{ hash, n uint32 }
	ids := make([]entry, n)
	var blocks, plain, packed []byte
	for i := range n {
		doc, err := w.src.doc(i)
		if err != nil {
			return err
		}
		ids[i] = entry{hashID(idOf(doc)), uint32(i)}
		plain = binary.AppendUvarint(plain, uint64(len(doc)))
		plain = append(plain, doc...)
		if (i+1)%docsPerBlock != 0 && i+1 < n {
			continue
		}
		packed = enc.EncodeAll(plain, packed[:0])
		plain = plain[:0]
		if err := w.put(packed); err != nil {
			return err
		}
		end := w.offset - w.foot.Docs.Offset
		if end > 1<<32-1 {
			return errors.New("its events take more than 4 GiB")
		}
		blocks = binary.LittleEndian.AppendUint32(blocks, uint32(end))
		blocks = binary.LittleEndian.AppendUint32(blocks, checksum(packed))
	}
	w.foot.Docs.Length = w.offset - w.foot.Docs.Offset
	if err := w.section(&w.foot.Blocks, blocks); err != nil {
		return err
	}
	slices.SortFunc(ids, func(a, b entry) int { return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.n, b.n)) })
	b := make([]byte, 0, 8*n)
	for _, e := range ids {
		b = binary.LittleEndian.AppendUint32(b, e.hash)
		b = binary.LittleEndian.AppendUint32(b, e.n)
	}
	return w.section(&w.foot.IDs, b)
}

func hashID(id string) uint32 { return checksum([]byte(id)) }

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
	for i := range w.src.fields {
		if err := w.dictionary(&w.src.fields[i]); err != nil {
			return err
		}
	}
	w.foot.Keys = section{Offset: w.offset, Length: int64(len(w.keys))}
	if err := w.put(w.keys); err != nil {
		return err
	}
	w.foot.Postings = section{Offset: w.offset, Length: int64(len(w.postings))}
	return w.put(w.postings)
}

func (w *segmentWriter) dictionary(f *fieldSource) (err error) {
	out := fieldFooter{Path: f.path, Keys: len(f.keys), Unnamed: len(f.unnamed) > 0}
	if f.no != wordsNo {
		out.Name = fields[f.no].Name
	}
	all := roaring.New()
	var refs []blockRef
	for from := 0; from < len(f.keys); from += keysPerBlock {
		plain, err := keyBlock(f, from, min(from+keysPerBlock, len(f.keys)), w.long, all.AddMany)
		if err != nil {
			return err
		}
		packed := w.codec.pack(plain)
		refs = append(refs, blockRef{f.keys[from], int64(len(w.keys)), int64(len(packed)), checksum(packed)})
		w.keys = append(w.keys, packed...)
	}
	if out.Unnamed {
		all.AddMany(f.unnamed)
	}
	if out.All, err = w.long(all.ToArray()); err != nil {
		return err
	}
	if f.no == errorCode {
		for it := all.Iterator(); it.HasNext(); {
			w.foot.Hours[hourOf(w.src.times[it.Next()])].Errors++
		}
	}
	if err := w.section(&out.Index, appendIndex(nil, refs)); err != nil {
		return err
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
