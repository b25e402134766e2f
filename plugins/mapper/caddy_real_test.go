package mapper

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/plugins"
)

// caddyConfig answers everything, and asks for alice's password (wonder land) below /secure.
const caddyConfig = `{
  "admin": {"disabled": true},
  "logging": {"logs": {
    "default": {"exclude": ["http.log.access"]},
    "audit": {"include": ["http.log.access"], "writer": {"output": "file", "filename": "%DIR%/audit.log"}, "encoder": {"format": "json"}}}},
  "apps": {"http": {"servers": {"edge": {
    "listen": ["%LISTEN%"], "automatic_https": {"disable": true}, "logs": {},
    "routes": [
      {"handle": [{"handler": "log_append", "key": "request_id", "value": "{http.request.uuid}"}]},
      {"match": [{"path": ["/secure/*"]}], "handle": [{"handler": "authentication", "providers": {"http_basic": {"accounts": [
        {"username": "alice", "password": "HASH"}]}}}]},
      {"handle": [{"handler": "static_response", "status_code": 203, "body": "ok"}]}]}}}}}`

// caddyHash is bcrypt of alice's password, of little cost.
const caddyHash = "$2a$04$RtDuYpaHbRuKBvRLy4uD8O6DupQ.1lgcSjdlTsExyHTE7j0VR8o9C"

// callCaddy is a request as it goes over the wire, and what is to be found of it.
type callCaddy struct {
	method, target, headers string // headers as lines, each with its \r\n
	want                    foundOfCaddy
}

type foundOfCaddy struct {
	Path, Agent, Trace, User, Trust, Code, Params string
	Status                                        int
}

