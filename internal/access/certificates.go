package access

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
)

// TLS names the files of a server's certificates, in PEM.
type TLS struct {
	Cert, Key string // own certificate with those between it and its authority, and the private key
	ClientCA  string // authority of the clients' certificates; empty: clients need none
}

// Certificates are those of now: the files are looked at for each connection.
type Certificates struct {
	files TLS
	log   *slog.Logger
	mu    sync.Mutex
	file  watched
	last  *tls.Config // the last one that was good
}

// NewCertificates reads nothing yet. log is told when files that were good cannot be read any more.
func NewCertificates(t TLS, log *slog.Logger) *Certificates {
	c := &Certificates{files: t, log: log, file: watched{paths: []string{t.Cert, t.Key}}}
	if t.ClientCA != "" {
		c.file.paths = append(c.file.paths, t.ClientCA)
	}
	return c
}

// Check reads the files, so that a wrong one is told at the start.
func (c *Certificates) Check() error {
	_, err := c.read()
	return err
}

// Server is how a server uses them. While files are being replaced, or cannot be
// read, the last good ones hold.
func (c *Certificates) Server() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		config, err := c.read()
		if err != nil {
			c.log.Error("certificates cannot be read: the last ones hold", "error", err)
		}
		if config == nil {
			return nil, err
		}
		return config, nil
	}}
}

// read returns the last good ones beside an error.
func (c *Certificates) read() (*tls.Config, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	changed, err := c.file.changed()
	if err != nil || !changed {
		return c.last, err
	}
	next, err := c.files.load()
	if err != nil {
		c.file.forget()
		return c.last, err
	}
	c.last = next
	return next, nil
}

func (t *TLS) load() (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
	if err != nil {
		return nil, fmt.Errorf("tls: certificate %s with key %s: %w", t.Cert, t.Key, err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
	if t.ClientCA == "" {
		return config, nil
	}
	text, err := os.ReadFile(t.ClientCA)
	if err != nil {
		return nil, fmt.Errorf("tls: %w", err)
	}
	// A session that is taken up again would let in whom an authority vouched for that is not trusted any more.
	config.SessionTicketsDisabled = true
	config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
	if !config.ClientCAs.AppendCertsFromPEM(text) {
		return nil, errors.New("tls: there is no certificate in the clients' authority " + t.ClientCA)
	}
	return config, nil
}
