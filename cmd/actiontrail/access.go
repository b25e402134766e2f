package main

import (
	"fmt"
	"log/slog"
	"net"

	"github.com/actiontrail/actiontrail/cmd/internal/process"
	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/internal/access"
)

// checkAPI refuses an API that other machines can call in the clear, or without
// a token, unless that was asked for: it shows everything that anybody did.
func checkAPI(a config.API, insecure bool) error {
	at := "the API"
	if a.Place != "" {
		at = a.Place + ": the API"
	}
	if err := config.CheckAddress(a.Listen); err != nil {
		return usageError("%s: %w", at, err)
	}
	if insecure || process.Loopback(a.Listen) {
		return nil
	}
	lacks := ""
	switch {
	case a.TLS == nil && a.TokenFile == "":
		lacks = "a tls block and a token_file"
	case a.TLS == nil:
		lacks = "a tls block, or tokens and events go over the wire in the clear"
	case a.TokenFile == "":
		lacks = "a token_file, or everybody who can reach it can read all events"
	default:
		return nil
	}
	return usageError("%s: %s can be called from other machines: api { } needs %s; or listen on 127.0.0.1, or add --insecure if the network is closed", at, a.Listen, lacks)
}

// guarded is what the API asks of those who call it.
type guarded struct {
	tokens       *access.Tokens       // nil: none
	certificates *access.Certificates // nil: in the clear
}

// newGuarded reads the files once, so that a wrong one is told at the start.
func newGuarded(a config.API, log *slog.Logger) (guarded, error) {
	var g guarded
	if a.TokenFile != "" {
		g.tokens = access.NewNamedTokens(a.TokenFile)
		if err := g.tokens.Check(); err != nil {
			return g, usageError("the API: %w", err)
		}
	}
	if t := a.TLS; t != nil {
		g.certificates = access.NewCertificates(access.TLS{Cert: t.Cert, Key: t.Key, ClientCA: t.ClientCA}, log)
		if err := g.certificates.Check(); err != nil {
			return g, usageError("the API: %w", err)
		}
	}
	return g, nil
}

// address is how clients write the address of a listener.
func (g guarded) address(l net.Listener) string {
	scheme := "http"
	if g.certificates != nil {
		scheme = "https"
	}
	return fmt.Sprintf("%s://%s", scheme, l.Addr())
}
