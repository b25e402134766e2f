package mapper

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// asked is a request as a client sends it, before a gateway writes it down.
type asked struct {
	method, path, query, referer, agent, user, host, id, trace, authorization, apiKey string
}

// writer writes a request as the gateways of a dialect do. What a dialect has no place for is left out.
type writer struct {
	format, logFormat string
	write             func(c *asked) string
}

// options are those of a mapper that reads what w writes.
func (w *writer) options(opt Options) Options {
	opt.Format, opt.LogFormat, opt.HashKey = w.format, w.logFormat, []byte("key of the account")
	return opt
}

// writers are at least one of each format.
func writers() []writer {
	return slices.Concat(auditWriters(), lineWriters(), apacheWriters(), gatewayWriters(), []writer{
		{"nginx", "", writeCombined},
		{"nginx", hostileNginxLog, writeNginxFormat},
		{"nginx-combined", "", writeCombined},
		{"nginx-json", "", writeNginxJSON},
		{"envoy", "", writeEnvoy},
		{"traefik", "", writeTraefik},
		{"haproxy", "", writeHAProxy},
		{"haproxy", hostileHAProxyLog, writeHAProxyCaptures},
		{"kong", "", writeKong},
		{"apisix", "", writeAPISIX},
		{"caddy", "", writeCaddy},
		{"kubernetes", "", writeKubernetes},
		{"auto", "", writeTraefik},
		{"auto", "", writeKong},
	})
}

// Whoever adds a format says how it is attacked.
func TestWritersOfAllFormats(t *testing.T) {
	all := writers()
	for _, format := range Formats() {
		if MapsEvents(format) {
			continue
		}
		i := slices.IndexFunc(all, func(w writer) bool { return w.format == format })
		if i < 0 {
			t.Errorf("format %s has no writer: give it one, so that hostile lines and secrets go through it", format)
		}
	}
	for _, w := range all { // what is written is read, and not only as a record without a meaning
		m := newMapper(t, w.options(Options{Rules: hostileRules(t)}))
		e := mapOne(t, m, w.write(&asked{method: "GET", path: "/r/a/b", query: "q=shown"}))
		if name, ok := auditNames()[w.format]; ok { // which have no requests, but actions
			if e.Name != name && (name != "*" || e.Name == "") {
				t.Errorf("%s: a plain record is %s, want %s", w.format, e.Name, name)
			}
			continue
		}
		if e.Name != "Doa" || !strings.Contains(string(e.RequestParameters), `"q":"shown"`) {
			t.Errorf("%s %s: a plain request is %s %s", w.format, w.logFormat, e.Name, e.RequestParameters)
		}
	}
}

func writeCombined(c *asked) string {
	return fmt.Sprintf("192.0.2.1 - %s [21/Nov/2026:01:26:57 +0000] \"%s %s HTTP/1.1\" 200 2 \"%s\" \"%s\"", nginxEscaped(dashed(c.user)), c.method, nginxEscaped(c.target()), nginxEscaped(dashed(c.referer)), nginxEscaped(dashed(c.agent)))
}

const hostileNginxLog = `$remote_addr [$time_local] "$remote_user" "$request" $status "$http_referer" "$http_user_agent" "$http_host" "$request_id" "$http_x_trace" "$http_authorization" "$http_x_api_key"`

func writeNginxFormat(c *asked) string {
	line := "192.0.2.1 [21/Nov/2026:01:26:57 +0000] \"" + nginxEscaped(dashed(c.user)) + "\" \"" + c.method + " " + nginxEscaped(c.target()) + " HTTP/1.1\" 200"
	for _, s := range []string{c.referer, c.agent, c.host, c.id, c.trace, c.authorization, c.apiKey} {
		line += ` "` + nginxEscaped(dashed(s)) + `"`
	}
	return line
}

// objectOf is the members of a JSON object, without its braces.
func objectOf(pairs ...[2]string) string {
	var b strings.Builder
	for i, p := range pairs {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`"` + p[0] + `":"` + jsonText(p[1]) + `"`)
	}
	return b.String()
}

