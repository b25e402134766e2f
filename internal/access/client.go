package access

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"time"
)

// dialTimeout is how long a connection may take, its handshake included.
const dialTimeout = 10 * time.Second

// Client names the files of one who calls a server, in PEM. They are read at each
// connection, so that a certificate that was renewed holds without a restart.
type Client struct {
	CA   string `json:"ca_file"`   // authorities of the server; empty: those of the machine
	Cert string `json:"cert_file"` // own certificate with those between it and its authority; empty: none is shown
	Key  string `json:"key_file"`  // its private key
}

// Check tells of one file without the other. It reads none: what is not there yet may be in time.
func (c *Client) Check() error {
	if (c.Cert == "") != (c.Key == "") {
		return errors.New("tls: a certificate needs its key, and a key its certificate: write cert_file and key_file")
	}
	return nil
}

// Authorities reads the file of the authorities; nil: those of the machine.
func (c *Client) Authorities() (*x509.CertPool, error) {
	if c.CA == "" {
		return nil, nil
	}
	text, err := os.ReadFile(c.CA)
	if err != nil {
		return nil, fmt.Errorf("tls: ca_file: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("tls: ca_file %s holds no certificate in PEM", c.CA)
	}
	return pool, nil
}

// Pair reads the own certificate and its key.
func (c *Client) Pair() (tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
	if err != nil {
		return pair, fmt.Errorf("tls: cert_file %s with key_file %s: %w", c.Cert, c.Key, err)
	}
	return pair, nil
}

// Config reads the files for a connection to a host.
func (c *Client) Config(host string) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
	var err error
	if config.RootCAs, err = c.Authorities(); err != nil {
		return nil, err
	}
	if c.Cert != "" {
		pair, err := c.Pair()
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// Dial makes a connection with TLS.
func (c *Client) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	config, err := c.Config(host)
	if err != nil {
		return nil, err
	}
	d := tls.Dialer{NetDialer: &net.Dialer{Timeout: dialTimeout}, Config: config}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	return d.DialContext(ctx, network, addr)
}

// Secret reads a file that holds a password, a token or a key, without the white
// space around it. what is the name of the attribute that names the file.
func Secret(what, path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", what, err)
	}
	if text = bytes.TrimSpace(text); len(text) == 0 {
		return "", fmt.Errorf("%s: %s is empty", what, path)
	}
	return string(text), nil
}
