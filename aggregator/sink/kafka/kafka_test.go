package kafka

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/access"
	"github.com/actiontrail/actiontrail/internal/brokers"
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

func cluster(t testing.TB, options ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1)}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func makeTopic(t testing.TB, c *kfake.Cluster, name string, partitions int32, settings map[string]string) {
	t.Helper()
	if err := c.CreateTopic(name, partitions, settings); err != nil {
		t.Fatal(err)
	}
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

// records are all that a topic holds.
func records(a brokers.Access, topic string, partitions int32) (all []*kgo.Record, err error) {
	ctx := context.Background()
	client, err := kgo.NewClient(a.Options()...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	s := &Sink{config: Config{Topic: topic, Key: KeyEvent}, timeout: answerWithin}
	d, err := s.describe(ctx, client)
	if err != nil {
		return nil, err
	}
	last, err := s.listOffsets(ctx, client, &d, -1)
	if err != nil || len(last) != int(partitions) {
		return nil, fmt.Errorf("%d partitions, %w", len(last), err)
	}
	for n, end := range last {
		if end == 0 {
			continue
		}
		reader, err := kgo.NewClient(append(a.Options(), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {n: kgo.NewOffset().At(0)}}))...)
		if err != nil {
			return nil, err
		}
		for at := int64(0); at < end; {
			for _, r := range reader.PollFetches(ctx).Records() {
				all, at = append(all, r), r.Offset+1
			}
		}
		reader.Close()
	}
	return all, nil
}

