package file

import (
	"bytes"
	"io"
	"math/rand/v2"
	"regexp"
	"slices"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/plugins"
)

// part is a file of which so much has been written.
type part struct {
	data []byte
	size int
}

func (p *part) ReadAt(b []byte, at int64) (int, error) {
	if at >= int64(p.size) {
		return 0, io.EOF
	}
	n := copy(b, p.data[at:p.size])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// handLine is a line as it is found by looking at every place.
type handLine struct {
	from, to, next int
	ended          bool
}

// byHand splits the plain way.
func byHand(t *testing.T, data []byte, c Config, limit int64) []plugins.Record {
	u, err := c.rules()
	if err != nil {
		t.Fatal(err)
	}
	bom, text := byteOrderMark(data)
	if bom == 0 {
		text = u.text
	}
	unit, at := text.unit(), bom
	end, err := text.encode(u.delimiter)
	if err != nil {
		t.Fatal(err)
	}
	cr, _ := text.encode("\r")
	if u.delimiter != "\n" {
		cr = nil
	}
	if zero := nulls(data[at:]); !bytes.Contains([]byte(u.delimiter), []byte{0}) {
		if zero == len(data)-at && zero >= unit {
			return nil // it may yet be written
		}
		at += zero / unit * unit
	}
	var lines []handLine
	for at < len(data) {
		l := handLine{from: at, to: len(data), next: len(data)}
		for i := at + (unit-at%unit)%unit; i+len(end) <= len(data); i += unit {
			if bytes.Equal(data[i:i+len(end)], end) {
				l = handLine{at, i, i + len(end), true}
				if len(cr) > 0 && bytes.HasSuffix(data[at:i], cr) {
					l.to -= len(cr)
				}
				break
			}
		}
		lines = append(lines, l)
		at = l.next
	}
	var records []plugins.Record
	add := func(from, to int, fault string) {
		if from == to {
			return
		}
		r := plugins.Record{Pos: plugins.Position{FileID: "f", Offset: int64(from), Length: int64(to - from)}, Fault: fault}
		if r.Pos.Length > limit {
			to, r.Fault = from+handCut(text, data[from:to], int(limit)), "longer than max_line "+byteSize(limit)
		}
		r.Data = handText(text, data[from:to])
		records = append(records, r)
	}
	for i := 0; i < len(lines); i++ {
		l := lines[i]
		if u.join != nil {
			n := 1
			for l.to > l.from && int64(l.to-l.from) <= limit && i+n < len(lines) && n < u.join.MaxLines && !u.join.begins(handText(text, data[lines[i+n].from:lines[i+n].to])) && int64(lines[i+n].to-l.from) <= limit {
				n++
			}
			fault := ""
			if !u.join.begins(handText(text, data[l.from:l.to])) {
				fault = orphanFault
			}
			i += n - 1
			add(l.from, lines[i].to, fault)
			continue
		}
		fault := ""
		for u.split && int64(l.to-l.from) > limit {
			n := handCut(text, data[l.from:l.to], int(limit))
			if fault = "part of a line longer than max_line " + byteSize(limit); l.from > lines[i].from {
				fault = restFault
			}
			add(l.from, l.from+n, fault)
			l.from += n
			fault = restFault
		}
		add(l.from, l.to, fault)
	}
	return records
}

// handCut is at which byte of at most limit a line is cut.
func handCut(c *charset, line []byte, limit int) int {
	switch {
	case c == nil:
		n := limit
		for n > 0 && n > limit-4 && !utf8.RuneStart(line[n]) {
			n--
		}
		if !utf8.RuneStart(line[n]) || n == limit-4 || n == 0 {
			n = limit
		}
		return n
	case c.wide:
		n := limit / 2 * 2
		if n >= 2 && utf16.IsSurrogate(c.at(line[n-2:])) && c.at(line[n-2:]) < 0xdc00 {
			n -= 2
		}
		if n == 0 {
			n = limit
		}
		return n
	}
	return limit
}

func handText(c *charset, b []byte) []byte {
	if c == nil {
		return b
	}
	var units []uint16
	for i := 0; i+1 < len(b); i += 2 {
		units = append(units, uint16(c.at(b[i:])))
	}
	text := string(utf16.Decode(units))
	if len(b)%2 == 1 {
		text += "\ufffd"
	}
	return []byte(text)
}

// split takes data as it grows by random amounts, and starts anew from the mark now and then.
func split(t *testing.T, data []byte, c Config, limit int64, seed uint64) []plugins.Record {
	r := rand.New(rand.NewPCG(seed, 7))
	f := &part{data: data}
	p := newPage(limit)
	var err error
	if p.rules, err = c.rules(); err != nil {
		t.Fatal(err)
	}
	if seed%2 == 0 {
		p.buf = p.buf[:leastRoom] // so that small inputs, too, meet the end of the page
	}
	tl := &tail{id: "f", ready: true}
	var records []plugins.Record
	for idle := 0; idle < 3; {
		p.reset()
		was := f.size
		if !tl.ready {
			if f.size == len(data) {
				tl.final = true
				idle++
			}
			f.size = min(len(data), f.size+1+r.IntN(max(1, len(data)/(1+r.IntN(8)))))
			tl.ready = true
		}
		if r.IntN(4) == 0 {
			m, err := decodePlace(tl.encode())
			if err != nil {
				t.Fatal(err)
			}
			tl = &tail{place: m, id: "f", ready: true, taking: taking{scanned: m.offset}, final: tl.final}
		}
		if tl.offset == 0 && was < 3 {
			tl.form, tl.scanned = nil, 0 // a real file is looked at when its first line is complete
		}
		if err := tl.take(f, p); err != nil {
			t.Fatal(err)
		}
		for _, rec := range p.records {
			rec.Data = bytes.Clone(rec.Data)
			records = append(records, rec)
		}
	}
	return records
}

func same(t *testing.T, data []byte, c Config, limit int64, seed uint64) {
	t.Helper()
	if diff := cmp.Diff(byHand(t, data, c, limit), split(t, data, c, limit, seed), cmp.Transformer("text", func(b []byte) string { return string(b) })); diff != "" {
		t.Error(diff)
	}
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("one\ntwo\r\n\nthree"), uint16(4), uint64(1))
	f.Add(bytes.Repeat([]byte("é long line \xff without end"), 800), uint16(100), uint64(2))
	f.Add(append(bytes.Repeat([]byte("x"), 20000), "\r\ny\n"...), uint16(30000), uint64(4))
	f.Add(bytes.Repeat([]byte("\r\n"), 3000), uint16(1), uint64(3))
	f.Add([]byte("\x80\x80\x80\x80\x80\x80\n"), uint16(2), uint64(3))
	f.Add([]byte("\xef\xbb\xbf\x00\x00a\n\x00b\n"), uint16(2), uint64(3))
	f.Add([]byte("\xff\xfea\x00\n\x00\r\x00\n\x00b\x00\r\x00\n"), uint16(9), uint64(5))
	f.Fuzz(func(t *testing.T, data []byte, limit uint16, seed uint64) {
		same(t, data, Config{}, int64(limit)+1, seed)
		same(t, data, Config{LongLines: LongSplit}, int64(limit)+8, seed)
	})
}

