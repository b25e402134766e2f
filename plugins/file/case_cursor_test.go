package file

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/google/go-cmp/cmp"
)

// agent is what an agent would have made durable: records and the cursor after
// them. It lags behind what was read.
type agent struct {
	w       *world
	pending []plugins.Batch
	records map[string]string // durable, by place
	cursor  plugins.Cursor
}

func (a *agent) read(ctx context.Context, s *Source) error {
	b, err := s.Read(ctx)
	if err != nil {
		return err
	}
	kept := plugins.Batch{Next: b.Next}
	for _, r := range b.Records {
		r.Data = bytes.Clone(r.Data)
		kept.Records = append(kept.Records, r)
	}
	a.pending = append(a.pending, kept)
	return nil
}

// spool makes the oldest n batches durable.
func (a *agent) spool(ctx context.Context, s *Source, n int) {
	a.w.t.Helper()
	for _, b := range a.pending[:n] {
		for _, r := range b.Records {
			place := fmt.Sprint(r.Pos.FileID, r.Pos.Generation, r.Pos.Offset)
			if r.Evidence != nil {
				place += r.Evidence.Name
			}
			if _, twice := a.records[place]; twice {
				a.w.t.Fatalf("twice at %+v: %q %+v", r.Pos, r.Data, r.Evidence)
			}
			a.records[place] = string(r.Data)
			if r.Evidence != nil {
				a.records[place] = r.Evidence.Name
			}
		}
		a.cursor = a.cursor.Merge(b.Next)
	}
	a.pending = a.pending[n:]
	a.w.ok(s.Committed(ctx, a.cursor))
}

// Crashes at random places while logs are written, renamed, and copied and
// truncated: what was durable does not come again, what was not does.
func TestCase52CrashesGoOnAtWhatIsDurable(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, seed%2 == 0)
			w.config.Paths = []string{w.path("*.log*")}
			w.config.MaxOpen = 3
			if w.write("a.log", ""); w.born("a.log") == 0 {
				t.Skip("this file system does not tell when a file was made")
			}
			r := rand.New(rand.NewPCG(seed, 52))
			a := &agent{w: w, records: map[string]string{}}
			var want []string
			line := 0
			write := func(name string) {
				var b strings.Builder
				for range r.IntN(1500) {
					fmt.Fprintf(&b, "line %d\n", line)
					want = append(want, fmt.Sprintf("line %d", line))
					line++
				}
				w.write(name, b.String())
			}
			open := func() *Source {
				s, err := New(w.config)
				w.ok(err)
				w.ok(s.Open(t.Context(), a.cursor))
				t.Cleanup(func() { s.Close() })
				return s
			}
			s := open()
			rotations := map[string]int{}
			for range 60 {
				name := []string{"a.log", "b.log"}[r.IntN(2)]
				write(name)
				switch r.IntN(8) {
				case 0:
					rotations[name]++
					w.rename(name, fmt.Sprintf("%s.%d", name, rotations[name]))
					w.tick()
				case 1:
					rotations[name]++
					w.tick()
					w.copyTruncate(name, fmt.Sprintf("%s.%d", name, rotations[name]))
					w.tick()
				case 2:
					a.pending = nil // the crash
					w.ok(s.Close())
					s = open()
				}
				for range r.IntN(4) {
					ctx, cancel := context.WithTimeout(t.Context(), w.config.Poll)
					if err := a.read(ctx, s); err != nil && !errors.Is(err, context.DeadlineExceeded) {
						t.Fatal(err)
					}
					cancel()
				}
				a.spool(t.Context(), s, r.IntN(len(a.pending)+1))
			}
			lines := func() []string {
				var got []string
				for _, data := range a.records {
					if strings.HasPrefix(data, "line ") {
						got = append(got, data)
					}
				}
				return got
			}
			deadline := time.Now().Add(realtest.Patience)
			for len(lines()) < len(want) && time.Now().Before(deadline) {
				ctx, cancel := context.WithTimeout(t.Context(), w.config.Poll)
				if err := a.read(ctx, s); err != nil && !errors.Is(err, context.DeadlineExceeded) {
					t.Fatal(err)
				}
				cancel()
				a.spool(t.Context(), s, len(a.pending))
			}
			at := map[string]string{}
			for place, data := range a.records {
				if other, twice := at[data]; twice && strings.HasPrefix(data, "line ") {
					t.Fatalf("%s at %s and at %s; %+v", data, place, other, s.Status())
				}
				at[data] = place
			}
			got := lines()
			slices.Sort(got)
			slices.Sort(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%.2000s", diff)
			}
			for place, data := range a.records {
				if data == plugins.SourceGap {
					t.Errorf("a gap at %s", place)
				}
			}
		})
	}
}

