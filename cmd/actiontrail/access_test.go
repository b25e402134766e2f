package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/internal/realtest"
)

const (
	aliceToken = "alice-0123456789abcdef"
	plainToken = "plain-0123456789abcdef"
)

// TestAccess: a real server with tokens and certificates, and clients that have the right ones, wrong ones and none.
func TestAccess(t *testing.T) {
	b := newBox(t, "")
	first, second, now := realtest.NewAuthority(t), realtest.NewAuthority(t), time.Now()
	issue := func(by *realtest.Authority, name string, ends time.Time) {
		cert, key := by.Sign(t, name, ends)
		realtest.Replace(t, b.dir, "server.key", key)
		realtest.Replace(t, b.dir, "server.pem", cert)
	}
	issue(first, "localhost", now.Add(time.Hour))
	realtest.Replace(t, b.dir, "tokens", []byte("alice:"+aliceToken+"\n"+plainToken+"\n"))
	declared, err := os.ReadFile(b.config())
	if err != nil {
		t.Fatal(err)
	}
	realtest.Replace(t, b.dir, "actiontrail.hcl", append(declared, "api {\n  token_file = \"tokens\"\n  tls {\n    cert_file = \"server.pem\"\n    key_file  = \"server.key\"\n  }\n}\n"...))
	b.server = realtest.Start(t, []string{asProgram + "=1"}, b.args()...)

	alice := realtest.Replace(t, b.dir, "alice", []byte("alice:"+aliceToken+"\n")) // as the server has it
	wrong := realtest.Replace(t, b.dir, "wrong", []byte("wrong-0123456789abcdef\n"))
	ca := realtest.Replace(t, b.dir, "ca.pem", first.PEM)
	otherCA := realtest.Replace(t, b.dir, "other.pem", second.PEM)
	https := "https://" + b.addr
	ask := func(args ...string) (string, error) {
		out, note, err := runClient(t, append([]string{"search", "--count"}, args...)...)
		return out + note, err
	}
	t.Setenv(tokenVariable, alice)
	t.Setenv(caVariable, ca)
	realtest.Until(t, realtest.Patience, "the server to answer "+https, func() bool { _, err := ask("--server", https); return err == nil })
	realtest.Until(t, realtest.Patience, "the server to say where it listens", func() bool {
		return strings.Contains(b.server.Output(), "address="+https)
	})
	for _, tt := range []struct {
		name  string
		token string
		args  []string
		want  string
	}{
		{"by flags", "", []string{"--server", https, "--token-file", alice, "--ca-file", ca}, ""},
		{"by name", alice, []string{"--server", strings.Replace(https, "127.0.0.1", "localhost", 1)}, ""},
		{"no token", "", []string{"--server", https}, "asks for a token: give the file that holds it with --token-file"},
		{"wrong token", wrong, []string{"--server", https}, "does not take the token of " + wrong},
		{"unknown authority", alice, []string{"--server", https, "--ca-file", otherCA}, "signed by nobody whom this machine knows"},
		{"in the clear", alice, []string{"--server", "http://" + b.addr}, "speaks TLS only: say --server " + https},
		{"no authority", alice, []string{"--server", https, "--ca-file", alice}, "holds no certificate in PEM"},
		{"half a certificate", alice, []string{"--server", https, "--cert-file", ca}, "belong together"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv(tokenVariable, tt.token)
			switch out, err := ask(tt.args...); {
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want != "" && (exitCode(err) != exitUsage || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("%v, want %q", err, tt.want)
			case strings.Contains(out, "0123456789abcdef"), err != nil && strings.Contains(err.Error(), "0123456789abcdef"):
				t.Error("a token is shown")
			}
		})
	}

	// What is renewed holds at once, without a restart.
	issue(second, "localhost", now.Add(time.Hour))
	if _, err := ask("--server", https, "--ca-file", otherCA); err != nil {
		t.Errorf("renewed: %v", err)
	}
	if _, err := ask("--server", https); err == nil {
		t.Error("the old authority is still good")
	}
	issue(first, "elsewhere.example", now.Add(time.Hour))
	if _, err := ask("--server", strings.Replace(https, "127.0.0.1", "localhost", 1)); err == nil || !strings.Contains(err.Error(), "for another name") {
		t.Errorf("a certificate for another name: %v", err)
	}
	issue(first, "localhost", now.Add(-time.Minute))
	if _, err := ask("--server", https); err == nil || !strings.Contains(err.Error(), "not valid now") {
		t.Errorf("a certificate that has expired: %v", err)
	}
	issue(first, "localhost", now.Add(time.Hour))
	realtest.Replace(t, b.dir, "tokens", []byte(plainToken+"\n"))
	if _, err := ask("--server", https); err == nil || !strings.Contains(err.Error(), "does not take the token") {
		t.Errorf("a token that was taken back: %v", err)
	}
	realtest.Replace(t, b.dir, "tokens", []byte("alice:"+aliceToken+"\n"))

	// The audit says who, and that somebody tried.
	for query, what := range map[string]string{
		`serviceName: Actiontrail and userIdentity.userName: alice and userIdentity.trust: verified`: "calls of alice",
		`serviceName: Actiontrail and errorCode: "HTTP.401" and userIdentity.type: anonymous`:        "refused calls",
	} {
		realtest.Until(t, realtest.Patience, what, func() bool {
			out, err := ask("--server", https, query)
			return err == nil && strings.TrimSpace(out) != "0"
		})
	}
	for path, code := range map[string]int{"/healthz": 200, "/readyz": 200, "/metrics": 401, "/api/v1/status": 401} {
		f := clientFlags{server: https, caFile: ca}
		trust, err := f.tls()
		if err != nil {
			t.Fatal(err)
		}
		c := &http.Client{Transport: &http.Transport{TLSClientConfig: trust, DisableKeepAlives: true}}
		r, err := c.Get(https + path)
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode != code {
			t.Errorf("%s without a token: %d, want %d", path, r.StatusCode, code)
		}
	}
}

