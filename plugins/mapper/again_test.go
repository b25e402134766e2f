package mapper

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// What a clock remembers of the record before never shows: it reads as a new one does.
func TestClockReadsAsANewOne(t *testing.T) {
	seconds := []string{"1795224417", "1795224418", "0", "", "1", "000000000000000001", "000000000000000012", "0000000000000000", "0000000000000001", "9000000000", "9000000001", "9999999999999999999", "17x", "-1"}
	fractions := []string{"", ".", ".4", ".404", ".123456789", ".1234567890", ".x", ".1.2"}
	random := rand.New(rand.NewPCG(1, 2))
	var used clock
	var record []byte // the clock must keep nothing of it
	for range 5000 {
		s := seconds[random.IntN(len(seconds))] + fractions[random.IntN(len(fractions))]
		if s == "" {
			continue
		}
		record = append(record[:0], s...)
		got, gotErr := used.pick(&stamps{epoch: view(record)}, time.UTC)
		want, wantErr := new(clock).pick(&stamps{epoch: s}, time.UTC)
		if got != want || (gotErr == nil) != (wantErr == nil) {
			t.Fatalf("%q: %v %v, of a new clock %v %v", s, got, gotErr, want, wantErr)
		}
	}
}

// A path that is used again gives the same segments as a new one, decoded and as they were sent.
func TestPathSplitsAsANewOne(t *testing.T) {
	paths := []string{"/v1/orders", "/v1/%6frders/a%2Fb", "/a/../b/./c//d", "/%2e%2e/a/../%62/c", "/../..", "/", "v1/x/", "/a/%zz/.."}
	random := rand.New(rand.NewPCG(3, 4))
	var used path
	for range 2000 {
		s := paths[random.IntN(len(paths))]
		var fresh path
		used.split(s)
		fresh.split(s)
		got, want := fmt.Sprintf("%q", [][]string{used.segments, used.raw}), fmt.Sprintf("%q", [][]string{fresh.segments, fresh.raw})
		if got != want || len(used.raw) != len(used.segments) {
			t.Fatalf("%q: %s, of a new path %s", s, got, want)
		}
		if !used.encoded && !slices.Equal(used.raw, used.segments) {
			t.Fatalf("%q: sent %q, segments %q", s, used.raw, used.segments)
		}
	}
}
