package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/zstd"
)

const (
	// longestHeader bounds the header of a page: it has no statistics.
	longestHeader = 1 << 10
	// mostMemory bounds what all columns of a row group hold at once: a page and a
	// dictionary each. A line is 64 MiB long at most.
	mostMemory = 320 << 20
)

// memory is what the pages and dictionaries that are held may take.
type memory struct {
	most   int64
	left   int64 // of it
	anySum bool  // checksums are not looked at: a fuzzer would not come past them
	zstd   *zstd.Decoder
	packed []byte
}

// cursor walks through a column of a row group.
type cursor struct {
	name   string
	file   io.ReaderAt
	memory *memory
	typed  bool // text or time, not the body: nulls may be
	fixed  bool // of 8 bytes
	at     int64
	end    int64
	data   int64 // where the first page with values is to be
	left   int64 // values in the chunk that no page had yet

	words    []byte // the dictionary: its values, each behind its length,
	places   []uint32
	page     []byte
	inPage   int64
	levels   hybrid
	numbers  hybrid
	numbered bool // the values of the page are numbers of words
	rest     []byte
}

// newCursor checks that a chunk lies before the end of what is no footer.
func newCursor(file io.ReaderAt, m *memory, name string, c *chunk, kind int64, typed bool, rows, end int64) (*cursor, error) {
	begin := c.data
	if c.dictionary != 0 {
		begin = c.dictionary
	}
	switch {
	case c.elsewhere, c.kind != kind, c.path != name:
		return nil, errors.New("it is not the one of the schema")
	case c.codec != codecZstd:
		return nil, fmt.Errorf("it is compressed by codec %d, not by zstd", c.codec)
	case c.values != rows:
		return nil, fmt.Errorf("it has %d values, its row group %d rows", c.values, rows)
	case begin < int64(len(magic)), c.compressed <= 0, begin > end-c.compressed:
		return nil, errors.New("it lies outside of the file")
	}
	return &cursor{name: name, file: file, memory: m, typed: typed, fixed: kind == typeInt64, at: begin, end: begin + c.compressed, data: c.data, left: rows}, nil
}

// next is the next value, valid until the call after; of a time it is 8 bytes.
func (c *cursor) next() (v []byte, null bool, err error) {
	for c.inPage == 0 {
		if err := c.load(); err != nil {
			return nil, false, err
		}
	}
	c.inPage--
	if c.typed {
		level, err := c.levels.next()
		if err != nil {
			return nil, false, err
		}
		if level == 0 {
			return nil, true, nil
		}
	}
	if c.numbered {
		n, err := c.numbers.next()
		if err != nil {
			return nil, false, err
		}
		if uint64(n) >= uint64(len(c.places)) {
			return nil, false, fmt.Errorf("value %d of %d in its dictionary", n, len(c.places))
		}
		v, _, err = word(c.words[c.places[n]:])
		return v, false, err
	}
	if c.fixed {
		if len(c.rest) < 8 {
			return nil, false, errPage
		}
		v, c.rest = c.rest[:8], c.rest[8:]
		return v, false, nil
	}
	v, c.rest, err = word(c.rest)
	return v, false, err
}

var errPage = errors.New("a page has fewer values than it says")

// word is a text behind its length.
func word(b []byte) (word, rest []byte, err error) {
	if len(b) < 4 {
		return nil, nil, errPage
	}
	n := uint64(binary.LittleEndian.Uint32(b))
	if n > uint64(len(b)-4) {
		return nil, nil, errPage
	}
	return b[4 : 4+n], b[4+n:], nil
}

// ended tells whether all bytes of the chunk were read.
func (c *cursor) ended() bool { return c.left == 0 && c.inPage == 0 && c.at == c.end }

// close gives back the memory.
func (c *cursor) close() {
	c.memory.left += int64(len(c.page)) + int64(len(c.words)) + 4*int64(len(c.places))
	c.page, c.words, c.places = nil, nil, nil
}

// header is that of a page.
type header struct {
	kind                     int64
	uncompressed, compressed int64
	values                   int64
	encoding, levels         int64
	crc                      int64 // of the compressed bytes; CRC-32 of IEEE
	sum                      bool  // there is one
}

// load reads a page: the dictionary, or one with values.
func (c *cursor) load() error {
	h, err := c.header()
	if err != nil {
		return err
	}
	// What is no dictionary replaces the page before.
	if h.kind != dictionaryPage {
		c.memory.left += int64(len(c.page))
		c.page = nil
	}
	data, err := c.unpack(&h)
	if err != nil {
		return err
	}
	if h.kind == dictionaryPage {
		return c.learn(data, h.values)
	}
	c.page, c.rest = data, data
	c.left -= h.values
	c.inPage = h.values
	return c.begin(&h)
}

