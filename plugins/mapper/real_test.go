package mapper

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/plugins"
)

// sent is what a client sends over a connection of its own: bytes, with what of
// them must be found back in the gateway's log.
type sent struct {
	raw      string
	requests []seen
}

// seen is what a log tells of a request. Of one that the gateway itself refuses
// with 400 only the status is certain.
type seen struct {
	method, path, query, userAgent, referer, user string
	status                                        int
}

const close10 = " HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n"

// oddRequests are requests of all kinds that a gateway may meet. Each one has its
// number in the query.
func oddRequests() []sent {
	var all []sent
	one := func(method, target, headers string, want seen) {
		id := fmt.Sprintf("id=%d", len(all))
		path, query, _ := strings.Cut(target, "?")
		if query != "" {
			query += "&"
		}
		query += id
		want.method = method
		want.path, want.query = path, query
		all = append(all, sent{method + " " + path + "?" + query + close10 + headers + "\r\n", []seen{want}})
	}
	basic := func(user string) string {
		return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user+":secret")) + "\r\n"
	}
	one("GET", "/plain", "", seen{})
	one("DELETE", "/v1/orders/17?x=%22q%20%0a", basic("alice"), seen{user: "alice"})
	one("GET", `/a"b`, "User-Agent: say \"hi\"\r\n", seen{userAgent: `say "hi"`})
	one("GET", `/a\b?c=\x22`, "User-Agent: c:\\x\\\r\n", seen{userAgent: `c:\x\`})
	one("POST", "/%00/%2F/%2e%2e/%ff?%00=%22", "Content-Length: 0\r\n", seen{})
	one("GET", "/a//b/./c/../d", "", seen{})
	one("PUT", "/tab", "User-Agent: a\tb\r\nContent-Length: 0\r\n", seen{userAgent: "a\tb"})
	one("GET", "/utf8", "User-Agent: gr\u00fc\u00df \u4e16\r\nReferer: https://a.example/\u00e9\r\n", seen{userAgent: "gr\u00fc\u00df \u4e16", referer: "https://a.example/\u00e9"})
	one("GET", "/latin1", "User-Agent: \xff\xfe{x|y}#22\r\n", seen{userAgent: "\xff\xfe{x|y}#22"})
	one("GET", "/like-a-line", "User-Agent: \" 200 5 \"-\" [21/Nov/2026:01:26:57 +0000] \"GET / HTTP/1.1\r\n", seen{userAgent: `" 200 5 "-" [21/Nov/2026:01:26:57 +0000] "GET / HTTP/1.1`})
	one("GET", "/users", basic("bob smith [x]"), seen{user: "bob smith [x]"})
	one("GET", "/users", basic(`a "quoted" \ user`), seen{user: `a "quoted" \ user`})
	one("GET", "/users", basic("x [21/Nov/2026 +0000] \"GET / HTTP/1.1\" 200"), seen{user: "x [21/Nov/2026 +0000] \"GET / HTTP/1.1\" 200"})
	one("GET", "/"+strings.Repeat("long/", 700), "", seen{})
	one("GET", "/raw-utf8/\u00e9", "", seen{})
	one("GET", "/ctl\x01\x7f", "", seen{})
	one("GET", "/referer", "Referer: http://x/?a=\"b\\\"&c={d}|\r\n", seen{referer: `http://x/?a="b\"&c={d}|`})
	one("OPTIONS", "/percent%", "", seen{})
	one("GET", "/no-user-agent-but-empty", "User-Agent:\r\n", seen{})
	all = append(all,
		sent{"GET /hash#22?a" + close10 + "\r\n", []seen{{method: "GET", path: "/hash"}}},
		sent{"GET http://b.example/absolute?x=1 HTTP/1.1\r\nHost: b.example\r\nConnection: close\r\n\r\n", []seen{{method: "GET", path: "/absolute", query: "x=1"}}},
		sent{"GET /old HTTP/1.0\r\n\r\n", []seen{{method: "GET", path: "/old"}}},
		sent{"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n", []seen{{method: "CONNECT", path: "a.example:443"}}},
		sent{"GET /p1 HTTP/1.1\r\nHost: a\r\n\r\nGET /p2?x HTTP/1.1\r\nHost: a\r\n\r\nGET /p3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
			[]seen{{method: "GET", path: "/p1"}, {method: "GET", path: "/p2", query: "x"}, {method: "GET", path: "/p3"}}},
		sent{"\x16\x03\x01\x02\x00\r\n\r\n", []seen{{}}},
		sent{"no request at all\r\n\r\n", []seen{{}}},
		sent{"GET /x HTTP/1.1\r\nConnection: close\r\n\r\n", []seen{{}}},            // no host
		sent{"GET /x HTTP/1.1\r\nHost: a\r\nBad Header: 1\r\n\r\n", []seen{{}}},     // nginx leaves it out
		sent{"GET /x HTTP/9.9\r\nHost: a\r\nConnection: close\r\n\r\n", []seen{{}}}, // no such version
		sent{"get /lower HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", []seen{{}}},
	)
	return all
}

// send sends one after the other, and fills in the statuses that came back.
func send(t *testing.T, all []sent, dial func() (net.Conn, error)) (want []seen) {
	t.Helper()
	for _, s := range all {
		c, err := dial()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, s.raw); err != nil {
			t.Fatal(err)
		}
		c.SetReadDeadline(time.Now().Add(10 * time.Second))
		all, err := io.ReadAll(c)
		if err != nil && len(all) == 0 {
			t.Fatalf("%q: %v", s.raw, err)
		}
		c.Close()
		r := bufio.NewReader(bytes.NewReader(all))
		for _, w := range s.requests {
			method, _, _ := strings.Cut(s.raw, " ")
			answer, err := http.ReadResponse(r, &http.Request{Method: method})
			if err != nil {
				t.Fatalf("%q: %v: %q", s.raw, err, all)
			}
			if _, err := io.Copy(io.Discard, answer.Body); err != nil {
				t.Fatal(err)
			}
			w.status = answer.StatusCode
			want = append(want, w)
		}
	}
	return want
}

