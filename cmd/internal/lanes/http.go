package lanes

import (
	"log/slog"

	"github.com/actiontrail/actiontrail/cmd/internal/process"
	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/internal/access"
	httpsource "github.com/actiontrail/actiontrail/plugins/http"
)

func httpConfig(s *config.Source, log *slog.Logger) httpsource.Config {
	h := s.HTTP
	c := httpsource.Config{
		Listen: h.Listen, Path: h.Path, TokenFile: h.TokenFile, Split: h.Split,
		MaxBody: h.MaxBody, MaxRecords: h.MaxRecords, MaxLine: s.MaxLine, MaxInflight: h.MaxInflight, Wait: h.Wait, Log: log,
	}
	c.TLS = accessTLS(h.TLS)
	return c
}

func accessTLS(t *config.ListenTLS) *access.TLS {
	if t == nil {
		return nil
	}
	return &access.TLS{Cert: t.Cert, Key: t.Key, ClientCA: t.ClientCA}
}

// CheckListeners refuses sources that other machines can call in the clear, or whoever
// they are, unless that was asked for: who can post can write history.
func CheckListeners(cfg *config.Config, insecure bool) error {
	for i := range cfg.Sources {
		s := &cfg.Sources[i]
		if insecure {
			continue
		}
		for _, l := range s.Listeners() {
			switch {
			case process.Loopback(l.Address):
			case l.TLS == nil:
				return process.UsageError("%s: source %s: records would come to %s in the clear; give it a tls block, listen on 127.0.0.1, or add --insecure if the network is closed", s.Place, s.Name, l.Address)
			case l.TLS.ClientCA == "" && !l.Secret && s.HTTP != nil:
				return process.UsageError("%s: source %s: every machine could post to %s; give it a token_file or a client_ca_file, listen on 127.0.0.1, or add --insecure if the network is closed", s.Place, s.Name, l.Address)
			case l.TLS.ClientCA == "" && !l.Secret:
				return process.UsageError("%s: source %s: every machine could send to %s; give it a client_ca_file, listen on 127.0.0.1, or add --insecure if the network is closed", s.Place, s.Name, l.Address)
			}
		}
		if s.Syslog != nil && s.Syslog.UDP != "" && !process.Loopback(s.Syslog.UDP) {
			return process.UsageError("%s: source %s: every machine could send datagrams to %s, in the clear, under any address; use tcp with tls, listen on 127.0.0.1, or add --insecure if the network is closed", s.Place, s.Name, s.Syslog.UDP)
		}
	}
	return nil
}
