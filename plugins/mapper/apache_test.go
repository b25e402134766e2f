package mapper

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/plugins"
)

const (
	apacheOwnLog = `LogFormat "%{Host}i:%{remote}p %a [%{%d/%b/%Y %T}t.%{msec_frac}t %{%z}t] %u \"%m\" \"%U\" \"%q\" %H %>s %b %Dus \"%{SSL_CLIENT_S_DN}x\" %{SSL_CLIENT_VERIFY}x ` +
		`\"%{X-Trace}i\" \"%400,501{JSESSIONID}C\" \"%{UNIQUE_ID}e\" end" audit`
	apacheRealLog = `%a "%u" %{msec}t "%r" %>s "%{Referer}i" "%{User-Agent}i" %D`
)

func apacheGolden(testing.TB) map[string]Options {
	return map[string]Options{
		"apache":     {Format: "apache"},
		"apache_own": {Format: "apache", LogFormat: apacheOwnLog, Rules: &Rules{Params: Params{Headers: []string{"X-Trace"}}}},
	}
}

func apacheWriters() []writer {
	return []writer{
		{"apache", "", func(c *asked) string {
			return fmt.Sprintf("192.0.2.1 - %s [21/Nov/2026:01:26:57 +0000] \"%s %s HTTP/1.1\" 200 2 \"%s\" \"%s\"", apacheEscaped(dashed(c.user)), apacheEscaped(c.method), apacheEscaped(c.target()), apacheEscaped(dashed(c.referer)), apacheEscaped(dashed(c.agent)))
		}},
		{"apache", `%h %u [%{%FT%T}t] "%r" %>s "%{Referer}i" "%{User-Agent}i" "%{Host}i" "%{X-Trace}i" "%{Authorization}i" "%{X-Api-Key}i" "%{SSL_CLIENT_S_DN}x"`, func(c *asked) string {
			line := "192.0.2.1 " + apacheEscaped(dashed(c.user)) + " [2026-11-21T01:26:57] \"" + apacheEscaped(c.method+" "+c.target()) + " HTTP/1.1\" 200"
			for _, s := range []string{c.referer, c.agent, c.host, c.trace, c.authorization, c.apiKey, c.id} {
				line += ` "` + apacheEscaped(dashed(s)) + `"`
			}
			return line
		}},
	}
}

// apacheEscaped is text as Apache writes it.
func apacheEscaped(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteString(`\` + s[i:i+1])
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\t':
			b.WriteString(`\t`)
		case c < 0x20 || c >= 0x7f:
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// A real Apache, with its own formats and one of an operator; who has shown a
// password that is right is verified, and nobody else.
func TestRealApache(t *testing.T) {
	t.Parallel()
	dir, addr := t.TempDir(), realtest.FreeAddr(t)
	secret := sha1.Sum([]byte("secret"))
	users := filepath.Join(dir, "users")
	if err := os.WriteFile(users, []byte("alice:{SHA}"+base64.StdEncoding.EncodeToString(secret[:])+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	formats := map[string]string{"combined": apacheCombined, "vhost": apacheVhost, "combinedio": apacheIO, "own": apacheRealLog}
	logs := ""
	for name, format := range formats {
		logs += fmt.Sprintf("CustomLog %s/%s \"%s\"\n", dir, name, strings.ReplaceAll(format, `"`, `\"`))
	}
	realtest.ApacheWith(t, addr, fmt.Sprintf(`
DocumentRoot %s
TraceEnable Off
%s
<Location /private>
  AuthType Basic
  AuthName private
  AuthUserFile %s
  Require valid-user
</Location>
`, t.TempDir(), logs, users))
	all := oddRequests()
	for _, who := range []string{"alice:secret", "alice:wrong", "mallory:secret"} {
		all = append(all, sent{"GET /private" + close10 + "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(who)) + "\r\n\r\n",
			[]seen{{method: "GET", path: "/private", user: who[:strings.IndexByte(who, ':')]}}})
	}
	want := send(t, all, func() (net.Conn, error) { return net.Dial("tcp", addr) })
	look := func(q *request, w *seen) seen {
		if w.path != "/private" {
			w.user = "" // nobody has asked for it, and so nobody writes it
		}
		if verified := q.checked.user; verified != (w.user != "" && w.status != 401) {
			t.Errorf("%s %s by %q, %d: verified is %v", q.method, q.path, q.user, q.status, verified)
		}
		return seen{method: q.method, path: q.path, query: q.query, userAgent: q.userAgent, referer: q.referer, user: q.user, status: q.status}
	}
	for name, format := range formats {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(dir, name)
			realtest.Until(t, realtest.Patience, "Apache to write", func() bool {
				b, err := os.ReadFile(file)
				return err == nil && bytes.Count(b, []byte("\n")) >= len(want)
			})
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			find(t, Options{Format: "apache", LogFormat: format}, string(text), want, look)
			if name != "own" {
				find(t, Options{Format: "apache"}, string(text), want, look)
			}
		})
	}
}

