package mapper

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
)

const (
	envoyTextFormat    = `%START_TIME(%Y/%m/%d %H:%M:%S.%3f %z)%|%DYNAMIC_METADATA(envoy.filters.http.jwt_authn:payload:sub)%|%REQ(:METHOD)%|%REQ(X-ENVOY-ORIGINAL-PATH?:PATH):200%|%RESPONSE_CODE%|"%REQ(USER-AGENT)%"|"%REQ(X-TENANT)%"|%RESPONSE_FLAGS%|%DOWNSTREAM_PEER_SUBJECT%|%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%|%ROUTE_NAME%` + "\n"
	envoyBetweenFormat = `%START_TIME(%s.%3f)% %REQUEST_HEADER(:METHOD)% "%REQUEST_HEADER(:PATH)%" %RESPONSE_CODE% "%REQUEST_HEADER(USER-AGENT)%" %DOWNSTREAM_PEER_SUBJECT% %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% "%REQUEST_HEADER(X-REQUEST-ID)%" end\n`
	envoyKeysFormat    = `{"when":"%START_TIME%","m":"%REQ(:METHOD)%","p":{"full":"%REQ(:PATH)%","original":"%REQ(X-OTHER)%"},"code":"%RESPONSE_CODE%","tenant":"%REQ(X-TENANT)%","auth":"%REQ(AUTHORIZATION)%",
		"jwt":"%DYNAMIC_METADATA(envoy.filters.http.jwt_authn:payload)%","peer":"%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%","const":"edge"}`
)

func TestEnvoyGolden(t *testing.T) {
	for name, opt := range map[string]Options{
		"envoy":         {Format: "envoy"},
		"envoy_nested":  {Format: "envoy"},
		"envoy_text":    {Format: "envoy", LogFormat: envoyTextFormat, Rules: &Rules{Params: Params{Headers: []string{"X-Tenant"}}}},
		"envoy_between": {Format: "envoy", LogFormat: envoyBetweenFormat},
		"envoy_keys":    {Format: "envoy", LogFormat: envoyKeysFormat, Rules: &Rules{Params: Params{Headers: []string{"X-Tenant"}}, Identity: Identity{AccountID: value(t, "fields.tenant")}}},
	} {
		t.Run(name, func(t *testing.T) { golden(t, name, opt) })
	}
}

// A format that cannot be read back is told when the configuration is read.
func TestEnvoyFormatsThatAreWrong(t *testing.T) {
	for format, want := range map[string]string{
		`[%START_TIME`:             "is not an operator",
		`%REQ(:METHOD%`:            "is not closed",
		`%START_TIME%%REQ(:PATH)%`: "with nothing between",
		`plain`:                    "no operator",
		`%START_TIME(%H:%M:%S)%`:   "makes no time",
		`%START_TIME(%Y %j)%`:      "%j is not understood",
		`%START_TIME(%)%`:          "single %",
		`{"a":"b"}`:                "no operator",
		`{"a":`:                    "is none",
		`{"a":{"b":"%START_TIME% %REQ(:METHOD"}}`:                              "is not closed",
		`{"a":{"b":"%START_TIME%%REQ(:METHOD)%"}}`:                             "with nothing between",
		strings.Repeat(`{"a":`, 9) + `"%START_TIME%"` + strings.Repeat("}", 9): "lies deeper",
	} {
		if _, err := New(Options{Format: "envoy", LogFormat: format}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", format, err, want)
		}
	}
}

// The forms of strftime that Envoy's documentation shows, and others that are common.
func TestTimeForms(t *testing.T) {
	for form, c := range map[string][2]string{
		"%Y-%m-%dT%H:%M:%S.%3fZ":   {"2026-11-21T01:26:57.404Z", "2026-11-21T01:26:57.404Z"},
		"%Y/%m/%dT%H:%M:%S%z %s":   {"2026/11/21T01:26:57+0000 1795224417", "2026-11-21T01:26:57Z"},
		"%s.%3f":                   {"1795224417.404", "2026-11-21T01:26:57.404Z"},
		"%s.%6f":                   {"1795224417.404123", "2026-11-21T01:26:57.404123Z"},
		"%s.%9f":                   {"1795224417.404123456", "2026-11-21T01:26:57.404123456Z"},
		"%s.%f":                    {"1795224417.404123456", "2026-11-21T01:26:57.404123456Z"},
		"%d/%b/%Y:%H:%M:%S %z":     {"21/Nov/2026:03:26:57 +0200", "2026-11-21T01:26:57Z"},
		"%a, %e %B %Y %I:%M:%S %p": {"Sat,  1 August 2026 01:26:57 PM", "2026-08-01T13:26:57Z"},
		"%F %T %Z 100%%":           {"2026-11-21 01:26:57 UTC 100%", "2026-11-21T01:26:57Z"},
		"%D %R:%S":                 {"11/21/26 01:26:57", "2026-11-21T01:26:57Z"},
	} {
		f, err := parseTimeForm(form)
		if err != nil {
			t.Errorf("%s: %v", form, err)
			continue
		}
		got, rest, ok := f.read(c[0]+"|", time.UTC)
		if !ok || rest != "|" || got.String() != c[1] {
			t.Errorf("%s: %s is %s, rest %q, %v", form, c[0], got, rest, ok)
		}
	}
}

