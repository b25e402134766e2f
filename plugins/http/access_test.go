package httpsource

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/internal/access"
	"github.com/actiontrail/actiontrail/internal/realtest"
)

// Tokens are asked for, and those of now: the file is read again when it has changed.
func TestToken(t *testing.T) {
	dir := t.TempDir()
	file := realtest.Replace(t, dir, "token", []byte("first\n\n second \n"))
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
	realtest.Replace(t, dir, "token", []byte("third"))
	with("Bearer first", 401)
	with("Bearer third", 200)
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	realtest.Replace(t, dir, "token", []byte("fifth"))
	if err := os.Chtimes(file, info.ModTime(), info.ModTime()); err != nil { // as large and as old as the one before
		t.Fatal(err)
	}
	with("Bearer third", 401)
	with("Bearer fifth", 200)
	realtest.Replace(t, dir, "token", nil)
	with("Bearer third", 503)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	with("Bearer third", 503)
	realtest.Replace(t, dir, "token", []byte("third"))
	with("Bearer third", 200)

	for _, text := range []string{"", " \n"} {
		s, err := New(Config{Listen: "127.0.0.1:0", TokenFile: realtest.Replace(t, dir, "none", []byte(text))})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Open(t.Context(), nil); err == nil {
			t.Errorf("opened with %q for a token", text)
		}
	}
}

// Certificates are those of now, too; clients need one where that is said.
func TestTLS(t *testing.T) {
	dir, first, second := t.TempDir(), realtest.NewAuthority(t), realtest.NewAuthority(t)
	replace := func(by *realtest.Authority) (cert, key string) {
		c, k := by.Sign(t, "gateway.example", time.Now().Add(time.Hour))
		return realtest.Replace(t, dir, "cert", c), realtest.Replace(t, dir, "key", k)
	}
	cert, key := replace(first)
	ca := realtest.Replace(t, dir, "ca", first.PEM)
	a := newCarrier(t, Config{TLS: &access.TLS{Cert: cert, Key: key, ClientCA: ca}})
	a.run()
	call := func(trust, mine *realtest.Authority) (status int, err error) {
		config := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "gateway.example"}
		config.RootCAs.AddCert(trust.Cert)
		if mine != nil {
			c, k := mine.Sign(t, "gateway.example", time.Now().Add(time.Hour))
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
	want := func(trust, mine *realtest.Authority, ok bool) {
		t.Helper()
		if status, err := call(trust, mine); (err == nil && status == 200) != ok {
			t.Errorf("answered %d, %v", status, err)
		}
	}
	want(first, first, true)
	want(first, nil, false)
	want(first, second, false)
	want(second, first, false)
	realtest.Replace(t, dir, "key", []byte("half")) // the last ones hold
	want(first, first, true)
	replace(second)
	want(first, first, false)
	want(second, first, true)
	realtest.Replace(t, dir, "ca", second.PEM)
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
