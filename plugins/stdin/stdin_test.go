package stdin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/push"
	"github.com/actiontrail/actiontrail/plugins/push/pushtest"
	"github.com/actiontrail/actiontrail/plugins/sourcetest"
)

// piped is a source with a new pipe each time that it is opened, as a new process has one.
type piped struct {
	*Source
	w *io.PipeWriter
}

func (p *piped) Open(ctx context.Context, at plugins.Cursor) error {
	r, w := io.Pipe()
	p.Source.input, p.w = newInput(push.NewLines(r, DefaultMaxLine)), w
	return p.Source.Open(ctx, at)
}

func TestSource(t *testing.T) {
	var want []string
	for i := range 2500 {
		want = append(want, fmt.Sprintf(`{"n":%d,"pad":"%s"}`, i, strings.Repeat("x", i%200)))
	}
	for _, ends := range []bool{false, true} {
		t.Run(fmt.Sprintf("ends %v", ends), func(t *testing.T) {
			sourcetest.Run(t, sourcetest.Harness{Want: want, Ends: ends, Patience: realtest.Patience, New: func(t testing.TB) plugins.Source {
				s, err := New(Config{In: strings.NewReader("")})
				if err != nil {
					t.Fatal(err)
				}
				s.draw = pushtest.Instance
				p := &piped{Source: s}
				return &pushtest.Driven{Source: p, Want: want, Next: func() int64 { return s.opened().queue.Next() }, Send: func(ctx context.Context, records []string) {
					w := p.w
					stop := context.AfterFunc(ctx, func() { _ = w.Close() })
					defer stop()
					_, err := w.Write([]byte(strings.Join(append(records, ""), "\n")))
					if err == nil && ends {
						_ = w.Close()
					} else if err == nil {
						<-ctx.Done()
					}
				}}
			}})
		})
	}
}

// A lane that begins anew in the same process has again what was read and not durable, at the same places.
func TestLaneBeginsAnew(t *testing.T) {
	r, w := io.Pipe()
	s, err := New(Config{In: r})
	if err != nil {
		t.Fatal(err)
	}
	const all = 5000
	go func() {
		defer w.Close()
		for i := range all {
			if _, err := fmt.Fprintln(w, i); err != nil {
				return
			}
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), realtest.Patience)
	defer cancel()
	var at plugins.Cursor
	got := map[int64]string{}
	for round := 0; ; round++ {
		if err := s.Open(ctx, at); err != nil {
			t.Fatal(err)
		}
		var err error
		for reads := 0; reads < 4; reads++ {
			var b plugins.Batch
			if b, err = s.Read(ctx); err != nil {
				break
			}
			if reads == 2 {
				continue // it is read and not durable, nor is what follows
			}
			if reads == 3 {
				break
			}
			for _, x := range b.Records {
				if had, twice := got[x.Pos.Offset]; twice {
					t.Fatalf("%q and %q are at %d", had, x.Data, x.Pos.Offset)
				}
				got[x.Pos.Offset] = string(x.Data)
			}
			at = at.Merge(b.Next)
			if err := s.Committed(ctx, at); err != nil {
				t.Fatal(err)
			}
		}
		if errClose := s.Close(); errClose != nil {
			t.Fatal(errClose)
		}
		if errors.Is(err, io.EOF) && len(got) == all {
			break
		}
		if err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
	}
	for i := range all {
		if got[int64(i)] != fmt.Sprint(i) {
			t.Fatalf("record %d is %q", i, got[int64(i)])
		}
	}
}