// Whatever bytes a client sends, each request is found in what Caddy's log maps to.
func TestRealCaddy(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("building Caddy takes minutes the first time")
	}
	addr, dir, _ := realtest.StartCaddy(t, strings.Replace(caddyConfig, "HASH", caddyHash, 1))
	basic := func(user, password string) string {
		return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password)) + "\r\n"
	}
	none := foundOfCaddy{Agent: "-", Status: 203, Trust: event.TrustNone}
	with := func(change func(*foundOfCaddy)) foundOfCaddy { f := none; change(&f); return f }
	calls := []callCaddy{
		{"GET", "/plain", "", none},
		{"POST", "/quote\"and\\slash", "User-Agent: a \"quoted\\\" agent\r\n", with(func(f *foundOfCaddy) { f.Agent = `a "quoted\" agent` })},
		{"DELETE", "/%00/%2F/%2e%2e/%c3%a9/%ff", "User-Agent: \xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80\r\n", with(func(f *foundOfCaddy) { f.Agent = "\u00e9\u4e2d\U0001F600" })},
		{"PUT", "/raw\xff\xfebytes", "User-Agent: x\xffy\xc3\r\n", with(func(f *foundOfCaddy) { f.Path, f.Agent = "/raw\uFFFD\uFFFDbytes", "x\uFFFDy\uFFFD" })},
		{"PATCH", "/tab", "User-Agent: a\tb\r\nX-Trace: one\r\nX-Trace: two\r\n", with(func(f *foundOfCaddy) { f.Agent, f.Trace = "a\tb", "one, two" })},
		{"GET", "/q?a=%22&b=\xff&a=<>&token=s3cret&c", "", with(func(f *foundOfCaddy) { f.Path, f.Params = "/q", `{"a":"***(2)","b":"***(3)","c":"","token":"***"}` })},
		{"GET", "/long/" + strings.Repeat("x/%41\\", 1000), "User-Agent: " + strings.Repeat("\"\\", 1500) + "\r\n", with(func(f *foundOfCaddy) { f.Agent = strings.Repeat("\"\\", 1500) })},
		{"GET", "/json{\"a\":[1,2]}", "X-Trace: {\"status\":500,\"msg\":\"handled request\"}\r\nUser-Agent: \",\"status\":500,\"x\":\"\r\n", with(func(f *foundOfCaddy) {
			f.Trace, f.Agent = `{"status":500,"msg":"handled request"}`, `","status":500,"x":"`
		})},
		{"GET", "/u2028\xe2\x80\xa8", "X-Trace: \\u0041\r\n", with(func(f *foundOfCaddy) { f.Trace = `\u0041` })},
		{"GET", "/secure/a", "", with(func(f *foundOfCaddy) { f.Status, f.Code = 401, "Unauthorized" })},
		{"GET", "/secure/b", basic("alice", "wonder land"), with(func(f *foundOfCaddy) { f.User, f.Trust = "alice", event.TrustVerified })},
		{"GET", "/secure/c", basic("alice", "wrong"), with(func(f *foundOfCaddy) { f.Status, f.Code = 401, "Unauthorized" })},
		{"GET", "/open", basic("mallory", "guess me"), none}, // nobody asked: no name
		{"GET", "/cookie", "Cookie: session=s3cret; b=s3cret\r\nX-Api-Key: s3cret-s3cret-s3cret\r\n", with(func(f *foundOfCaddy) { f.Trust = event.TrustClaimed })},
		{"WEIRD-METHOD", "/method", "", none},
		{"OPTIONS", "http://edge.example:8443/absolute?x", "", with(func(f *foundOfCaddy) { f.Path, f.Params = "/absolute", `{"x":""}` })},
	}
	before := time.Now().Add(-time.Second)
	for i, c := range calls {
		sendCaddy(t, addr, &c, i)
	}
	lines := caddyLines(t, filepath.Join(dir, "audit.log"), len(calls))
	m := newMapper(t, Options{Format: "caddy", KeepRaw: true, Rules: &Rules{Params: Params{Headers: []string{"X-Trace", "X-Call"}}}})
	found := map[string]foundOfCaddy{}
	for _, line := range lines {
		var e event.Event
		if err := m.Map(&plugins.Record{Data: line}, &e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		more := e.Additional.Map()
		text := func(key string) string { s, _ := more[key].(string); return s }
		f := foundOfCaddy{Path: text("httpPath"), Agent: e.UserAgent, Trace: text("header:x-trace"), User: e.Identity.UserName, Trust: e.Identity.Trust, Code: e.ErrorCode, Params: string(e.RequestParameters)}
		fmt.Sscan(fmt.Sprint(more["httpStatus"]), &f.Status)
		found[text("header:x-call")] = clonedCaddy(f)
		switch at := e.Time.Std(); {
		case at.Before(before) || at.After(time.Now().Add(time.Second)):
			t.Errorf("time is %s", at)
		case e.SourceIP != "127.0.0.1" || e.Source != "edge.example":
			t.Errorf("from %s to %s", e.SourceIP, e.Source)
		case len(e.RequestID) != 36:
			t.Errorf("request id is %q", e.RequestID)
		case bytes.Contains(e.AppendJSON(nil), []byte("s3cret-")) || bytes.Contains(e.AppendJSON(nil), []byte("session=")):
			t.Errorf("a secret: %s", e.AppendJSON(nil))
		}
	}
	for i, c := range calls {
		name := fmt.Sprintf("%d %s", i, c.method)
		if c.want.Path == "" {
			c.want.Path = c.target
		}
		got, ok := found[name]
		if !ok {
			t.Errorf("%s %.60q is not found", name, c.target)
		} else if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s %.60q: %s", name, c.target, d)
		}
	}
}

// clonedCaddy is f in memory of its own: what was mapped lives until the next record.
func clonedCaddy(f foundOfCaddy) foundOfCaddy {
	for _, s := range []*string{&f.Path, &f.Agent, &f.Trace, &f.User, &f.Trust, &f.Code, &f.Params} {
		*s = strings.Clone(*s)
	}
	return f
}

func sendCaddy(t *testing.T, addr string, c *callCaddy, i int) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: edge.example:8443\r\nX-Call: %d %s\r\nConnection: close\r\n%s\r\n", c.method, c.target, i, c.method, c.headers); err != nil {
		t.Fatal(err)
	}
	reply, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%s %.60q: %v", c.method, c.target, err)
	}
	reply.Body.Close()
	if reply.StatusCode != c.want.Status {
		t.Fatalf("%s %.60q was answered with %d, want %d", c.method, c.target, reply.StatusCode, c.want.Status)
	}
}

// caddyLines waits for this many lines of Caddy's log.
func caddyLines(t *testing.T, file string, count int) [][]byte {
	t.Helper()
	var lines [][]byte
	realtest.Until(t, realtest.Patience, "caddy's log", func() bool {
		text, err := os.ReadFile(file)
		if err != nil || !bytes.HasSuffix(text, []byte("\n")) {
			return false
		}
		lines = bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
		return len(lines) >= count
	})
	return lines
}