// A cursor that was cut off, or in which bytes are wrong, is refused, or is one that
// the source can go on from; it never makes it fail later.
func TestCase53DamagedCursor(t *testing.T) {
	w := newWorld(t, true)
	w.write("a.log", "a1\na2\n")
	w.start()
	w.want("a1", "a2")
	w.stop()
	for i, m := range w.cursor {
		for n := range len(m.Value) + 1 {
			for _, value := range [][]byte{m.Value[:n], append(append(bytes.Clone(m.Value[:n]), 0xff), m.Value[min(n+1, len(m.Value)):]...)} {
				cursor := slices.Clone(w.cursor)
				cursor[i].Value = value
				s, err := New(w.config)
				w.ok(err)
				if err := s.Open(t.Context(), cursor); err != nil {
					if !strings.Contains(err.Error(), m.Key) {
						t.Errorf("%v does not name %s", err, m.Key)
					}
				} else if n == 0 {
					t.Errorf("opened at mark %q", value)
				}
				w.ok(s.Close())
			}
		}
	}
	w.start() // what is whole still holds
	w.write("a.log", "a3\n")
	w.want("a1", "a2", "a3")
}

// The agent is blocked in its output, for long, and then it is told to end.
func TestCase54CancelledWhileTheOutputIsBlocked(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		text := numbered(0, 3000)
		w.write("a.log", text)
		w.start()
		w.ok(w.step(t.Context()))
		w.rename("a.log", "a.log.1") // nobody reads while all this goes on
		w.write("a.log.1", "late\n")
		w.write("a.log", "b1\n")
		for range 50 {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := w.step(ctx); !errors.Is(err, context.Canceled) {
				t.Fatalf("a cancelled Read returned %v", err)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { // cancels at any time
			defer close(done)
			runtime.Gosched()
			cancel()
		}()
		for w.step(ctx) == nil {
		}
		<-done
		w.want(strings.Split(text+"late\nb1", "\n")...)
	})
}

// At every place that a record tells of, there is the record.
func TestCase40OffsetsAreRight(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		r := rand.New(rand.NewPCG(40, 40))
		var text strings.Builder
		n := 0
		w.start()
		for range 10 {
			var part strings.Builder
			for range 200 {
				n++
				part.WriteString(strings.Repeat("é", 1+r.IntN(79)))
				part.WriteString([]string{"\n", "\r\n"}[r.IntN(2)])
			}
			text.WriteString(part.String())
			w.write("a.log", part.String())
			if r.IntN(3) == 0 {
				w.until("some", func() bool { return len(w.records) > n/2 })
				w.restart()
			}
		}
		w.until("read", func() bool { return len(w.records) == n })
		at := int64(0)
		for i, rec := range w.records {
			p := rec.Pos
			if p.Offset != at || text.String()[p.Offset:p.Offset+p.Length] != string(rec.Data) {
				t.Fatalf("record %d is %q at %+v, want at %d", i, rec.Data, p, at)
			}
			at += p.Length + 1
			if text.String()[at-1] == '\r' {
				at++
			}
		}
	})
}
