package spool

import (
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nkeys"

	"github.com/actiontrail/actiontrail/internal/wire"
)

var update = flag.Bool("update", false, "write testdata/v1.txt anew")

// The bytes of a spool of version 1, as docs/format/spool.md has them: the state,
// and a segment of two batches. When this fails the format has changed: give it a
// new version, and keep reading the old one.
func TestGolden(t *testing.T) {
	const file = "testdata/v1.txt"
	if *update {
		if err := os.WriteFile(file, []byte(goldenText(t)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), goldenText(t)); d != "" {
		t.Errorf("the bytes of a spool have changed (-golden +now):\n%s", d)
	}
	// What an older release wrote is read: the folder is made of the golden bytes.
	dir := t.TempDir()
	text, segment, found := strings.Cut(string(want), segmentName(0)+"\n")
	state, named := strings.CutPrefix(text, stateName+"\n")
	bytes, err := hex.DecodeString(strings.ReplaceAll(segment, "\n", ""))
	if err != nil || !found || !named {
		t.Fatalf("%s: %v", file, err)
	}
	for name, data := range map[string][]byte{stateName: []byte(state), segmentName(0): bytes} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o640); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, dir)
	if n, _ := s.Pending(); n != 2 || s.Epoch() != 7 || s.Last().Number != 2 || string(s.Cursor().Value("file")) != "after 2" || len(s.Damage()) > 0 {
		t.Fatalf("%d batches, epoch %d, last %v, cursor %v, damage %v", n, s.Epoch(), s.Last(), s.Cursor(), s.Damage())
	}
	for _, m := range rest(t, s) {
		if err := wire.Verify(m); err != nil {
			t.Error(err)
		}
	}
}

// goldenText makes a spool of fixed epoch and key, and gives its two files as text.
func goldenText(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := (state{Version: version, Epoch: 7, Machine: "m1", Follows: Link{Epoch: 6, Number: 41, Hash: [32]byte{1, 2, 3}}}).write(dir); err != nil {
		t.Fatal(err)
	}
	l := newLane(t)
	key, err := nkeys.FromRawSeed(nkeys.PrefixByteUser, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	if l.key = key; err == nil {
		l.pub, err = key.PublicKey()
	}
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, dir)
	l.fill(s, 2)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	state, err := os.ReadFile(filepath.Join(dir, stateName))
	if err != nil {
		t.Fatal(err)
	}
	segment, err := os.ReadFile(filepath.Join(dir, segmentName(0)))
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%s\n%s%s\n", stateName, state, segmentName(0))
	for len(segment) > 0 {
		n := min(40, len(segment))
		fmt.Fprintf(&text, "%x\n", segment[:n])
		segment = segment[n:]
	}
	return text.String()
}
