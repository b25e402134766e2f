package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/actiontrail/actiontrail/aggregator/api"
)

// check turns a failed call and a problem into an error that says what to do.
// When it returns nil, the body is the caller's to close.
func (c *client) check(r *http.Response, err error) error {
	if err != nil {
		return &exitError{Code: exitUsage, Err: c.unreachable(err)}
	}
	if r.StatusCode == http.StatusOK {
		return nil
	}
	defer r.Body.Close()
	var p api.Problem
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil || json.Unmarshal(body, &p) != nil || p.Title == "" {
		if strings.Contains(string(body), "HTTP request to an HTTPS server") {
			return usageError("%s speaks TLS only: say --server %s", c.server, "https"+strings.TrimPrefix(c.server, "http"))
		}
		return usageError("%s answered %s, not as an actiontrail server does: does --server point at one?", c.server, visible(r.Status))
	}
	if p.Status == http.StatusUnauthorized && c.tokenFile != "" {
		return usageError("%s does not take the token of %s: it is not, or not any more, one of the server's", c.server, c.tokenFile)
	}
	if p.Status == http.StatusUnauthorized {
		return usageError("%s asks for a token: give the file that holds it with --token-file, or in %s", c.server, tokenVariable)
	}
	return &exitError{Code: exitUsage, Err: &serverProblem{c.server, p}}
}

// serverProblem is what a server says is wrong, made safe for a terminal.
type serverProblem struct {
	server string
	api.Problem
}

func (p *serverProblem) Error() string { return visible(p.server + ": " + p.Problem.Error()) }

// unreachableError is an error of the way to the server, which may be gone the next time.
type unreachableError struct{ error }

func (u *unreachableError) Unwrap() error { return u.error }

// unreachable explains why there was no answer.
func (c *client) unreachable(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return &unreachableError{c.explained(err)}
}

func (c *client) explained(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // without the address, which is said already, and the query
	}
	if text := c.mistrusted(err); text != "" {
		return fmt.Errorf("%s (%w)", text, err)
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return fmt.Errorf("cannot reach %s: is `actiontrail server` running? If it listens elsewhere, say --server (%w)", c.server, op.Err)
	}
	return fmt.Errorf("no answer from %s: %w", c.server, err)
}

// mistrusted explains why there is no TLS between the two; empty: that is not it.
func (c *client) mistrusted(err error) string {
	var (
		authority *x509.UnknownAuthorityError
		unknown   x509.UnknownAuthorityError
		name      x509.HostnameError
		invalid   x509.CertificateInvalidError
		alert     tls.AlertError
	)
	switch {
	case errors.Is(err, http.ErrSchemeMismatch):
		return c.server + " does not speak TLS: say --server " + "http" + strings.TrimPrefix(c.server, "https")
	case errors.As(err, &authority), errors.As(err, &unknown):
		return "the certificate of " + c.server + " is signed by nobody whom this machine knows: give the certificate of that authority with --ca-file"
	case errors.As(err, &name):
		return "the certificate of " + c.server + " is for another name: say --server with a name that is in it"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the certificate of " + c.server + " is not valid now: it is to be renewed, or this machine's clock is wrong"
	case errors.As(err, &invalid):
		return "the certificate of " + c.server + " is not good"
	case errors.As(err, &alert), strings.Contains(err.Error(), "remote error: tls: "):
		return c.server + " wants a certificate of its clients, and did not take this one: give it with --cert-file and --key-file"
	}
	return ""
}
