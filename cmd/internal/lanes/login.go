package lanes

import (
	"fmt"
	"log/slog"

	"github.com/actiontrail/actiontrail/agent"
	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/internal/bus"
)

// Key is the key that the agent of cfg signs with: the one that its nats block
// names, which is its login, too, or else the one of its part of the data folder.
func Key(cfg *config.Config, dir string) (key agent.Key, err error) {
	if path := cfg.Agent.NATS.NKey; path != "" {
		key, err = agent.ReadKey(path)
	} else {
		key, err = agent.LoadKey(dir)
	}
	if err != nil {
		return agent.Key{}, fmt.Errorf("key of the agent: %w", err)
	}
	return key, nil
}

// Remote is how to reach the NATS server that a configuration names.
func Remote(name string, remote config.Remote, log *slog.Logger) (bus.Config, error) {
	c := bus.Config{Name: name, Servers: remote.Servers, Credentials: remote.Credentials, Log: log}
	if remote.Secure {
		c.TLS = &bus.TLS{CA: remote.TLS.CA, Cert: remote.TLS.Cert, Key: remote.TLS.Key}
	}
	if remote.NKey != "" {
		key, err := agent.ReadKey(remote.NKey)
		if err != nil {
			return bus.Config{}, fmt.Errorf("key of the nats block: %w", err)
		}
		c.Login = &bus.Login{Public: key.Public, Sign: key.Sign}
	}
	return c, nil
}

// OwnRemote is how the agent of cfg reaches its own NATS server, with no rights but its own.
func OwnRemote(cfg *config.Config, log *slog.Logger) (bus.Config, error) {
	c, err := Remote("agent "+cfg.Agent.Name, cfg.Agent.NATS, log)
	c.Inbox = bus.Agent{Account: cfg.Agent.Account, Name: cfg.Agent.Name}.Inbox()
	return c, err
}
