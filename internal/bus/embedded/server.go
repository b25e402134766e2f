// Package embedded runs a NATS server within this process, for machines that
// need no cluster. It is apart from package bus so that the light agent links no server.
package embedded

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/actiontrail/actiontrail/internal/bus"
)

// startTimeout is how long the server may take to recover its store.
const startTimeout = 60 * time.Second

// Config says how to run the server.
type Config struct {
	Dir      string      // of its store
	Listen   string      // host:port for remote agents; empty: in process only
	TLS      bus.TLS     // for who comes through Listen; with CA they need a certificate, too
	Agents   []bus.Agent // who may come through Listen, until SetAgents
	MaxBytes int64       // of the store; 0: bus.DefaultMaxBytes
	Log      *slog.Logger
}

// Server is a NATS server within this process. It syncs every write before it
// acknowledges it: the default of NATS loses all of the last two minutes at a power loss.
type Server struct {
	cfg    Config // its Agents under mu
	addr   string // where it listens, the same after a restart
	login  bus.Login
	secure *tls.Config // one for good: it reads the files of cfg.TLS itself

	mu sync.Mutex
	ns *server.Server // nil while it cannot be started again
}

// Start starts the server and waits until it has recovered its store.
func Start(cfg Config) (*Server, error) {
	s := &Server{cfg: cfg, secure: cfg.TLS.Server()}
	var err error
	if s.login, err = newLogin(); err != nil {
		return nil, err
	}
	if err := adopt(cfg.Dir); err != nil {
		return nil, err
	}
	if s.ns, err = s.start(); err != nil {
		return nil, err
	}
	if a := s.ns.Addr(); a != nil {
		s.addr = a.String()
		s.cfg.Listen = s.addr
	}
	return s, nil
}

func (s *Server) start() (*server.Server, error) {
	cfg := s.cfg
	o, err := s.options()
	if err != nil {
		return nil, err
	}
	ns, err := server.NewServer(o)
	if err != nil {
		return nil, fmt.Errorf("embedded NATS: %w", err)
	}
	if cfg.Log != nil {
		ns.SetLoggerV2(natsLog{cfg.Log}, false, false, false)
	}
	go ns.Start()
	if !ns.ReadyForConnections(startTimeout) {
		ns.Shutdown()
		ns.WaitForShutdown()
		if cfg.Listen != "" {
			return nil, fmt.Errorf("embedded NATS did not start within %s: is %s taken by another process?", startTimeout, cfg.Listen)
		}
		return nil, fmt.Errorf("embedded NATS did not start within %s: see the lines above", startTimeout)
	}
	if !ns.JetStreamEnabled() {
		ns.Shutdown()
		ns.WaitForShutdown()
		return nil, errors.New("embedded NATS runs without JetStream: its store could not be opened, see the lines above")
	}
	return ns, nil
}

// Addr is where remote agents connect; empty when the server does not listen.
func (s *Server) Addr() string { return s.addr }

// errDown is the answer to clients while the server waits for room on the disk.
var errDown = errors.New("the embedded NATS server is down")

// InProcessConn is a connection of a client in this process. Clients keep the
// Server, not a connection: after a restart they come back by themselves.
func (s *Server) InProcessConn() (net.Conn, error) {
	s.mu.Lock()
	ns := s.ns
	s.mu.Unlock()
	if ns == nil {
		return nil, errDown
	}
	return ns.InProcessConn()
}

// Healthy tells whether the server's store works. When the disk is full or fails,
// NATS gives up for good either the store or the one stream that it was writing,
// while the server goes on without it.
func (s *Server) Healthy() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ns != nil && s.ns.JetStreamEnabled() && s.ns.Healthz(nil).Error == ""
}

// Restart stops the server and starts it again on the same store and address.
// After an error it is down, and Restart can be called again.
func (s *Server) Restart() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop()
	ns, err := s.start()
	if err == nil {
		s.ns = ns
	}
	return err
}

// Close stops the server; what it acknowledged is on the disk.
func (s *Server) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop()
}

func (s *Server) stop() {
	if s.ns != nil {
		s.ns.Shutdown()
		s.ns.WaitForShutdown()
		s.ns = nil
	}
}

// natsLog hands the server's lines to slog, the frequent ones at debug level.
type natsLog struct{ log *slog.Logger }

func (l natsLog) Noticef(f string, v ...any) { l.log.Debug("nats: " + fmt.Sprintf(f, v...)) }
func (l natsLog) Warnf(f string, v ...any) {
	line := fmt.Sprintf(f, v...)
	if strings.Contains(line, "Filestore") && strings.Contains(line, "checkpoint") {
		l.log.Debug("nats: " + line)
		return
	}
	l.log.Warn("nats: " + line)
}
func (l natsLog) Fatalf(f string, v ...any) { l.log.Error("nats: " + fmt.Sprintf(f, v...)) }
func (l natsLog) Errorf(f string, v ...any) { l.log.Error("nats: " + fmt.Sprintf(f, v...)) }
func (l natsLog) Debugf(f string, v ...any) { l.log.Debug("nats: " + fmt.Sprintf(f, v...)) }
func (l natsLog) Tracef(string, ...any)     {}
