package bus

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/nats-io/nats.go"
)

// TLS names the files of certificates, in PEM. They are read again at each
// connection, so that one that expires can be replaced without a restart.
type TLS struct {
	CA   string // authorities of the other side; empty: on a client those of the machine, on a server clients need no certificate
	Cert string // own certificate, and those between it and the authority
	Key  string // its private key
}

// errExpired is the error of an own certificate that is not valid now.
var errExpired = errors.New("certificate is not valid now")

// client is how a client uses the files. That they cannot be read now is an
// error at once; one that has expired is told at each attempt to connect.
func (t TLS) client() ([]nats.Option, error) {
	options := []nats.Option{nats.Secure(&tls.Config{MinVersion: tls.VersionTLS12})}
	var cert nats.TLSCertHandler
	var authorities nats.RootCAsHandler
	if t.Cert != "" {
		cert = func() (tls.Certificate, error) { return t.Pair(time.Now()) }
	}
	if t.CA != "" {
		authorities = t.Authorities
		if _, err := t.Authorities(); err != nil {
			return nil, err
		}
	}
	if _, err := t.Pair(time.Now()); t.Cert != "" && err != nil && !errors.Is(err, errExpired) {
		return nil, err
	}
	return append(options, func(o *nats.Options) error {
		o.TLSCertCB, o.RootCAsCB = cert, authorities
		return nil
	}), nil
}

// Authorities reads the certificates of CA.
func (t TLS) Authorities() (*x509.CertPool, error) {
	data, err := os.ReadFile(t.CA)
	if err != nil {
		return nil, fmt.Errorf("certificates of the authority: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("certificates of the authority: %s holds no certificate in PEM", t.CA)
	}
	return pool, nil
}

// Pair reads the own certificate and its key. One that is not valid now is
// an error that says when it was; a server that shows it says the same with less.
func (t TLS) Pair(now time.Time) (tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("certificate %s with key %s: %w", t.Cert, t.Key, err)
	}
	leaf := pair.Leaf
	if now.Before(leaf.NotBefore) || now.After(leaf.NotAfter) {
		return tls.Certificate{}, fmt.Errorf("%w: %s (%s) is valid from %s to %s: replace the file, it is read again",
			errExpired, t.Cert, subjectOf(leaf), stamp(leaf.NotBefore), stamp(leaf.NotAfter))
	}
	return pair, nil
}

// Check reads all files once, so that a wrong name is told at the start.
func (t TLS) Check() error {
	if t.CA != "" {
		if _, err := t.Authorities(); err != nil {
			return err
		}
	}
	_, err := t.Pair(time.Now())
	if errors.Is(err, errExpired) {
		return nil // clients are told; the file can be replaced
	}
	return err
}

// Server is how a server uses the files: read again for each client that comes,
// so that it serves on after a certificate was replaced.
func (t TLS) Server() *tls.Config {
	read := func() (*tls.Config, error) {
		c := &tls.Config{MinVersion: tls.VersionTLS12}
		pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
		if err != nil {
			return nil, fmt.Errorf("certificate %s with key %s: %w", t.Cert, t.Key, err)
		}
		c.Certificates = []tls.Certificate{pair}
		if t.CA != "" {
			if c.ClientCAs, err = t.Authorities(); err != nil {
				return nil, err
			}
			c.ClientAuth = tls.RequireAndVerifyClientCert
		}
		return c, nil
	}
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return read() },
	}
}
