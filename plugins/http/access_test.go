package httpsource

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/internal/access"
)

func write(t *testing.T, dir, name string, text []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	return path
}

// Tokens are asked for, and those of now: the file is read again when it has changed.
func TestToken(t *testing.T) {
	dir := t.TempDir()
	file := write(t, dir, "token", []byte("first\n\n second \n"))
	a := newCarrier(t, Config{TokenFile: file})
	a.run()
	with := func(token string, status int) {
		t.Helper()
		is(t, a.post(t.Context(), "x", "Authorization", token), status)
	}
	is(t, a.post(t.Context(), "x"), 401)
	is(t, a.do(t.Context(), "GET", a.path(), ""), 401)
	is(t, a.do(t.Context(), "GET", HealthPath, ""), 200)
	with("Bearer first", 200)
	with("bearer second", 200)
	with("Bearer firs", 401)
	with("Bearer ", 401)
	with("Basic first", 401)
	write(t, dir, "token", []byte("third"))
	with("Bearer first", 401)
	with("Bearer third", 200)
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "token", []byte("fifth"))
	if err := os.Chtimes(file, info.ModTime(), info.ModTime()); err != nil { // as large and as old as the one before
		t.Fatal(err)
	}
	with("Bearer third", 401)
	with("Bearer fifth", 200)
	write(t, dir, "token", nil)
	with("Bearer third", 503)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	with("Bearer third", 503)
	write(t, dir, "token", []byte("third"))
	with("Bearer third", 200)

	for _, text := range []string{"", " \n"} {
		s, err := New(Config{Listen: "127.0.0.1:0", TokenFile: write(t, dir, "none", []byte(text))})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Open(t.Context(), nil); err == nil {
			t.Errorf("opened with %q for a token", text)
		}
	}
}

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{}
	var text []byte
	a.key, text, _ = a.sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	block, _ := pem.Decode(text)
	var err error
	if a.cert, err = x509.ParseCertificate(block.Bytes); err != nil {
		t.Fatal(err)
	}
	a.pem = text
	return a
}

// sign makes a key, its certificate, and both in PEM.
func (a *authority) sign(t *testing.T, c *x509.Certificate) (key *ecdsa.PrivateKey, cert, private []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.SerialNumber, c.NotBefore, c.NotAfter = big.NewInt(time.Now().UnixNano()), time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	c.DNSNames = []string{"gateway.example"}
	parent, by := c, key
	if a.cert != nil {
		parent, by = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, by)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret})
}

// Certificates are those of now, too; clients need one where that is said.
func TestTLS(t *testing.T) {
	dir, first, second := t.TempDir(), newAuthority(t), newAuthority(t)
	replace := func(by *authority) (cert, key string) {
		_, c, k := by.sign(t, &x509.Certificate{})
		return write(t, dir, "cert", c), write(t, dir, "key", k)
	}
	cert, key := replace(first)
	ca := write(t, dir, "ca", first.pem)
	a := newCarrier(t, Config{TLS: &access.TLS{Cert: cert, Key: key, ClientCA: ca}})
	a.run()
	call := func(trust, mine *authority) (status int, err error) {
		config := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "gateway.example"}
		config.RootCAs.AddCert(trust.cert)
		if mine != nil {
			_, c, k := mine.sign(t, &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
			pair, err := tls.X509KeyPair(c, k)
			if err != nil {
				t.Fatal(err)
			}
			config.Certificates = []tls.Certificate{pair}
		}
		client := &http.Client{Timeout: patience, Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}}
		resp, err := client.Post("https://"+a.s.Addr().String()+"/logs", "", strings.NewReader("x"))
		if err != nil {
			return 0, err
		}
		defer resp.Body.Close()
		_, err = io.Copy(io.Discard, resp.Body)
		return resp.StatusCode, err
	}
	want := func(trust, mine *authority, ok bool) {
		t.Helper()
		if status, err := call(trust, mine); (err == nil && status == 200) != ok {
			t.Errorf("answered %d, %v", status, err)
		}
	}
	want(first, first, true)
	want(first, nil, false)
	want(first, second, false)
	want(second, first, false)
	write(t, dir, "key", []byte("half")) // the last ones hold
	want(first, first, true)
	replace(second)
	want(first, first, false)
	want(second, first, true)
	write(t, dir, "ca", second.pem)
	want(second, first, false)
	want(second, second, true)

	for _, bad := range []access.TLS{{Cert: cert, Key: cert}, {Cert: filepath.Join(dir, "none"), Key: key}, {Cert: cert, Key: key, ClientCA: key}} {
		s, err := New(Config{Listen: "127.0.0.1:0", TLS: &bad})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Open(t.Context(), nil); err == nil {
			t.Errorf("opened with %+v", bad)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for _, c := range []Config{{}, {Listen: "9080"}, {Listen: ":1", Path: "logs"}, {Listen: ":1", Path: "/a?b"}, {Listen: ":1", Path: HealthPath}, {Listen: ":1", Split: "xml"},
		{Listen: ":1", TLS: &access.TLS{Cert: "c"}}, {Listen: ":1", MaxBody: -1}, {Listen: ":1", MaxBody: 100 << 20}} {
		if _, err := New(c); err == nil {
			t.Errorf("made of %+v", c)
		}
	}
}