// find maps the lines of a gateway's log, and compares them with what was sent.
func find(t *testing.T, opt Options, text string, want []seen, look func(*request, *seen) seen) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) != len(want) {
		t.Fatalf("%d lines for %d requests:\n%s", len(lines), len(want), text)
	}
	m, found := newMapper(t, opt), 0
	for i, line := range lines {
		var e event.Event
		if err := m.Map(&plugins.Record{Data: []byte(line)}, &e); err != nil {
			t.Errorf("%v\n%s", err, line)
			continue
		}
		w := want[i]
		got := look(&m.request, &w)
		if w.status == 400 || w.method == "" {
			w, got = seen{status: w.status}, seen{status: got.status}
		} else {
			found++
		}
		if got != w {
			t.Errorf("%s\nis   %+v\nwant %+v", line, got, w)
		}
	}
	if found < 20 {
		t.Errorf("only %d requests were taken: the others say nothing", found)
	}
}

// all is what a full log tells.
func all(q *request, _ *seen) seen {
	return seen{method: q.method, path: q.path, query: q.query, userAgent: q.userAgent, referer: q.referer, user: q.user, status: q.status}
}

const realNginxFormat = `log_format custom '$remote_addr:$remote_port $remote_user [$time_local] $msec "$request_method" ($status) "$request_uri" '
  '"$http_referer" "$http_user_agent" $request_time';`

func TestRealNginx(t *testing.T) {
	t.Parallel()
	dir, addr := t.TempDir(), realtest.FreeAddr(t)
	object := `log_format object escape=json '{"at":"$msec","who":"$remote_user","line":"$request","code":$status,"ref":"$http_referer","agent":"$http_user_agent","took":$request_time,"up":$upstream_response_time}';`
	formats := map[string]Options{
		"combined": {Format: "nginx"},
		"audit":    {Format: "nginx"},
		"custom":   {Format: "nginx", LogFormat: realNginxFormat},
		"object":   {Format: "nginx", LogFormat: object},
	}
	logs := ""
	for name := range formats {
		logs += fmt.Sprintf("access_log %s/%s %s;\n", dir, name, name)
	}
	realtest.NginxWith(t, addr, fmt.Sprintf(`
  log_format audit escape=json '{"time_iso8601":"$time_iso8601","remote_addr":"$remote_addr","remote_user":"$remote_user","request_method":"$request_method",'
    '"request_uri":"$request_uri","request":"$request","status":$status,"http_user_agent":"$http_user_agent","http_referer":"$http_referer"}';
  %s
  %s
  large_client_header_buffers 8 32k;
  server { listen %s; %s location / { return 200 "ok\n"; } }
`, realNginxFormat, object, addr, logs))
	want := send(t, oddRequests(), func() (net.Conn, error) { return net.Dial("tcp", addr) })
	for name, opt := range formats {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(dir, name)
			realtest.Until(t, realtest.Patience, "nginx to write", func() bool {
				b, err := os.ReadFile(file)
				return err == nil && bytes.Count(b, []byte("\n")) >= len(want)
			})
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			find(t, opt, string(text), want, all)
		})
	}
}

