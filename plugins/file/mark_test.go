package file

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"math"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/plugins"
)

// The example of docs/format/file-mark.md.
const goldenMark = "02" + "ac02" + "03" + "02" + "efbeadde" + "03" + "04" + "0a" + "01" + "2f612e6c6f67" + "00" + "2f612e6c6f672e31"

var goldenPlace = place{offset: 300, generation: 3, born: 1, overlap: 0xdeadbeef, gone: true, finished: true, since: 2, known: 310, left: 1, file: "/a.log", where: "/a.log.1"}

// What agents before this one have written.
const golden1 = "01" + "ac02" + "03" + "02" + "efbeadde" + "2f612e6c6f67"

func TestMarkIsAsDocumented(t *testing.T) {
	if got := hex.EncodeToString(goldenPlace.encode()); got != goldenMark {
		t.Errorf("encoded %s, want %s", got, goldenMark)
	}
	b, _ := hex.DecodeString(goldenMark)
	if got, err := decodePlace(b); err != nil || got != goldenPlace {
		t.Errorf("decoded %+v, %v", got, err)
	}
	b, _ = hex.DecodeString(golden1)
	want := place{offset: 300, generation: 3, born: 1, overlap: 0xdeadbeef, known: 300, file: "/a.log"}
	if got, err := decodePlace(b); err != nil || got != want {
		t.Errorf("version 1 decoded %+v, %v", got, err)
	}
	for b, want := range map[string]uint64{"\x01": 0, "\x02\x00": 0, "\x02\x07": 7} {
		if got, err := decodeStart([]byte(b)); err != nil || got != want {
			t.Errorf("start %x: %d, %v", b, got, err)
		}
	}
}

func TestMarkRefuses(t *testing.T) {
	golden, _ := hex.DecodeString(goldenMark)
	for name, b := range map[string][]byte{
		"is empty": {}, "has version 3": {3}, "is damaged": {1},
		"damaged":             golden[:8],
		"mark is damaged":     append([]byte{2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, golden[3:]...), // an offset below zero
		"the mark is damaged": append(golden[:len(golden):len(golden)], make([]byte, maxPath)...),
	} {
		if _, err := decodePlace(b); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%x: %v, want %q", b[:min(len(b), 20)], err, name)
		}
	}
}

func TestOpenRefusesCursor(t *testing.T) {
	for _, m := range []plugins.Mark{
		{Key: "a.log", Value: goldenPlace.encode()},
		{Key: "1-2-0123456789abcdef", Value: []byte{9}},
		{Key: "1-2-0123456789abcdeg", Value: goldenPlace.encode()},
		{Key: "1-x-0123456789abcdef", Value: goldenPlace.encode()},
	} {
		s, err := New(Config{Paths: []string{t.TempDir()}})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Open(context.Background(), plugins.Cursor{m}); err == nil || !strings.Contains(err.Error(), m.Key) {
			t.Errorf("%s: %v", m.Key, err)
		}
		s.Close()
	}
}

func FuzzDecodePlace(f *testing.F) {
	f.Add(goldenPlace.encode())
	old, _ := hex.DecodeString(golden1)
	f.Add(old)
	for _, p := range []place{{}, {offset: math.MaxInt64, known: math.MaxInt64, generation: math.MaxUint64, born: math.MinInt64, file: "/é"}} {
		f.Add(p.encode())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := decodePlace(b)
		if err != nil {
			return
		}
		again, err := decodePlace(p.encode())
		if err != nil || again != p {
			t.Errorf("%+v became %+v, %v", p, again, err)
		}
		if p.offset < 0 || p.known < p.offset || len(p.file) > maxPath {
			t.Errorf("%+v", p)
		}
		if b[0] == 1 {
			return // written anew it is of version 2
		}
		if len(p.encode()) > len(b) || len(p.encode()) == len(b) && !bytes.Equal(p.encode(), b) {
			t.Errorf("%x became %x", b, p.encode())
		}
	})
}

// An agent that is newer goes on where the older one was.
func TestMarksOfVersion1GoOn(t *testing.T) {
	w := newWorld(t, true)
	w.write("a.log", "a1\na2\n")
	w.start()
	w.want("a1", "a2")
	w.stop()
	old := plugins.Cursor{{Key: startKey, Value: []byte{1}}}
	for _, m := range w.cursor {
		if m.Key == startKey {
			continue
		}
		p, err := decodePlace(m.Value)
		if err != nil {
			t.Fatal(err)
		}
		v1 := append([]byte{1, byte(p.offset), byte(p.generation)}, binary.AppendVarint(nil, p.born)...)
		m.Value = append(binary.LittleEndian.AppendUint32(v1, p.overlap), p.file...)
		old = append(old, m)
	}
	w.cursor = old
	w.write("a.log", "a3\n")
	w.start()
	w.want("a1", "a2", "a3")
	w.evidence()
	if p, err := decodePlace(w.cursor.Value(w.last().Pos.FileID)); err != nil || p.known != 9 || w.cursor.Value(w.last().Pos.FileID)[0] != markVersion {
		t.Errorf("the mark is %+v, %v", p, err)
	}
}
