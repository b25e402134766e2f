package local

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/klauspost/compress/s2"

	"github.com/actiontrail/actiontrail/event"
)

// No input makes a decoder panic or take memory without bound, and what it
// accepts keeps to the promises that its callers rely on.

func FuzzReadWAL(f *testing.F) {
	s := newStream(4)
	mark := marker{1, 2, 3, 4, 5, 6, 7, 8}
	file := walHeader(1, 77, mark)
	for i := range s {
		w := body{batches: []*event.Batch{&s[i]}, docs: blockWriter(f)}
		for k := range s[i].Events {
			w.add(&s[i].Events[k])
		}
		var err error
		if file, err = w.appendTo(file, mark); err != nil {
			f.Fatal(err)
		}
	}
	c := testCodec(f)
	f.Add(file, int64(-1))
	f.Add(file[:len(file)-5], int64(-1))
	f.Add(file[:walHead], int64(walHead))
	f.Add([]byte{}, int64(100))
	f.Fuzz(func(t *testing.T, b []byte, end int64) {
		if end < -1 || end > 1<<20 {
			end = -1
		}
		n := 0
		out, err := readWAL(c, b, 1, end, func(rec record, whole bool) error {
			n++
			return nil
		})
		if err == nil && out.end > int64(len(b)) {
			t.Fatalf("records end at %d of %d bytes", out.end, len(b))
		}
		if err == nil && n == 0 && out.end > walHead {
			t.Fatal("an end without records")
		}
	})
}

func FuzzDecodeBody(f *testing.F) {
	s := newStream(2)
	w := body{batches: []*event.Batch{&s[0], &s[1]}, docs: blockWriter(f)}
	for k := range s[1].Events {
		w.add(&s[1].Events[k])
	}
	rec, err := w.appendTo(nil, marker{})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(rec[recordHead:], uint32(1))
	f.Add([]byte{}, uint32(0))
	f.Add(oldBody(), uint32(0))
	c := testCodec(f)
	f.Fuzz(func(t *testing.T, packed []byte, version uint32) {
		rec, err := decodeBody(c, packed, version%2+1)
		if err != nil && (rec.batches != nil || rec.docs != nil || rec.blocks != nil) {
			t.Fatal("something is given with an error")
		}
	})
}

// oldBody is the body of a record of version 1: a batch without events would be as good, but it has one.
func oldBody() []byte {
	e := event.Event{ID: "x"}
	doc := e.AppendJSON(nil)
	block := s2.Encode(nil, append(binary.AppendUvarint(nil, uint64(len(doc))), doc...))
	b := binary.AppendUvarint([]byte{0, 1}, uint64(len(block)))
	return append(b, block...)
}

func blockWriter(t testing.TB) *docWriter {
	t.Helper()
	w, err := newDocWriter()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func testCodec(t testing.TB) *codec {
	t.Helper()
	c, err := newCodec()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func segmentFile(f testing.TB) []byte {
	f.Helper()
	files, err := filepath.Glob(filepath.Join(segmented(f, newStream(12)), "*"+segmentSuffix))
	if err != nil {
		f.Fatal(err)
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		f.Fatal(err)
	}
	return b
}

func FuzzFooter(f *testing.F) {
	b := segmentFile(f)
	f.Add(b)
	f.Add(b[:20])
	foot, err := decodeFooter(b)
	if err != nil {
		f.Fatal(err)
	}
	tail, err := foot.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(append(append([]byte{}, b[:segmentHead]...), tail...))
	f.Fuzz(func(t *testing.T, file []byte) {
		// The mutations are of the footer; its checksum is made right.
		if len(file) > segmentHead+segmentTail {
			body := file[segmentHead : len(file)-segmentTail]
			fixed := append([]byte{}, b[:segmentHead]...)
			fixed = append(fixed, body...)
			n, sum := uint32(len(body)), checksum(body)
			fixed = append(fixed, byte(n), byte(n>>8), byte(n>>16), byte(n>>24), byte(sum), byte(sum>>8), byte(sum>>16), byte(sum>>24))
			file = append(fixed, segmentEnd...)
		}
		foot, err := decodeFooter(file)
		if err != nil {
			return
		}
		for _, s := range foot.sections() {
			if s.Offset < 0 || s.Length < 0 || s.Offset+s.Length > int64(len(file)) {
				t.Fatalf("a section %+v of a file of %d bytes", s, len(file))
			}
		}
	})
}

func FuzzManifest(f *testing.F) {
	b, err := os.ReadFile(filepath.Join(segmented(f, newStream(12)), manifestName))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte("actiontrail-index 1 00000000\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := decodeManifest(b)
		if err != nil {
			return
		}
		again, err := m.encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decodeManifest(again); err != nil {
			t.Fatal(err)
		}
	})
}

const fuzzEvents = 1000

func FuzzKeys(f *testing.F) {
	f.Add(appendKeys(nil, [][]byte{{}, []byte("a"), []byte("ab"), []byte("abc"), []byte("b")}))
	f.Fuzz(func(t *testing.T, b []byte) {
		before := ""
		_ = readKeys(b, func(i int, key []byte) bool {
			if i > 0 && string(key) <= before {
				t.Fatalf("key %q after %q", key, before)
			}
			before = string(key)
			return true
		})
	})
}

func FuzzEntries(f *testing.F) {
	var entries []entrySource
	for k := range 5 {
		list := make([]uint32, 1+k*12)
		for i := range list {
			list[i] = uint32(i * 7)
		}
		entries = append(entries, entrySource{uint32(k * k), list})
	}
	b, err := appendEntries(nil, entries, func([]uint32) (section, error) { return section{8, 9, 10}, nil })
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		before, first := uint32(0), true
		_ = readEntries(b, fuzzEvents, 20, func(e *entry) bool {
			if !first && e.key <= before || e.key >= 20 {
				t.Fatalf("key %d after %d", e.key, before)
			}
			before, first = e.key, false
			for i, n := range e.list {
				if n >= fuzzEvents || i > 0 && n <= e.list[i-1] {
					t.Fatalf("list %v", e.list)
				}
			}
			return true
		})
	})
}

