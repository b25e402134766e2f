package mapper

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
)

// claimed are the dialects that claim a record.
func claimed(record string) (names []string) {
	s := newSigns()
	s.look([]byte(record), strings.Contains(record, `\`))
	for _, r := range recognisers() {
		if r.is(s) {
			names = append(names, r.format)
		}
	}
	return names
}

// goldenFormat is the format of a golden file, which is named after its dialect;
// some of nginx are older than that. A file with an underscore holds forms that
// nothing but the operator's configuration can tell: nobody claims them, or another.
func goldenFormat(file string) (format string, byName bool) {
	switch file {
	case "combined", "json", "identity", "named", "addresses", "templates":
		return "nginx", false
	case "native":
		return file, true
	}
	format, _, byName = strings.Cut(file, "_")
	return format, byName
}

// Each record of each golden file is claimed by its own dialect and by no other.
func TestOneDialectRecognisesARecord(t *testing.T) {
	files, err := filepath.Glob("testdata/*.golden")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".golden")
		format, byName := goldenFormat(name)
		for _, record := range recordsOf(t, name) {
			got := claimed(record)
			if len(got) > 1 {
				t.Errorf("%s: %q claim %s", name, got, record)
			}
			if dialectOf(format) == nil || byName {
				continue
			}
			m := newMapper(t, Options{Format: format})
			var e event.Event
			if m.Map(&plugins.Record{Data: []byte(record)}, &e) != nil {
				continue // of no form that it knows: whoever claims it may
			}
			isNginx := slices.Contains([]string{"nginx", "kong", "apisix", "apache"}, format) // built on it, or with the same default
			if len(got) != 1 || got[0] != format && !(isNginx && strings.HasPrefix(got[0], "nginx-")) {
				t.Errorf("%s: %q claim %s", name, got, record)
			}
		}
	}
	for _, record := range recordsOf(t, "native") {
		if got := claimed(record); got != nil {
			t.Errorf("%q claim an event: %s", got, record)
		}
	}
}

// The forms of gateways, as they write them by default.
func TestFormsAreRecognised(t *testing.T) {
	for record, want := range map[string]string{
		`192.0.2.7 - - [21/Nov/2026:01:26:57 +0000] "GET / HTTP/1.1" 200 2`:                                                                                                                                   "nginx-combined",
		`192.0.2.7 - - [21/Nov/2026:01:26:57 +0000] "\x16\x03\x01" 400 150 "-" "-"`:                                                                                                                           "nginx-combined",
		`192.0.2.7 - - [21/Nov/2026:01:26:57 +0000] "GET / HTTP/1.1" 200 2 "-" "x" "203.0.113.9" 0.012`:                                                                                                       "nginx-combined",
		`192.0.2.7 - - [21/Nov/2026:01:26:57 +0000] "GET / HTTP/1.1" 200 2 "-" "x" kong_request_id: "8c5c"`:                                                                                                   "kong",
		`192.0.2.7 - - [21/Nov/2026:01:26:57 +0000] "GET / HTTP/1.1" 200 2 "-" "kong_request_id: \x22a"`:                                                                                                      "nginx-combined",
		`192.0.2.7 - - [21/Nov/2026:01:26:57 +0000] api.example "GET / HTTP/1.1" 200 2 0.01 "-" "x" 10.0.0.1:80 200 0.01 "http://b" "r1"`:                                                                     "apisix",
		`192.0.2.7 - - [21/Nov/2026:01:26:57 +0000] "GET / HTTP/1.1" 200 2 "-" "x" 12 "web@file" "http://10.0.0.1" 3ms`:                                                                                       "traefik",
		`127.0.0.1 - - [21/Nov/2026:01:26:57 +0000] "GET / HTTP/1.1" 200 124 "" "" 38420 404 "f" "b" "s1" 0 0 0 0 0 "----" 1 1 0 0 0 0 0 "" "" ""`:                                                            "haproxy",
		`127.0.0.1:38420 [21/Nov/2026:01:26:57.404] f b/s1 0/0/0/0/0 200 124 - - ---- 1/1/0/0/0 0/0 "DELETE /v1/orders/17 HTTP/1.1"`:                                                                          "haproxy",
		`<134>Nov 21 01:26:57 gw haproxy[12]: 127.0.0.1:38420 [21/Nov/2026:01:26:57.404] f b/s1 0/0/0/0/0 200 124 - - ---- 1/1/0/0/0 0/0 "GET /"`:                                                             "haproxy",
		`Nov 21 01:26:57 gw haproxy[12]: ::1:38420 [21/Nov/2026:01:26:57.404] f b/s1 0/0/0/0/0 200 124 - - ---- 1/1/0/0/0 0/0 "GET /"`:                                                                        "haproxy",
		`<134>1 2026-11-21T01:26:57Z gw haproxy 12 - - 127.0.0.1:38420 [21/Nov/2026:01:26:57.404] f b/s1 0/0/0/0/0 200 124 - - ---- 1/1 0/0 "GET"`:                                                            "haproxy",
		`2026-11-21T01:26:57.404+00:00 gw haproxy[12]: 127.0.0.1:38420 [21/Nov/2026:01:26:57.404] f b/s1 0/0/0/0/0 200 124 - - ---- 1/1 0/0 "GET"`:                                                            "haproxy",
		`{"request":{"method":"GET","uri":"/"},"response":{"status":200},"latencies":{"request":1},"started_at":1795224417404,"client_ip":"::1"}`:                                                             "kong",
		`{"request":{"method":"GET","uri":"/","headers":{"DownstreamStatus":"1","auditID":"x","stage":"y"}},"response":{"status":200},"latencies":{},"started_at":1}`:                                         "kong",
		`<134>1 2026-11-21T01:26:57.404Z edge-1 haproxy 812 - [a@1 b="c]\"d"][e f="g"] 127.0.0.1:38420 [21/Nov/2026:01:26:57.404] f b/s1 0/0/0/0/5 200 124 - - ---- 1/1/0/0/0 0/0 "GET"`:                      "haproxy",
		`<6>2026-11-21T01:26:57 127.0.0.1:38420 [21/Nov/2026:01:26:57.404] f b/s1 0/0/0/0/5 200 124 - - ---- 1/1/0/0/0 0/0 "GET /v1/orders HTTP/1.1"`:                                                         "haproxy",
		`<190>Nov 21 01:26:57 gw nginx: 192.0.2.7 - - [21/Nov/2026:01:26:57 +0000] "GET / HTTP/1.1" 200 2 "-" "x"`:                                                                                            "",
		`{"started_at":1795224417404,"request":{"method":"GET","uri":"/v1/disks"},"response":{"status":200}}`:                                                                                                 "kong",
		`{"client_ip":"127.0.0.1","method":"POST","path":"/services","payload":"{}","rbac_user_id":"2e95","request_timestamp":1,"status":200}`:                                                                "kong",
		`{"host":"api.example","@timestamp":"2026-11-21T01:26:57+00:00","client_ip":"192.0.2.7","route_id":"17","request_uri":"/","status":200}`:                                                              "apisix",
		`{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[{"auditID":"a"}]}`:                                                                                                                       "kubernetes",
		`{"start_time":1795224417404,"request":{"uri":"/","method":"GET"},"response":{"status":200},"server":{"hostname":"a"},"route_id":"1"}`:                                                                "apisix",
		`{"level":"info","ts":1795224420.6676762,"logger":"http.log.access.log0","msg":"handled request","request":{"method":"GET","uri":"/","headers":{"Response_code":["1"]}},"status":200,"duration":3.2}`: "caddy",
		`{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"a","stage":"ResponseComplete","requestURI":"/","verb":"get"}`:                                                           "kubernetes",
		`{"msec":"1.5","request":"GET / HTTP/1.1","status":200}`:                                                                                                                                              "nginx-json",
		`{ "time_local" : "21/Nov/2026:01:26:57 +0000" , "request_uri" : "/" , "status" : 200 }`:                                                                                                              "nginx-json",
		`{"time":"x","uri":"/","status":200,"agent":"\",\"DownstreamStatus\":\"1"}`:                                                                                                                           "nginx-json",
		`{"Upstream-Cluster":"a","start_time":"2026-11-21T01:26:57Z"}`:                                                                                                                                        "envoy",
		`{"ts":1795224420.6,"level":"info","msg":"serving initial configuration"}`:                                                                                                                            "",
		`{"level":"error","msg":"x","time":"2026-11-21T01:26:57Z"}`:                                                                                                                                           "",
		`{"eventId":"x1","eventName":"CreateTrail","eventTime":"2026-11-21T01:26:57Z"}`:                                                                                                                       "",
		`2026/11/21 01:26:57 [error] 12#12: *1 open() failed, client: ::1, request: "GET / HTTP/1.1"`:                                                                                                         "",
		`Nov 21 01:26:57 gw haproxy[12]: Proxy f started.`:                                                                                                                                                    "",
		`{`: "", `[`: "", ``: "", `[]`: "", ` `: "", `<`: "", `[2026-11-21T01:26:57.404Z]`: "",
	} {
		var wants []string
		if want != "" {
			wants = []string{want}
		}
		if got := claimed(record); !slices.Equal(got, wants) {
			t.Errorf("%q claim %s, want %q", got, record, want)
		}
	}
}

// What a client writes does not change by which dialect its record is read.
func TestAClientDoesNotChooseTheDialect(t *testing.T) {
	for _, name := range []string{
		`x 6.6.6.6:1 [21/Nov/2026:01:26:57.404] f b/s1 0/0/0/0/0 200 124 - - ---- 1/1/0/0/0 0/0`,
		`u [21/Nov/2026:01:26:57 +0000] evil.example`, `[2026-11-21T01:26:57.404Z] `, `kong_request_id: `, `{`, `[GIN] 2026/11/21 - 01:26:57 | 200 | 1ms |`, `http 2026-11-21T01:26:57.404123Z app/edge/50dc `,
		`GET / HTTP/1.1\x22 200 17 12 ms`, `\x22 200 17 4d1e1a5f-1111-2222-3333-444455556666`, `<134>Nov 21 01:26:57 gw haproxy[12]: 6.6.6.6:1 [21/Nov/2026:01:26:57.404] f`,
	} {
		for _, record := range []string{
			`192.0.2.7 - ` + name + ` [21/Nov/2026:01:26:57 +0000] "GET / HTTP/1.1" 200 2 "-" "x"`,
			`192.0.2.7 - - [21/Nov/2026:01:26:57 +0000] "` + name + `" 400 2 "-" "x"`,
			`192.0.2.7 - - [21/Nov/2026:01:26:57 +0000] "GET / HTTP/1.1" 200 2 "-" "` + name + `"`,
		} {
			if got := claimed(record); !slices.Equal(got, []string{"nginx-combined"}) {
				t.Errorf("%q claim %s", got, record)
			}
		}
	}
}

func TestAuto(t *testing.T) {
	m := newMapper(t, Options{Format: "auto"})
	for _, file := range []string{"combined", "json", "envoy", "traefik"} {
		format, _ := goldenFormat(file)
		one := newMapper(t, Options{Format: format})
		for _, record := range recordsOf(t, file) {
			if claimed(record) == nil {
				continue
			}
			if want, got := mapped(one, record), mapped(m, record); got != want && !strings.HasPrefix(want, "unparsed") {
				t.Errorf("%s is\n%s\nwant\n%s", record, got, want)
			}
		}
	}
	var told []string
	for _, r := range m.Recognised() {
		if r.Records == 0 || r.Why == "" {
			t.Errorf("%+v", r)
		}
		told = append(told, r.Format)
	}
	if want := []string{"nginx-combined", "nginx-json", "envoy", "traefik"}; !slices.Equal(told, want) {
		t.Errorf("recognised %q, want %q", told, want)
	}
	if got := mapped(m, "nonsense"); !strings.Contains(got, "no dialect recognises it: set the format of the source to one of nginx-combined, nginx-json,") {
		t.Error(got)
	}
	if _, err := New(Options{Format: "auto", LogFormat: "%START_TIME%"}); err == nil || !strings.Contains(err.Error(), "default forms only") {
		t.Error(err)
	}
	if got := newMapper(t, Options{Format: "nginx"}).Recognised(); got != nil {
		t.Error(got)
	}
}

// FuzzAuto: at most one dialect claims whatever a record may be, and it is read
// just so, whatever came before.
func FuzzAuto(f *testing.F) {
	files, err := filepath.Glob("testdata/*.golden")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		for _, record := range recordsOf(f, strings.TrimSuffix(filepath.Base(file), ".golden")) {
			f.Add(benchJSON, record)
		}
	}
	dirty := newMapper(f, Options{Format: "auto"}) // by all that came before
	f.Fuzz(func(t *testing.T, before, record string) {
		if got := claimed(record); len(got) > 1 {
			t.Fatalf("%q claim %q", got, record)
		}
		checkDialect(t, Options{Format: "auto"}, record)
		alone := mapped(newMapper(t, Options{Format: "auto"}), record)
		mapped(dirty, before)
		if got := mapped(dirty, record); got != alone {
			t.Fatalf("after %q\n%s\nalone\n%s", before, got, alone)
		}
	})
}
