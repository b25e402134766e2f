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
	if t := h.TLS; t != nil {
		c.TLS = &access.TLS{Cert: t.Cert, Key: t.Key, ClientCA: t.ClientCA}
	}
	return c
}

// CheckListeners refuses sources that other machines can call in the clear, or whoever
// they are, unless that was asked for: who can post can write history.
func CheckListeners(cfg *config.Config, insecure bool) error {
	for i := range cfg.Sources {
		s := &cfg.Sources[i]
		if s.HTTP == nil || insecure || process.Loopback(s.HTTP.Listen) {
			continue
		}
		switch t := s.HTTP.TLS; {
		case t == nil:
			return process.UsageError("%s: source %s: records would come to %s in the clear; give it a tls block, listen on 127.0.0.1, or add --insecure if the network is closed", s.Place, s.Name, s.HTTP.Listen)
		case t.ClientCA == "" && s.HTTP.TokenFile == "":
			return process.UsageError("%s: source %s: every machine could post to %s; give it a token_file or a client_ca_file, listen on 127.0.0.1, or add --insecure if the network is closed", s.Place, s.Name, s.HTTP.Listen)
		}
	}
	return nil
}
