package lanes

import (
	"crypto/tls"
	"log/slog"

	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/plugins"
	natssource "github.com/actiontrail/actiontrail/plugins/nats"
)

func natsSource(s *config.Source, log *slog.Logger) (plugins.Source, error) {
	n := s.NATS
	var secure *tls.Config
	if n.Secure {
		var err error
		if secure, err = ClientTLS(n.TLS); err != nil {
			return nil, err
		}
	}
	return natssource.New(natssource.Config{Servers: n.Servers, Subjects: n.Subjects, Stream: n.Stream, Start: n.Start, Credentials: n.Credentials, NKey: n.NKey, TLS: secure,
		MaxLine: s.MaxLine, MaxInflight: n.MaxInflight, Log: log})
}
