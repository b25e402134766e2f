package post

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/internal/access"
	"github.com/actiontrail/actiontrail/internal/realtest"
)

// Tokens and certificates are those of now, without a restart.
func TestRenewed(t *testing.T) {
	dir := t.TempDir()
	old, next := realtest.NewAuthority(t), realtest.NewAuthority(t)
	var token, client atomic.Value
	serve := func(a *realtest.Authority) *httptest.Server {
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			token.Store(r.Header.Get("Authorization"))
			client.Store(r.TLS.PeerCertificates[0].Subject.CommonName)
		}))
		cert, key := a.Sign(t, "receiver", time.Now().Add(time.Hour))
		pair, err := tls.X509KeyPair(cert, key)
		if err != nil {
			t.Fatal(err)
		}
		pool := x509.NewCertPool()
		pool.AddCert(old.Cert)
		s.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}
		s.StartTLS()
		t.Cleanup(s.Close)
		return s
	}
	name := func(who string) {
		cert, key := old.Sign(t, who, time.Now().Add(time.Hour))
		realtest.Replace(t, dir, "cert", cert)
		realtest.Replace(t, dir, "key", key)
	}
	name("first")
	s := serve(old)
	r := Receiver{URL: s.URL, TokenFile: realtest.Replace(t, dir, "token", []byte("one\n")),
		TLS: access.Client{CA: realtest.Replace(t, dir, "ca", old.PEM), Cert: filepath.Join(dir, "cert"), Key: filepath.Join(dir, "key")}}
	c, err := NewClient(r, "Splunk")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	post := func() error {
		_, err := c.Post(t.Context(), c.URL("x"), nil, nil)
		return err
	}
	if err := post(); err != nil || token.Load() != "Splunk one" || client.Load() != "first" {
		t.Fatal(err, token.Load(), client.Load())
	}
	realtest.Replace(t, dir, "token", []byte("two"))
	name("second, with a longer name")
	if err := post(); err != nil || token.Load() != "Splunk two" || client.Load() != "second, with a longer name" {
		t.Fatal(err, token.Load(), client.Load())
	}
	other := serve(next)
	c.receiver.URL = other.URL
	if err := post(); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Fatalf("an authority that is not trusted: %v", err)
	}
	realtest.Replace(t, dir, "ca", append(next.PEM, old.PEM...))
	if err := post(); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{"": "is empty", "a\nb": "one word", "a b": "one word"} {
		realtest.Replace(t, dir, "token", []byte(text))
		if err := post(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("token %q: %v", text, err)
		}
	}
	if err := os.Remove(filepath.Join(dir, "token")); err != nil {
		t.Fatal(err)
	}
	if err := post(); err == nil || !strings.Contains(err.Error(), "token_file") {
		t.Error(err)
	}
}

// A receiver that sends a secret back does not have it shown.
func TestSecretSentBack(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "wrong: "+r.Header.Get("Authorization"), http.StatusUnauthorized)
	}))
	defer s.Close()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("hidden-one"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := NewClient(Receiver{URL: s.URL, TokenFile: file}, "Bearer")
	if err != nil {
		t.Fatal(err)
	}
	a, err := c.Post(t.Context(), s.URL, nil, nil)
	if err != nil || strings.Contains(c.Failed(a).Error(), "hidden-one") || !strings.Contains(c.Failed(a).Error(), "wrong: Bearer …") {
		t.Error(err, c.Failed(a))
	}
}

func TestWrongReceiver(t *testing.T) {
	for want, r := range map[string]Receiver{
		"not the address":             {URL: "ftp://x"},
		"holds a password":            {URL: "https://a:b@x/"},
		"user needs":                  {URL: "https://x", User: "a"},
		"keep token_file":             {URL: "https://x", User: "a", PasswordFile: "b", TokenFile: "c"},
		"a certificate needs its key": {URL: "https://x", TLS: access.Client{Cert: "c"}},
		"headers cannot hold ":        {URL: "https://x", Headers: map[string]string{"authorization": "x"}},
	} {
		if _, err := NewClient(r, "Bearer"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", r, err)
		}
	}
}
