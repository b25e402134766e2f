package mapper

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Each golden file holds records, one a line after "> ", and below each what the
// mapper made of it: the event in canonical JSON, "ignored", or the error.
func TestGolden(t *testing.T) {
	for name, opt := range goldenOptions(t) {
		t.Run(name, func(t *testing.T) { golden(t, name, opt) })
	}
}

// goldenOptions are those of each golden file, by its name.
func goldenOptions(t testing.TB) map[string]Options {
	all := auditGolden(t)
	maps.Copy(all, lineGolden(t))
	maps.Copy(all, apacheGolden(t))
	maps.Copy(all, gatewayGolden(t))
	maps.Copy(all, map[string]Options{
		"combined":        {Format: "nginx"},
		"wrapped":         {Format: "nginx"},
		"json":            {Format: "nginx", Rules: shop(t), AccountID: "1234567890", Region: "cn-hangzhou", Host: "gw-1"},
		"identity":        {Format: "nginx-json", Rules: &Rules{Identity: Identity{Trust: map[string]string{"consumer": "verified"}}}, HashKey: []byte("key of the account")},
		"named":           {Format: "nginx-json", Rules: &Rules{Identity: Identity{Order: []string{"consumer"}, Type: Literal("ram-user"), UserName: value(t, "fields.login"), AccountID: value(t, "fields.tenant")}}},
		"addresses":       {Format: "nginx", TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}},
		"templates":       {Format: "nginx"},
		"native":          {Format: "native"},
		"kong":            {Format: "kong", Rules: shop(t), HashKey: []byte("key of the account")},
		"kong_other":      {Format: "kong", Rules: shop(t), HashKey: []byte("key of the account")},
		"apisix":          {Format: "apisix", Rules: gateway(t)},
		"apisix_other":    {Format: "apisix", Rules: gateway(t)},
		"caddy":           {Format: "caddy", Rules: gateway(t), KeepRaw: true, TimeZone: time.FixedZone("CST", 8*3600)},
		"kubernetes":      {Format: "kubernetes", Host: "cluster-1", Rules: clusterRules(t), KeepRaw: false},
		"kubernetes_list": {Format: "kubernetes", Host: "cluster-1", Rules: clusterRules(t), KeepRaw: false},
		"haproxy":         {Format: "haproxy", TimeZone: time.FixedZone("CST", 8*3600), Rules: stateRules(t)},
		"haproxy_section": {Format: "haproxy", LogFormat: haproxySectionLog, Rules: &Rules{Params: Params{Headers: []string{"X-Team"}}}},
		"haproxy_clf":     {Format: "haproxy", LogFormat: haproxyListLog, Rules: &Rules{Default: Default{Action: Join(value(t, "fields.res.hdr.0"), Literal("|"), value(t, "fields.res.hdr.1"), Literal("|"), value(t, "fields.req.hdr.1"))}}},
		"haproxy_custom":  {Format: "haproxy", LogFormat: haproxyCustomLog, Rules: stateRules(t)},
		"nginx_format":    {Format: "nginx", LogFormat: nginxCustomLog, Rules: upstreamRules(t)},
		"nginx_object":    {Format: "nginx", LogFormat: nginxObjectLog, Rules: upstreamRules(t)},
	})
	return all
}

// golden compares what a mapper with these options makes of the records in a file.
func golden(t *testing.T, name string, opt Options) {
	m := newMapper(t, opt)
	file := filepath.Join("testdata", name+".golden")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	for line := range strings.Lines(string(text)) {
		record, ok := strings.CutPrefix(line, "> ")
		if !ok {
			if strings.HasPrefix(line, "#") || line == "\n" {
				got.WriteString(line)
			}
			continue
		}
		fmt.Fprintf(&got, "> %s%s\n", record, mapped(m, strings.TrimSuffix(record, "\n")))
	}
	if *update {
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got.String() != string(text) && !*update {
		t.Errorf("%s differs; run with -update and read the difference:\n%s", file, difference(string(text), got.String()))
	}
}

func difference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(w), len(g)) {
		if i >= len(w) || i >= len(g) || w[i] != g[i] {
			return fmt.Sprintf("line %d\nwant %s\ngot  %s", i+1, at(w, i), at(g, i))
		}
	}
	return ""
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(end)"
}

