package lanes

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/actiontrail/actiontrail/agent"
	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/internal/wire"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/host"
)

// The test binary is its own plugin.
func TestMain(m *testing.M) {
	if host.Launched() {
		host.Serve(host.Plugin{Source: newRequests})
		return
	}
	os.Exit(m.Run())
}

// requests is a source of so many requests.
type requests struct {
	Count int `json:"count"`
	at    int
}

func newRequests(config []byte) (plugins.Source, error) {
	r := &requests{}
	return r, plugins.DecodeConfig(config, r)
}

func (r *requests) Open(_ context.Context, at plugins.Cursor) error {
	r.at, _ = strconv.Atoi(string(at.Value("n")))
	return nil
}

func (r *requests) Read(ctx context.Context) (plugins.Batch, error) {
	if ctx.Err() != nil {
		return plugins.Batch{}, ctx.Err()
	}
	if r.at == r.Count {
		<-ctx.Done()
		return plugins.Batch{}, ctx.Err()
	}
	var b plugins.Batch
	for range min(100, r.Count-r.at) {
		line := fmt.Appendf(nil, `{"time_iso8601":"2026-01-01T00:00:00Z","request_method":"GET","request_uri":"/orders/%d?pad=%s","status":200}`, r.at, strings.Repeat("x", 1000))
		b.Records = append(b.Records, plugins.Record{Data: line, Pos: plugins.Position{FileID: "requests", Offset: int64(r.at), Length: int64(len(line))}})
		r.at++
	}
	b.Next = plugins.Cursor{{Key: "n", Value: strconv.AppendInt(nil, int64(r.at), 10)}}
	return b, nil
}

func (*requests) Committed(context.Context, plugins.Cursor) error { return nil }
func (*requests) Close() error                                    { return nil }

func loadPlugin(t *testing.T, body string) *config.Config {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "x.hcl")
	text := fmt.Sprintf("source \"plugin\" \"acme\" {\n  format = \"nginx\"\n%s\n}\n", strings.ReplaceAll(body, "SELF", strconv.Quote(self)))
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// What the plugin itself says of its configuration has file and line.
func TestCheckPlugins(t *testing.T) {
	for _, c := range []struct{ body, wrong, unasked string }{
		{"command = [SELF]\nconfig {\n  count = 7\n}", "", ""},
		{"command = [SELF]\nconfig {\n  count = \"7\"\n  colour = \"red\"\n}", "x.hcl:5:11: a whole number is needed here, not a string\n    count = \"7\"\n            ^^^\n", ""},
		{"command = [SELF]\nconfig {\n  count = 7\n  colour = \"red\"\n}", `x.hcl:6:12: there is no attribute "colour"; there are: count`, ""},
		{"command = [SELF]\nsha256 = \"" + strings.Repeat("0", 64) + "\"", "x.hcl:4:10: ", ""},
		{"command = [\"/not/there\"]", "", "no such file"},
		{"command = [\"true\"]", "", "no plugin"},
	} {
		var unasked error
		err := CheckPlugins(t.Context(), loadPlugin(t, c.body), slog.New(slog.DiscardHandler), func(source string, err error) {
			if unasked = err; source != "acme" {
				t.Errorf("source %s", source)
			}
		})
		if wrong := (*config.Mistakes)(nil); (err != nil) != (c.wrong != "") || err != nil && (!errors.As(err, &wrong) || !strings.Contains(err.Error(), c.wrong)) {
			t.Errorf("%s\nis wrong with:\n%v", c.body, err)
		}
		if (unasked != nil) != (c.unasked != "") || unasked != nil && !strings.Contains(unasked.Error(), c.unasked) {
			t.Errorf("%s\nwas not asked: %v", c.body, unasked)
		}
	}
}

// held is a stream in memory.
type held struct {
	mu       sync.Mutex
	messages []bus.Message
}

func (h *held) Publish(_ context.Context, subject, _ string, message []byte) (uint64, bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.keep(subject, message), false, nil
}

// keep puts a message at the end, and tells its seq. h.mu is held.
func (h *held) keep(subject string, message []byte) uint64 {
	seq := uint64(len(h.messages) + 1)
	h.messages = append(h.messages, bus.Message{Subject: subject, Seq: seq, Data: append([]byte(nil), message...)})
	return seq
}

func (h *held) Last(context.Context, string) (bus.Message, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.messages) == 0 {
		return bus.Message{}, bus.ErrNone
	}
	return h.messages[len(h.messages)-1], nil
}

func (h *held) Next(_ context.Context, _ string, seq uint64) (bus.Message, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if seq > uint64(len(h.messages)) {
		return bus.Message{}, bus.ErrNone
	}
	return h.messages[max(seq, 1)-1], nil
}

// A lane over a plugin, whose process is killed again and again, and which is itself
// started again: each record becomes one event.
func TestPluginLane(t *testing.T) {
	const records = 40_000
	cfg := loadPlugin(t, fmt.Sprintf("command = [SELF]\nconfig {\n  count = %d\n}", records))
	dir, stream := t.TempDir(), &held{}
	key, err := agent.LoadKey(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, upTo := range []int{records / 2, records + 2} {
		l, err := New(cfg, dir, key, stream, Reports{Send: func(context.Context, string, string, []byte) error { return nil }}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { l.Run(ctx) })
		killed := uint64(0)
		realtest.Until(t, realtest.Patience, "the events of the plugin", func() bool {
			if p := l.plugins["acme"].Status(); p.Running && p.Starts > killed && killed < 5 {
				killed = p.Starts
				_ = syscall.Kill(p.PID, syscall.SIGKILL)
			}
			return stream.events(t) >= upTo // the events of the starts come besides
		})
		stop()
		running.Wait()
		if killed == 0 {
			t.Error("no process was killed")
		}
	}
	times := map[int64]int{}
	for _, m := range stream.messages {
		b, err := wire.Open(m.Data)
		if err != nil {
			t.Fatal(err)
		}
		for i := range b.Events {
			if o := b.Events[i].Origin; o.FileID == "requests" {
				times[o.Offset]++
			}
		}
	}
	for i := range int64(records) {
		if times[i] != 1 {
			t.Fatalf("request %d has %d events; %d requests in all", i, times[i], len(times))
		}
	}
}

// events is how many events there are.
func (h *held) events(t *testing.T) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, m := range h.messages {
		header, _, err := wire.ReadHeader(m.Data)
		if err != nil {
			t.Fatal(err)
		}
		n += int(header.Count)
	}
	return n
}
