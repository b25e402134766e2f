package bus

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// Defaults of the embedded server and the stream.
const (
	// DefaultMaxBytes bounds the stream. When it is full, batches wait in the spools.
	DefaultMaxBytes = 8 << 30
	// MaxMessage is the largest message the server takes; a batch is below 1 MiB, but for one huge event.
	MaxMessage = 8 << 20
	// startTimeout is how long the server may take to recover its store.
	startTimeout = 60 * time.Second
)

// ServerConfig says how to run the embedded server.
type ServerConfig struct {
	Dir      string // of its store
	Listen   string // host:port for remote agents; empty: in process only
	MaxBytes int64  // of the store; 0: DefaultMaxBytes
	Log      *slog.Logger
}

// Server is a NATS server within this process. It syncs every write before it
// acknowledges it: the default of NATS loses all of the last two minutes at a power loss.
type Server struct{ ns *server.Server }

// StartServer starts the server and waits until it has recovered its store.
func StartServer(cfg ServerConfig) (*Server, error) {
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = DefaultMaxBytes
	}
	o := &server.Options{
		ServerName:             "actiontrail",
		JetStream:              true,
		StoreDir:               cfg.Dir,
		SyncAlways:             true,
		JetStreamMaxStore:      cfg.MaxBytes + 64<<20,
		JetStreamMaxMemory:     64 << 20,
		MaxPayload:             MaxMessage,
		DontListen:             cfg.Listen == "",
		NoSigs:                 true,
		DisableJetStreamBanner: true,
	}
	if cfg.Listen != "" {
		host, port, err := net.SplitHostPort(cfg.Listen)
		if err != nil {
			return nil, fmt.Errorf("nats listen %q: want host:port: %w", cfg.Listen, err)
		}
		if o.Port, err = strconv.Atoi(port); err != nil {
			return nil, fmt.Errorf("nats listen %q: port is not a number", cfg.Listen)
		}
		if o.Host = host; o.Port == 0 {
			o.Port = server.RANDOM_PORT
		}
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
	return &Server{ns}, nil
}

// Addr is where remote agents connect; empty when the server does not listen.
func (s *Server) Addr() string {
	if a := s.ns.Addr(); a != nil {
		return a.String()
	}
	return ""
}

// Close stops the server; what it acknowledged is on the disk.
func (s *Server) Close() {
	s.ns.Shutdown()
	s.ns.WaitForShutdown()
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
