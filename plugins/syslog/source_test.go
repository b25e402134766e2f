package syslog

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/internal/access"
	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/push/pushtest"
	"github.com/actiontrail/actiontrail/plugins/sourcetest"
)

// deliver sends bytes over a connection, and keeps it open until ctx ends.
func deliver(ctx context.Context, c net.Conn, text string) {
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := c.Write([]byte(text)); err == nil {
		<-ctx.Done()
	}
}

// line ends a message, octets counts it.
func line(s string) string   { return s + "\n" }
func octets(s string) string { return fmt.Sprintf("%d %s", len(s), s) }

func TestSource(t *testing.T) {
	authority := realtest.NewAuthority(t)
	dir := t.TempDir()
	cert, key := authority.Sign(t, "localhost", time.Now().Add(time.Hour))
	secure := &access.TLS{Cert: realtest.Replace(t, dir, "cert.pem", cert), Key: realtest.Replace(t, dir, "key.pem", key)}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority.PEM)
	var want []string
	for i := range 2500 {
		want = append(want, fmt.Sprintf("<134>1 2026-01-01T00:00:00Z gw nginx %d - - %s", i, strings.Repeat("x", i%300)))
	}
	for name, c := range map[string]struct {
		config Config
		frame  func(string) string
		dial   func(addr string) (net.Conn, error)
	}{
		"lines": {Config{TCP: "127.0.0.1:0"}, line, func(a string) (net.Conn, error) { return net.Dial("tcp", a) }},
		"octets over TLS": {Config{TCP: "127.0.0.1:0", TLS: secure}, octets, func(a string) (net.Conn, error) {
			return tls.Dial("tcp", a, &tls.Config{RootCAs: roots, ServerName: "localhost"})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			sourcetest.Run(t, sourcetest.Harness{Want: want, Patience: realtest.Patience, New: func(t testing.TB) plugins.Source {
				s, err := New(c.config)
				if err != nil {
					t.Fatal(err)
				}
				s.draw = pushtest.Instance
				return &pushtest.Driven{Source: s, Want: want, Next: func() int64 { return s.opened().queue.Next() }, Send: func(ctx context.Context, records []string) {
					o := s.opened()
					if o == nil {
						return
					}
					conn, err := c.dial(o.tcp.Addr().String())
					if err != nil {
						return
					}
					var text strings.Builder
					for _, r := range records {
						text.WriteString(c.frame(r))
					}
					deliver(ctx, conn, text.String())
				}}
			}})
		})
	}
}

// opened is a source, and what it read so far.
type reader struct {
	t *testing.T
	*Source
	at plugins.Cursor
}

func start(t *testing.T, c Config) *reader {
	t.Helper()
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Open(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &reader{t, s, nil}
}

// read returns the next n records, as text and what is wrong with them; they are durable then.
func (r *reader) read(n int) []string {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), realtest.Patience)
	defer cancel()
	var all []string
	for len(all) < n {
		b, err := r.Read(ctx)
		if err != nil {
			r.t.Fatal(err)
		}
		for _, x := range b.Records {
			s := string(x.Data)
			if x.Fault != "" {
				s += " | " + x.Fault
			}
			all = append(all, s)
		}
		r.at = r.at.Merge(b.Next)
		if err := r.Committed(ctx, r.at); err != nil {
			r.t.Fatal(err)
		}
	}
	return all
}

func TestUDP(t *testing.T) {
	r := start(t, Config{UDP: "127.0.0.1:0", MaxLine: 10})
	c, err := net.Dial("udp", r.opened().packets.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, s := range []string{"<1>one\n", "", "\n", "<1>two\x00", "<1>much too long"} {
		if _, err := c.Write([]byte(s)); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"<1>one", "<1>two", "<1>much to | longer than max_line: 16 bytes, 10 are the most"}
	if diff := cmp.Diff(want, r.read(3)); diff != "" {
		t.Error(diff)
	}
}

// A client without a certificate is not let in where one is asked for, and others are.
func TestClientCertificate(t *testing.T) {
	authority := realtest.NewAuthority(t)
	dir := t.TempDir()
	cert, key := authority.Sign(t, "localhost", time.Now().Add(time.Hour))
	ca := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(ca, authority.PEM, 0o600); err != nil {
		t.Fatal(err)
	}
	r := start(t, Config{TCP: "127.0.0.1:0", TLS: &access.TLS{Cert: realtest.Replace(t, dir, "cert.pem", cert), Key: realtest.Replace(t, dir, "key.pem", key), ClientCA: ca}})
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority.PEM)
	send := func(text string, own ...tls.Certificate) {
		c, err := tls.Dial("tcp", r.opened().tcp.Addr().String(), &tls.Config{RootCAs: roots, ServerName: "localhost", Certificates: own})
		if err != nil {
			return
		}
		defer c.Close()
		_, _ = c.Write([]byte(text)) // what the server thinks of it shows in what is read
	}
	send("<1>stranger\n")
	own, err := tls.X509KeyPair(authority.Sign(t, "gateway", time.Now().Add(time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	send("<1>friend\n", own)
	if diff := cmp.Diff([]string{"<1>friend"}, r.read(1)); diff != "" {
		t.Error(diff)
	}
}

// While nothing becomes durable no more is read from a connection than a window and what buffers hold.
func TestWindow(t *testing.T) {
	r := start(t, Config{TCP: "127.0.0.1:0", MaxInflight: 4 << 20})
	c, err := net.Dial("tcp", r.opened().tcp.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	const all = 40_000
	go func() {
		defer c.Close()
		text := []byte(line("<1>" + strings.Repeat("x", 1000)))
		for range all {
			if _, err := c.Write(text); err != nil {
				return
			}
		}
	}()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	got := 0
	for window := 0; window < 900<<10; { // so much comes without Committed
		b, err := r.Read(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range b.Records {
			window += len(x.Data)
		}
		got += len(b.Records)
		r.at = r.at.Merge(b.Next)
	}
	realtest.Until(t, realtest.Patience, "the window to be full", func() bool { return r.Status().Bytes > 1<<20 })
	if held := r.Status().Bytes; held > 1<<20+256<<10 {
		t.Errorf("%d bytes are held", held)
	}
	if err := r.Committed(ctx, r.at); err != nil {
		t.Fatal(err)
	}
	if n := len(r.read(all - got)); n != all-got {
		t.Errorf("%d of %d", n, all-got)
	}
}

func TestNew(t *testing.T) {
	for _, c := range []Config{{}, {TCP: "x"}, {UDP: "1"}, {UDP: "127.0.0.1:0", TLS: &access.TLS{Cert: "c", Key: "k"}}, {TCP: ":1", TLS: &access.TLS{}}, {TCP: ":1", MaxLine: -1}} {
		if _, err := New(c); err == nil {
			t.Errorf("%+v is taken", c)
		}
	}
}