func FuzzKeyIndex(f *testing.F) {
	f.Add(appendKeyIndex(nil, []keyBlockRef{{"a", 0, 10, 1}, {"b", 10, 20, 2}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		refs, err := readKeyIndex(b, 1000)
		for i, r := range refs {
			if err == nil && (r.offset < 0 || r.length < 0 || r.offset+r.length > 1000 || i > 0 && r.first <= refs[i-1].first) {
				t.Fatalf("blocks %+v", refs)
			}
		}
	})
}

func FuzzHashes(f *testing.F) {
	var entries []hashEntry
	for n := range uint32(100) {
		entries = append(entries, hashEntry{checksum([]byte{byte(n % 50)}), n})
	}
	f.Add(appendHashes(nil, entries[:3], fuzzEvents), "\x01")
	f.Add(appendHashes(nil, entries, fuzzEvents), "\x07")
	f.Add(appendHashes(nil, entries, 1<<17), "\x07")
	f.Fuzz(func(t *testing.T, b []byte, value string) {
		h, err := splitHashes(b, func(from, to int) error {
			if from < 0 || from > to || to > len(b) {
				t.Fatalf("bytes %d to %d of %d", from, to, len(b))
			}
			return nil
		})
		if err != nil {
			return
		}
		found, err := h.find(value, fuzzEvents)
		for _, n := range found {
			if err == nil && n >= fuzzEvents {
				t.Fatalf("event %d", n)
			}
		}
		table := &hashTable{hashSection: h, in: &mergeInput{segmentView: &segmentView{segment: &segment{foot: &footer{Events: fuzzEvents}}}, number: make([]uint32, fuzzEvents)}}
		width := h.width / 2
		var all []uint64
		err = nil
		for n := 0; err == nil && n < 1<<width; n++ {
			all, err = table.bucket(n, width, all)
		}
		if err == nil && len(all) > h.count {
			t.Fatalf("%d hashes of %d", len(all), h.count)
		}
	})
}

func FuzzList(f *testing.F) {
	short, long := []uint32{0, 1, 500, 999}, make([]uint32, 900)
	for i := range long {
		long[i] = uint32(i)
	}
	for _, list := range [][]uint32{nil, short, long} {
		b, err := appendList(nil, list)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		set, err := decodeList(b, fuzzEvents)
		if err == nil && !set.IsEmpty() && set.Maximum() >= fuzzEvents {
			t.Fatalf("the list names event %d", set.Maximum())
		}
		list, err2 := readList(b, fuzzEvents, nil)
		if (err == nil) != (err2 == nil) || err == nil && !slices.Equal(list, set.ToArray()) {
			t.Fatalf("a merge reads %d (%v), a query %v (%v)", list, err2, set, err)
		}
	})
}

func FuzzColumn(f *testing.F) {
	f.Add(appendColumn(nil, []columnCell{{5, true}, {1 << 63, true}, {0, true}}))
	f.Add(appendColumn(nil, []columnCell{{5, true}, {0, false}, {7, true}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		_ = readColumn(b, 3, func(n uint32, v uint64) {
			if n >= 3 {
				t.Fatalf("event %d", n)
			}
		})
	})
}

func FuzzSplitDocs(f *testing.F) {
	f.Add([]byte("\x01a\x02bc"), 2)
	f.Fuzz(func(t *testing.T, b []byte, n int) {
		n = int(uint(n) % 33)
		docs, err := splitDocs(b, n, nil)
		if err == nil && len(docs) != n {
			t.Fatalf("%d documents, want %d", len(docs), n)
		}
	})
}

// FuzzCursor: a cursor is one of ours, to the letter, or refused.
func FuzzCursor(f *testing.F) {
	f.Add(place{5, "id"}.cursor())
	f.Add("AYAAAAAAAAAAe9ooj7")
	f.Add("AYAAAAAAAAAAe9ooj\nw")
	f.Fuzz(func(t *testing.T, text string) {
		if p, err := parseCursor(text); err == nil && p.cursor() != text {
			t.Fatalf("%q is read as %v, which is %q", text, p, p.cursor())
		}
	})
}
