package natssink

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"

	"github.com/nats-io/nats.go"
)

// connect reaches a server, with what the files say now. A connection that breaks is not
// made again by itself: what was under way is in doubt then.
func (s *Sink) connect(ctx context.Context) error {
	refusal := s.refusal
	options := []nats.Option{
		nats.Name("actiontrail " + s.config.Producer), nats.NoReconnect(), nats.Timeout(s.timeout), nats.SetCustomDialer(dialer{ctx, net.Dialer{Timeout: s.timeout}}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { refusal.Store(&err) }),
	}
	if s.config.Credentials != "" {
		options = append(options, nats.UserCredentials(s.config.Credentials))
	}
	if s.config.NKey != "" {
		login, err := nats.NkeyOptionFromSeed(s.config.NKey)
		if err != nil {
			return fmt.Errorf("nkey: %w", err)
		}
		options = append(options, login)
	}
	if c := s.config.TLS; c != nil {
		config, err := c.Config("")
		if err != nil {
			return err
		}
		options = append(options, nats.Secure(&tls.Config{MinVersion: tls.VersionTLS12, RootCAs: config.RootCAs, Certificates: config.Certificates}))
	}
	o := nats.GetDefaultOptions()
	o.Servers = s.config.Servers
	for _, set := range options {
		if err := set(&o); err != nil {
			return err
		}
	}
	conn, err := o.Connect()
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("connect to NATS: %w", err)
	}
	s.refusal.Store(nil)
	s.conn = conn
	return nil
}

// hangUp ends the connection.
func (s *Sink) hangUp() {
	if s.conn != nil {
		s.conn.Close()
		s.conn = nil
	}
}

// dialer gives up when ctx ends.
type dialer struct {
	ctx context.Context
	net net.Dialer
}

func (d dialer) Dial(network, addr string) (net.Conn, error) {
	return d.net.DialContext(d.ctx, network, addr)
}