const (
	realHAProxySection = `  capture request header User-Agent len 400
  capture request header Referer len 400
  http-request set-var(txn.user) http_auth_user if { http_auth_type Basic }
  http-request capture var(txn.user) len 400
`
	realHAProxyFormat = `%ci:%cp %{+Q,+E}[capture.req.hdr(0)] [%trl] %Ts.%ms %{+Q}HM %ST %{+Q}HU %{+Q,+E}[capture.req.hdr(1)] %{+Q,+E}[capture.req.hdr(2)] %tsc %ID %Ta`
)

func TestRealHAProxy(t *testing.T) {
	t.Parallel()
	pem, tlsConfig := certificate(t)
	answer := "  http-request return status 200 content-type text/plain string ok\n"
	mtls := `log-format "%ci [%tr] %ST %{+Q}r %[ssl_c_verify] %{+Q,+E}[ssl_c_s_dn] %sslv/%sslc"`
	short := func(q *request, w *seen) seen { // whatever is cut is as long as the line
		got := seen{method: q.method, path: q.path, query: q.query, status: q.status}
		w.userAgent, w.referer, w.user = "", "", ""
		if len(w.path) > 1000 && strings.HasPrefix(w.path, q.path) && len(q.path) > 100 {
			got.path, got.query = w.path, w.query
		}
		return got
	}
	line := func(q *request, w *seen) seen {
		w.userAgent, w.referer, w.user = "", "", ""
		return seen{method: q.method, path: q.path, query: q.query, status: q.status}
	}
	certified := func(q *request, w *seen) seen {
		if w.status != 400 && (q.clientDN != "/CN=robot \"7\"" || !q.verified) {
			t.Errorf("the certificate is %q, verified: %v", q.clientDN, q.verified)
		}
		return line(q, w)
	}
	for _, c := range []struct {
		name, section string
		opt           Options
		bind          string
		length        int
		look          func(*request, *seen) seen
	}{
		{"httplog", "  option httplog\n", Options{}, "", 16384, line},
		{"httplog captured", "  option httplog\n" + realHAProxySection, Options{LogFormat: realHAProxySection + "option httplog"}, "", 16384, all},
		{"httplog short", "  option httplog\n", Options{}, "", 300, short},
		{"httpslog", "  option httpslog\n", Options{}, " ssl crt " + pem, 16384, line},
		{"clf", "  option httplog clf\n", Options{}, "", 16384, line},
		{"clf captured", "  option httplog clf\n" + realHAProxySection, Options{LogFormat: realHAProxySection + "option httplog clf"}, "", 16384, all},
		{"custom", realHAProxySection + "  log-format \"" + realHAProxyFormat + "\"\n", Options{LogFormat: realHAProxySection + "log-format \"" + realHAProxyFormat + "\""}, "", 16384, all},
		{"certificate", "  " + mtls + "\n", Options{LogFormat: mtls}, " ssl crt " + pem + " ca-file " + pem + " verify required", 16384, certified},
	} {
		t.Run(c.name, func(t *testing.T) {
			addr := realtest.FreeAddr(t)
			p := realtest.HAProxyWith(t, addr, fmt.Sprintf(`
  tune.http.logurilen 8192
  tune.bufsize 32768
defaults
  mode http
  timeout client 5s
frontend f
  log stdout len %d format raw local0
  bind %s%s
  option dontlognull
%s%s`, c.length, addr, c.bind, c.section, answer))
			before := len(p.Output())
			dial := func() (net.Conn, error) { return net.Dial("tcp", addr) }
			if c.bind != "" {
				dial = func() (net.Conn, error) { return tls.Dial("tcp", addr, tlsConfig) }
			}
			want := send(t, oddRequests(), dial)
			realtest.Until(t, realtest.Patience, "HAProxy to write", func() bool { return strings.Count(p.Output()[before:], "\n") >= len(want) })
			c.opt.Format, c.opt.TimeZone = "haproxy", time.Local
			find(t, c.opt, p.Output()[before:], want, c.look)
		})
	}
}