// FuzzEnvoy holds whatever a record may be against what every dialect promises.
func FuzzEnvoy(f *testing.F) {
	for _, name := range []string{"envoy", "envoy_nested", "envoy_text", "envoy_between", "envoy_keys"} {
		for _, record := range recordsOf(f, name) {
			f.Add(record)
		}
	}
	f.Fuzz(func(t *testing.T, record string) {
		for _, format := range []string{"", envoyTextFormat, envoyBetweenFormat, envoyKeysFormat} {
			checkDialect(t, Options{Format: "envoy", LogFormat: format}, record)
		}
	})
}

// FuzzEnvoyFormat reads formats of operators. What is accepted reads records without a fault.
func FuzzEnvoyFormat(f *testing.F) {
	f.Add(envoyTextFormat, `2026/11/21 01:26:57.404 +0000|bob|GET|/v1/orders?a=b|200|"curl"|"t1"|UAEX|CN=alice,O=Shop|192.0.2.7|default`)
	f.Add(envoyKeysFormat, `{"when":"2026-11-21T01:26:57.404Z","m":"GET","p":{"full":"/a"},"code":"200","peer":"192.0.2.7"}`)
	f.Add(`{"r":"%START_TIME(%s)% %REQ(:METHOD)% %REQ(:PATH)%","c":"%RESPONSE_CODE%"}`, `{"r":"1795224417 GET /a","c":200}`)
	f.Fuzz(func(t *testing.T, format, record string) {
		opt := Options{Format: "envoy", LogFormat: format}
		if _, err := New(opt); err == nil {
			checkDialect(t, opt, record)
		}
	})
}

// What is remembered of a record does not change with its memory.
func TestFieldNamesOutliveTheRecord(t *testing.T) {
	names := fieldNames{}
	key := []byte("X-Tenant")
	want := names.of(view(key), headerKey)
	copy(key, "Y-Foo-Ba")
	if got := names.of("X-Tenant", func(string) string { return "made again" }); got != want {
		t.Errorf("the name is %q, was %q", got, want)
	}
	if got := names.of(view(key), headerKey); got != "http_y_foo_ba" {
		t.Errorf("the name of %s is %q", key, got)
	}
	for i := range 2 * maxFieldNames {
		names.of(strconv.Itoa(i), headerKey)
	}
	if len(names) != maxFieldNames {
		t.Errorf("%d names are remembered", len(names))
	}
}

// Nothing of one record shows in the next, whatever its form.
func TestNothingStaysOfTheEnvoyRecordBefore(t *testing.T) {
	records := recordsOf(t, "envoy")
	m := newMapper(t, Options{Format: "envoy"})
	for _, before := range records {
		for _, record := range records {
			alone := mapped(newMapper(t, Options{Format: "envoy"}), record)
			mapped(m, before)
			if got := mapped(m, record); got != alone {
				t.Fatalf("after %s\n%s\nis\n%s\nalone\n%s", before, record, got, alone)
			}
		}
	}
}

func TestEnvoyAllocatesLittle(t *testing.T) {
	for _, record := range recordsOf(t, "envoy")[:12] {
		m := newMapper(t, Options{Format: "envoy"})
		r := plugins.Record{Data: []byte(record)}
		n := testing.AllocsPerRun(100, func() {
			var e event.Event
			if err := m.Map(&r, &e); err != nil {
				t.Fatal(err)
			}
		})
		if n > 3 { // requestParameters, additionalEventData, and the text of a failure
			t.Errorf("%v allocations for %s", n, record)
		}
	}
}
