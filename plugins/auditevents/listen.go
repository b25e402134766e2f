package auditevents

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/actiontrail/actiontrail/internal/access"
	"github.com/actiontrail/actiontrail/plugins/push"
)

// The time that a call may take, apart from waiting.
const (
	headerTimeout = 10 * time.Second
	bodyTimeout   = 30 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 16 << 10
	// stopTimeout is how long a stop waits for answers to be written.
	stopTimeout = time.Second
)

// inlet is what an open source has.
type inlet struct {
	config  *Config
	queue   *push.Queue
	seen    *seen
	reading chan struct{}
	running sync.WaitGroup

	addr   net.Addr
	server *http.Server
}

// listen begins to answer clients.
func (in *inlet) listen(ctx context.Context) error {
	if _, err := secrets(in.config.Keys); err != nil {
		return err
	}
	var secure *tls.Config
	if in.config.TLS != nil {
		c := access.NewCertificates(*in.config.TLS, in.config.Log)
		if err := c.Check(); err != nil {
			return err
		}
		secure = c.Server()
	}
	var nets net.ListenConfig
	l, err := nets.Listen(ctx, "tcp", in.config.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", in.config.Listen, err)
	}
	in.addr = l.Addr()
	l = push.Bounded(l)
	if secure != nil {
		l = tls.NewListener(l, secure)
	}
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	in.server = &http.Server{Handler: in, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader, Protocols: &protocols,
		ErrorLog: slog.NewLogLogger(in.config.Log.Handler(), slog.LevelDebug)}
	in.running.Go(func() {
		if err := in.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			in.queue.Fail(fmt.Errorf("listen on %s: %w", in.addr, err))
		}
	})
	return nil
}

// stop ends all connections, after the answers to calls that were refused by the closed queue.
func (in *inlet) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	err := in.server.Shutdown(ctx)
	if err != nil {
		err = in.server.Close()
	}
	in.running.Wait()
	return err
}
