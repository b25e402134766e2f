package local

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A column gives what went in, in whatever unit it is written.
func TestColumn(t *testing.T) {
	all := func(values ...uint64) (cells []columnCell) {
		for _, v := range values {
			cells = append(cells, columnCell{v, true})
		}
		return cells
	}
	for _, cells := range [][]columnCell{
		nil, all(7), all(5, 1<<63, 0, math.MaxUint64, 1), all(3_000_000_007, 7, 2_000_000_007), all(ordered(-5_000), ordered(1_795_000), ordered(-1_000_000_005_000)),
		{{}, {9, true}, {}, {1_000_009, true}, {}}, {{}, {}},
	} {
		b := appendColumn(nil, cells)
		got := make([]columnCell, len(cells))
		if err := readColumn(b, len(cells), func(n uint32, v uint64) { got[n] = columnCell{v, true} }); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(append([]columnCell{}, cells...), got, cmp.AllowUnexported(columnCell{})); diff != "" {
			t.Fatalf("column (-want +got)\n%s", diff)
		}
		if err := readColumn(append(b, 0), len(cells), func(uint32, uint64) {}); err == nil {
			t.Fatal("what follows a column is not seen")
		}
	}
}
