package mapper

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
)

// Whatever a line holds, nginx's own format makes an event or an error of it.
func FuzzNginxFormat(f *testing.F) {
	formats := []string{nginxCustomLog, nginxObjectLog, kongLog, apisixLog,
		`$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"`,
		`escape=json {"a":["$request_uri"],"b":"$remote_user","t":$msec,"s":$status,"m":"$request_method"}`,
		`escape=none $time_iso8601 $http_x $request_method $uri$is_args$args $status`}
	f.Add(uint8(4), []byte(benchCombined))
	f.Add(uint8(0), []byte(`a.example|192.0.2.1:4711 alice b 1795224417.404 GET https://a.example/v1/orders?q=1&r=2 200 99 "x \x22y\x22 200 1" "-" 10.0.0.1:80, 10.0.0.2:80 502, 504 : 200 (0.012) "blue" SUCCESS="CN=robot"`))
	f.Add(uint8(1), []byte(`{"ip":"192.0.2.1","at":"1795224417.404","who":"al\"ice","req":"GET /v1/orders HTTP/1.1","code":200,"took":,"team":"blue","up":"10.0.0.1:80","host":"gw-7"}`))
	f.Add(uint8(3), []byte(`127.0.0.1 - jack b [21/Nov/2026:01:26:57 +0000] a.example:9080 "GET /anything?x=1 HTTP/1.1" 200 571 0.004 "-" "curl/7.88.1" 10.0.0.1:80, 10.0.0.2:80 502, 200 0.001, 0.003 "http://a.example:9080/x/y" "c2a7"`))
	f.Add(uint8(5), []byte(`{"a":["/x\\\"y"],"b":"é\u00e9","t":1795224417.404,"s":200,"m":"GET"}`))
	f.Add(uint8(6), []byte("2026-11-21T01:26:57+00:00 \"\xff \\x GET /a?b 200"))
	f.Fuzz(func(t *testing.T, which uint8, line []byte) {
		checkLine(t, Options{Format: "nginx", LogFormat: formats[int(which)%len(formats)]}, line)
	})
}

// The same of HAProxy.
func FuzzHAProxy(f *testing.F) {
	formats := []string{"", "", haproxySectionLog, haproxyCustomLog,
		`%{+Q}o %[src] %Ts.%ms %HM %HU %ST %hrl`, `{"ip":"%ci","at":"%T","req":"%r","s":%ST,"h":"%{+E}[capture.req.hdr(0)]"}`}
	f.Add(uint8(0), []byte(`<134>Nov 21 01:26:57 edge-1 haproxy[812]: 127.0.0.1:38420 [21/Nov/2026:01:26:57.404] f b/s1 0/0/0/0/5 200 124 - - ---- 1/1/0/0/0 0/0 {a#22|b} "GET /v1/orders#23 HTTP/1.1"`))
	f.Add(uint8(0), []byte(`127.0.0.1:54830 [21/Nov/2026:01:26:57.404] s~ b/s1 0/0/0/0/5 -1 124 - - ---- 1/1/0/0/0 0/0 "GET /v1/orders/17 HTTP/1.1" 0/0/0/0/0 api.shop.example/TLSv1.3/TLS_AES_256_GCM_SHA384`))
	f.Add(uint8(0), []byte(`127.0.0.1 - - [21/Nov/2026:14:04:22 +0000] "GET /a%20b?x=%22&y=1 HTTP/1.1" 200 73 "" "" 50832 100 "b" "b" "<NOSRV>" 0 -1 -1 -1 0 LR-- 1 1 0 0 0 0 0 "" "" "a#22b#7Cc" ""`))
	f.Add(uint8(1), []byte(`127.0.0.1:1 [21/Nov/2026:01:26:57.404] f b/s1 0/0/1/1/10 200 9 - - ---- 1/1/0/0/0 0/0 "POST /v1/orders?a=1&very-lo`))
	f.Add(uint8(2), []byte(`127.0.0.1:38420 [21/Nov/2026:01:26:57.404] f b/s1 0/0/0/0/5 200 124 - - ---- 1/1/0/0/0 0/0 {curl/7 #22#C3#A9|blue|alice b} {text/plain} "GET /v1/orders HTTP/1.1"`))
	f.Add(uint8(3), []byte(`192.0.2.1 0 "/C=DE/O=\"a\" b\\c\]/CN=robot" [21/Nov/2026:09:26:57 +0800] POST /v1/orders?a=1 201 124 12 ---- id-1 "x "y z" 100% {a|b} end`))
	f.Add(uint8(4), []byte(`"192.0.2.1" 1795224417.404 "GET" "/x?y" 200 "a" "b"`))
	f.Add(uint8(5), []byte(`{"ip":"::1","at":"21/Nov/2026:01:26:57 +0000","req":"GET / HTTP/1.1","s":200,"h":"a\"b"}`))
	f.Fuzz(func(t *testing.T, which uint8, line []byte) {
		checkLine(t, Options{Format: "haproxy", LogFormat: formats[int(which)%len(formats)]}, line)
	})
}

// A format that anybody may write makes a reader or an error that says what to do.
func FuzzLogFormat(f *testing.F) {
	for _, format := range []string{nginxCustomLog, nginxObjectLog, apisixLog, haproxySectionLog, haproxyCustomLog, httpsLog, clfLog,
		`escape=json {"a":"$uri"}`, "log_format x escape=none '$status\\n' \"$msec\"; # c", `log-format "%{+Q,-E}o %(n:str)ci %[var(a),regsub("]","b)")]"`} {
		f.Add(format, format)
	}
	for _, name := range []string{"lines_json", "lines_regexp", "apache_own", "apigateway_own", "apigateway_json", "krakend_own"} {
		for _, record := range recordsOf(f, name) {
			f.Add(goldenOptions(f)[name].LogFormat, record)
		}
	}
	f.Fuzz(func(t *testing.T, format, line string) {
		for _, dialect := range []string{"nginx", "haproxy", "apache", "json", "regexp", "apigateway", "krakend"} {
			opt := Options{Format: dialect, LogFormat: format}
			if _, err := New(opt); err != nil {
				if !utf8.ValidString(strings.ToValidUTF8(err.Error(), "")) || err.Error() == "" {
					t.Fatalf("%q: %v", format, err)
				}
				continue
			}
			checkLine(t, opt, []byte(line))
		}
	})
}

// checkLine maps a line and looks at what must hold of any.
func checkLine(t *testing.T, opt Options, line []byte) {
	t.Helper()
	opt.Rules, opt.HashKey, opt.KeepRaw = shop(t), []byte("k"), true
	opt.Rules.Match = Match{}
	m := newMapper(t, opt)
	first := mapped(m, string(line))
	if second := mapped(m, string(line)); second != first {
		t.Fatalf("mapped twice:\n%s\n%s", first, second)
	}
	if other := mapped(newMapper(t, opt), string(line)); other != first {
		t.Fatalf("mapped by another:\n%s\n%s", first, other)
	}
	var e event.Event
	if m.Map(&plugins.Record{Data: line}, &e) != nil {
		return
	}
	if q := &m.request; q.status == 0 && q.told.action == "" || q.time == (event.Time{}) {
		t.Fatalf("an event without status or time: %s", line)
	}
	e.ID = "x"
	readBack(t, &e)
}
