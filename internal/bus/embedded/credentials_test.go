package embedded_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"

	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/internal/realtest"
)

// A server of an operator, with accounts and users as JWTs: an agent comes in
// with a .creds file and has its own rights; a file that has ended is told, and
// healed by a new one.
func TestCredentials(t *testing.T) {
	draw := func(kind func() (nkeys.KeyPair, error)) (nkeys.KeyPair, string) {
		pair, err := kind()
		if err != nil {
			t.Fatal(err)
		}
		public, err := pair.PublicKey()
		if err != nil {
			t.Fatal(err)
		}
		return pair, public
	}
	encode := func(c jwt.Claims, by nkeys.KeyPair) string {
		text, err := c.Encode(by)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	operator, operatorKey := draw(nkeys.CreateOperator)
	account, accountKey := draw(nkeys.CreateAccount)
	_, systemKey := draw(nkeys.CreateAccount)
	oc := jwt.NewOperatorClaims(operatorKey)
	oc.SystemAccount = systemKey
	oc, err := jwt.DecodeOperatorClaims(encode(oc, operator))
	if err != nil {
		t.Fatal(err)
	}
	ac := jwt.NewAccountClaims(accountKey)
	ac.Limits.JetStreamLimits = jwt.JetStreamLimits{DiskStorage: -1, MemoryStorage: -1, Streams: -1, Consumer: -1}
	accounts := &server.MemAccResolver{}
	for key, text := range map[string]string{accountKey: encode(ac, operator), systemKey: encode(jwt.NewAccountClaims(systemKey), operator)} {
		if err := accounts.Store(key, text); err != nil {
			t.Fatal(err)
		}
	}
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, JetStream: true, StoreDir: t.TempDir(),
		TrustedOperators: []*jwt.OperatorClaims{oc}, AccountResolver: accounts, SystemAccount: systemKey})
	if err != nil {
		t.Fatal(err)
	}
	go s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(patience) {
		t.Fatal("the server does not start")
	}
	dir := t.TempDir()
	creds := func(name string, rights *bus.Rights, ends time.Time) string {
		pair, public := draw(nkeys.CreateUser)
		uc := jwt.NewUserClaims(public)
		uc.Name, uc.Expires = name, ends.Unix()
		if rights != nil {
			uc.Pub.Allow.Add(rights.Publish...)
			uc.Sub.Allow.Add(rights.Subscribe...)
		}
		seed, err := pair.Seed()
		if err != nil {
			t.Fatal(err)
		}
		text, err := jwt.FormatUserConfig(encode(uc, account), seed)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name+".creds")
		write(t, path, text)
		return path
	}
	dial := func(path, inbox string) *bus.Conn {
		c, err := bus.Connect(bus.Config{Name: "test", Servers: []string{s.ClientURL()}, Credentials: path, Inbox: inbox})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		return c
	}
	core := dial(creds("aggregator", nil, tomorrow()), "")
	realtest.Until(t, realtest.Patience, "a connection", core.Connected)
	if err := core.EnsureStream(t.Context(), bus.StreamConfig{MaxBytes: 1 << 20}); err != nil {
		t.Fatal(err)
	}
	me := bus.Agent{Account: "prod", Name: "a1"}
	rights := me.Rights()
	path := creds("a1", &rights, hourAgo())
	c := dial(path, me.Inbox())
	trouble(t, c, "events.prod.a1.edge", "replace or correct "+path)
	creds("a1", &rights, tomorrow())
	healed(t, c, "events.prod.a1.edge")
	if m, err := c.Last(t.Context(), "events.prod.a1.edge"); err != nil || string(m.Data) != "x" {
		t.Errorf("its own last batch: %q, %v", m.Data, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := c.Last(ctx, "events.prod.a2.edge"); err == nil || errors.Is(err, bus.ErrNone) {
		t.Errorf("another's last batch: %v", err)
	}
}