// TestAPIWantsClientCertificates: a token alone is not enough then.
func TestAPIWantsClientCertificates(t *testing.T) {
	by, dir := realtest.NewAuthority(t), t.TempDir()
	cert, key := by.Sign(t, "localhost", time.Now().Add(time.Hour))
	ca := realtest.Replace(t, dir, "ca.pem", by.PEM)
	certFile, keyFile := realtest.Replace(t, dir, "cert.pem", cert), realtest.Replace(t, dir, "key.pem", key)
	g, err := newGuarded(config.API{TLS: &config.ListenTLS{Cert: certFile, Key: keyFile, ClientCA: ca}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"agents":[]}`)) }))
	s.TLS = g.certificates.Server()
	s.StartTLS()
	defer s.Close()
	if _, _, err := runClient(t, "agents", "--server", s.URL, "--ca-file", ca); err == nil || !strings.Contains(err.Error(), "wants a certificate of its clients") {
		t.Errorf("without a certificate: %v", err)
	}
	if _, _, err := runClient(t, "agents", "--server", s.URL, "--ca-file", ca, "--cert-file", certFile, "--key-file", keyFile); err != nil {
		t.Errorf("with a certificate: %v", err)
	}
}

func TestClientTLSAgainstPlain(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	_, _, err := runClient(t, "agents", "--server", "https"+strings.TrimPrefix(s.URL, "http"))
	if err == nil || !strings.Contains(err.Error(), "does not speak TLS: say --server "+s.URL) {
		t.Error(err)
	}
}

func TestCheckAPI(t *testing.T) {
	secure := &config.ListenTLS{Cert: "c", Key: "k"}
	for _, tt := range []struct {
		api      config.API
		insecure bool
		want     string
	}{
		{config.API{Listen: "127.0.0.1:1"}, false, ""},
		{config.API{Listen: "localhost:1"}, false, ""},
		{config.API{Listen: "[::1]:1", TLS: secure}, false, ""},
		{config.API{Listen: ":1"}, false, "a tls block and a token_file"},
		{config.API{Listen: ":1"}, true, ""},
		{config.API{Listen: "10.0.0.1:1", TokenFile: "t"}, false, "in the clear"},
		{config.API{Listen: "10.0.0.1:1", TLS: secure}, false, "everybody who can reach it"},
		{config.API{Listen: "10.0.0.1:1", TLS: &config.ListenTLS{Cert: "c", Key: "k", ClientCA: "ca"}}, false, "everybody who can reach it"},
		{config.API{Listen: "10.0.0.1:1", TLS: secure, TokenFile: "t"}, false, ""},
		{config.API{Listen: "nonsense", TLS: secure, TokenFile: "t"}, true, "not host:port"},
	} {
		err := checkAPI(tt.api, tt.insecure)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v, insecure %v: %v, want %q", tt.api, tt.insecure, err, tt.want)
		}
	}
}
