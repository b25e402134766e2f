package httpsource

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/actiontrail/actiontrail/internal/access"
	"github.com/actiontrail/actiontrail/plugins/push"
)

const (
	maxHeader = 16 << 10
	// stopTimeout is how long a stop waits for answers to be written.
	stopTimeout = time.Second
)

// listen begins to answer clients.
func (s *Source) listen(ctx context.Context, in *inlet) error {
	if s.token != nil {
		if err := s.token.Check(); err != nil {
			return err
		}
	}
	var config *tls.Config
	if s.config.TLS != nil {
		c := access.NewCertificates(*s.config.TLS, s.config.Log)
		if err := c.Check(); err != nil {
			return err
		}
		config = c.Server()
	}
	var nets net.ListenConfig
	l, err := nets.Listen(ctx, "tcp", s.config.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", s.config.Listen, err)
	}
	in.addr = l.Addr()
	l = push.Bounded(l)
	if config != nil {
		l = tls.NewListener(l, config)
	}
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	in.server = &http.Server{
		Handler: &handler{in, s.token}, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader, Protocols: &protocols,
		ErrorLog: slog.NewLogLogger(s.config.Log.Handler(), slog.LevelDebug),
	}
	go func() {
		if err := in.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			in.served <- err
		}
	}()
	return nil
}

// stop ends all connections, after the answers to requests that were refused by close.
func (in *inlet) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if err := in.server.Shutdown(ctx); err == nil {
		return nil
	}
	return in.server.Close()
}
