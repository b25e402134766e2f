package natssink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/access"
	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/host"
	"github.com/actiontrail/actiontrail/plugins/sinktest"
)

// The test binary is its own plugin.
func TestMain(m *testing.M) {
	if host.Launched() {
		host.Serve(host.Plugin{Sink: func(config []byte) (plugins.Sink, error) {
			var c Config
			if err := plugins.DecodeConfig(config, &c); err != nil {
				return nil, err
			}
			return New(c)
		}})
		return
	}
	os.Exit(m.Run())
}

// start runs a real server in this process.
func start(t testing.TB, change func(*server.Options)) (url string, conn *nats.Conn) {
	t.Helper()
	o := &server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true, MaxPayload: 1 << 20}
	if change != nil {
		change(o)
	}
	s, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(realtest.Patience) {
		t.Fatal("the server does not listen")
	}
	return s.ClientURL(), dial(t, s.ClientURL())
}

func dial(t testing.TB, url string) *nats.Conn {
	t.Helper()
	conn, err := nats.Connect(url, nats.UserInfo("admin", "x"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	return conn
}

func makeStream(t testing.TB, conn *nats.Conn, c jetstream.StreamConfig) jetstream.Stream {
	t.Helper()
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	s, err := js.CreateStream(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newSink(t testing.TB, c Config) *Sink {
	t.Helper()
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// held are the events of a subject in a stream.
func held(conn *nats.Conn, name, subject string) (all []event.Event, err error) {
	js, err := jetstream.New(conn)
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	stream, err := js.Stream(ctx, name)
	if err != nil {
		return nil, err
	}
	info, err := stream.Info(ctx, jetstream.WithSubjectFilter(subject))
	if err != nil {
		return nil, err
	}
	left := info.State.Subjects[subject]
	consumer, err := stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{FilterSubjects: []string{subject}})
	if err != nil {
		return nil, err
	}
	for left > 0 {
		m, err := consumer.Next()
		if err != nil {
			return nil, err
		}
		left--
		e, err := event.ParseJSON(m.Data())
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}

func spoil(e *event.Event) { e.UserAgent = strings.Repeat("x", 1<<20) }

func TestSink(t *testing.T) {
	url, conn := start(t, nil)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	places := 0
	for _, where := range []string{"in process", "in its own process"} {
		open := func(t testing.TB, c Config) func() plugins.Sink {
			return func() plugins.Sink {
				if where == "in process" {
					return newSink(t, c)
				}
				text, err := json.Marshal(c)
				if err != nil {
					t.Fatal(err)
				}
				return host.NewSink(host.Program{Name: "nats", Command: []string{self}, Config: text})
			}
		}
		t.Run("stream "+where, func(t *testing.T) {
			sinktest.Run(t, sinktest.Harness{Spoil: spoil, New: func(t testing.TB) sinktest.Place {
				places++
				c := Config{Servers: []string{url}, Subject: fmt.Sprintf("audit.%d.events", places)}
				name := fmt.Sprint("AUDIT", places)
				makeStream(t, conn, jetstream.StreamConfig{Name: name, Subjects: []string{fmt.Sprintf("audit.%d.>", places)}, Storage: jetstream.MemoryStorage})
				return sinktest.Place{Open: open(t, c), Held: func() ([]event.Event, error) { return held(conn, name, c.Subject) }}
			}})
		})
		t.Run("core "+where, func(t *testing.T) {
			sinktest.Run(t, sinktest.Harness{Spoil: spoil, Repeats: true, New: func(t testing.TB) sinktest.Place {
				places++
				c := Config{Servers: []string{url}, Subject: fmt.Sprintf("core.%d", places), Core: true}
				sub, err := conn.SubscribeSync(c.Subject)
				if err == nil {
					err = conn.Flush()
				}
				if err != nil {
					t.Fatal(err)
				}
				return sinktest.Place{Open: open(t, c), Held: func() (all []event.Event, err error) {
					if err := conn.Flush(); err != nil { // what the server has sent before is here then
						return nil, err
					}
					for {
						m, err := sub.NextMsg(100 * time.Millisecond)
						if errors.Is(err, nats.ErrTimeout) {
							return all, nil
						}
						if err != nil {
							return nil, err
						}
						e, err := event.ParseJSON(m.Data)
						if err != nil {
							return nil, err
						}
						all = append(all, e)
					}
				}}
			}})
		})
	}
}

// some are plain events.
func some(from, to int) (all []event.Event) {
	for i := from; i < to; i++ {
		all = append(all, event.Event{ID: fmt.Sprintf("event %06d\n", i), Name: "Do", UserAgent: strings.Repeat("a ", i%200), Time: event.Unix(1_760_000_000_000_000_000+int64(i)*1e6, 3)})
	}
	return all
}

func TestMessages(t *testing.T) {
	url, conn := start(t, nil)
	stream := makeStream(t, conn, jetstream.StreamConfig{Name: "AUDIT", Subjects: []string{"audit.>"}, MaxMsgSize: 3000})
	// Two trails send one event into one stream: it is there for both.
	for _, c := range []Config{{Subject: "audit.a", Producer: "a.nats"}, {Subject: "audit.b", Producer: "b.nats", Format: "cloudtrail"}} {
		c.Servers = []string{url}
		events := some(7, 8)
		events = append(events, some(8, 9)...)
		events[1].UserAgent = strings.Repeat("x", 3000)
		err := newSink(t, c).Write(t.Context(), events)
		if refused := (*plugins.BatchError)(nil); !errors.As(err, &refused) || len(refused.Refused) != 1 || !strings.Contains(refused.Refused[1].Error(), "max_msg_size") {
			t.Error(err)
		}
		m, err := stream.GetLastMsgForSubject(t.Context(), c.Subject)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{"eventId": "event%20000007%0A", "producer": c.Producer, "format": newSink(t, c).format.Name, "Nats-Msg-Id": c.Producer + "/event%20000007%0A"}
		for name, value := range want {
			if m.Header.Get(name) != value {
				t.Errorf("header %s is %q, want %q", name, m.Header.Get(name), value)
			}
		}
		if !strings.Contains(string(m.Data), `event 000007\n`) {
			t.Errorf("%s", m.Data)
		}
	}
}

// Our own stream is refused, wherever it is, and so are streams that are not there.
func TestWrong(t *testing.T) {
	url, conn := start(t, func(o *server.Options) {
		o.Users = []*server.User{{Username: "admin", Password: "x"}, {Username: "weak", Password: "x", Permissions: &server.Permissions{Publish: &server.SubjectPermission{Allow: []string{"$JS.API.>"}}}}}
	})
	makeStream(t, conn, jetstream.StreamConfig{Name: "EVENTS", Subjects: []string{"events.>"}})
	makeStream(t, conn, jetstream.StreamConfig{Name: "AUDIT", Subjects: []string{"audit.>"}})
	user := func(name string) []string {
		return []string{strings.Replace(url, "nats://", "nats://"+name+":x@", 1)}
	}
	for _, c := range []struct {
		config Config
		want   string
	}{
		{Config{Servers: user("admin"), Subject: "events.a.b.c"}, "agents' batches"},
		{Config{Servers: user("admin"), Subject: "nobody"}, "make one, or write jetstream = false"},
		{Config{Servers: user("weak"), Subject: "audit.a"}, "allow to publish"},
		{Config{Servers: user("weak"), Subject: "audit.a", Core: true}, "allow to publish"},
		{Config{Servers: user("other"), Subject: "audit.a"}, "Authorization Violation"},
		{Config{Servers: []string{"nats://127.0.0.1:1"}, Subject: "audit.a"}, "connect to NATS"},
		{Config{Servers: user("admin"), Subject: "audit.a", NKey: "/none"}, "nkey"},
		{Config{Servers: user("admin"), Subject: "audit.a", TLS: &access.Client{CA: "/none"}}, "ca_file"},
	} {
		s := newSink(t, c.config)
		s.timeout = 2 * time.Second
		if err := s.Write(t.Context(), some(0, 1)); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), ":x@") {
			t.Errorf("%+v: %v, want %s", c.config, err, c.want)
		}
	}
	at := []string{"nats://a"}
	for _, c := range []Config{{Subject: "a"}, {Servers: at}, {Servers: at, Subject: "a.*"}, {Servers: at, Subject: "a..b"}, {Servers: at, Subject: "$SYS.a"}, {Servers: at, Subject: "_INBOX.a"}, {Servers: at, Subject: "a b"},
		{Servers: at, Subject: "a", Format: "x"}, {Servers: at, Subject: "a", NKey: "a", Credentials: "b"}, {Servers: at, Subject: "a", TLS: &access.Client{Key: "a"}}, {Servers: at, Subject: "a", Producer: "a\nb"}} {
		if _, err := New(c); err == nil {
			t.Errorf("%+v is taken", c)
		}
	}
	if err := newSink(t, Config{Servers: at, Subject: "a"}).Resume(t.Context(), []byte("x")); err == nil {
		t.Error("a damaged mark is taken")
	}
}

func FuzzMark(f *testing.F) {
	f.Add(mark{1_760_000_000_000_000_000, 77}.append(nil))
	f.Add([]byte{1, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parseMark(b)
		if err != nil {
			return
		}
		if again, err := parseMark(m.append(nil)); err != nil || again != m {
			t.Errorf("%x is read as %+v, and that as %+v, %v", b, m, again, err)
		}
	})
}
