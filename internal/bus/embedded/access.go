package embedded

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"

	"github.com/actiontrail/actiontrail/internal/bus"
)

// newLogin draws the key with which clients in this process come in. It is never written down.
func newLogin() (bus.Login, error) {
	pair, err := nkeys.CreateUser()
	if err != nil {
		return bus.Login{}, err
	}
	public, err := pair.PublicKey()
	return bus.Login{Public: public, Sign: pair.Sign}, err
}

// Login is the login of clients in this process, which may do everything. bus.Connect asks for it.
func (s *Server) Login() bus.Login { return s.login }

// options are those of a server for the agents of now.
func (s *Server) options() (*server.Options, error) {
	cfg := s.cfg
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = bus.DefaultMaxBytes
	}
	accounts, err := bus.Accounts([]string{s.login.Public}, cfg.Agents)
	if err != nil {
		return nil, err
	}
	o := &server.Options{}
	if err := o.ProcessConfigString(accounts); err != nil {
		return nil, fmt.Errorf("embedded NATS: accounts: %w", err)
	}
	o.ServerName = "actiontrail"
	o.JetStream = true
	o.StoreDir = cfg.Dir
	o.SyncAlways = true
	o.JetStreamMaxStore = cfg.MaxBytes + 64<<20
	o.JetStreamMaxMemory = 64 << 20
	o.MaxPayload = bus.MaxMessage
	o.DontListen = cfg.Listen == ""
	o.NoSigs = true
	o.DisableJetStreamBanner = true
	if cfg.Listen == "" {
		return o, nil
	}
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
	if cfg.TLS != (bus.TLS{}) {
		if err := cfg.TLS.Check(); err != nil {
			return nil, fmt.Errorf("nats listen: %w", err)
		}
		o.TLS, o.TLSVerify = true, cfg.TLS.CA != ""
		o.TLSConfig = s.secure
		o.TLSTimeout = 5
	}
	return o, nil
}

// SetAgents says who may come in from now on. The connections of those who may
// not any more are closed. It does nothing when nothing has changed.
func (s *Server) SetAgents(agents []bus.Agent) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.Equal(agents, s.cfg.Agents) {
		return nil
	}
	before := s.cfg.Agents
	s.cfg.Agents = slices.Clone(agents)
	if s.ns == nil {
		return nil // the next start has them
	}
	o, err := s.options()
	if err == nil {
		err = s.ns.ReloadOptions(o)
	}
	if err != nil {
		s.cfg.Agents = before
		return fmt.Errorf("embedded NATS: change of the agents: %w", err)
	}
	return nil
}

// adopt moves a store of before there were accounts to the account that has the stream now.
func adopt(dir string) error {
	before, now := filepath.Join(dir, "jetstream", "$G"), filepath.Join(dir, "jetstream", "CORE")
	if _, err := os.Stat(now); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(before, now); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("embedded NATS: store of an older version: %w", err)
	}
	return nil
}
