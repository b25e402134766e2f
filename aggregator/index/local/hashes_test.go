package local

import (
	"fmt"
	"slices"
	"testing"
)

// Every value is found by its hash, in sections of all sizes, and seldom one that was not put in.
func TestHashes(t *testing.T) {
	for _, n := range []int{0, 1, 7, 100, 70_000} {
		value := func(i int) string { return fmt.Sprint("value ", i) }
		entries := make([]hashEntry, n)
		for i := range n {
			entries[i] = hashEntry{checksum([]byte(value(i))), uint32(i)}
		}
		b := appendHashes(nil, entries, max(n, 1))
		wrong := 0
		for i := range 2 * n {
			found, err := findHash(b, value(i), max(n, 1))
			if err != nil {
				t.Fatal(err)
			}
			if i < n && !slices.Contains(found, uint32(i)) {
				t.Fatalf("event %d of %d is not found, only %d", i, n, found)
			}
			if i >= n && len(found) > 0 {
				wrong++
			}
		}
		if wrong > 1+n/1000 {
			t.Fatalf("%d of %d values that are not there have the hash of another", wrong, n)
		}
		if _, err := findHash(b[:len(b)-1], "x", max(n, 1)); err == nil {
			t.Fatal("a section that is cut off is read")
		}
	}
}

// findHash looks for a value in a section of so many events.
func findHash(b []byte, value string, events int) ([]uint32, error) {
	h, err := splitHashes(b, func(int, int) error { return nil })
	if err != nil {
		return nil, err
	}
	return h.find(value, events)
}

// A look-up checks the pages that it needs, and no others; a page that is wrong is told by every look-up that needs it.
func TestHashesArePaged(t *testing.T) {
	const n = 70_000
	value := func(i int) string { return fmt.Sprint("value ", i) }
	entries := make([]hashEntry, n)
	for i := range n {
		entries[i] = hashEntry{checksum([]byte(value(i))), uint32(i)}
	}
	b := appendHashes(nil, entries, n)
	var sums pageSums
	for rest := b; len(rest) > 0; rest = rest[min(len(rest), 1000):] { // in any pieces
		sums.add(rest[:min(len(rest), 1000)])
	}
	sums.end()
	if len(sums.sums) != 4*pagesOf(int64(len(b))) {
		t.Fatalf("%d bytes of checksums of %d bytes", len(sums.sums), len(b))
	}
	damaged := slices.Clone(b)
	damaged[len(b)/2] ^= 1
	failed := 0
	for i := range 1000 {
		for _, b := range [][]byte{b, damaged} {
			pages := newCheckedPages(int64(len(b)))
			bad := false
			h, err := splitHashes(b, func(from, to int) error {
				if pages.check(b, sums.sums, from, to) >= 0 {
					bad = true
					return fmt.Errorf("bytes %d to %d are damaged", from, to)
				}
				return nil
			})
			var found []uint32
			if err == nil {
				found, err = h.find(value(i), n)
			}
			if (err != nil) != bad || !bad && !slices.Contains(found, uint32(i)) {
				t.Fatalf("value %d: %v, %v", i, found, err)
			}
			if bad {
				failed++
			}
			checked := 0
			for page := range pagesOf(int64(len(b))) {
				if pages[page/64].Load()>>(page%64)&1 == 1 {
					checked++
				}
			}
			if checked > 8 {
				t.Fatalf("%d pages are checked", checked)
			}
		}
	}
	if failed == 0 || failed > 500 {
		t.Fatalf("%d look-ups of 1000 meet the damage", failed)
	}
}
