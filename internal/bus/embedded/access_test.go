package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/internal/bus/embedded"
	"github.com/actiontrail/actiontrail/internal/realtest"
)

const patience = realtest.Patience

// user is an agent with its key.
type user struct {
	bus.Agent
	login bus.Login
}

func newUser(t *testing.T, account, name string) user {
	t.Helper()
	pair, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	public, err := pair.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	return user{bus.Agent{Account: account, Name: name, Key: public}, bus.Login{Public: public, Sign: pair.Sign}}
}

func (u user) subject() string { return "events." + u.Account + "." + u.Name + ".edge" }

// dial connects as the agent does.
func (u user) dial(t *testing.T, address string, secure *bus.TLS) *bus.Conn {
	t.Helper()
	c, err := bus.Connect(bus.Config{Name: u.Name, Servers: []string{address}, Login: &u.login, TLS: secure, Inbox: u.Inbox()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// raw connects as an attacker does who has the agent's key; what the server refuses is told to refused.
func (u user) raw(t *testing.T, address string) (nc *nats.Conn, refused chan string) {
	t.Helper()
	refused = make(chan string, 16)
	nc, err := nats.Connect(address, nats.Nkey(u.login.Public, u.login.Sign), nats.CustomInboxPrefix("_INBOX_"+u.Inbox()), nats.NoReconnect(),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { refused <- err.Error() }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc, refused
}

// start runs a server for these agents, and the aggregator's connection with its stream.
func start(t *testing.T, cfg embedded.Config) (s *embedded.Server, core *bus.Conn) {
	t.Helper()
	if cfg.Dir == "" {
		cfg.Dir = t.TempDir()
	}
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:0"
	}
	cfg.MaxBytes = 64 << 20
	s, err := embedded.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	core, err = bus.Connect(bus.Config{Name: "aggregator", Server: s})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(core.Close)
	if err := core.EnsureStream(t.Context(), bus.StreamConfig{MaxBytes: 32 << 20}); err != nil {
		t.Fatal(err)
	}
	return s, core
}

// serve runs the answers to agents that recover.
func serve(t *testing.T, core *bus.Conn) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- core.ServeRecovery(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// trouble waits until publishing fails with an error that has all these words.
func trouble(t *testing.T, c *bus.Conn, subject string, words ...string) {
	t.Helper()
	var err error
	defer func() { t.Logf("last answer: %v", err) }()
	realtest.Until(t, realtest.Patience, strings.Join(words, ", "), func() bool {
		_, _, err = c.Publish(t.Context(), subject, "id", []byte("x"))
		if err == nil || !errors.Is(err, bus.ErrConnected) {
			return false
		}
		for _, w := range words {
			if !strings.Contains(err.Error(), w) {
				return false
			}
		}
		return true
	})
}

// healed waits until publishing works.
func healed(t *testing.T, c *bus.Conn, subject string) {
	t.Helper()
	var err error
	defer func() {
		if err != nil {
			t.Log(err)
		}
	}()
	realtest.Until(t, realtest.Patience, "a publish that is taken", func() bool {
		_, _, err = c.Publish(t.Context(), subject, "id", []byte("x"))
		return err == nil
	})
}

// An agent does what it needs.
func TestAgentsRights(t *testing.T) {
	one, two := newUser(t, "prod", "a1"), newUser(t, "prod", "a2")
	s, core := start(t, embedded.Config{Agents: []bus.Agent{one.Agent, two.Agent}})
	serve(t, core)
	c := one.dial(t, "nats://"+s.Addr(), nil)
	realtest.Until(t, realtest.Patience, "a connection", c.Connected)
	if _, err := c.Last(t.Context(), one.subject()); !errors.Is(err, bus.ErrNone) {
		t.Errorf("last of nothing: %v", err)
	}
	realtest.Until(t, realtest.Patience, "the aggregator to serve", func() bool {
		_, err := c.Next(t.Context(), one.subject(), 1)
		return errors.Is(err, bus.ErrNone)
	})
	for i := range 3 {
		if _, _, err := c.Publish(t.Context(), one.subject(), fmt.Sprint(i), []byte(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	if _, again, err := c.Publish(t.Context(), one.subject(), "2", []byte("2")); err != nil || !again {
		t.Errorf("the same id: %v, %v", again, err)
	}
	if m, err := c.Last(t.Context(), one.subject()); err != nil || string(m.Data) != "2" || m.Seq != 3 {
		t.Errorf("last: %+v, %v", m, err)
	}
	if m, err := c.Next(t.Context(), one.subject(), 2); err != nil || string(m.Data) != "1" || m.Seq != 2 || m.Subject != one.subject() || m.Stored.IsZero() {
		t.Errorf("next: %+v, %v", m, err)
	}
	if _, err := c.Next(t.Context(), one.subject(), 4); !errors.Is(err, bus.ErrNone) {
		t.Errorf("next after the last: %v", err)
	}
}

// With the key of one agent nothing else can be done; the server says so each time.
func TestAgentsLimits(t *testing.T) {
	one, two := newUser(t, "prod", "a1"), newUser(t, "dev", "a1")
	s, core := start(t, embedded.Config{Agents: []bus.Agent{one.Agent, two.Agent}})
	if _, _, err := core.Publish(t.Context(), two.subject(), "1", []byte("secret")); err != nil {
		t.Fatal(err)
	}
	nc, refused := one.raw(t, "nats://"+s.Addr())
	for _, subject := range []string{
		two.subject(), "events.prod.a2.edge", "events.prod.a1", "events.prod.a1.edge.more",
		"$JS.API.DIRECT.GET.EVENTS." + two.subject(), "$JS.API.DIRECT.GET.EVENTS", "$JS.API.STREAM.INFO.EVENTS", "$JS.API.STREAM.PURGE.EVENTS",
		"$JS.API.STREAM.DELETE.EVENTS", "$JS.API.STREAM.MSG.GET.EVENTS", "$JS.API.CONSUMER.CREATE.EVENTS", "recover.dev.a1.edge", "agents.dev.a1", "agents.prod.a1.x",
		"_INBOX_dev.a1.x", "$SYS.REQ.SERVER.PING",
	} {
		if err := nc.PublishRequest(subject, nc.NewInbox(), []byte(`{"seq":1}`)); err != nil {
			t.Fatal(err)
		}
		wantRefused(t, refused, `Permissions Violation for Publish to "`+subject+`"`)
	}
	for _, subject := range []string{"events.>", ">", "_INBOX.>", "_INBOX_" + two.Inbox() + ".>", "_INBOX_prod.*.>", "agents.>", "recover.>", "$JS.>", "$SYS.>"} {
		if _, err := nc.SubscribeSync(subject); err != nil {
			t.Fatal(err)
		}
		wantRefused(t, refused, `Permissions Violation for Subscription to "`+subject+`"`)
	}
	if m, err := core.Last(t.Context(), two.subject()); err != nil || string(m.Data) != "secret" {
		t.Errorf("the other's batch: %q, %v", m.Data, err)
	}
}

func wantRefused(t *testing.T, refused chan string, want string) {
	t.Helper()
	select {
	case got := <-refused:
		if !strings.Contains(strings.ToLower(got), strings.ToLower(want)) {
			t.Errorf("refused %q, want %q", got, want)
		}
	case <-time.After(patience):
		t.Fatalf("allowed: want %q", want)
	}
}

// forge names another agent's subject as the reply subject, so that the server
// publishes its acknowledgement there. When it returns the server has acknowledged.
func forge(t *testing.T, nc *nats.Conn, one, two user) {
	t.Helper()
	if err := nc.PublishMsg(&nats.Msg{Subject: one.subject(), Reply: two.subject(), Data: []byte("mine")}); err != nil {
		t.Fatal(err)
	}
	// Acknowledgements are sent in order: the one before is out when this one is here.
	if _, err := nc.Request(one.subject(), []byte("mine, too"), patience); err != nil {
		t.Fatal(err)
	}
}

// In one account the acknowledgement lands on the other agent's subject, whatever
// the rights. This is the danger; the next test shows the way out of it.
func TestForgingInOneAccount(t *testing.T) {
	one, two, core := newUser(t, "prod", "a1"), newUser(t, "prod", "a2"), newUser(t, "prod", "core")
	r := one.Rights()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, JetStream: true, StoreDir: t.TempDir(), Nkeys: []*server.NkeyUser{
		{Nkey: core.Key},
		{Nkey: one.Key, Permissions: &server.Permissions{Publish: &server.SubjectPermission{Allow: r.Publish}, Subscribe: &server.SubjectPermission{Allow: r.Subscribe}}}}})
	if err != nil {
		t.Fatal(err)
	}
	go s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(patience) {
		t.Fatal("the server does not start")
	}
	c, err := bus.Connect(bus.Config{Name: "core", Servers: []string{s.ClientURL()}, Login: &core.login})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	realtest.Until(t, realtest.Patience, "a connection", c.Connected)
	if err := c.EnsureStream(t.Context(), bus.StreamConfig{MaxBytes: 1 << 20}); err != nil {
		t.Fatal(err)
	}
	serve(t, c)
	nc, _ := one.raw(t, s.ClientURL())
	forge(t, nc, one, two)
	// At least what we serve ourselves answers to inboxes alone.
	own := one.dial(t, s.ClientURL(), nil)
	realtest.Until(t, realtest.Patience, "the aggregator to serve", func() bool { _, err := own.Next(t.Context(), one.subject(), 1); return err == nil })
	if err := nc.PublishMsg(&nats.Msg{Subject: "recover.prod.a1.edge", Reply: two.subject(), Data: []byte("1")}); err != nil {
		t.Fatal(err)
	}
	if _, err := nc.Request("recover.prod.a1.edge", []byte("1"), patience); err != nil {
		t.Fatal(err)
	}
	realtest.Until(t, realtest.Patience, "the acknowledgement on the other's subject", func() bool {
		m, err := c.Last(t.Context(), two.subject())
		return err == nil && strings.HasPrefix(string(m.Data), `{"stream":"EVENTS"`)
	})
}

func TestForgingFromItsOwnAccount(t *testing.T) {
	one, two := newUser(t, "prod", "a1"), newUser(t, "prod", "a2")
	s, core := start(t, embedded.Config{Agents: []bus.Agent{one.Agent, two.Agent}})
	serve(t, core)
	nc, _ := one.raw(t, "nats://"+s.Addr())
	forge(t, nc, one, two)
	// The other services answer as little to a subject of the stream.
	for _, subject := range []string{"$JS.API.DIRECT.GET.EVENTS." + one.subject(), "recover.prod.a1.edge"} {
		if err := nc.PublishMsg(&nats.Msg{Subject: subject, Reply: two.subject(), Data: nil}); err != nil {
			t.Fatal(err)
		}
		if _, err := nc.Request(subject, nil, patience); err != nil {
			t.Fatal(err)
		}
	}
	if m, err := core.Last(t.Context(), two.subject()); !errors.Is(err, bus.ErrNone) {
		t.Errorf("on the other's subject is %q, %v", m.Data, err)
	}
	if state, err := core.State(t.Context()); err != nil || state.Messages != 2 {
		t.Errorf("the stream holds %+v, %v; want the two batches", state, err)
	}
}

// Who is not enrolled does not come in, is told what to do, and comes in as soon as it is enrolled.
func TestEnrolLater(t *testing.T) {
	s, core := start(t, embedded.Config{})
	address := "nats://" + s.Addr()
	u, other := newUser(t, "prod", "a1"), newUser(t, "prod", "a2")
	nobody, err := bus.Connect(bus.Config{Name: "nobody", Servers: []string{address}})
	if err != nil {
		t.Fatal(err)
	}
	defer nobody.Close()
	trouble(t, nobody, u.subject(), "does not let this client in", "`actiontrail keys agent` makes them")
	if err := s.SetAgents([]bus.Agent{other.Agent}); err != nil {
		t.Fatal(err)
	}
	sign, tries := u.login.Sign, new(atomic.Int64)
	u.login.Sign = func(nonce []byte) ([]byte, error) { tries.Add(1); return sign(nonce) }
	c := u.dial(t, address, nil)
	trouble(t, c, u.subject(), "does not let this client in", u.Key, "actiontrail keys")
	realtest.Until(t, realtest.Patience, "some more tries", func() bool { return tries.Load() > 3 })
	if err := s.SetAgents([]bus.Agent{other.Agent, u.Agent}); err != nil {
		t.Fatal(err)
	}
	healed(t, c, u.subject())
	if _, err := core.State(t.Context()); err != nil {
		t.Errorf("the aggregator after the reload: %v", err)
	}
	// A restart of the server keeps who may come in.
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	realtest.Until(t, realtest.Patience, "the connection to break", func() bool { return !c.Connected() })
	healed(t, c, u.subject())
}

// A revoked agent is thrown out and stays out; the others do not notice.
func TestRevoke(t *testing.T) {
	u, other := newUser(t, "prod", "a1"), newUser(t, "prod", "a2")
	s, core := start(t, embedded.Config{Agents: []bus.Agent{u.Agent, other.Agent}})
	address := "nats://" + s.Addr()
	nc, _ := u.raw(t, address)
	still, _ := other.raw(t, address)
	c := u.dial(t, address, nil)
	healed(t, c, u.subject())
	if err := s.SetAgents([]bus.Agent{other.Agent}); err != nil {
		t.Fatal(err)
	}
	realtest.Until(t, realtest.Patience, "the connection to be closed", nc.IsClosed)
	trouble(t, c, u.subject(), "does not let this client in", "is revoked")
	if _, err := nats.Connect(address, nats.Nkey(u.login.Public, u.login.Sign)); !errors.Is(err, nats.ErrAuthorization) {
		t.Errorf("the revoked agent comes back: %v", err)
	}
	if _, err := still.Request(other.subject(), []byte("x"), patience); err != nil || still.IsClosed() {
		t.Errorf("the other agent: %v", err)
	}
	if _, err := core.State(t.Context()); err != nil {
		t.Error(err)
	}
}

// A key that lacks the right to its subject gets no answer; the reason is told.
func TestWithoutTheRight(t *testing.T) {
	u := newUser(t, "prod", "a1")
	s, _ := start(t, embedded.Config{Agents: []bus.Agent{u.Agent}})
	renamed := u
	renamed.Name = "a9"
	c := renamed.dial(t, "nats://"+s.Addr(), nil)
	realtest.Until(t, realtest.Patience, "a connection", c.Connected)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, _, err := c.Publish(ctx, renamed.subject(), "1", nil)
	if !errors.Is(err, bus.ErrRefused) || !strings.Contains(err.Error(), renamed.subject()) && !strings.Contains(err.Error(), "_INBOX_") || !strings.Contains(err.Error(), u.Key) {
		t.Errorf("error is %v", err)
	}
}

// A store of a version without accounts is taken over.
func TestStoreOfAnOlderVersion(t *testing.T) {
	dir := t.TempDir()
	old, err := server.NewServer(&server.Options{DontListen: true, NoSigs: true, JetStream: true, StoreDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	go old.Start()
	if !old.ReadyForConnections(patience) {
		t.Fatal("the server does not start")
	}
	c, err := bus.Connect(bus.Config{Name: "old", Server: old})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.EnsureStream(t.Context(), bus.StreamConfig{MaxBytes: 1 << 20}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Publish(t.Context(), "events.prod.a1.edge", "1", []byte("old")); err != nil {
		t.Fatal(err)
	}
	c.Close()
	old.Shutdown()
	old.WaitForShutdown()
	_, core := start(t, embedded.Config{Dir: dir})
	if m, err := core.Last(t.Context(), "events.prod.a1.edge"); err != nil || string(m.Data) != "old" || m.Seq != 1 {
		t.Errorf("%+v, %v", m, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "jetstream", "$G", "streams")); err == nil {
		t.Error("the old folder is still there")
	}
}

// What stands in the table of agents cannot become configuration of the server.
func TestNamesAreNoConfiguration(t *testing.T) {
	u := newUser(t, "prod", "a1")
	for _, a := range []bus.Agent{{Account: "prod", Name: "a1.>", Key: u.Key}, {Account: "p\n}", Name: "a1", Key: u.Key}, {Account: "prod", Name: "a1", Key: "U }"}, {Account: "prod", Name: "a1", Key: "S" + u.Key[1:]}} {
		if text, err := bus.Accounts(nil, []bus.Agent{a}); err == nil {
			t.Errorf("%+v gave %s", a, text)
		}
	}
}
