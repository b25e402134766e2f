package host

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/sinktest"
)

// ndjson is a sink into one file, which it reads at its first Write to know what it has.
type ndjson struct {
	name  string
	known map[string]bool
}

func newTestSink(config []byte) (plugins.Sink, error) {
	var c testConfig
	if err := plugins.DecodeConfig(config, &c); err != nil {
		return nil, err
	}
	if c.Spool == "" {
		return nil, &plugins.ConfigError{Problems: []plugins.Problem{{Text: "spool is missing"}}}
	}
	return &ndjson{name: filepath.Join(c.Spool, "events.ndjson")}, nil
}

func (n *ndjson) Write(ctx context.Context, events []event.Event) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if n.known == nil {
		held, err := n.held()
		if err != nil {
			return err
		}
		n.known = map[string]bool{}
		for i := range held {
			n.known[held[i].ID] = true
		}
	}
	refused := map[int]error{}
	var text []byte
	for i := range events {
		switch e := &events[i]; {
		case e.Name == "":
			refused[i] = errors.New("an event without a name")
		case !n.known[e.ID]:
			n.known[e.ID] = true
			text = append(e.AppendJSON(text), '\n')
		}
	}
	f, err := os.OpenFile(n.name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Write(text); err != nil {
		return err
	}
	if len(refused) > 0 {
		return &plugins.BatchError{Refused: refused}
	}
	return nil
}

func (n *ndjson) held() ([]event.Event, error) {
	text, err := os.ReadFile(n.name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	var all []event.Event
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for err == nil && lines.Scan() {
		var e event.Event
		e, err = event.ParseJSON(lines.Bytes())
		all = append(all, e)
	}
	return all, err
}

// The suite is kept by the sink itself, and by the same one in its own process.
func TestSinkKeepsItsContract(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"in process", "over gRPC"} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			sinktest.Run(t, sinktest.Harness{
				New: func(t testing.TB) sinktest.Place {
					n := &ndjson{name: filepath.Join(t.TempDir(), "events.ndjson")}
					return sinktest.Place{Held: n.held, Open: func() plugins.Sink {
						if where == "in process" {
							return &ndjson{name: n.name}
						}
						return NewSink(program(t, testConfig{Spool: filepath.Dir(n.name)}))
					}}
				},
				Spoil: func(e *event.Event) { e.Name = "" },
			})
		})
	}
}

// A process that was killed fails one Write, and the next one starts it again.
func TestKilledSink(t *testing.T) {
	t.Parallel()
	n := &ndjson{name: filepath.Join(t.TempDir(), "events.ndjson")}
	s := NewSink(program(t, testConfig{Spool: filepath.Dir(n.name)}))
	defer s.Close()
	one := []event.Event{{ID: "1", Name: "One"}}
	for turn := range 3 {
		if err := s.Write(t.Context(), one); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(s.process.child.number(), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		if err := s.Write(t.Context(), []event.Event{{ID: "2", Name: "Two"}}); !errors.Is(err, errGone) {
			t.Fatalf("turn %d: %v", turn, err)
		}
	}
	if err := s.Write(t.Context(), []event.Event{{ID: "2", Name: "Two"}}); err != nil {
		t.Fatal(err)
	}
	if held, err := n.held(); err != nil || len(held) != 2 {
		t.Errorf("%d events, %v", len(held), err)
	}
}

func TestSinkChecksItsConfiguration(t *testing.T) {
	t.Parallel()
	s := NewSink(program(t, testConfig{}))
	wrong := (*plugins.ConfigError)(nil)
	for name, err := range map[string]error{"check": s.Check(t.Context()), "write": s.Write(t.Context(), []event.Event{{ID: "1"}})} {
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), "spool is missing") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
