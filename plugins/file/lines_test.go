package file

import (
	"bytes"
	"io"
	"math/rand/v2"
	"testing"
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

// byHand splits the plain way.
func byHand(data []byte, limit int64) []plugins.Record {
	var records []plugins.Record
	for at := 0; at < len(data); {
		line, ended := data[at:], false
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			line, ended = line[:i], true
		}
		next := at + len(line) + 1
		if ended && bytes.HasSuffix(line, []byte("\r")) {
			line = line[:len(line)-1]
		}
		r := plugins.Record{Data: line, Pos: plugins.Position{FileID: "f", Offset: int64(at), Length: int64(len(line))}}
		if int64(len(line)) > limit {
			r.Fault = "longer than max_line " + byteSize(limit)
			n := limit
			for n > 0 && n > limit-4 && !utf8.RuneStart(line[n]) {
				n--
			}
			if !utf8.RuneStart(line[n]) || n == limit-4 || n == 0 {
				n = limit
			}
			r.Data = line[:n]
		}
		records = append(records, r)
		at = next
	}
	return records
}

// split takes data as it grows by random amounts, and starts anew from the mark now and then.
func split(t *testing.T, data []byte, limit int64, seed uint64) []plugins.Record {
	r := rand.New(rand.NewPCG(seed, 7))
	f := &part{data: data}
	p := newPage(limit)
	if seed%2 == 0 {
		p.buf = p.buf[:leastRoom] // so that small inputs, too, meet the end of the page
	}
	tl := &tail{id: "f", ready: true}
	var records []plugins.Record
	for idle := 0; idle < 3; {
		p.reset()
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
			tl = &tail{place: m, id: "f", ready: true, scanned: m.offset, final: tl.final}
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

func FuzzLines(f *testing.F) {
	f.Add([]byte("one\ntwo\r\n\nthree"), uint16(4), uint64(1))
	f.Add(bytes.Repeat([]byte("é long line \xff without end"), 800), uint16(100), uint64(2))
	f.Add(append(bytes.Repeat([]byte("x"), 20000), "\r\ny\n"...), uint16(30000), uint64(4))
	f.Add(bytes.Repeat([]byte("\r\n"), 3000), uint16(1), uint64(3))
	f.Add([]byte("\x80\x80\x80\x80\x80\x80\n"), uint16(2), uint64(3))
	f.Fuzz(func(t *testing.T, data []byte, limit uint16, seed uint64) {
		l := int64(limit) + 1
		if diff := cmp.Diff(byHand(data, l), split(t, data, l, seed), cmp.Transformer("text", func(b []byte) string { return string(b) })); diff != "" {
			t.Error(diff)
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
		want, got := byHand(data, 300<<10), split(t, data, 300<<10, seed*2+1)
		for i := range max(len(want), len(got)) {
			if i >= len(want) || i >= len(got) || got[i].Pos != want[i].Pos || got[i].Fault != want[i].Fault || !bytes.Equal(got[i].Data, want[i].Data) {
				t.Fatalf("record %d differs; %d records, want %d", i, len(got), len(want))
			}
		}
	}
}