func TestSink(t *testing.T) {
	c := cluster(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	places := 0
	for _, where := range []string{"in process", "in its own process"} {
		t.Run(where, func(t *testing.T) {
			sinktest.Run(t, sinktest.Harness{
				Repeats: true, // the suite notes no marks
				New: func(t testing.TB) sinktest.Place {
					places++
					config := Config{Brokers: c.ListenAddrs(), Topic: fmt.Sprint("audit.", places), MaxBytes: 64 << 10}
					makeTopic(t, c, config.Topic, 3, nil)
					return sinktest.Place{
						Open: func() plugins.Sink {
							if where == "in process" {
								return newSink(t, config)
							}
							text, err := json.Marshal(config)
							if err != nil {
								t.Fatal(err)
							}
							return host.NewSink(host.Program{Name: "kafka", Command: []string{self}, Config: text})
						},
						Held: func() ([]event.Event, error) { return held(c, config.Topic, 3) },
					}
				},
				Spoil: func(e *event.Event) { e.UserAgent = strings.Repeat("x", 64<<10) },
			})
		})
	}
}

func held(c *kfake.Cluster, topic string, partitions int32) (all []event.Event, err error) {
	got, err := records(brokers.Access{Brokers: c.ListenAddrs()}, topic, partitions)
	for _, r := range got {
		e, err := event.ParseJSON(r.Value)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, err
}

// some are plain events.
func some(from, to int) (all []event.Event) {
	for i := from; i < to; i++ {
		all = append(all, event.Event{ID: fmt.Sprintf("event-%06d", i), Name: "Do", RecipientAccountID: fmt.Sprint(i % 3), UserAgent: strings.Repeat("a ", i%200),
			Time: event.Unix(1_760_000_000_000_000_000+int64(i)*1e6, 3), Identity: event.Identity{UserName: fmt.Sprint("user-", i%5)}})
	}
	return all
}

// once tells of events that are not there exactly once.
func once(t *testing.T, got []event.Event, want int) {
	t.Helper()
	times := map[string]int{}
	for i := range got {
		times[got[i].ID]++
	}
	var wrong []string
	for _, e := range some(0, want) {
		if n := times[e.ID]; n != 1 {
			wrong = append(wrong, fmt.Sprintf("%s %d times", e.ID, n))
		}
	}
	if len(wrong) > 0 || len(times) != want {
		t.Errorf("%d events are there, %d were written; %d are not there once: %v", len(times), want, len(wrong), wrong[:min(5, len(wrong))])
	}
}

func TestRecords(t *testing.T) {
	c := cluster(t)
	for key, want := range map[string]string{"": "event-000001", KeyActor: "user-1", KeyAccount: "1"} {
		topic := "keys." + want
		makeTopic(t, c, topic, 2, nil)
		s := newSink(t, Config{Brokers: c.ListenAddrs(), Topic: topic, Key: key, Format: "cloudtrail", Producer: "t/d", Compression: "lz4"})
		if err := s.Write(t.Context(), some(1, 2)); err != nil {
			t.Fatal(err)
		}
		got, err := records(*s.reach(), topic, 2)
		if err != nil || len(got) != 1 {
			t.Fatal(got, err)
		}
		headers := map[string]string{}
		for _, h := range got[0].Headers {
			headers[h.Key] = string(h.Value)
		}
		if string(got[0].Key) != want || headers["eventId"] != "event-000001" || headers["format"] != "cloudtrail" || headers["producer"] != "t/d" || !strings.Contains(string(got[0].Value), `"eventID":"event-000001"`) {
			t.Errorf("%s: key %q, headers %v, %s", key, got[0].Key, headers, got[0].Value)
		}
	}
}

// A topic that takes less at once than we send has what it takes, and only what is too
// large by itself is refused.
func TestTooLarge(t *testing.T) {
	c := cluster(t)
	makeTopic(t, c, "small", 2, map[string]string{"max.message.bytes": "20000"})
	s := newSink(t, Config{Brokers: c.ListenAddrs(), Topic: "small", Compression: "none"})
	events := some(0, 800)
	for _, i := range []int{3, 799} {
		events[i].UserAgent = strings.Repeat("x", 20_000)
	}
	refused := (*plugins.BatchError)(nil)
	err := s.Write(t.Context(), events)
	if refused, _ = err.(*plugins.BatchError); refused == nil || len(refused.Refused) != 2 || refused.Refused[3] == nil || refused.Refused[799] == nil {
		t.Fatal(err)
	}
	if err := s.Resume(t.Context(), s.Mark()); err != nil {
		t.Fatal(err)
	}
	events = some(800, 900)
	if err := s.Write(t.Context(), events); err != nil {
		t.Fatal(err)
	}
	got, err := held(c, "small", 2)
	if err != nil || len(got) != 898 {
		t.Fatal(len(got), err)
	}
}

func TestSignsIn(t *testing.T) {
	dir := t.TempDir()
	password := dir + "/password"
	if err := os.WriteFile(password, []byte("pass:word\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, mechanism := range []string{"", brokers.ScramSHA256} {
		method := map[string]string{"": "SCRAM-SHA-512", brokers.ScramSHA256: "SCRAM-SHA-256"}[mechanism]
		c := cluster(t, kfake.EnableSASL(), kfake.Superuser(method, "trail", "pass:word"), kfake.SeedTopics(1, "audit"))
		config := Config{Brokers: c.ListenAddrs(), Topic: "audit", SASL: &brokers.SASL{Mechanism: mechanism, User: "trail", PasswordFile: password}}
		if err := newSink(t, config).Write(t.Context(), some(0, 3)); err != nil {
			t.Fatal(err)
		}
		config.SASL = &brokers.SASL{Mechanism: mechanism, User: "other", PasswordFile: password}
		s := newSink(t, config)
		s.timeout = 2 * time.Second
		if err := s.Write(t.Context(), some(0, 3)); err == nil || !strings.Contains(err.Error(), "password_file") || strings.Contains(err.Error(), "pass:word") {
			t.Error(err)
		}
		config.SASL = &brokers.SASL{Mechanism: mechanism, User: "trail", PasswordFile: dir + "/none"}
		if err := newSink(t, config).Write(t.Context(), some(0, 3)); err == nil || !strings.Contains(err.Error(), "password_file") {
			t.Error(err)
		}
	}
}

func TestWrong(t *testing.T) {
	at := []string{"b:1"}
	for _, c := range []Config{
		{Topic: "t"}, {Brokers: []string{"b"}, Topic: "t"}, {Brokers: at}, {Brokers: at, Topic: "a b"}, {Brokers: at, Topic: ".."}, {Brokers: at, Topic: "t", Key: "x"}, {Brokers: at, Topic: "t", Format: "x"},
		{Brokers: at, Topic: "t", Compression: "x"}, {Brokers: at, Topic: "t", MaxBytes: 1}, {Brokers: at, Topic: "t", TLS: &access.Client{Cert: "a"}}, {Brokers: at, Topic: "t", SASL: &brokers.SASL{User: "u"}},
		{Brokers: at, Topic: "t", SASL: &brokers.SASL{User: "u", PasswordFile: "p", Mechanism: "plain"}}, {Brokers: at, Topic: "t", SASL: &brokers.SASL{User: "u", PasswordFile: "p", Mechanism: "x"}},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%+v is taken", c)
		}
	}
	c := cluster(t)
	s := newSink(t, Config{Brokers: c.ListenAddrs(), Topic: "none"})
	if err := s.Write(t.Context(), some(0, 1)); err == nil || !strings.Contains(err.Error(), "make the topic") {
		t.Error(err)
	}
	makeTopic(t, c, "compacted", 1, map[string]string{"cleanup.policy": "compact"})
	s = newSink(t, Config{Brokers: c.ListenAddrs(), Topic: "compacted", Key: KeyActor})
	if err := s.Write(t.Context(), some(0, 1)); err == nil || !strings.Contains(err.Error(), "is compacted") {
		t.Error(err)
	}
	if err := s.Resume(t.Context(), []byte("x")); err == nil {
		t.Error("a damaged mark is taken")
	}
}

func FuzzMark(f *testing.F) {
	f.Add(mark{offsets: map[int32]int64{0: 5, 1: 0, 7: 1 << 40}}.append(nil))
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parseMark(b)
		if err != nil {
			return
		}
		again, err := parseMark(m.append(nil))
		if err != nil || again.topic != m.topic || len(again.offsets) != len(m.offsets) {
			t.Errorf("%x is read as %+v, and that as %+v, %v", b, m, again, err)
		}
	})
}