func writeNginxJSON(c *asked) string {
	return `{"time_iso8601":"2026-11-21T01:26:57+00:00","remote_addr":"192.0.2.1","status":200,` + objectOf([2]string{"request_method", c.method}, [2]string{"request_uri", c.target()}, [2]string{"http_referer", c.referer},
		[2]string{"http_user_agent", c.agent}, [2]string{"remote_user", c.user}, [2]string{"http_host", c.host}, [2]string{"request_id", c.id}, [2]string{"http_x_trace", c.trace},
		[2]string{"http_authorization", c.authorization}, [2]string{"http_x_api_key", c.apiKey}) + "}"
}

// writeEnvoy: Envoy writes what it is sent, but for control bytes.
func writeEnvoy(c *asked) string {
	return fmt.Sprintf("[2026-11-21T01:26:57.404Z] \"%s %s HTTP/1.1\" 200 - 0 19 3 - \"-\" \"%s\" \"%s\" \"%s\" \"10.0.2.1:80\"", c.method, nginxEscaped(c.target()), nginxEscaped(dashed(c.agent)), nginxEscaped(dashed(c.id)), nginxEscaped(dashed(c.host)))
}

func writeTraefik(c *asked) string {
	return `{"ClientHost":"192.0.2.1","DownstreamStatus":200,"StartUTC":"2026-11-21T01:26:57.3Z",` + objectOf([2]string{"RequestMethod", c.method}, [2]string{"RequestPath", c.target()}, [2]string{"ClientUsername", c.user},
		[2]string{"RequestHost", c.host}, [2]string{"request_User-Agent", c.agent}, [2]string{"request_Referer", c.referer}, [2]string{"request_X-Trace", c.trace},
		[2]string{"request_Authorization", c.authorization}, [2]string{"request_X-Api-Key", c.apiKey}, [2]string{"request_X-Request-Id", c.id}) + "}"
}

func writeHAProxy(c *asked) string {
	return "192.0.2.1:38420 [21/Nov/2026:01:26:57.404] f b/s1 0/0/0/0/5 200 124 - - ---- 1/1/0/0/0 0/0 \"" + hashEscaped(c.method+" "+c.target()) + " HTTP/1.1\""
}

const hostileHAProxyLog = `
    capture request header User-Agent len 500
    capture request header Host len 500
    capture request header Referer len 500
    capture request header X-Trace len 500
    capture request header Authorization len 500
    capture request header X-Api-Key len 500
    option httplog
`

func writeHAProxyCaptures(c *asked) string {
	line := "192.0.2.1:38420 [21/Nov/2026:01:26:57.404] f b/s1 0/0/0/0/5 200 124 - - ---- 1/1/0/0/0 0/0 {"
	for i, s := range []string{c.agent, c.host, c.referer, c.trace, c.authorization, c.apiKey} {
		if i > 0 {
			line += "|"
		}
		line += hashEscaped(s)
	}
	return line + "} {} \"" + hashEscaped(c.method+" "+c.target()) + " HTTP/1.1\""
}

func writeKong(c *asked) string {
	headers := objectOf([2]string{"host", c.host}, [2]string{"user-agent", c.agent}, [2]string{"referer", c.referer}, [2]string{"x-trace", c.trace}, [2]string{"authorization", c.authorization},
		[2]string{"x-api-key", c.apiKey}, [2]string{"cookie", "s=" + c.apiKey})
	return `{"started_at":1795224417404,"client_ip":"192.0.2.7","latencies":{"request":3},"request":{` + objectOf([2]string{"method", c.method}, [2]string{"uri", c.target()}, [2]string{"id", c.id}, [2]string{"body", c.apiKey}) +
		`,"headers":{` + headers + `}},"response":{"status":200,"headers":{` + objectOf([2]string{"set-cookie", c.apiKey}) + `}},"consumer":{` + objectOf([2]string{"username", c.user}, [2]string{"id", c.user}) + `}}`
}

