package mapper

import (
	"strings"
	"testing"
)

const (
	// haproxySectionLog are lines of a section of haproxy.cfg.
	haproxySectionLog = `
    capture request header User-Agent len 128   # 0
    capture request header X-Team len 32
    http-request set-var(txn.user) req.hdr(X-Consumer-Username)
    http-request capture var(txn.user) len 40
    capture response header Content-Type len 20
    option httplog
`
	haproxyListLog = `
    capture request header X-Team len 32
    capture request header X-Consumer-Username len 32
    capture response header Content-Type len 20
    log-format "%{+Q}o %ci %Ts.%ms %HM %HU %ST %hrl %hsl"
`
	haproxyCustomLog = `%ci %[ssl_c_verify] %{+Q,+E}[ssl_c_s_dn] [%trl] %HM %HPO%HQ %ST %B %Ta %tsc %ID %{+Q}[var(txn.sub)] 100%% %hr end`
)

// stateRules show fields of HAProxy.
func stateRules(t testing.TB) *Rules {
	return &Rules{Routes: []Route{{Pattern: pattern(t, "* /v1/orders"), Action: Literal("Orders"), Additional: []Named{
		{"state", value(t, "fields.tsc")}, {"first", value(t, "fields.req.hdr.0")}, {"second", value(t, "fields.req.hdr.1")}, {"wait", value(t, "fields.Tr")},
		{"backend", value(t, "fields.b")}, {"sub", value(t, "fields.var(txn.sub)")},
	}}}}
}

func TestHAProxyFormatErrors(t *testing.T) {
	for _, c := range []struct{ format, want string }{
		{`%ci [%tr] %ST`, "does not log the request: add %r"},
		{`%ci [%tr] %r`, "does not log the status: add %ST"},
		{`%ci %r %ST`, "does not log the time: add %tr"},
		{`%ci [%tr] %HU %ST`, "does not log the method: add %HM"},
		{`%ci%b [%tr] %r %ST`, "ci and b without text between"},
		{`%ci [%tr] %nope %ST`, `a variable that HAProxy does not have, at "%nope %ST"; write %% for`},
		{`%ci [%tr] %{+Qr %ST`, `a %{ without its }, at "%{+Qr %ST"`},
		{`%ci [%tr] %[src`, `a %[ without its ], at "%[src"`},
		{`%{+json}o %ci`, "JSON and CBOR are not"},
		{`plain`, "has no variables"},
		{"option tcplog", "set mode http and option httplog"},
		{"capture request header A len 5", "neither option httplog"},
		{"option httplog\nbalance roundrobin", `"option httplog"`},
		{"option httplog\noption forwardfor", `does not say how the log looks: "option forwardfor"`},
		{"log-format %ci %ST", "a log-format of 2 words: put it in quotes"},
		{`log-format "%ci`, "a string that does not end"},
	} {
		_, err := New(Options{Format: "haproxy", LogFormat: c.format})
		if c.want == `"option httplog"` {
			c.want = `"balance roundrobin"`
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s\nerror %v\nwant  %s", c.format, err, c.want)
		}
	}
}

// All the ways in which a format is copied give the same form.
func TestHAProxyFormatSpellings(t *testing.T) {
	line := `192.0.2.1 [21/Nov/2026:01:26:57.404] "GET /a?b=1 HTTP/1.1" 404 it's "x"`
	want := ""
	for _, format := range []string{
		`%ci [%tr] %{+Q}r %ST it's %{+Q}[capture.req.hdr(0)]`,
		`%ci   [%tr]	%{+Q}r  %ST it's %{+Q}[capture.req.hdr(0)]`,
		`%ci\ [%tr]\ %{+Q}r\ %ST\ it\'s\ %{+Q}[capture.req.hdr(0)]`,
		`log-format "%ci [%tr] %{+Q}r %ST it's %{+Q}[capture.req.hdr(0)]" # mine`,
		`log-format '%ci [%tr] "%r" %ST it'"'s "'%{+Q}[capture.req.hdr(0)]'`,
		`log-format %ci\ [%tr]\ %{+Q}r\ %ST\ it\'s\ \"%[capture.req.hdr(0)]\"`,
		`%{+Q}o %{-Q}ci [%tr] %r %ST it's %[capture.req.hdr(0)]`,
		`%(ip)ci [%(at)tr] %{+Q}r %ST it's %{+Q}[capture.req.hdr(0)]`,
	} {
		got := mapped(newMapper(t, Options{Format: "haproxy", LogFormat: format, Rules: &Rules{Default: Default{Action: value(t, "fields.req.hdr.0")}}}), line)
		if want == "" {
			want = got
		}
		if got != want || !strings.Contains(got, `"eventName":"x"`) || !strings.Contains(got, `57.404Z`) {
			t.Errorf("%s\ngives %s\nwant  %s", format, got, want)
		}
	}
}
