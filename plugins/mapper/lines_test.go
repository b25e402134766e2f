package mapper

import (
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
)

// What an operator writes for logs of their own.
const (
	ownJSON = `
		# where what is
		time       = when %d.%m.%Y %H:%M:%S
		address    = proxy | from
		user       = who.login
		method     = http.verb | http.method
		url        = $.http.url
		status     = http.code
		bytes      = http.size
		duration   = took ms
		headers    = headers
		secret     = body
		action     = what
		read_only  = ro; resource_type = on.kind; resource_name = on.name
		error_code = failed; error_message = why`
	ownRegexp = `
		time %Y-%m-%d %H:%M:%S.%3f
		duration us
		(?P<time>\S+ \S+) (?P<user>[^@ ]*)@(?P<address>\S+) "(?P<request>[^"]*)" (?P<status>\d{3}) (?P<duration>\S+) (?P<tenant>\S+)
		(?P<time>\S+ \S+) (?P<user>\S+) did (?P<action>\w+) on (?P<resource_name>\w+)`
)

func lineGolden(t testing.TB) map[string]Options {
	rules := &Rules{
		Name:     "own",
		Routes:   []Route{{Pattern: pattern(t, "DELETE /v1/orders/{id}"), Action: Literal("DeleteOrder"), Additional: []Named{{"tenant", value(t, "fields.tenant")}}}},
		Identity: Identity{Trust: map[string]string{"remote_user": "verified"}},
		Params:   Params{Headers: []string{"X-Trace", "Authorization"}},
	}
	zone := time.FixedZone("CST", 8*3600)
	return map[string]Options{
		"lines_json":   {Format: "json", LogFormat: ownJSON, Rules: rules, KeepRaw: true, HashKey: []byte("k")},
		"lines_usual":  {Format: "json", TimeZone: zone},
		"lines_regexp": {Format: "regexp", LogFormat: ownRegexp, Rules: rules, TimeZone: zone},
	}
}

func lineWriters() []writer {
	return []writer{
		{"json", "", func(c *asked) string {
			return `{"time":"2026-11-21T01:26:57Z","ip":"192.0.2.1","status":200,` + objectOf([2]string{"method", c.method}, [2]string{"url", c.target()}, [2]string{"user", c.user}, [2]string{"host", c.host},
				[2]string{"request_id", c.id}) + `,"headers":{` + objectOf([2]string{"user-agent", c.agent}, [2]string{"referer", c.referer}, [2]string{"x-trace", c.trace}, [2]string{"authorization", c.authorization},
				[2]string{"x-api-key", c.apiKey}, [2]string{"cookie", c.apiKey}) + `}}`
		}},
		{"json", "time=t;action=a;resource_name=r;error_message=e;user=u;method=m;url=p", func(c *asked) string {
			return `{"t":1795224417,` + objectOf([2]string{"a", "Doa"}, [2]string{"m", c.method}, [2]string{"p", c.target()}, [2]string{"r", c.host}, [2]string{"e", c.referer}, [2]string{"u", c.user}) + `}`
		}},
		{"regexp", `(?P<time>\S+) (?s:(?P<user>.*)) "(?P<request>[^"]*)" (?P<status>\d+) "(?P<referer>[^"]*)" "(?P<user_agent>[^"]*)" "(?P<http_x_trace>[^"]*)" "(?P<http_authorization>[^"]*)"`, func(c *asked) string {
			line := "2026-11-21T01:26:57Z " + dashed(c.user) + ` "` + c.method + " " + nginxEscaped(c.target()) + ` HTTP/1.1" 200`
			for _, s := range []string{c.referer, c.agent, c.trace, c.authorization} {
				line += ` "` + nginxEscaped(dashed(s)) + `"`
			}
			return line
		}},
	}
}

// What is wrong with a log_format is told so that it can be put right.
func TestWrongLineFormats(t *testing.T) {
	for format, want := range map[string]string{
		"json: time":                                `"time" is not like time = when`,
		"json: action = a":                          "does not say where the time is: add time",
		"json: time = t":                            "does not say what was done: add request, or method and url, or action",
		"json: time = t; url = u":                   "where the method is: add method",
		"json: time = t; url = u; method = m":       "where the status is: add status",
		"json: time = t; when = t2":                 `"when" is not known: time, address, forwarded, user`,
		"json: time = t; action = t":                "t is both time and action",
		"json: time = t; time = u":                  "time is given twice",
		"json: time = t %Q":                         "%Q is not understood",
		"json: time = ":                             `"" is not a path`,
		"json: time = a..b":                         `"a..b" is not a path`,
		"json: time = a %T | b":                     "with several paths only the last has something behind it",
		"json: time = a" + strings.Repeat("|a", 99): "these are too many",
		"json: time = t; status = s %Y":             "only time has a form and duration a unit",
		"json: time = t; duration = s fortnights":   `"fortnights" is not a unit of duration`,
		"regexp: ":                                  "log_format is needed: a regular expression",
		"regexp: # nothing":                         "log_format has no expression",
		"regexp: (":                                 "missing closing",
		"regexp: a)|(b":                             "unexpected )",
		"regexp: a":                                 "no named groups",
		"regexp: (?P<action>a)":                     "add time, as the name of a group",
		"regexp: (?P<time>a)(?P<time>b)":            "two groups have the name time",
		"regexp: (?P<time>(a{1000}){1000})":         "invalid repeat count",
		"regexp: " + strings.Repeat("a", 9000):      "9000 bytes; at most 8192",
		"regexp: " + strings.Repeat("(?P<time>a)(?P<action>b)\n", 9): "more than 8 expressions",
		"regexp: (?P<time>a)(?P<action>b)\ntime %T":                  "stands behind an expression",
	} {
		name, text, _ := strings.Cut(format, ": ")
		if _, err := New(Options{Format: name, LogFormat: text}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v, want %q in it", format, err, want)
		}
	}
}

// A line that is longer than the bound is not matched, one that is as long is.
func TestRegexpIsBounded(t *testing.T) {
	m := newMapper(t, Options{Format: "regexp", LogFormat: `(?P<time>\d+) (?P<action>\w+) (a*)*b*`})
	for _, c := range []struct {
		length int
		want   string
	}{{maxMatched, ""}, {maxMatched + 1, "65537 bytes; at most 65536 are matched"}} {
		line := "1795224417 Do " + strings.Repeat("a", c.length-len("1795224417 Do "))
		var e event.Event
		if err := m.Map(&plugins.Record{Data: []byte(line)}, &e); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d bytes: %v", c.length, err)
		}
	}
}