func TestWrongApacheFormats(t *testing.T) {
	for format, want := range map[string]string{
		"x":                                 "has no directives",
		`LogFormat common`:                  "has no string in quotes",
		`LogFormat "%h`:                     "a string that does not end",
		`%h %t "%r"`:                        "does not log the status: add %>s",
		`%h "%r" %>s`:                       "does not log the time: add %t",
		`%h %t %>s`:                         "does not log the request: add %r, or %m and %U",
		`%t %U %>s`:                         "does not log the method: add %m",
		`%t "%r" %>s %{X`:                   "a { without its }",
		`%t "%r" %>s %`:                     "ends in the middle of a directive",
		`%t "%r" %>s %-`:                    "is not a directive",
		`%t "%r"%>s%b`:                      "status and body_bytes_sent without text between",
		`%{%Q}t "%r" %>s`:                   "does not log the time",
		`LogFormat "%t \"%r\" %>s\n%b" two`: "over several lines",
	} {
		if _, err := New(Options{Format: "apache", LogFormat: format}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q in it", format, err, want)
		}
	}
}

// What an operator may copy is the same format, and its time is found in every way
// that it can be written.
func TestApacheFormats(t *testing.T) {
	const line = `192.0.2.7 alice [STAMP] "GET /a HTTP/1.1" 200`
	for _, c := range []struct{ format, stamp, want string }{
		{`%h %u %t "%r" %>s`, "21/Nov/2026:01:26:57 +0000", "2026-11-21T01:26:57Z"},
		{`LogFormat "%h %u %t \"%r\" %>s" name`, "21/Nov/2026:01:26:57 +0000", "2026-11-21T01:26:57Z"},
		{`customlog logs/access "%h %u %t \"%r\" %>s" env=!dontlog`, "21/Nov/2026:01:26:57 +0000", "2026-11-21T01:26:57Z"},
		{`"%h %u %t \"%r\" %>s"`, "21/Nov/2026:01:26:57 +0000", "2026-11-21T01:26:57Z"},
		{`%h %u [%{sec}t] "%r" %s`, "1795224417", "2026-11-21T01:26:57Z"},
		{`%h %u [%{msec}t] "%r" %s`, "1795224417404", "2026-11-21T01:26:57.404Z"},
		{`%h %u [%{usec}t] "%r" %s`, "1795224417404123", "2026-11-21T01:26:57.404123Z"},
		{`%h %u [%{sec}t.%{usec_frac}t] "%r" %s`, "1795224417.404123", "2026-11-21T01:26:57.404123Z"},
		{`%h %u [%{begin:%F %T}t,%{begin:msec_frac}t] "%r" %!200,304s`, "2026-11-21 01:26:57,404", "2026-11-21T01:26:57.404Z"},
		{`%{c}a %>u [%{%s}t 100%%] "%r" %<s`, "1795224417 100%", "2026-11-21T01:26:57Z"},
	} {
		m := newMapper(t, Options{Format: "apache", LogFormat: c.format})
		var e event.Event
		if err := m.Map(&plugins.Record{Data: []byte(strings.Replace(line, "STAMP", c.stamp, 1))}, &e); err != nil || e.Time.String() != c.want || e.Identity.UserName != "alice" || e.Identity.Trust != "verified" {
			t.Errorf("%s: %v, %s by %+v", c.format, err, e.Time, e.Identity)
		}
	}
}
