package mapper

import (
	"strings"
	"testing"
)

func TestNginxFormatErrors(t *testing.T) {
	for _, c := range []struct{ format, want string }{
		{`$remote_addr$remote_user [$time_local] "$request" $status`, "remote_addr and remote_user without text between: "},
		{`$remote_addr [$time_local] "$request"`, "does not log the status: add $status"},
		{`$remote_addr "$request" $status`, "does not log the time: add $msec"},
		{`$remote_addr [$time_local] $status`, "does not log the request: add $request"},
		{`[$time_local] $status $request_uri`, "does not log the method"},
		{`$remote_addr - $ [$time_local]`, `a $ without a name behind it, at "$ [$time_local]"`},
		{`$remote_addr ${status [$time_local]`, `a ${ without its }, at "${status [$time_local]"`},
		{`escape=xml $status`, "escape=xml is not known to nginx: default, json or none"},
		{`no variables`, "has no variables"},
		{`escape=json`, "log_format is empty"},
		{`log_format main;`, "needs a name and a format"},
		{`log_format main '$status`, "a string that does not end"},
		{`log_format main '$status'; log_format b '$status';`, "goes on after its semicolon"},
		{`log_format main '$status''x';`, `text behind a string without a space between, at "'x';"`},
	} {
		_, err := New(Options{Format: "nginx", LogFormat: c.format})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s\nerror %v\nwant  %s", c.format, err, c.want)
		}
	}
}

// All the ways in which a format is copied give the same form.
func TestNginxFormatSpellings(t *testing.T) {
	line := `192.0.2.1 "GET /a?b=1 HTTP/1.1" 404 1795224417.404 "x" t'1`
	want := ""
	for _, format := range []string{
		`$remote_addr "$request" $status $msec "$http_user_agent" t'$http_x_trace`,
		`'$remote_addr "$request" ' '$status $msec "$http_user_agent" t\'$http_x_trace'`,
		"log_format  audit '$remote_addr \"$request\" '\n  # the second half\n  \"$status $msec \\\"$http_user_agent\\\" t'${http_x_trace}\";",
		`log_format audit escape=default '$remote_addr "$request" $status $msec "$http_user_agent" t\'$http_x_trace' ; # audit`,
		`escape=default '${remote_addr} "$request" $status $msec "$http_user_agent" t\'$http_x_trace'`,
	} {
		got := mapped(newMapper(t, Options{Format: "nginx", LogFormat: format, Rules: &Rules{Params: Params{Headers: []string{"X-Trace"}}}}), line)
		if want == "" {
			want = got
		}
		if got != want || !strings.Contains(got, `"header:x-trace":"1"`) || !strings.Contains(got, `57.404Z`) {
			t.Errorf("%s\ngives %s\nwant  %s", format, got, want)
		}
	}
}

// combined by its format is what the reader of combined makes of it.
func TestNginxFormatIsCombined(t *testing.T) {
	combined := `$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"`
	builtIn, byFormat := newMapper(t, Options{Format: "nginx"}), newMapper(t, Options{Format: "nginx", LogFormat: combined})
	for _, line := range []string{
		benchCombined,
		`192.0.2.1 - a [b] c [21/Nov/2026:01:26:57 +0000] [21/Nov/2026:01:26:58 +0000] "GET / HTTP/1.1" 200 2 "-" "a\x22 200 b"`,
		`192.0.2.1 -  - [21/Nov/2026:01:26:57 +0000] "" 400 0 "-" "-"`,
		`192.0.2.1 - - [21/Nov/2026:01:26:57 +0000] "\x16\x03\x01" 400 150 "-" "-"`,
	} {
		if a, b := mapped(builtIn, line), mapped(byFormat, line); a != b {
			t.Errorf("%s\nis  %s\nnot %s", line, b, a)
		}
	}
}

// The formats of the gateways that are built on nginx, with lines as they write them.
func TestNginxFormatPresets(t *testing.T) {
	for _, c := range []struct{ format, line, requestID string }{
		{kongLog, `172.17.0.1 - - [21/Nov/2026:01:26:57 +0000] "GET /anything?x=1 HTTP/1.1" 200 571 "-" "curl/7.88.1" kong_request_id: "b1d4a91a0d4f5a5f7f0b7a5e6d1c2b3a"`, "b1d4a91a0d4f5a5f7f0b7a5e6d1c2b3a"},
		{apisixLog, `127.0.0.1 - jack b [21/Nov/2026:01:26:57 +0000] a.example:9080 "GET /anything?x=1 HTTP/1.1" 200 571 0.004 "-" "curl/7.88.1" 10.0.0.1:80, 10.0.0.2:80 502, 200 0.001, 0.003 "http://a.example:9080/x/y" "c2a7"`, "c2a7"},
		{apisixLog, `127.0.0.1 - - [21/Nov/2026:01:26:57 +0000] a.example:9080 "GET /anything?x=1 HTTP/1.1" 404 571 0.000 "-" "curl/7.88.1" - - - "http://a.example:9080" "c2a7"`, "c2a7"},
	} {
		read, err := nginxFormat(c.format)
		if err != nil {
			t.Fatal(err)
		}
		m := newMapper(t, Options{Format: "nginx"})
		m.text.survey([]byte(c.line))
		q := &m.request
		q.reset()
		if err := read(m, []byte(c.line)); err != nil {
			t.Errorf("%v: %s", err, c.line)
			continue
		}
		if q.requestID != c.requestID || q.path != "/anything" || q.query != "x=1" || q.userAgent != "curl/7.88.1" || q.bytes != 571 {
			t.Errorf("%s\nis %+v", c.line, q)
		}
		if c.format == apisixLog && q.status == 200 {
			if q.field("upstream_addr") != "10.0.0.1:80, 10.0.0.2:80" || q.field("upstream_status") != "502, 200" || q.field("upstream_uri") != "/x/y" || q.user != "jack b" {
				t.Errorf("%s\nis %+v", c.line, q)
			}
		}
	}
}

const (
	nginxCustomLog = `log_format edge '$http_host|$remote_addr:$remote_port $remote_user $msec $request_method '
  '$scheme://$host$uri$is_args$args $status $bytes_sent "$http_user_agent" "$http_referer" '
  '$upstream_addr $upstream_status ($request_time) "$http_x_team" ${ssl_client_verify}="$ssl_client_s_dn"';`
	nginxObjectLog = `escape=json '{"ip":"$remote_addr","at":"$msec","who":"$remote_user","req":"$request","code":$status,"took":$upstream_response_time,"team":"$http_x_team","up":"$upstream_addr","host":"$hostname"}'`
)

// upstreamRules show fields of nginx.
func upstreamRules(t testing.TB) *Rules {
	return &Rules{Params: Params{Keep: []string{"q"}, Headers: []string{"X-Team"}}, Routes: []Route{{Pattern: pattern(t, "* /v1/orders"), Action: Literal("Orders"), Additional: []Named{
		{"upstream", value(t, "fields.upstream_addr")}, {"statuses", value(t, "fields.upstream_status")}, {"up", value(t, "fields.up")}, {"port", value(t, "fields.remote_port")}, {"hostname", value(t, "fields.hostname")},
	}}}}
}
