package local

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/index"
)

// The events of a segment that was damaged or removed come back from the stream,
// once, and the position stays where it is.
func TestRefill(t *testing.T) {
	s := newStream(40)
	dir := segmented(t, s)
	for name, spoil := range map[string]func(path string) error{
		"missing": os.Remove,
		"damaged": func(path string) error { return os.Truncate(path, 1000) },
	} {
		t.Run(name, func(t *testing.T) {
			to := t.TempDir()
			copyDir(t, dir, to)
			files, err := filepath.Glob(filepath.Join(to, "*"+segmentSuffix))
			if err != nil || spoil(files[1]) != nil {
				t.Fatal(err, files)
			}
			x := mustOpen(t, Config{Dir: to})
			before := x.Position()
			lost := x.Lost()
			if want := []index.SeqRange{{First: s[0].Seq, Last: s[len(s)-1].Seq}}; !slices.Equal(lost, want) {
				t.Fatalf("lost %v, want %v", lost, want)
			}
			for at := 0; at < len(s); at += 7 {
				if err := x.Refill(context.Background(), s[at:min(at+7, len(s))]); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(before, x.Position()); diff != "" {
				t.Errorf("the position moved (-before +after)\n%s", diff)
			}
			mustClose(t, x) // a crash between: it is lost still, and nothing is doubled
			x = mustOpen(t, Config{Dir: to})
			if diff := cmp.Diff(s.docs(1<<60), contents(t, x)); diff != "" {
				t.Errorf("opened again (-want +got)\n%s", diff)
			}
			if !slices.Equal(x.Lost(), lost) {
				t.Errorf("lost %v after a restart, want %v", x.Lost(), lost)
			}
			if err := x.Refilled(lost[0], "all of them were read again", true); err != nil {
				t.Fatal(err)
			}
			mustClose(t, x)
			x = mustOpen(t, Config{Dir: to})
			if st := x.Stats(); len(x.Lost()) > 0 || len(st.Damaged) != 1 || !strings.HasSuffix(st.Damaged[0], "; all of them were read again") {
				t.Errorf("lost %v, damaged %q", x.Lost(), st.Damaged)
			}
			if diff := cmp.Diff(before, x.Position()); diff != "" {
				t.Errorf("the position moved (-before +after)\n%s", diff)
			}
			mustClose(t, x)
		})
	}
}
