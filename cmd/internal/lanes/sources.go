package lanes

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/auditevents"
	"github.com/actiontrail/actiontrail/plugins/push"
	"github.com/actiontrail/actiontrail/plugins/socket"
	"github.com/actiontrail/actiontrail/plugins/stdin"
	"github.com/actiontrail/actiontrail/plugins/syslog"
)

// Maker makes the sources of a kind. Those whose clients are heavy are not linked by
// the light agent: `actiontrail` gives their makers to New.
type Maker struct {
	Kind string
	Make func(s *config.Source, log *slog.Logger) (plugins.Source, error)
}

// brought is a source to which records are brought.
type brought interface {
	plugins.Source
	Status() push.Status
}

// newSource makes a source that is neither of files, nor posted, nor a plugin.
func newSource(s *config.Source, makers []Maker, log *slog.Logger) (plugins.Source, error) {
	switch s.Kind {
	case "syslog":
		c := s.Syslog
		return syslog.New(syslog.Config{UDP: c.UDP, TCP: c.TCP, TLS: accessTLS(c.TLS), MaxLine: s.MaxLine, MaxInflight: c.MaxInflight, Log: log})
	case "socket":
		c := s.Socket
		return socket.New(socket.Config{Listen: c.Listen, TLS: accessTLS(c.TLS), MaxLine: s.MaxLine, MaxInflight: c.MaxInflight, Log: log})
	case "stdin":
		return stdin.New(stdin.Config{In: os.Stdin, MaxLine: s.MaxLine})
	case "audit-events":
		c := s.AuditEvents
		return auditevents.New(auditevents.Config{Listen: c.Listen, Keys: c.Keys, Channels: c.Channels, TLS: accessTLS(c.TLS), MaxInflight: c.MaxInflight, Wait: c.Wait, Log: log})
	case "nats":
		return natsSource(s, log)
	case "keycloak":
		return keycloakSource(s, log)
	}
	for _, m := range makers {
		if m.Kind == s.Kind {
			return m.Make(s, log)
		}
	}
	return nil, fmt.Errorf("this program is the light agent, which has no sources of kind %s; run `actiontrail agent` in its place", s.Kind)
}