func writeAPISIX(c *asked) string {
	headers := objectOf([2]string{"host", c.host}, [2]string{"user-agent", c.agent}, [2]string{"referer", c.referer}, [2]string{"x-trace", c.trace}, [2]string{"authorization", c.authorization},
		[2]string{"x-api-key", c.apiKey}, [2]string{"cookie", "s=" + c.apiKey}, [2]string{"x-request-id", c.id})
	return `{"start_time":1795224417404,"client_ip":"192.0.2.7","latency":3.5,"route_id":"17","request":{` + objectOf([2]string{"method", c.method}, [2]string{"uri", c.target()}, [2]string{"body", c.apiKey}) +
		`,"headers":{` + headers + `}},"response":{"status":200,"headers":{` + objectOf([2]string{"set-cookie", c.apiKey}) + `}},"consumer":{` + objectOf([2]string{"username", c.user}) + `}}`
}

func writeCaddy(c *asked) string {
	headers := ""
	for _, h := range [][2]string{{"User-Agent", c.agent}, {"Referer", c.referer}, {"X-Trace", c.trace}, {"Authorization", c.authorization}, {"X-Api-Key", c.apiKey}, {"Cookie", c.apiKey}} {
		headers += `"` + h[0] + `":["` + jsonText(h[1]) + `"],`
	}
	return `{"level":"info","ts":1795224420.6676762,"msg":"handled request","request":{"remote_ip":"192.0.2.1","client_ip":"192.0.2.1",` + objectOf([2]string{"method", c.method}, [2]string{"host", c.host}, [2]string{"uri", c.target()}) +
		`,"headers":{` + headers + `"X-Last":[]}},"status":200,"size":2,"resp_headers":{"Set-Cookie":["` + jsonText(c.apiKey) + `"]},` + objectOf([2]string{"user_id", c.user}, [2]string{"request_id", c.id}) + `}`
}

// writeKubernetes: names of objects, messages and whom one acts as may be hostile, too.
func writeKubernetes(c *asked) string {
	or := func(s, instead string) string {
		if s == "" {
			return instead
		}
		return s
	}
	return `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"RequestResponse","stage":"ResponseComplete","requestReceivedTimestamp":"2026-11-21T01:26:57.756152Z","stageTimestamp":"2026-11-21T01:26:57.759439Z","sourceIPs":["192.0.2.7"],` +
		objectOf([2]string{"auditID", or(c.id, "a-1")}, [2]string{"requestURI", c.target()}, [2]string{"verb", strings.ToLower(c.method)}, [2]string{"userAgent", c.agent}) +
		`,"user":{` + objectOf([2]string{"username", or(c.user, "alice")}, [2]string{"uid", c.user}) + `},"impersonatedUser":{` + objectOf([2]string{"username", c.trace}, [2]string{"uid", c.trace}) + `},"objectRef":{"resource":"pods","apiVersion":"v1",` +
		objectOf([2]string{"namespace", "foo"}, [2]string{"name", c.host}, [2]string{"subresource", c.host}) + `},"requestObject":{` + objectOf([2]string{"data", c.apiKey}) + `},"responseObject":{` + objectOf([2]string{"data", c.apiKey}) +
		`},"responseStatus":{` + objectOf([2]string{"message", `pods "` + c.host + `" not found: ` + c.referer}, [2]string{"reason", c.host}) + `,"code":404},"annotations":{` + objectOf([2]string{"authorization.k8s.io/reason", c.trace}) + `}}`
}

func (c *asked) target() string {
	if c.query == "" {
		return c.path
	}
	return c.path + "?" + c.query
}

func dashed(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// nginxEscaped is text as nginx writes it into a line.
func nginxEscaped(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c == '"' || c == '\\' || c < 0x20 || c == 0x7f {
			fmt.Fprintf(&b, `\x%02X`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// hashEscaped is text as HAProxy writes it.
func hashEscaped(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= 0x7f || strings.IndexByte(`"#{|}`, c) >= 0 {
			fmt.Fprintf(&b, "#%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// jsonText is text as nginx writes it with escape=json: what is no UTF-8 stays so.
func jsonText(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteString(`\` + s[i:i+1])
		case c < 0x20:
			fmt.Fprintf(&b, `\u%04X`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