// mapped is what m makes of a record. The record is written over afterwards, as a source does.
func mapped(m *Mapper, record string) string {
	data := []byte(record)
	var e event.Event
	e.Origin.Observed = readingNow()
	err := m.Map(&plugins.Record{Data: data}, &e)
	e.Origin.Observed = event.Time{}
	switch {
	case errors.Is(err, plugins.ErrIgnored):
		return "ignored"
	case err != nil:
		e = event.Event{}
		m.Unparsed(&plugins.Record{Data: data}, err, &e)
		return "unparsed: " + e.ErrorMessage + "\nraw: " + e.Raw
	}
	return string(e.AppendJSON(nil))
}

func newMapper(t testing.TB, opt Options) *Mapper {
	t.Helper()
	m, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func pattern(t testing.TB, s string) Pattern {
	t.Helper()
	p, err := ParsePattern(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func value(t testing.TB, name string) *Expr {
	t.Helper()
	x, err := Value(name)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func apply(t testing.TB, name string, args ...*Expr) *Expr {
	t.Helper()
	x, err := Call(name, args...)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// shop is a set of rules that uses every part of them.
func shop(t testing.TB) *Rules {
	return &Rules{
		Name:   "shop",
		Match:  Match{Host: "*.shop.example", PathPrefix: "/v1"},
		Ignore: []Pattern{pattern(t, "GET /healthz")},
		Routes: []Route{
			{Pattern: pattern(t, "POST /instances/{id}/stop"), Service: Literal("Ecs"), Action: Literal("StopInstance"), ResourceType: Literal("ACS::ECS::Instance"), ResourceName: value(t, "path.id")},
			{Pattern: pattern(t, "POST /instances/search"), Service: Literal("Ecs"), Action: Literal("SearchInstances"), RW: event.Read},
			{Pattern: pattern(t, "POST /instances/{id}"), Service: Literal("Ecs"), Action: Literal("ModifyInstance"), ResourceName: value(t, "path.id")},
			{Pattern: pattern(t, "* /repos/{owner}/{repo}/contents/{path...}"), Service: Literal("Repo"), Action: Join(apply(t, "title", value(t, "method")), Literal("Content")),
				ResourceType: Literal("Repo"), ResourceName: Join(value(t, "path.owner"), Literal("/"), value(t, "path.repo"))},
			{Pattern: pattern(t, "GET /?Action=DescribeInstances"), Service: Literal("Ecs"), Action: value(t, "query.Action"), APIVersion: Literal("2014-05-26")},
			{Pattern: pattern(t, "POST /signin"), Service: Literal("AasSub"), Action: Literal("ConsoleSignin"), Type: event.TypeConsoleSignin,
				ErrorCode:  value(t, "fields.error"),
				Additional: []Named{{"mfaChecked", value(t, "fields.mfa")}}, Parameters: []Named{{"LoginName", apply(t, "lower", value(t, "headers.x-login"))}}},
			{Pattern: pattern(t, "POST /reset/{code}"), Action: Literal("ResetPassword")},
		},
		Identity: Identity{AccountID: value(t, "fields.tenant")},
		Console:  Console{When: apply(t, "startswith", value(t, "headers.referer"), Literal("https://console."))},
		Params:   Params{Keep: []string{"page", "token"}, Mask: []string{"token", "code"}, Headers: []string{"X-Trace"}},
		Default:  Default{Service: Literal("shop")},
	}
}

// A record may be written over as soon as the event was taken; until then its
// strings must hold, and nothing of one record may show in the next.
func TestNothingStaysOfTheRecordBefore(t *testing.T) {
	m := newMapper(t, Options{Format: "nginx", Rules: shop(t)})
	long := `{"time_iso8601":"2026-11-21T01:26:57+00:00","remote_addr":"192.0.2.1","remote_user":"ali\u0063e","request":"POST /v1/reset/abc?page=1&x=2 HTTP/1.1","status":"403","http_host":"a.shop.example","http_user_agent":"a\"b","http_referer":"https://console.x/","error":"E","tenant":"t1","request_id":"r1","request_time":"0.001","body_bytes_sent":"3","ssl_client_verify":"SUCCESS","http_x_trace":"tr"}`
	short := `{"time_iso8601":"2026-11-21T01:26:58Z","uri":"/a","status":200}`
	alone := mapped(newMapper(t, Options{Format: "nginx", Rules: shop(t)}), short)
	mapped(m, long)
	if after := mapped(m, short); after != alone {
		t.Errorf("after another record:\n%s\nalone:\n%s", after, alone)
	}
}

func TestKeepRaw(t *testing.T) {
	m := newMapper(t, Options{Format: "nginx", KeepRaw: true})
	line := "192.0.2.1 - - [21/Nov/2026:01:26:57 +0000] \"GET /\xff HTTP/1.1\" 200 2 \"-\" \"x\""
	var e event.Event
	if err := m.Map(&plugins.Record{Data: []byte(line)}, &e); err != nil {
		t.Fatal(err)
	}
	if want := strings.ReplaceAll(line, "\xff", "\uFFFD"); e.Raw != want {
		t.Errorf("raw is %q", e.Raw)
	}
}

func TestZonelessTimeIsInTheSourcesZone(t *testing.T) {
	shanghai := time.FixedZone("CST", 8*3600)
	m := newMapper(t, Options{Format: "nginx", TimeZone: shanghai})
	var e event.Event
	if err := m.Map(&plugins.Record{Data: []byte(`{"time":"2026-11-21 01:26:57.250","uri":"/","status":200}`)}, &e); err != nil {
		t.Fatal(err)
	}
	if got := e.Time.String(); got != "2026-11-20T17:26:57.250Z" {
		t.Errorf("time is %s", got)
	}
}

func TestMapAllocatesLittle(t *testing.T) {
	m := newMapper(t, Options{Format: "nginx", Rules: shop(t)})
	r := plugins.Record{Data: []byte(benchJSON)}
	n := testing.AllocsPerRun(1000, func() {
		var e event.Event
		if err := m.Map(&r, &e); err != nil {
			t.Fatal(err)
		}
	})
	if n > 2 { // requestParameters and additionalEventData
		t.Errorf("%v allocations a record", n)
	}
}

const (
	benchJSON     = `{"time_iso8601":"2026-11-21T01:26:57+00:00","msec":"1795224417.404","remote_addr":"192.0.2.7","remote_user":"alice","request_method":"POST","request_uri":"/v1/instances/i-0123456789/stop?page=3","status":"200","body_bytes_sent":"312","request_time":"0.012","http_host":"api.shop.example","http_user_agent":"aliyun-cli/3.0.1","http_referer":"-","request_id":"4f3c2b1a99887766"}`
	benchCombined = `192.0.2.7 - alice [21/Nov/2026:01:26:57 +0000] "POST /v1/instances/i-0123456789/stop?page=3 HTTP/1.1" 200 312 "-" "aliyun-cli/3.0.1"`
)

func BenchmarkMap(b *testing.B) {
	for name, line := range map[string]string{"json": benchJSON, "combined": benchCombined} {
		b.Run(name, func(b *testing.B) {
			rules := shop(b)
			rules.Match.Host = ""
			m := newMapper(b, Options{Format: "nginx", Rules: rules})
			r := plugins.Record{Data: []byte(line)}
			b.ReportAllocs()
			b.SetBytes(int64(len(line)))
			var e event.Event
			for b.Loop() {
				e = event.Event{}
				if err := m.Map(&r, &e); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
