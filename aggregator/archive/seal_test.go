package archive_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/event"
)

// golden is the archive in testdata: small, written once by this release, and read by each later one.
const golden = "testdata/archive"

// buildGolden writes the archive of testdata anew.
func buildGolden(t *testing.T) *site {
	s := newSite(t)
	s.cfg.Filter, s.cfg.FilterText = rw(event.Write), event.Write
	s.cfg.RollBytes = 1500
	s.cfg.Agents = func() []archive.Agent {
		return []archive.Agent{{Account: "prod", Agent: "gw-1", Key: "UKEY1", Epochs: []uint64{1001}}}
	}
	stream := makeStream(9, 4)
	s.follow(s.open(), append(stream[:4:4], stream[7:]...))
	return s
}

// TestGolden compares the bytes of an archive with those that were written
// before. When the format is to change: raise the version, and set UPDATE_GOLDEN=1.
func TestGolden(t *testing.T) {
	s := buildGolden(t)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.RemoveAll(golden); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(golden, os.DirFS(s.bucket)); err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(golden + "/.unfinished"); err != nil {
			t.Fatal(err)
		}
	}
	want := &site{t: t, clock: s.clock, bucket: golden}
	if r := want.verify(); !r.OK() || r.Events == 0 {
		t.Errorf("verify of the archive in testdata: %+v", r)
	}
	for n := range want.verify().Seals {
		data, err := os.ReadFile(filepath.Join(golden, archive.SealKey(n)))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(s.path(archive.SealKey(n)))
		if err != nil {
			t.Fatal(err)
		}
		// Another compressor gives other bytes; the format does not promise them.
		if diff := cmp.Diff(withoutStored(t, data), withoutStored(t, got)); diff != "" {
			t.Errorf("seal %d (-want +got):\n%s", n, diff)
		}
	}
	for key := range want.objects() {
		if diff := cmp.Diff(want.read(key), s.read(key), cmp.Comparer(func(x, y event.Event) bool { return x == y })); diff != "" {
			t.Errorf("%s (-want +got):\n%s", key, diff)
		}
	}
}