func (c *cursor) header() (h header, err error) {
	if c.at >= c.end || c.left == 0 {
		return h, errors.New("it ends before its last value")
	}
	b, at := make([]byte, min(longestHeader, c.end-c.at)), c.at
	if err := readAt(c.file, b, c.at); err != nil {
		return h, err
	}
	t := &thrift{data: b}
	h.read(t)
	if t.err != nil {
		return h, fmt.Errorf("the header of a page: %w", t.err)
	}
	c.at += int64(t.at)
	first := c.words == nil && c.page == nil && c.inPage == 0
	switch {
	case h.kind == dictionaryPage && (!first || c.fixed || !c.typed || h.encoding != plain),
		h.kind == dataPage && c.page == nil && at != c.data, // where other readers begin
		h.kind == dataPage && (h.levels != rle || h.encoding != plain && h.encoding != rleDictionary || h.values <= 0 || h.values > c.left),
		h.kind != dictionaryPage && h.kind != dataPage, h.values < 0:
		return h, fmt.Errorf("a page (type %d, encoding %d, %d values) is none that an archive has", h.kind, h.encoding, h.values)
	case h.compressed < 0 || h.compressed > c.end-c.at || h.uncompressed < 0 || h.compressed > h.uncompressed+h.uncompressed/8+1<<10:
		return h, errors.New("a page is longer than its column, or than what is compressed in it")
	}
	return h, nil
}

func (h *header) read(t *thrift) {
	h.kind = -1
	t.fields(thriftStruct, func(id int64, kind byte) {
		switch id {
		case 1:
			h.kind = t.int(kind)
		case 2:
			h.uncompressed = t.int(kind)
		case 3:
			h.compressed = t.int(kind)
		case 4:
			h.crc, h.sum = t.int(kind), true
		case 5, 7: // of a page with values, of a dictionary
			t.fields(kind, func(id int64, kind byte) {
				switch id {
				case 1:
					h.values = t.int(kind)
				case 2:
					h.encoding = t.int(kind)
				case 3:
					if h.levels = rle; kind == thriftI32 {
						h.levels = t.int(kind)
						return
					}
					t.skip(kind)
				default:
					t.skip(kind)
				}
			})
		default:
			t.skip(kind)
		}
	})
}

// unpack decompresses a page, to the size that its header says and no further.
func (c *cursor) unpack(h *header) ([]byte, error) {
	if h.uncompressed > c.memory.left {
		return nil, fmt.Errorf("its pages need more than %d bytes of memory", c.memory.most)
	}
	m := c.memory
	if int64(cap(m.packed)) < h.compressed {
		m.packed = make([]byte, h.compressed)
	}
	m.packed = m.packed[:h.compressed]
	if err := readAt(c.file, m.packed, c.at); err != nil {
		return nil, err
	}
	c.at += h.compressed
	if !m.anySum && (!h.sum || uint32(h.crc) != crc32.ChecksumIEEE(m.packed)) {
		return nil, errors.New("a page is damaged: its bytes have not the checksum in its header")
	}
	out, err := m.zstd.DecodeAll(m.packed, make([]byte, 0, h.uncompressed))
	if err != nil {
		return nil, fmt.Errorf("a page cannot be decompressed: %w", err)
	}
	if int64(len(out)) != h.uncompressed {
		return nil, fmt.Errorf("a page has %d bytes, its header says %d", len(out), h.uncompressed)
	}
	m.left -= h.uncompressed
	return out, nil
}

// learn takes a dictionary.
func (c *cursor) learn(data []byte, n int64) error {
	c.words = data
	if n > int64(len(data)/4) || 4*n > c.memory.left {
		return errPage
	}
	c.memory.left -= 4 * n
	c.places = make([]uint32, n)
	rest := data
	for i := range c.places {
		c.places[i] = uint32(len(data) - len(rest))
		var err error
		if _, rest, err = word(rest); err != nil {
			return err
		}
	}
	if len(rest) > 0 {
		return errors.New("its dictionary has more than it says")
	}
	return nil
}

// begin finds levels and values in a page.
func (c *cursor) begin(h *header) error {
	if c.typed {
		levels, rest, err := word(c.rest)
		if err != nil {
			return err
		}
		c.levels, c.rest = hybrid{data: levels, width: 1}, rest
	}
	if c.numbered = h.encoding == rleDictionary; !c.numbered {
		return nil
	}
	if c.fixed || !c.typed {
		return errors.New("it has a dictionary, which only texts have")
	}
	if len(c.rest) == 0 { // all null
		c.numbers = hybrid{}
		return nil
	}
	width := uint(c.rest[0])
	if width > 32 {
		return errHybrid
	}
	c.numbers = hybrid{data: c.rest[1:], width: width}
	return nil
}
