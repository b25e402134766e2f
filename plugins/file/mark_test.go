package file

import (
	"bytes"
	"context"
	"encoding/hex"
	"math"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/plugins"
)

// The example of docs/format/file-mark.md.
const goldenMark = "01" + "ac02" + "03" + "02" + "efbeadde" + "2f612e6c6f67"

var goldenPlace = place{offset: 300, generation: 3, born: 1, overlap: 0xdeadbeef, file: "/a.log"}

func TestMarkIsAsDocumented(t *testing.T) {
	if got := hex.EncodeToString(goldenPlace.encode()); got != goldenMark {
		t.Errorf("encoded %s, want %s", got, goldenMark)
	}
	b, _ := hex.DecodeString(goldenMark)
	if got, err := decodePlace(b); err != nil || got != goldenPlace {
		t.Errorf("decoded %+v, %v", got, err)
	}
}

func TestMarkRefuses(t *testing.T) {
	golden, _ := hex.DecodeString(goldenMark)
	for name, b := range map[string][]byte{
		"is empty": {}, "has version 2": {2}, "is damaged": {1},
		"damaged":             golden[:8],
		"mark is damaged":     append([]byte{1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, golden[3:]...), // an offset below zero
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
	for _, p := range []place{{}, {offset: math.MaxInt64, generation: math.MaxUint64, born: math.MinInt64, file: "/é"}} {
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
		if p.offset < 0 || len(p.file) > maxPath {
			t.Errorf("%+v", p)
		}
		if len(p.encode()) > len(b) || len(p.encode()) == len(b) && !bytes.Equal(p.encode(), b) {
			t.Errorf("%x became %x", b, p.encode())
		}
	})
}
