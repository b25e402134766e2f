package bus_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/internal/realtest"
)

// candidate is a process that wants to lead.
type candidate struct {
	conn  *bus.Conn
	lease *bus.Lease
	stop  context.CancelFunc
	done  chan struct{}
	began chan bool            // whether the lease was taken from somebody
	ctx   chan context.Context // of each time that it leads
}

// want has a candidate with a connection of its own want the lease.
func want(t *testing.T, dial func() *bus.Conn, id, run string, lasts time.Duration) *candidate {
	t.Helper()
	conn := dial()
	c := &candidate{conn: conn, done: make(chan struct{}), began: make(chan bool, 9), ctx: make(chan context.Context, 9),
		lease: conn.Lease(bus.LeaseConfig{Name: "lead", Holder: bus.Holder{ID: id, Run: run, Name: "server " + id}, Time: lasts, Log: slog.New(slog.DiscardHandler)})}
	ctx, stop := context.WithCancel(t.Context())
	c.stop = stop
	go func() {
		defer close(c.done)
		c.lease.Run(ctx, func(ctx context.Context, taken bool) {
			c.began <- taken
			c.ctx <- ctx
			<-ctx.Done()
		})
	}()
	t.Cleanup(func() { stop(); <-c.done })
	return c
}

// leads waits until it leads; the answer is whether somebody else had led.
func (c *candidate) leads(t *testing.T) (ctx context.Context, taken bool) {
	t.Helper()
	select {
	case taken = <-c.began:
		return <-c.ctx, taken
	case <-time.After(realtest.Patience):
		t.Fatal("it does not come to lead")
		return nil, false
	}
}

func (c *candidate) follows(t *testing.T, leader string) {
	t.Helper()
	realtest.Until(t, realtest.Patience, "the leader to be known", func() bool { who, here := c.lease.Leader(); return who.ID == leader && !here })
	if len(c.began) > 0 {
		t.Fatal("two lead")
	}
}

// shared runs a server with a stream; the function makes connections to it.
func shared(t *testing.T) func() *bus.Conn {
	t.Helper()
	server, first := start(t, t.TempDir(), "")
	ensure(t, first, bus.StreamConfig{})
	return func() *bus.Conn {
		c, err := bus.Connect(bus.Config{Name: "test", Server: server})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		return c
	}
}

// forever is a lease that does not end by itself while a test runs.
const forever = time.Hour

// brief is one that does.
const brief = 3 * time.Second

func TestLeaseIsHandedOverAtAStop(t *testing.T) {
	dial := shared(t)
	one := want(t, dial, "a", "a1", 6*time.Second)
	one.leads(t)
	two := want(t, dial, "b", "b1", 6*time.Second)
	two.follows(t, "a")
	one.stop()
	<-one.done
	if who, here := one.lease.Leader(); who != (bus.Holder{}) || here {
		t.Errorf("who has stopped says that %+v leads", who)
	}
	if _, taken := two.leads(t); !taken {
		t.Error("it was not told that another one had led")
	}
	if who, here := two.lease.Leader(); who.ID != "b" || !here {
		t.Errorf("leader: %+v", who)
	}
}

// Given back means at once: nobody waits for the end of a lease that lasts an hour.
func TestLeaseThatWasGivenBackIsFree(t *testing.T) {
	dial := shared(t)
	one := want(t, dial, "a", "a1", forever)
	one.leads(t)
	one.stop()
	<-one.done
	want(t, dial, "b", "b1", forever).leads(t)
}

func TestLeaseOfADeadHolderEnds(t *testing.T) {
	dial := shared(t)
	one := want(t, dial, "a", "a1", brief)
	leading, _ := one.leads(t)
	two := want(t, dial, "b", "b1", brief)
	two.follows(t, "a")
	one.conn.Close() // nothing is given back
	two.leads(t)
	select {
	case <-leading.Done():
	case <-time.After(realtest.Patience):
		t.Error("who cannot renew its lease goes on leading")
	}
}

// The same installation, started again after a kill, need not wait for itself.
func TestLeaseOfAnEarlierRun(t *testing.T) {
	dial := shared(t)
	one := want(t, dial, "a", "a1", forever)
	leading, _ := one.leads(t)
	one.conn.Close()
	again := want(t, dial, "a", "a2", forever)
	if _, taken := again.leads(t); taken {
		t.Error("it took the lease from itself")
	}
	if leading.Err() != nil {
		t.Error("the lease ended before its time") // that is, the test shows what it should
	}
}

// Whoever is overtaken finds out with the next renewal.
func TestOvertakenHolderStops(t *testing.T) {
	dial := shared(t)
	one := want(t, dial, "a", "a1", 6*time.Second)
	leading, _ := one.leads(t)
	two := want(t, dial, "a", "a2", 6*time.Second) // a copy of the data folder
	two.leads(t)
	select {
	case <-leading.Done():
	case <-time.After(realtest.Patience):
		t.Fatal("it goes on")
	}
	one.follows(t, "a")
}

func TestSharedDocuments(t *testing.T) {
	dial := shared(t)
	ctx := t.Context()
	open := func() *bus.Shared {
		s, err := dial().Shared(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	one, two := open(), open()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := one.Get(ctx, "trails/all.hcl"); !errors.Is(err, bus.ErrNone) {
		t.Fatalf("an absent document: %v", err)
	}
	must(one.Put(ctx, "trails/all.hcl", []byte("1")))
	must(one.Put(ctx, "trails/all.hcl", []byte("2")))
	if err := two.Put(ctx, "trails/all.hcl", []byte("x")); !errors.Is(err, bus.ErrOvertaken) {
		t.Errorf("writing over what was never read: %v", err)
	}
	if got, err := two.Get(ctx, "trails/all.hcl"); err != nil || string(got) != "2" {
		t.Errorf("got %q, %v", got, err)
	}
	must(two.Put(ctx, "trails/all.hcl", []byte("3")))
	if err := one.Put(ctx, "trails/all.hcl", []byte("y")); !errors.Is(err, bus.ErrOvertaken) {
		t.Errorf("writing over what another one wrote: %v", err)
	}
	if err := one.Delete(ctx, "trails/all.hcl"); !errors.Is(err, bus.ErrOvertaken) {
		t.Errorf("removing what another one wrote: %v", err)
	}
	must(two.Put(ctx, "trails/b.hcl", []byte("b")))
	must(two.Put(ctx, "stops.json", []byte("s")))
	names, err := one.List(ctx, "trails")
	slices.Sort(names)
	if err != nil || !slices.Equal(names, []string{"trails/all.hcl", "trails/b.hcl"}) {
		t.Errorf("list: %q, %v", names, err)
	}
	must(two.Delete(ctx, "trails/all.hcl"))
	must(two.Delete(ctx, "trails/none.hcl"))
	if names, err := one.List(ctx, "trails"); err != nil || !slices.Equal(names, []string{"trails/b.hcl"}) {
		t.Errorf("after a removal: %q, %v", names, err)
	}
	must(two.Put(ctx, "trails/all.hcl", []byte("again")))
}
