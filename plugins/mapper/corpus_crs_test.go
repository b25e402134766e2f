package mapper

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/plugins"
)

// hostile is a request of the corpus's tests of a web firewall.
type hostile struct {
	Rule, Test           int
	Method, URI, Version string
	Headers              map[string]any
	Data                 string
	status               string // that came back
}

func hostileRequests(t *testing.T) (all []hostile) {
	t.Helper()
	for _, line := range linesOf(t, filepath.Join(corpus(t), "gateway", "crs", "crs-requests.ndjson")) {
		var h hostile
		if err := json.Unmarshal([]byte(line), &h); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if strings.ContainsAny(h.URI+h.Method, "\r\n") {
			continue // two requests in one
		}
		all = append(all, h)
	}
	return all
}

// send sends it over a connection of its own.
func (h *hostile) send(t *testing.T, addr string) {
	t.Helper()
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s %s\r\n", h.Method, h.URI, h.Version)
	framed := h.Data == ""
	for name, value := range h.Headers {
		switch strings.ToLower(name) {
		case "connection", "expect":
			continue
		case "content-length", "transfer-encoding":
			framed = true
		}
		fmt.Fprintf(&b, "%s: %v\r\n", name, value)
	}
	if !framed {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(h.Data))
	}
	b.WriteString("Connection: close\r\n\r\n" + h.Data)
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, writeErr := c.Write(b.Bytes()) // fails when the gateway has answered and closed: what it read counts
	if err := c.(*net.TCPConn).CloseWrite(); writeErr == nil && err != nil {
		writeErr = err
	}
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	reply, err := io.ReadAll(c)
	if len(reply) == 0 && (err != nil || writeErr != nil) {
		t.Fatalf("%d-%d: no answer: %v, %v", h.Rule, h.Test, writeErr, err)
	}
	if words := strings.SplitN(string(reply), " ", 3); strings.HasPrefix(words[0], "HTTP/") && len(words) == 3 {
		h.status = words[1]
	}
}

// target is the path and query that a gateway ought to find, as they were sent.
func (h *hostile) target() string {
	target, _, _ := strings.Cut(h.URI, "#")
	if _, rest, ok := strings.Cut(target, "://"); ok && !strings.HasPrefix(target, "/") {
		slash := strings.IndexAny(rest, "/?")
		if slash < 0 {
			return "/"
		}
		target = rest[slash:]
	}
	if target == "" || target[0] == '?' {
		target = "/" + target
	}
	if !strings.HasPrefix(h.Version, "HTTP/") { // then it is one more word of the target
		target = strings.TrimSpace(target + " " + h.Version)
	}
	if path, query, _ := strings.Cut(target, "?"); query == "" {
		return path
	}
	return target
}

// mapHostile maps the lines of a gateway's log, one a request, and compares them.
func mapHostile(t *testing.T, opt Options, text string, all []hostile) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) != len(all) {
		t.Fatalf("%d lines for %d requests", len(lines), len(all))
	}
	m, refused := newMapper(t, opt), 0
	for i, line := range lines {
		h := &all[i]
		var e event.Event
		if err := m.Map(&plugins.Record{Data: []byte(line)}, &e); err != nil {
			t.Errorf("%d-%d: %v\n%s", h.Rule, h.Test, err, line)
			continue
		}
		wellFormed(t, &e, line)
		got := found(t, m, &e)
		if h.status != "" && got["status"] != h.status {
			t.Errorf("%d-%d: status is %s, want %s\n%s", h.Rule, h.Test, got["status"], h.status, line)
		}
		if got["method"] == "" && (h.status == "400" || h.status == "") { // the gateway found no request in it, or HTTP/0.9
			refused++
		} else if got["method"] != strings.TrimSpace(h.Method) || got["target"] != h.target() {
			t.Errorf("%d-%d: %s %s\nwant %s %s\n%s", h.Rule, h.Test, got["method"], got["target"], h.Method, h.target(), line)
		}
		h.keepsSecrets(t, &e)
	}
	if t.Logf("%d requests found back, %d of them refused by the gateway as no HTTP", len(lines), refused); refused > len(all)/20 {
		t.Errorf("%d requests have no method: the others say too little", refused)
	}
}

// keepsSecrets tells whether the values of query and credentials stay on the machine.
func (h *hostile) keepsSecrets(t *testing.T, e *event.Event) {
	t.Helper()
	var params map[string]any
	if e.RequestParameters != "" {
		if err := json.Unmarshal([]byte(e.RequestParameters), &params); err != nil {
			t.Fatal(err)
		}
	}
	for name, v := range params {
		values, many := v.([]any)
		if !many {
			values = []any{v}
		}
		for _, value := range values {
			if text := fmt.Sprint(value); text != "" && !strings.HasPrefix(text, masked) && !isSafe(name, text) {
				t.Errorf("%d-%d: parameter %s shows %v", h.Rule, h.Test, name, value)
			}
		}
	}
	text := string(e.AppendJSON(nil))
	for name, value := range h.Headers {
		if n := strings.ToLower(name); (n == "cookie" || n == "authorization") && len(fmt.Sprint(value)) > 8 && strings.Contains(text, fmt.Sprint(value)) {
			t.Errorf("%d-%d: the event shows the header %s: %s", h.Rule, h.Test, name, text)
		}
	}
}

// Each of five thousand hostile requests that a gateway logged is found back.
func TestCorpusHostileNginx(t *testing.T) {
	all := hostileRequests(t)
	dir, addr := t.TempDir(), realtest.FreeAddr(t)
	realtest.NginxWith(t, addr, fmt.Sprintf(`
  log_format audit escape=json '{"time_iso8601":"$time_iso8601","remote_addr":"$remote_addr","remote_user":"$remote_user","request":"$request","status":$status,'
    '"http_user_agent":"$http_user_agent","http_referer":"$http_referer","http_cookie":"$http_cookie","http_authorization":"$http_authorization"}';
  large_client_header_buffers 8 32k;
  server { listen %s; lingering_close off; access_log %s/combined combined; access_log %s/audit audit; location / { return 200 "ok\n"; } }
`, addr, dir, dir))
	for i := range all {
		all[i].send(t, addr)
	}
	for _, name := range []string{"combined", "audit"} {
		file := filepath.Join(dir, name)
		var text []byte
		realtest.Until(t, realtest.Patience, "nginx to write", func() (done bool) {
			var err error
			text, err = os.ReadFile(file)
			return err == nil && bytes.Count(text, []byte("\n")) >= len(all)
		})
		t.Run(name, func(t *testing.T) { mapHostile(t, Options{Format: formatAuto}, string(text), all) })
	}
}

// And of those that HAProxy logged.
func TestCorpusHostileHAProxy(t *testing.T) {
	all, addr := hostileRequests(t), realtest.FreeAddr(t)
	p := realtest.HAProxyWith(t, addr, fmt.Sprintf(`
  tune.http.logurilen 8192
  tune.bufsize 32768
defaults
  mode http
  timeout client 5s
frontend f
  log stdout len 16384 format raw local0
  bind %s
  option httplog
  option dontlognull
  http-request return status 200 content-type text/plain string ok
`, addr))
	before := len(p.Output())
	for i := range all {
		all[i].send(t, addr)
	}
	realtest.Until(t, realtest.Patience, "HAProxy to write", func() bool { return strings.Count(p.Output()[before:], "\n") >= len(all) })
	mapHostile(t, Options{Format: "haproxy", TimeZone: time.Local}, p.Output()[before:], all)
}
