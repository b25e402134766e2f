package debt

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/klauspost/compress/s2"

	"github.com/actiontrail/actiontrail/event"
)

const goldenSection = "testdata/section"

// exampleSection has a batch of each kind.
func exampleSection() *section {
	l := event.Lane{Account: "prod", Agent: "gw-1", Source: "edge", Key: "UKEY", Epoch: 7}
	hash := func(s string) event.Hash { return sha256.Sum256([]byte(s)) }
	at := time.Date(2026, 11, 21, 7, 0, 0, 0, time.UTC).UnixNano()
	head := func(n, seq uint64) event.Batch {
		return event.Batch{Lane: l, Number: n, Prev: hash("before"), Hash: hash("this"), Seq: seq}
	}
	other := head(1, 14)
	other.Lane.Source, other.Snapshot = "console", true
	return &section{trail: "all", filter: "eventRW: Write", since: time.Unix(0, at).UTC(), after: 10, to: 20, batches: []entry{
		{head: head(3, 11), events: 2000, digest: hash("lines"), lo: at, hi: at + 1},
		{head: head(4, 13)},
		{head: other, events: 1, digest: hash("line"), lo: math.MinInt64, hi: math.MaxInt64},
		{head: head(5, 19), events: 1, kept: s2.Encode(nil, []byte(`{"eventId":"x"}`+"\n"))},
	}}
}

var sections = cmp.AllowUnexported(section{}, entry{})

// TestGoldenSection compares the bytes of a record with those that were written
// before. When the format is to change: raise the version, and set UPDATE_GOLDEN=1.
func TestGoldenSection(t *testing.T) {
	got := exampleSection().encode()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(goldenSection, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(goldenSection)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(hex.Dump(want), hex.Dump(got)); diff != "" {
		t.Errorf("bytes (-want +got):\n%s", diff)
	}
	s, err := decodeSection(want)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(exampleSection(), s, sections, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("decoded (-want +got):\n%s", diff)
	}
}

func TestDecodeSectionRefuses(t *testing.T) {
	good := exampleSection().encode()
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 0x10
		if _, err := decodeSection(bad); err == nil {
			t.Fatalf("byte %d was flipped, and the record is taken", i)
		}
		if _, err := decodeSection(good[:i]); err == nil {
			t.Fatalf("cut off after %d bytes, and the record is taken", i)
		}
	}
	later := bytes.Clone(good)
	later[4] = 2
	if _, err := decodeSection(later); err == nil || !strings.Contains(err.Error(), "version 2 is not supported") {
		t.Errorf("a later version: %v", err)
	}
	for name, change := range map[string]func(*section){
		"no trail":               func(s *section) { s.trail = "" },
		"an empty part":          func(s *section) { s.to = s.after },
		"an end before a batch":  func(s *section) { s.to = 18 },
		"a seq twice":            func(s *section) { s.batches[1].head.Seq = 11 },
		"seqs that go backwards": func(s *section) { s.batches[1].head.Seq = 5 },
		"times backwards":        func(s *section) { s.batches[0].hi = s.batches[0].lo - 1 },
		"no block":               func(s *section) { s.batches[3].kept = []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff} },
		"events kept of none":    func(s *section) { s.batches[3].events = 0 },
	} {
		s := exampleSection()
		change(s)
		if _, err := decodeSection(s.encode()); err == nil {
			t.Errorf("%s: the record was taken", name)
		}
	}
}

func FuzzDecodeSection(f *testing.F) {
	f.Add(exampleSection().encode())
	f.Add((&section{trail: "t", to: 1}).encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		check := func(data []byte) {
			s, err := decodeSection(data)
			if err != nil {
				return
			}
			again, err := decodeSection(s.encode())
			if err != nil {
				t.Fatalf("encoded again it is refused: %v", err)
			}
			if diff := cmp.Diff(s, again, sections, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("encoded again it is another (-first +second):\n%s", diff)
			}
		}
		check(data)
		// The checksum hides most of the decoder from random bytes: give it a right one.
		if n := len(data) - 4; n > 0 {
			sum := castagnoli(data[:n])
			check(append(bytes.Clone(data[:n]), byte(sum), byte(sum>>8), byte(sum>>16), byte(sum>>24)))
		}
	})
}
