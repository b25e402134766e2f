package query

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/event"
)

func object(t testing.TB, s string) event.Object {
	t.Helper()
	o, err := event.ParseObject([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func instantOf(t testing.TB, s string) event.Time {
	t.Helper()
	at, err := event.ParseTime(s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// deletion is an event with a value of each kind.
func deletion(t testing.TB) *event.Event {
	return &event.Event{
		ID: "e-1", Name: "DeleteInstance", RW: event.Write, Service: "Ecs", Type: event.TypeAPICall, Global: true,
		Time: instantOf(t, "2026-11-29T10:00:00.5Z"), Region: "cn-hangzhou", SourceIP: "10.1.2.3",
		UserAgent:            `curl/8.1 (x86_64; "linux")`,
		RequestParameters:    object(t, `{"InstanceId":"i-1","Count":3,"Force":true,"Empty":"","None":null,"Tag":[{"Key":"env","Value":"prod"},{"Key":"team"}],"a b":"x:y","Note":"请求被拒绝了"}`),
		ResponseElements:     object(t, `{"Path":"C:\\temp"}`),
		RequestParameterJSON: `{"Description":"old-web server"}`,
		ErrorCode:            "Forbidden.RAM", ErrorMessage: "User NOT authorized to operate on the resource, e.g. i-1.",
		ResourceName: strings.Repeat("n", 1023) + "éé",
		Identity:     event.Identity{Type: "ram-user", UserName: "alice", Trust: event.TrustVerified},
		Origin:       event.Origin{Agent: "a1", Epoch: 1 << 63, Batch: 7, Offset: 100, Length: 5},
	}
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		query string
		want  bool
	}{
		// keywords
		{`eventName: DeleteInstance`, true},
		{`eventName:DeleteInstance`, true},
		{`eventName: "DeleteInstance"`, true},
		{`"eventName": DeleteInstance`, true},
		{`eventName: deleteInstance`, false},
		{`eventName: Delete`, false},
		{`eventName: Delete*`, true},
		{`eventName: *Instance`, true},
		{`eventName: D*te*ce`, true},
		{`eventName: D*Z*ce`, false},
		{`eventName: DeleteInstance*`, true},
		{`eventName: DeleteInstance*e`, false}, // the same e is not there twice
		{`eventName: D*e*e*e*e`, true},
		{`eventName: D*e*e*e*e*e`, false},
		{`eventName: "Delete*"`, false},
		{`eventName: Delete\*`, false},
		{`eventName: *`, true},
		{`vpcId: *`, false},
		{`not vpcId: *`, true},
		{`vpcId: *a*`, false},
		{`userAgent: "curl/8.1 (x86_64; \"linux\")"`, true},
		{`userAgent: curl/8.1 \(x86_64; \"linux\"\)`, true},
		{`userAgent: curl/8.1   \(x86_64; \"linux\"\)`, true}, // words are joined by one space
		{`userAgent: curl/8.1 *linux*`, true},
		{`eventName: \u0044eleteInstance`, true},
		{`eventName: "\u0044eleteInstance"`, true},
		{`userIdentity.userName: alice`, true},
		// cut
		{`resourceName: ` + strings.Repeat("n", 1023), true},
		{`resourceName: ` + strings.Repeat("n", 1023) + "é", true},
		{`resourceName: ` + strings.Repeat("n", 1023) + "éX", true},
		{`resourceName: ` + strings.Repeat("n", 1022), false},
		{`resourceName: n*n`, true},
		{`resourceName: *é`, false},
		// lists
		{`eventName: (StopInstance or DeleteInstance)`, true},
		{`eventName: (Delete* and *Instance)`, true},
		{`eventName: (Delete* and not *Instance)`, false},
		{`eventName: (not StopInstance)`, true},
		{`eventName: ((A or B) or (Delete* and not C))`, true},
		{`vpcId: (not a)`, true},
		// and, or, not
		{`eventRW: Write and serviceName: (Ram or Sts)`, false},
		{`eventRW: Write AND serviceName: (Ram Or Ecs)`, true},
		{`eventRW: Read or serviceName: Ecs and eventName: X`, false},
		{`(eventRW: Write or serviceName: Ecs) and eventName: X`, false},
		{`eventRW: Write or serviceName: Ecs and eventName: X`, true},
		{`not eventRW: Read and not eventName: X`, true},
		{`not (eventRW: Read or eventName: Delete*)`, false},
		{`NOT not eventRW: Write`, true},
		{`not(eventRW: Read)`, true},
		// addresses
		{`sourceIpAddress: 10.1.2.3`, true},
		{`sourceIpAddress: 10.1.2.4`, false},
		{`sourceIpAddress: "::ffff:10.1.2.3"`, true},
		{`sourceIpAddress: ::ffff:10.1.2.3`, true},
		{`sourceIpAddress: 10.0.0.0/8`, true},
		{`sourceIpAddress: 10.1.2.3/8`, true},
		{`sourceIpAddress: "10.0.0.0/8"`, true},
		{`sourceIpAddress: 10.2.0.0/16`, false},
		{`sourceIpAddress: (192.168.0.0/16 or 10.0.0.0/8)`, true},
		{`sourceIpAddress: ::ffff:10.0.0.0/104`, true},
		{`sourceIpAddress: ::/0`, true}, // every IPv4 address is an IPv6 one too
		{`sourceIpAddress: 2001:db8::/32`, false},
		{`sourceIpAddress: 10.1.*`, true},
		{`sourceIpAddress: *`, true},
		// times
		{`eventTime >= 2026-11-29`, true},
		{`eventTime > 2026-11-29`, false},
		{`eventTime <= 2026-11-29`, true},
		{`eventTime < 2026-11-29`, false},
		{`eventTime > 2026-11-28`, true},
		{`eventTime: 2026-11-29`, true},
		{`eventTime: 2026-11-28`, false},
		{`eventTime: (2026-11-28 or 2026-11-29)`, true},
		{`eventTime: "2026-11-29T10:00:00.5Z"`, true},
		{`eventTime: 2026-11-29T11:00:00.500+01:00`, true},
		{`eventTime: 2026-11-29T10:00:00Z`, false},
		{`eventTime > 2026-11-29T10:00:00Z`, true},
		{`eventTime >= "2026-11-29T10:00:00.5Z"`, true},
		{`eventTime > "2026-11-29T10:00:00.5Z"`, false},
		{`eventTime <= "2026-11-29T10:00:00.5Z"`, true},
		{`eventTime < "2026-11-29T10:00:00.5Z"`, false},
		{`eventTime>=2026-11-29 and eventTime<2026-11-30`, true},
		{`eventTime: *`, true},
		{`origin.observedTime: *`, false},
		{`origin.observedTime < 2200-01-01`, false},
		{`not origin.observedTime >= 2000-01-01`, true},
		// numbers
		{`origin.epoch: 9223372036854775808`, true},
		{`origin.epoch > 9223372036854775807`, true},
		{`origin.epoch < 9223372036854775808`, false},
		{`origin.batch: 7`, true},
		{`origin.batch: 007`, true},
		{`origin.batch: (6 or 7)`, true},
		{`origin.batch >= 7 and origin.batch <= 7`, true},
		{`origin.batch < 7`, false},
		{`origin.offset > 99`, true},
		{`origin.length: 5`, true},
		{`origin.index: 0`, true},
		{`origin.index: *`, true},
		// booleans
		{`isGlobal: true`, true},
		{`isGlobal: false`, false},
		{`isGlobal: *`, true},
		// bodies
		{`requestParameters.InstanceId: i-1`, true},
		{`requestParameters.InstanceId: i-2`, false},
		{`requestParameters.InstanceId: i*`, true},
		{`requestParameters.InstanceId: *`, true},
		{`requestParameters.instanceid: *`, false},
		{`requestParameters.Count: 3`, true},
		{`requestParameters.Count: 3.0`, false},
		{`requestParameters.Force: true`, true},
		{`requestParameters.Empty: ""`, true},
		{`requestParameters.Empty: *`, true},
		{`requestParameters.None: *`, false},
		{`requestParameters.Tag: *`, false}, // not a leaf
		{`requestParameters.Tag.Key: team`, true},
		{`requestParameters.Tag.Key: (env and team)`, true},
		{`requestParameters.Tag.Value: (prod and team)`, false},
		{`requestParameters.a\ b: x:y`, true},
		{`"requestParameters.a b": "x:y"`, true},
		{`requestParameters: env`, true},
		{`requestParameters: en*`, true},
		{`requestParameters: nowhere`, false},
		{`requestParameters: *`, true},
		{`responseElements.Path: "C:\\temp"`, true},
		{`responseElements.Path: "C:\temp"`, false}, // a tabulator
		{`responseElements.Path: C:\\temp`, true},
		{`referencedResources: *`, false},
		// texts
		{`errorMessage: authorized`, true},
		{`errorMessage: AUTHORIZED`, true},
		{`errorMessage: author`, false},
		{`errorMessage: author*`, true},
		{`errorMessage: AUTHOR*`, true},
		{`errorMessage: "not authorized"`, true},
		{`errorMessage: "authorized not"`, false},
		{`errorMessage: "user authorized"`, false},
		{`errorMessage: authorized user`, true}, // anywhere
		{`errorMessage: authorized nobody`, false},
		{`errorMessage: (nobody or user)`, true},
		{`errorMessage: resource`, true}, // not "resource,"
		{`errorMessage: i-1`, true},      // not "i-1."
		{`errorMessage: e.g`, true},
		{`errorMessage: e.g.`, true},
		{`errorMessage: i`, false},
		{`errorMessage: *`, true},
		{`raw: *`, false},
		{`requestParameterJson: old-web`, true},
		{`requestParameterJson: "description old-web"`, true},
		// free text
		{`alice`, true},
		{`Alice`, false}, // a keyword
		{`ali*`, true},
		{`ALI*`, false},
		{`DeleteInstance`, true},
		{`Delete`, false},
		{`authorized`, true},
		{`Authorized`, true},
		{`AUTHOR*`, true},
		{`"operate on"`, true},
		{`"on operate"`, false},
		{`alice authorized`, true},
		{`alice nobody`, false},
		{`not alice nobody`, true},
		{`i-1`, true},
		{`prod`, true},
		{`10.1.2.3`, true},
		{`拒绝`, true},
		{`"拒绝"`, true},
		{`绝拒`, false},
		{`*`, true},
		{`*:*`, true},
		{`*: alice`, true},
		{`*: "operate on"`, true},
		{`not *`, false},
		{`"acs:ram::1"`, false},
		{`"?!"`, false},
		{`alice and eventRW: Write`, true},
	} {
		x, err := Parse(c.query)
		if err != nil {
			t.Errorf("%s: %v", shorten(c.query), err)
			continue
		}
		if got := x.Match(deletion(t)); got != c.want {
			t.Errorf("%s: %v (%s)", shorten(c.query), got, shorten(x.String()))
		}
		if got, err := Parse(x.String()); err != nil || got.Match(deletion(t)) != c.want {
			t.Errorf("%s: printed as %s: %v, %v", shorten(c.query), shorten(x.String()), got, err)
		}
	}
}

func shorten(s string) string {
	if len(s) > 200 {
		return s[:200] + "…"
	}
	return s
}

func TestLike(t *testing.T) {
	var slow func(s, pattern string) bool
	slow = func(s, pattern string) bool {
		if pattern == "" {
			return s == ""
		}
		if pattern[0] == '*' {
			return slow(s, pattern[1:]) || s != "" && slow(s[1:], pattern)
		}
		return s != "" && s[0] == pattern[0] && slow(s[1:], pattern[1:])
	}
	r := rand.New(rand.NewPCG(1, 2))
	random := func(letters string) string {
		b := make([]byte, r.IntN(9))
		for i := range b {
			b[i] = letters[r.IntN(len(letters))]
		}
		return string(b)
	}
	for range 20000 {
		s, pattern := random("ab"), random("ab*")+"*"+random("ab*")
		if got := Like(s, strings.Split(pattern, "*")); got != slow(s, pattern) {
			t.Fatalf("%q like %q: %v", s, pattern, got)
		}
	}
}

// An event without anything must not match by accident.
func TestMatchEmpty(t *testing.T) {
	var e event.Event
	for q, want := range map[string]bool{
		`eventName: *`: false, `eventTime: *`: false, `isGlobal: *`: false, `isGlobal: false`: true, `isGlobal: true`: false, `requestParameters: *`: false,
		`requestParameters.a: *`: false, `requestParameters.a: ""`: false, `requestParameters: ""`: false, `errorMessage: *`: false, `errorMessage: a*`: false,
		`x`: false, `x*`: false, `**`: true, `"!"`: false, `sourceIpAddress: ::/0`: false, `eventTime < 2100-01-01`: false, `eventName: *a`: false, `origin.batch: *`: true,
	} {
		x, err := Parse(q)
		if err != nil {
			t.Fatal(q, err)
		}
		if x.Match(&e) != want {
			t.Errorf("%s: %v", q, !want)
		}
	}
}

func TestHostsThatAreNoAddresses(t *testing.T) {
	for host, q := range map[string]string{"oss.example.com": "oss.example.com", "fe80::1%eth0": "fe80::1%eth0", "2001:DB8::1": "2001:db8:0::1", "::ffff:1.2.3.4": "1.2.3.0/24"} {
		x, err := Parse("sourceIpAddress: " + q)
		if err != nil || !x.Match(&event.Event{SourceIP: host}) {
			t.Errorf("%s does not match %s (%v)", host, q, err)
		}
	}
}

func TestNegativeOffsetIsAbsent(t *testing.T) {
	for _, q := range []string{"origin.offset: *", "origin.offset >= 0", "origin.offset < 5"} {
		x, err := Parse(q)
		if err != nil || x.Match(&event.Event{Origin: event.Origin{Offset: -3}}) {
			t.Error(q, err)
		}
	}
}

// No field may be added whose kind Match knows nothing about, and each
// timestamp and number must have its accessor.
func TestEveryFieldCanBeAsked(t *testing.T) {
	e := deletion(t)
	e.Origin.Observed = e.Time
	for _, f := range event.Fields() {
		v := f.Value(e)
		q := f.Name + ": "
		switch f.Kind {
		case event.Flattened:
			q += "*"
		case event.Boolean:
			q += "true"
		default:
			var p printer
			p.value(v)
			q += p.String()
		}
		if v == "" {
			q = "not " + f.Name + ": *"
		}
		x, err := Parse(q)
		if err != nil {
			t.Error(q, err)
			continue
		}
		if !x.Match(e) {
			t.Errorf("%s does not match", q)
		}
	}
}

func TestParseTime(t *testing.T) {
	now := time.Date(2026, 11, 19, 10, 30, 45, 5e8, time.UTC) // a Thursday
	for _, c := range []struct {
		text string
		up   bool
		want string
	}{
		{"now", false, "2026-11-19T10:30:45.5Z"},
		{"now-7d", false, "2026-11-12T10:30:45.5Z"},
		{"now-d", false, "2026-11-18T10:30:45.5Z"},
		{"now-7d/d", false, "2026-11-12T00:00:00Z"},
		{"now/d", true, "2026-11-20T00:00:00Z"},
		{"now/d+1h", false, "2026-11-19T01:00:00Z"},
		{"now/w", false, "2026-11-16T00:00:00Z"},
		{"now/w", true, "2026-11-23T00:00:00Z"},
		{"now/M", false, "2026-11-01T00:00:00Z"},
		{"now/M", true, "2026-12-01T00:00:00Z"},
		{"now/y", false, "2026-01-01T00:00:00Z"},
		{"now/y", true, "2027-01-01T00:00:00Z"},
		{"now/h", false, "2026-11-19T10:00:00Z"},
		{"now/H", true, "2026-11-19T11:00:00Z"},
		{"now/m", false, "2026-11-19T10:30:00Z"},
		{"now/s", false, "2026-11-19T10:30:45Z"},
		{"now+1y-1M+1w", false, "2027-10-26T10:30:45.5Z"},
		{"now 1h", false, "2026-11-19T11:30:45.5Z"}, // + that was not percent-encoded
		{"2026-11-19", false, "2026-11-19T00:00:00Z"},
		{"2026-11-19", true, "2026-11-20T00:00:00Z"},
		{"2026-11-19T10:00:00Z", true, "2026-11-19T10:00:00Z"},
		{"2026-11-19T10:00:00.123456789+08:00", false, "2026-11-19T02:00:00.123456789Z"},
		{"2026-11-19T10:00:00 08:00", false, "2026-11-19T02:00:00Z"},
	} {
		got, err := ParseTime(c.text, now, c.up)
		if err != nil || got.Format(time.RFC3339Nano) != c.want {
			t.Errorf("%s (up %v): %s, %v; want %s", c.text, c.up, got.Format(time.RFC3339Nano), err, c.want)
		}
	}
	for text, want := range map[string]string{
		"":                       `"" is not a time`,
		"yesterday":              `"yesterday" is not a time`,
		"2026-13-01":             `"2026-13-01" is not a time`,
		"1500-01-01":             `"1500-01-01" is out of range (years 1678 to 2261)`,
		"2262-01-01T00:00:00Z":   `"2262-01-01T00:00:00Z" is out of range (years 1678 to 2261)`,
		"now-":                   `"now-" is not date math`,
		"now-7":                  `"now-7" is not date math`,
		"now-7x":                 `"now-7x" is not date math`,
		"now/7d":                 `"now/7d" is not date math`,
		"now*2d":                 `"now*2d" is not date math`,
		"nowadays":               `"nowadays" is not date math`,
		"now-900y":               `"now-900y" is out of range (years 1678 to 2261)`,
		"now-99999999999d":       `"now-99999999999d" has a number that is too large`,
		"now-1000000000y":        `"now-1000000000y" is out of range (years 1678 to 2261)`,
		"now+1000000000w":        `"now+1000000000w" is out of range (years 1678 to 2261)`,
		"now+300y-300y":          `"now+300y-300y" is out of range (years 1678 to 2261)`,
		"2026-11-19T10:00:00+1h": `"2026-11-19T10:00:00+1h" is not a time`,
	} {
		if got, err := ParseTime(text, now, false); err == nil || err.Error() != want {
			t.Errorf("%s: %v, %v; want %s", text, got, err, want)
		}
	}
}
