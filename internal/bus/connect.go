package bus

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Config says how to reach NATS.
type Config struct {
	Name        string                     // of this client, shown by the server
	Server      nats.InProcessConnProvider // a server in this process (embedded.Server); nil: Servers
	Servers     []string                   // nats:// or tls:// addresses
	Login       *Login                     // the key that this client shows the server; nil: none
	Credentials string                     // path of a .creds file, read again at each connection; empty: none
	TLS         *TLS                       // how to secure the connection; nil: as the addresses say
	Inbox       string                     // Agent.Inbox of an agent, which has no rights but its own; empty: all rights
	Log         *slog.Logger
}

// Login shows a server who a client is: it signs what the server asks it to sign.
type Login struct {
	Public string // key, an nkey: U…
	Sign   func([]byte) ([]byte, error)
}

// Waits between attempts to connect.
const (
	firstReconnect   = 250 * time.Millisecond
	longestReconnect = 5 * time.Second
)

// Connect makes a connection. It returns at once: a server that is not there
// yet, or refuses this client, is tried again for ever, and calls fail with an
// ErrConnected that says why until then.
func Connect(cfg Config) (*Conn, error) {
	c := &Conn{cfg: cfg}
	if c.cfg.Log == nil {
		c.cfg.Log = slog.New(slog.DiscardHandler)
	}
	url, options, err := c.options()
	if err != nil {
		return nil, err
	}
	nc, err := nats.Connect(url, options...)
	if err != nil {
		return nil, fmt.Errorf("connect to NATS %s: %w", url, c.cfg.explain(err))
	}
	js, err := jetstream.New(nc)
	if err != nil {
		nc.Close()
		return nil, err
	}
	c.nc, c.js = nc, js
	return c, nil
}

func (c *Conn) options() (url string, options []nats.Option, err error) {
	cfg, log := &c.cfg, c.cfg.Log
	options = []nats.Option{
		nats.Name(cfg.Name),
		nats.MaxReconnects(-1),
		nats.RetryOnFailedConnect(true),
		nats.IgnoreAuthErrorAbort(), // a key can be enrolled later
		nats.CustomReconnectDelay(reconnectDelay),
		nats.ReconnectBufSize(-1), // a publish without a connection fails at once; the spool holds it
		nats.PingInterval(20 * time.Second),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				log.Warn("connection to NATS lost", "error", err)
			}
		}),
		nats.ReconnectHandler(func(nc *nats.Conn) {
			c.trouble.Store(nil)
			log.Info("connected to NATS again", "server", nc.ConnectedUrlRedacted())
		}),
		nats.ReconnectErrHandler(func(_ *nats.Conn, err error) {
			err = cfg.explain(err)
			if old := c.trouble.Swap(&err); old == nil || (*old).Error() != err.Error() {
				log.Warn("no connection to NATS, trying again", "error", err)
			}
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			c.refusal.Store(&err)
			log.Error("NATS refuses", "error", err)
		}),
	}
	url = nats.DefaultURL
	switch {
	case cfg.Server != nil:
		options = append(options, nats.InProcessServer(cfg.Server))
		if own, ok := cfg.Server.(interface{ Login() Login }); ok && cfg.Login == nil {
			login := own.Login()
			cfg.Login = &login
		}
	case len(cfg.Servers) > 0:
		url = strings.Join(cfg.Servers, ",")
	}
	switch {
	case cfg.Login != nil:
		options = append(options, nats.Nkey(cfg.Login.Public, cfg.Login.Sign))
	case cfg.Credentials != "":
		options = append(options, nats.UserCredentials(cfg.Credentials))
	}
	if cfg.TLS != nil {
		secure, err := cfg.TLS.client()
		if err != nil {
			return "", nil, err
		}
		options = append(options, secure...)
	}
	if cfg.Inbox != "" {
		options = append(options, nats.CustomInboxPrefix(inboxPrefix+cfg.Inbox))
	}
	return url, options, nil
}

// reconnectDelay doubles from one attempt to the next, with a quarter of jitter.
func reconnectDelay(attempts int) time.Duration {
	wait := min(firstReconnect<<min(max(attempts-1, 0), 10), longestReconnect)
	return wait*3/4 + rand.N(wait/4)
}
