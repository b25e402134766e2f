package kafka

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/actiontrail/actiontrail/internal/brokers"
	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/sourcetest"
)

// cluster has a topic of three partitions.
func cluster(t *testing.T) []string {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(3, "audit"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c.ListenAddrs()
}

func brokersOf(addrs []string) brokers.Access { return brokers.Access{Brokers: addrs} }

func produce(t *testing.T, addrs []string, from, to int) (all []string) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(addrs...), kgo.DefaultProduceTopic("audit"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var records []*kgo.Record
	for i := from; i < to; i++ {
		text := fmt.Sprintf(`{"n":%d,"pad":"%s"}`, i, strings.Repeat("x", i%300))
		all = append(all, text)
		records = append(records, &kgo.Record{Value: []byte(text), Key: fmt.Append(nil, i)})
	}
	if err := client.ProduceSync(t.Context(), records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
	return all
}

func newSource(t testing.TB, c Config) *Source {
	c.Topics = []string{"audit"}
	if c.Group == "" {
		c.Group = "actiontrail"
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSource(t *testing.T) {
	addrs := cluster(t)
	want := produce(t, addrs, 0, 3000)
	groups := 0
	sourcetest.Run(t, sourcetest.Harness{Want: want, Patience: realtest.Patience, New: func(t testing.TB) plugins.Source {
		groups++ // what one run told its group is nothing to the next one, which has its cursor
		return newSource(t, Config{Access: brokersOf(addrs), Group: fmt.Sprint("run-", groups)})
	}})
}

// reader reads as an agent does.
type reader struct {
	*Source
	at      plugins.Cursor
	records []string
}

func start(t *testing.T, c Config, at plugins.Cursor) *reader {
	t.Helper()
	r := &reader{Source: newSource(t, c), at: at}
	if err := r.Open(t.Context(), at); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// read takes what is there within a while; commit says whether it becomes durable.
func (r *reader) read(ctx context.Context, commit bool) (int, error) {
	b, err := r.Read(ctx)
	if err != nil {
		return 0, err
	}
	for _, x := range b.Records {
		r.records = append(r.records, string(x.Data))
	}
	if r.at = r.at.Merge(b.Next); commit {
		err = r.Committed(ctx, r.at)
	}
	return len(b.Records), err
}

// Two agents share the partitions, and one of them leaves: each record is read once. The group
// knows then how far all was read.
func TestShared(t *testing.T) {
	addrs := cluster(t)
	want := produce(t, addrs, 0, 500)
	ctx, cancel := context.WithTimeout(t.Context(), realtest.Patience)
	defer cancel()
	one := start(t, Config{Access: brokersOf(addrs), Shared: true}, nil)
	for len(one.records) < 200 {
		if _, err := one.read(ctx, true); err != nil {
			t.Fatal(err)
		}
	}
	two := start(t, Config{Access: brokersOf(addrs), Shared: true}, nil)
	total := len(one.records)
	turns, stop := context.WithCancel(ctx)
	read := make(chan error, 2)
	got := make(chan int, 10_000)
	for _, r := range []*reader{one, two} {
		go func() {
			for {
				n, err := r.read(turns, true)
				if err != nil {
					if turns.Err() != nil {
						err = nil
					}
					read <- err
					return
				}
				got <- n
			}
		}()
	}
	want = append(want, produce(t, addrs, 500, 3000)...)
	for total < len(want) {
		select {
		case n := <-got:
			total += n
		case err := <-read:
			t.Fatal(err)
		}
	}
	stop()
	for range 2 {
		if err := <-read; err != nil {
			t.Fatal(err)
		}
	}
	times := map[string]int{}
	for _, text := range append(one.records, two.records...) {
		times[text]++
	}
	for _, text := range want {
		if times[text] != 1 {
			t.Errorf("%s was read %d times", text, times[text])
		}
	}
	if err := one.Close(); err != nil {
		t.Fatal(err)
	}
	if err := two.Close(); err != nil {
		t.Fatal(err)
	}
	more := produce(t, addrs, 3000, 3010)
	three := start(t, Config{Access: brokersOf(addrs), Shared: true}, nil) // knows nothing but what the group does
	for len(three.records) < len(more) {
		if _, err := three.read(ctx, true); err != nil {
			t.Fatal(err)
		}
	}
	if len(three.records) != len(more) {
		t.Errorf("%d records, want %d: %.200q", len(three.records), len(more), three.records)
	}
}

func TestNew(t *testing.T) {
	at := brokersOf([]string{"b:1"})
	for _, c := range []Config{{}, {Access: at}, {Access: at, Topics: []string{"t"}}, {Topics: []string{"t"}, Group: "g"}, {Access: at, Topics: []string{"t"}, Group: "g", Start: "x"}} {
		if _, err := New(c); err == nil {
			t.Errorf("%+v is taken", c)
		}
	}
	for _, v := range []string{"", "\x01", "\x02\x00", "\x01\x00\x00"} {
		if _, err := readCursor(plugins.Cursor{{Key: "t/1", Value: []byte(v)}}); err == nil {
			t.Errorf("mark %q is taken", v)
		}
	}
}