func FuzzDelimiter(f *testing.F) {
	f.Add([]byte("a\r\nb\rc\r\r\nd\n\r"), "\r\n", uint16(3), uint64(1), false)
	f.Add(bytes.Repeat([]byte("aaab"), 5000), "aab", uint16(30), uint64(2), true)
	f.Add([]byte("a\x00\n\x00\n\x00\x0a\x0a\x0a\x00"), "\n", uint16(30), uint64(3), true)
	f.Add([]byte("a\x00\x00b\x00"), "\x00", uint16(30), uint64(4), false)
	f.Fuzz(func(t *testing.T, data []byte, delimiter string, limit uint16, seed uint64, wide bool) {
		c := Config{Delimiter: delimiter}
		if wide {
			c.Encoding = "utf-16le"
		}
		if _, err := c.rules(); err != nil {
			return
		}
		same(t, data, c, int64(limit)+8, seed)
		c.LongLines = LongSplit
		same(t, data, c, int64(limit)+8, seed)
	})
}

func FuzzMultiline(f *testing.F) {
	f.Add([]byte("one\n two\n three\nfour\n\n five\nsix"), uint16(100), uint64(1), uint8(3), false)
	f.Add(bytes.Repeat([]byte(" two\r\n"), 5000), uint16(10000), uint64(2), uint8(200), true)
	f.Add(append(bytes.Repeat([]byte("x"), 20000), "\n y\nz\n  z\n"...), uint16(3000), uint64(4), uint8(0), true)
	f.Add([]byte("\xff\xfea\x00\n\x00 \x00\n\x00b\x00\r\x00\n\x00"), uint16(9), uint64(5), uint8(7), false)
	f.Add([]byte("\xfe\xff\x00\x00\x00"), uint16(29), uint64(122), uint8(175), true) // zeros and half a unit
	f.Fuzz(func(t *testing.T, data []byte, limit uint16, seed uint64, lines uint8, start bool) {
		m := &Multiline{Continue: regexp.MustCompile(`^\s`), MaxLines: int(lines), Timeout: time.Hour}
		if start {
			m = &Multiline{Start: regexp.MustCompile(`^\S|^$`), MaxLines: int(lines), Timeout: time.Hour}
		}
		same(t, data, Config{Multiline: m}, int64(limit)+8, seed)
	})
}