func withoutStored(t *testing.T, data []byte) string {
	s, err := archive.DecodeSeal(data)
	if err != nil {
		t.Fatal(err)
	}
	s.Prev, s.Total.Bytes = event.Hash{}, 0
	for i := range s.Objects {
		s.Objects[i].SHA256, s.Objects[i].Bytes = event.Hash{}, 0
	}
	data, err = s.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestDocumentShowsTheGoldenSeal keeps the example in the page about the format true.
func TestDocumentShowsTheGoldenSeal(t *testing.T) {
	page, err := os.ReadFile("../../docs/format/archive.md")
	if err != nil {
		t.Fatal(err)
	}
	seal, err := os.ReadFile(filepath.Join(golden, archive.SealKey(1)))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(page, seal) {
		t.Errorf("docs/format/archive.md does not show %s as it is in testdata", archive.SealKey(1))
	}
}

func TestDecodeSealRefuses(t *testing.T) {
	s := buildGolden(t)
	good, err := os.ReadFile(s.path(archive.SealKey(1)))
	if err != nil {
		t.Fatal(err)
	}
	replace := func(old, new string) func([]byte) []byte {
		return func(b []byte) []byte {
			if !bytes.Contains(b, []byte(old)) {
				t.Fatalf("%q is not in the seal", old)
			}
			return bytes.Replace(b, []byte(old), []byte(new), 1)
		}
	}
	tests := map[string]struct {
		change func([]byte) []byte
		want   string
	}{
		"nothing":          {func([]byte) []byte { return nil }, "cut off"},
		"cut off":          {func(b []byte) []byte { return b[:len(b)-1] }, "cut off"},
		"more behind":      {func(b []byte) []byte { return append(b, '\n') }, "cut off"},
		"other format":     {replace("actiontrail seal", "another seal"), "format"},
		"later version":    {replace(`"version":1`, `"version":9`), "version 9 is not supported"},
		"unknown member":   {replace(`"trail":`, `"more":1,"trail":`), "unknown field"},
		"white space":      {replace(`"trail":`, ` "trail":`), "canonical"},
		"other order":      {replace(`"trail":"all","number":1`, `"number":1,"trail":"all"`), "canonical"},
		"checksum":         {func(b []byte) []byte { b[len(b)-4] ^= 1; return b }, "checksum"},
		"one byte flipped": {replace(`"trail":"all"`, `"trail":"alm"`), "checksum"},
	}
	for name, test := range tests {
		_, err := archive.DecodeSeal(test.change(bytes.Clone(good)))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
	forged := map[string]func(*archive.Seal){
		"no trail":         func(s *archive.Seal) { s.Trail = "" },
		"time elsewhere":   func(s *archive.Seal) { s.Time = s.Time.In(time.FixedZone("", 3600)) },
		"nothing scanned":  func(s *archive.Seal) { s.Scanned = nil },
		"seq backwards":    func(s *archive.Seal) { s.Seq.After = s.Seq.To + 1 },
		"more matched":     func(s *archive.Seal) { s.Matched++ },
		"more events":      func(s *archive.Seal) { s.Events++ },
		"batches":          func(s *archive.Seal) { s.Scanned[0].To = s.Scanned[0].From - 1 },
		"batch zero":       func(s *archive.Seal) { s.Scanned[0].From = 0 },
		"gap":              func(s *archive.Seal) { s.Scanned[0].Gap = &archive.Range{From: 1, To: 7} },
		"recent missing":   func(s *archive.Seal) { s.Scanned[0].Recent = "" },
		"recent otherwise": func(s *archive.Seal) { s.Scanned[0].Recent = strings.Repeat("0", len(s.Scanned[0].Recent)) },
		"recent no hex":    func(s *archive.Seal) { s.Scanned[0].Recent = strings.Repeat("x", len(s.Scanned[0].Recent)) },
		"key above":        func(s *archive.Seal) { s.Objects[0].Key = "../x" },
		"key of a seal":    func(s *archive.Seal) { s.Objects[0].Key = archive.SealKey(1) },
		"key twice":        func(s *archive.Seal) { s.Objects = append(s.Objects, s.Objects[0]); s.Objects[0].Count = 0 },
		"codec":            func(s *archive.Seal) { s.Objects[0].Codec = "ndjson.xz" },
		"position":         func(s *archive.Seal) { s.Full = &event.Position{} },
		"amends itself":    func(s *archive.Seal) { s.Amends = &s.Number },
	}
	for name, change := range forged {
		s, err := archive.DecodeSeal(good)
		if err != nil {
			t.Fatal(err)
		}
		change(s)
		data, err := s.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := archive.DecodeSeal(data); err == nil {
			t.Errorf("%s: the seal was taken", name)
		}
	}
}

func FuzzDecodeSeal(f *testing.F) {
	seals, err := filepath.Glob(golden + "/seals/*")
	if err != nil || len(seals) < 3 {
		f.Fatalf("seeds: %q, %v", seals, err)
	}
	for _, name := range seals {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if s, err := archive.DecodeSeal(data); err == nil {
			checkDecoded(t, s, data)
		}
		// The checksum hides most of the decoder from random bytes: give it a right one.
		if i := bytes.LastIndex(data, []byte(`,"crc32c":"`)); i >= 0 {
			fixed := archive.Checksummed(data[:i])
			if s, err := archive.DecodeSeal(fixed); err == nil {
				checkDecoded(t, s, fixed)
			}
		}
	})
}

func checkDecoded(t *testing.T, s *archive.Seal, data []byte) {
	again, err := s.Encode()
	if err != nil || !bytes.Equal(again, data) {
		t.Errorf("encodes to other bytes (%v):\n%s\n%s", err, data, again)
	}
	var p event.Position
	if err := s.Advance(&p); err != nil {
		t.Errorf("its position: %v", err)
	}
}

// rfcRoot is the definition of RFC 6962, 2.1.
func rfcRoot(lines [][]byte) event.Hash {
	switch n := len(lines); n {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return sha256.Sum256(append([]byte{0}, lines[0]...))
	default:
		k := 1
		for 2*k < n {
			k *= 2
		}
		l, r := rfcRoot(lines[:k]), rfcRoot(lines[k:])
		return sha256.Sum256(append(append([]byte{1}, l[:]...), r[:]...))
	}
}

func TestTreeIsThatOfTheRFC(t *testing.T) {
	var lines [][]byte
	for n := range 200 {
		if got, want := archive.TreeRoot(lines), rfcRoot(lines); got != want {
			t.Fatalf("root of %d lines is %s, want %s", n, got, want)
		}
		lines = append(lines, fmt.Append(nil, "line ", n))
	}
	// From the test vectors of the certificate-transparency project.
	var known [][]byte
	for _, h := range []string{"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"} {
		b, err := hex.DecodeString(h)
		if err != nil {
			t.Fatal(err)
		}
		known = append(known, b)
	}
	if got := archive.TreeRoot(known).String(); got != "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328" {
		t.Errorf("root of the known vectors is %s", got)
	}
}
