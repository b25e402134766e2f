package natssource

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/push/pushtest"
	"github.com/actiontrail/actiontrail/plugins/sourcetest"
)

// start runs a real server in this process.
func start(t *testing.T) (url string, conn *nats.Conn, js jetstream.JetStream) {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(realtest.Patience) {
		t.Fatal("the server does not listen")
	}
	if conn, err = nats.Connect(s.ClientURL()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	if js, err = jetstream.New(conn); err != nil {
		t.Fatal(err)
	}
	return s.ClientURL(), conn, js
}

func makeStream(t *testing.T, js jetstream.JetStream) {
	t.Helper()
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "AUDIT", Subjects: []string{"audit.>"}, Storage: jetstream.MemoryStorage}); err != nil {
		t.Fatal(err)
	}
}

func publish(t *testing.T, js jetstream.JetStream, from, to int) (all []string) {
	t.Helper()
	for i := from; i < to; i++ {
		text := fmt.Sprintf(`{"n":%d,"pad":"%s"}`, i, strings.Repeat("x", i%300))
		all = append(all, text)
		if _, err := js.PublishAsync(fmt.Sprint("audit.", i%3), []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case <-js.PublishAsyncComplete():
	case <-time.After(realtest.Patience):
		t.Fatal("the server does not keep messages")
	}
	return all
}

func newSource(t testing.TB, c Config) plugins.Source {
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStream(t *testing.T) {
	url, _, js := start(t)
	makeStream(t, js)
	all := publish(t, js, 0, 3000)
	var want []string
	for i, text := range all {
		if i%3 != 2 {
			want = append(want, text)
		}
	}
	sourcetest.Run(t, sourcetest.Harness{Want: want, Patience: realtest.Patience, New: func(t testing.TB) plugins.Source {
		return newSource(t, Config{Servers: []string{url}, Stream: "AUDIT", Subjects: []string{"audit.0", "audit.1"}})
	}})
}

// read reads n records from a cursor on.
func read(t *testing.T, c Config, at plugins.Cursor, n int) (records []string, after plugins.Cursor) {
	t.Helper()
	s := newSource(t, c)
	if err := s.Open(t.Context(), at); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), realtest.Patience)
	defer cancel()
	for first := true; len(records) < n || first && n == 0; first = false {
		b, err := s.Read(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range b.Records {
			records = append(records, string(r.Data))
		}
		at = at.Merge(b.Next)
	}
	return records, at
}

// A stream that is made anew is read from its beginning; one whose end was asked for, from where it ended
// when the source first met it, whenever records come.
func TestStreamMadeAnew(t *testing.T) {
	url, _, js := start(t)
	makeStream(t, js)
	c := Config{Servers: []string{url}, Stream: "AUDIT", Subjects: []string{"audit.>"}}
	want := publish(t, js, 0, 10)
	got, at := read(t, c, nil, 10)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if err := js.DeleteStream(t.Context(), "AUDIT"); err != nil {
		t.Fatal(err)
	}
	makeStream(t, js)
	want = publish(t, js, 10, 15)
	got, at = read(t, c, at, 5)
	if diff := cmp.Diff(want, got); diff != "" || len(at) != 1 {
		t.Error(diff, at)
	}
	c.Start = "end"
	if got, at = read(t, c, nil, 0); len(got) > 0 || len(at) != 1 {
		t.Error(got, at)
	}
	want = publish(t, js, 15, 18) // while nobody reads
	if got, _ = read(t, c, at, 3); cmp.Diff(want, got) != "" {
		t.Error(cmp.Diff(want, got))
	}
}

// Without a stream what is published while the source listens is read, and it says what that means.
func TestListener(t *testing.T) {
	url, conn, _ := start(t)
	var want []string
	for i := range 2500 {
		want = append(want, fmt.Sprintf(`{"n":%d,"pad":"%s"}`, i, strings.Repeat("x", i%300)))
	}
	var log realtest.Logged
	logger := slog.New(slog.NewTextHandler(&log, nil))
	sourcetest.Run(t, sourcetest.Harness{Want: want, Patience: realtest.Patience, New: func(t testing.TB) plugins.Source {
		l := newSource(t, Config{Servers: []string{url}, Subjects: []string{"logs.*"}, Log: logger}).(*Listener)
		l.draw = pushtest.Instance
		return &pushtest.Driven{Source: l, Want: want, Next: func() int64 { return l.opened().Next() }, Send: func(_ context.Context, records []string) {
			for _, r := range records {
				if conn.Publish("logs.gw", []byte(r)) != nil {
					return
				}
			}
			_ = conn.Flush()
		}}
	}})
	if !strings.Contains(log.String(), "is lost") {
		t.Error("nobody is told that messages can be lost")
	}
}

func TestNew(t *testing.T) {
	for _, c := range []Config{{}, {Servers: []string{"nats://a"}}, {Servers: []string{"nats://a"}, Subjects: []string{"a"}, Start: "x"}, {Servers: []string{"nats://a"}, Subjects: []string{"a"}, MaxLine: -1}} {
		if _, err := New(c); err == nil {
			t.Errorf("%+v is taken", c)
		}
	}
	s := newSource(t, Config{Servers: []string{"nats://127.0.0.1:1"}, Subjects: []string{"a"}, Stream: "A"})
	for _, m := range []plugins.Mark{{Key: "x", Value: []byte{1, 0}}, {Key: "s/A/1", Value: []byte{2, 0}}, {Key: "s/A/1", Value: []byte{1}}, {Key: "s/A/1", Value: []byte{1, 0, 0}}} {
		if err := s.Open(t.Context(), plugins.Cursor{m}); err == nil {
			t.Errorf("%+v is taken", m)
		}
	}
}
