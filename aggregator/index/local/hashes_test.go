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
