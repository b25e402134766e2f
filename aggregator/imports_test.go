package aggregator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/file"
	"github.com/actiontrail/actiontrail/event"
)

// shelf is an index that notes what it is given.
type shelf struct {
	mu     sync.Mutex
	events map[string]int
	kept   map[string]time.Time
	fails  int // of the next imports
}

func (s *shelf) Keep(name string, from time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept[name] = from; from.IsZero() {
		delete(s.kept, name)
	}
}

func (s *shelf) Import(_ context.Context, events []event.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fails > 0 {
		s.fails--
		return errors.New("the index is away")
	}
	for i := range events {
		s.events[events[i].ID]++
	}
	return nil
}

// An import brings the events of its period, goes on where it was, is kept over a
// restart, and ends with its time; one that cannot be read says what is wrong.
func TestImports(t *testing.T) {
	const dir = "archive/testdata/archive"
	day := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	bucket, err := file.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	trail, seals, head, err := archive.Newest(t.Context(), bucket)
	if err != nil {
		t.Fatal(err)
	}
	open := func(o OtherArchive) (archive.Bucket, archive.Identities, error) {
		b, err := file.Open(o.Place)
		return b, nil, err
	}
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "imports.json")
		x := &shelf{events: map[string]int{}, kept: map[string]time.Time{}, fails: 1}
		var m *Imports
		run := func(d time.Duration) []Import {
			t.Helper()
			x.kept = map[string]time.Time{} // as after a crash
			var err error
			if m, err = OpenImports(path, x, open, time.Now, slog.New(slog.DiscardHandler)); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), d)
			defer cancel()
			m.Run(ctx)
			return m.List()
		}
		run(time.Second)
		i := Import{ID: "1", Archive: OtherArchive{Place: dir, Trail: trail, Seals: seals, Head: head}, From: day.Add(8 * time.Hour), To: day.AddDate(0, 0, 9), Late: time.Hour, Until: time.Now().Add(time.Hour), Made: time.Now()}
		bad := i
		bad.ID, bad.Archive.Head[0] = "2", head[0]+1
		for _, i := range []Import{i, bad} {
			if err := m.Add(i); err != nil {
				t.Fatal(err)
			}
		}
		all := run(30 * time.Second)
		if len(all) != 2 || all[0].Done || all[0].Waiting == "" || all[1].Failed == "" || !strings.Contains(all[1].Failed, fmt.Sprintf("seal %d is not the one", seals-1)) {
			t.Fatalf("while the index is away: %+v", all)
		}
		all = run(5 * time.Minute)
		if x := all[0]; !x.Done || x.Waiting != "" || x.Of == 0 || x.Read != x.Of {
			t.Fatalf("in the end: %+v", x)
		}
		if len(x.events) != int(all[0].Events) || len(x.events) == 0 || len(x.events) == 12 {
			t.Errorf("the index has %d events, told are %d", len(x.events), all[0].Events)
		}
		for id, n := range x.events {
			if n != 1 {
				t.Errorf("%s was given %d times", id, n)
			}
		}
		if !x.kept["import 1"].Equal(i.From) {
			t.Errorf("kept is %v", x.kept)
		}
		if err := m.Remove("2"); err != nil {
			t.Fatal(err)
		}
		if err := m.Remove("2"); !errors.Is(err, ErrNoImport) {
			t.Errorf("removed again: %v", err)
		}
		if all := run(time.Hour); len(all) > 0 || len(x.kept) > 0 {
			t.Errorf("after its time there is %+v, and kept is %v", all, x.kept)
		}
		if err := os.WriteFile(path, []byte(`{"version":1,"imports":[],"more":1}`), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenImports(path, x, open, time.Now, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "move the file away") {
			t.Errorf("a file that nobody wrote so gives %v", err)
		}
	})
}