func FuzzUTF16(f *testing.F) {
	f.Add([]byte{'a', 0, 0x3d, 0xd8, 0, 0xde, 0x3d, 0xd8, 0, 0xd8, 7}, false, uint8(6))
	f.Add([]byte{0xd8, 0x3d, 0xde, 0, 0xde, 0, 0xd8, 0x3d}, true, uint8(2))
	f.Fuzz(func(t *testing.T, b []byte, bigEndian bool, n uint8) {
		c := &charset{wide: true, bigEndian: bigEndian}
		want := handText(c, b)
		if got := c.decode([]byte("x"), b); string(got) != "x"+string(want) {
			t.Fatalf("decoded %q, want %q", got[1:], want)
		}
		if !utf8.Valid(want) || len(b) == 0 {
			return
		}
		m := c.whole(b, min(int(n), len(b)))
		if m < min(int(n), len(b))-3 {
			t.Errorf("of %d bytes %d are whole", n, m)
		}
		if joined := c.decode(c.decode(nil, b[:m]), b[m:]); len(b)%2 == 0 && m%2 == 0 && !bytes.Equal(joined, want) {
			t.Errorf("cut at %d: %q, want %q", m, joined, want)
		}
		back, err := c.encode(string(want))
		if again := c.decode(nil, back); err != nil || !bytes.Equal(again, want) {
			t.Errorf("%q encoded and decoded is %q, %v", want, again, err)
		}
	})
}

// The same with pages of their full size.
func TestLinesOfRandomLengths(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for seed := range uint64(10) {
		var data []byte
		for len(data) < 1<<20 {
			n := r.IntN(200)
			if r.IntN(300) == 0 {
				n = r.IntN(500 << 10)
			}
			data = append(append(data, bytes.Repeat([]byte{byte('a' + n%26)}, n)...), '\n')
		}
		for _, c := range []Config{{}, {LongLines: LongSplit}, {Delimiter: "\nb"}, {Multiline: &Multiline{Continue: regexp.MustCompile("^[b-z]")}}} {
			want, got := byHand(t, data, c, 300<<10), split(t, data, c, 300<<10, seed*2+1)
			if !slices.EqualFunc(want, got, func(a, b plugins.Record) bool {
				return a.Pos == b.Pos && a.Fault == b.Fault && bytes.Equal(a.Data, b.Data)
			}) {
				t.Fatalf("%d records, want %d, or others", len(got), len(want))
			}
		}
	}
}
