package embedded_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/internal/bus/embedded"
	"github.com/actiontrail/actiontrail/internal/realtest"
)

// authority signs certificates.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{t: t, key: key}
	a.cert = &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(48 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, a.cert, a.cert, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return a
}

func (a *authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// issue writes a certificate that ends at this time, and its key, over the files.
func (a *authority) issue(name string, ends time.Time, files bus.TLS) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: ends,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	write(a.t, files.Key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	write(a.t, files.Cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// secured is a server with a certificate, an enrolled agent, and the files of both.
type secured struct {
	t              *testing.T
	ca             *authority
	agent          user
	server, client bus.TLS
	address        string
}

func newSecured(t *testing.T, mutual bool) *secured {
	t.Helper()
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	s := &secured{t: t, ca: newAuthority(t, "our authority"), agent: newUser(t, "prod", "a1"),
		server: bus.TLS{Cert: in("server.pem"), Key: in("server.key")}, client: bus.TLS{CA: in("ca.pem"), Cert: in("agent.pem"), Key: in("agent.key")}}
	write(t, s.client.CA, s.ca.pem())
	if mutual {
		s.server.CA = in("clients.pem")
		write(t, s.server.CA, s.ca.pem())
	}
	s.ca.issue("nats.example", tomorrow(), s.server)
	s.ca.issue("a1.example", tomorrow(), s.client)
	return s
}

func tomorrow() time.Time { return time.Now().Add(24 * time.Hour) }

// hourAgo is when an expired certificate ended, to the second as certificates have it.
func hourAgo() time.Time { return time.Now().Add(-time.Hour).Truncate(time.Second) }

func (s *secured) start() {
	s.t.Helper()
	server, _ := start(s.t, embedded.Config{TLS: s.server, Agents: []bus.Agent{s.agent.Agent}})
	s.address = "tls://" + server.Addr()
}

// A server without a wish for certificates of clients; the agent shows its key alone.
func TestTLS(t *testing.T) {
	s := newSecured(t, false)
	s.start()
	healed(t, s.agent.dial(t, s.address, &bus.TLS{CA: s.client.CA}), s.agent.subject())
	// Without the authority the machine's own ones are asked, which do not know this server.
	trouble(t, s.agent.dial(t, s.address, nil), s.agent.subject(), "not signed by the authorities of this machine", "ca")
}

func TestWrongAuthority(t *testing.T) {
	s := newSecured(t, false)
	write(t, s.client.CA, newAuthority(t, "another authority").pem())
	s.start()
	c := s.agent.dial(t, s.address, &bus.TLS{CA: s.client.CA})
	trouble(t, c, s.agent.subject(), "the certificate of the NATS server is not signed by "+s.client.CA)
	write(t, s.client.CA, s.ca.pem())
	healed(t, c, s.agent.subject())
}

// An expired certificate of the server is named with its time, and is healed by a new file, with no restart on either side.
func TestServerCertificateExpired(t *testing.T) {
	s := newSecured(t, false)
	ended := hourAgo()
	s.ca.issue("nats.example", ended, s.server)
	s.start()
	c := s.agent.dial(t, s.address, &bus.TLS{CA: s.client.CA})
	trouble(t, c, s.agent.subject(), "the certificate of the NATS server, nats.example, has expired", ended.UTC().Format(time.RFC3339))
	s.ca.issue("nats.example", tomorrow(), s.server)
	healed(t, c, s.agent.subject())
}

func TestClientCertificateExpired(t *testing.T) {
	s := newSecured(t, true)
	ended := hourAgo()
	s.ca.issue("a1.example", ended, s.client)
	s.start()
	c := s.agent.dial(t, s.address, &s.client)
	trouble(t, c, s.agent.subject(), s.client.Cert, "a1.example", ended.UTC().Format(time.RFC3339), "replace the file")
	s.ca.issue("a1.example", tomorrow(), s.client)
	healed(t, c, s.agent.subject())
}

// With mutual TLS the key alone does not let an agent in, nor does a certificate of somebody else.
func TestMutualTLS(t *testing.T) {
	s := newSecured(t, true)
	s.start()
	trouble(t, s.agent.dial(t, s.address, &bus.TLS{CA: s.client.CA}), s.agent.subject(), "wants a certificate of its clients")
	newAuthority(t, "another authority").issue("a1.example", tomorrow(), s.client)
	c := s.agent.dial(t, s.address, &s.client)
	trouble(t, c, s.agent.subject(), "does not take the certificate "+s.client.Cert)
	s.ca.issue("a1.example", tomorrow(), s.client)
	healed(t, c, s.agent.subject())
	// And a certificate alone is no login.
	stranger := newUser(t, "prod", "a1")
	trouble(t, stranger.dial(t, s.address, &s.client), stranger.subject(), "does not let this client in")
}

// A connection that stands outlives the end of a certificate; a change of the agents does not disturb TLS.
func TestReloadKeepsTLS(t *testing.T) {
	s := newSecured(t, true)
	server, _ := start(t, embedded.Config{TLS: s.server, Agents: []bus.Agent{s.agent.Agent}})
	other := newUser(t, "prod", "a2")
	if err := server.SetAgents([]bus.Agent{s.agent.Agent, other.Agent}); err != nil {
		t.Fatal(err)
	}
	healed(t, other.dial(t, "tls://"+server.Addr(), &s.client), other.subject())
	trouble(t, s.agent.dial(t, "tls://"+server.Addr(), &bus.TLS{CA: s.client.CA}), s.agent.subject(), "wants a certificate")
}

// Files that are not there are a mistake to be told at the start, of either side.
func TestFilesOfTLSMissing(t *testing.T) {
	s := newSecured(t, true)
	gone := s.server
	gone.Cert += ".gone"
	if server, err := embedded.Start(embedded.Config{Dir: t.TempDir(), Listen: "127.0.0.1:0", TLS: gone}); err == nil || !strings.Contains(err.Error(), gone.Cert) {
		t.Errorf("server: %v", err)
		if server != nil {
			server.Close()
		}
	}
	for _, files := range []bus.TLS{{CA: s.client.CA + ".gone"}, {Cert: s.client.Cert, Key: s.client.Key + ".gone"}, {CA: s.client.Key}} {
		c, err := bus.Connect(bus.Config{Servers: []string{"tls://127.0.0.1:1"}, TLS: &files})
		if err == nil {
			c.Close()
			t.Errorf("%+v: no error", files)
		} else if !strings.Contains(err.Error(), s.client.CA) && !strings.Contains(err.Error(), s.client.Key) {
			t.Errorf("%+v: %v", files, err)
		}
	}
	// TLS asked for from a server that has none is never given up silently.
	plain, _ := start(t, embedded.Config{Agents: []bus.Agent{s.agent.Agent}})
	c := s.agent.dial(t, "nats://"+plain.Addr(), &bus.TLS{})
	realtest.Until(t, realtest.Patience, "an error", func() bool {
		_, _, err := c.Publish(t.Context(), s.agent.subject(), "1", nil)
		return err != nil && strings.Contains(err.Error(), "has no TLS")
	})
}
