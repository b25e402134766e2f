package mapper

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/actiontrail/actiontrail/event"
)

// What looks secret does so whatever stands around it, is worth to be looked for,
// and is gone when it was masked.
func FuzzLooksSecret(f *testing.F) {
	for _, s := range []string{
		"AKIAIOSFODNN7EXAMPLE", "x ghp_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "pwd=%31", "a%3Dtoken=1", "https://u:p@a", `{"password":"***","b":"#22sk-aaaaaaaaaaaaaaaa"}`, "Basic dTpwYXNz", "-----BEGIN PRIVATE KEY-----",
		"hvs.aaaaaaaaaaaaaaaaaaaaaaaa", `\u0022eyJhbGciOiJSUzI1NiJ9.e30.a`, "550e8400-e29b-41d4-a716-446655440000", "api_key: 'x", "%%%", "é=***",
	} {
		f.Add(s, byte(0))
	}
	const between = " \n,;(<\"[|"
	const token = "ghp_0123456789abcdefghijABCDEFGHIJ456789"
	m := newMapper(f, Options{Format: "nginx"})
	f.Fuzz(func(t *testing.T, s string, at byte) {
		by := between[int(at)%len(between) : int(at)%len(between)+1]
		found, hidden := looksSecret(s), hidesSecret(s)
		if around := "x" + by + s + by + "y"; found && !looksSecret(around) {
			t.Errorf("%q looks secret, and %q does not", s, around)
		}
		if with := s + by + token; !looksSecret(with) {
			t.Errorf("the token in %q is not seen", with)
		}
		if (found || hidden) && len(s) >= leastSecret && !mayHoldSecret(s) {
			t.Errorf("%q is secret, and not worth to be looked at", s)
		}
		m.text.plain = false
		s = event.Text(s) // the signs for what is no UTF-8 make it longer, and what is long enough a secret
		found, hidden = looksSecret(s), hidesSecret(s)
		for _, shown := range []string{m.shownText(&m.pages, s), shownRecord(maskText(event.Text(s)))} {
			if looksSecret(shown) || !utf8.ValidString(shown) {
				t.Errorf("%q is shown as %q", s, shown)
			}
		}
		if shown := m.shownText(&m.pages, s); hidesSecret(shown) {
			t.Errorf("%q is shown as %q", s, shown)
		}
		if shown := m.unlessSecret(s); len(s) >= leastSecret && (found || hidden) != (shown == masked && s != masked) {
			t.Errorf("%q: found %v %v, shown as %q", s, found, hidden, shown)
		}
	})
}

// What split has searched has no secret when it is looked through again: any
// segments of a path without one, with slashes between.
func FuzzClean(f *testing.F) {
	for _, s := range []string{"/v1/b/logs/2026/0a.json", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "/a:b/c", "/hvs.aaaaaaaaaaaaaaaaaaaaaaaa", "password:/x", "/token=/x", "//a/../Basic dTpwYXNz", "/%70wd/=", "x\xff@[`{\x7f"} {
		f.Add(s, byte(0), byte(9))
	}
	f.Fuzz(func(t *testing.T, s string, from, n byte) {
		if plain := strings.IndexFunc(s, func(c rune) bool { return c < '-' || c > '9' && c < '@' || c > 0x7f }) < 0; isPlain(s) != plain {
			t.Errorf("%q is plain: %v", s, !plain)
		}
		var p path
		p.split(s)
		first := int(from) % (len(p.segments) + 1)
		some := p.segments[first:min(len(p.segments), first+int(n))]
		if joined := strings.Join(some, "/"); p.isClean(joined) && (looksSecret(joined) || hidesSecret(joined)) {
			t.Errorf("%q of %q is secret", joined, s)
		}
		for i := range p.segments {
			if at := (&spot{at: i}); p.isSeen(at, p.captured(at)) && (looksSecret(p.segments[i]) || hidesSecret(p.segments[i])) {
				t.Errorf("%q of %q is secret", p.segments[i], s)
			}
		}
	})
}

// Of a Forwarded header what the proxy has added is read, whatever stands before it,
// and each step leaves less of it.
func FuzzForwarded(f *testing.F) {
	for _, s := range []string{`for=192.0.2.1;proto=https;by="x"`, `for="[2001:db8::1]:80", for=a`, `for="a\", for=b`, `"`, `,`, `FOR=a;for=b`, `for = x ; host="a,b"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for rest := s; rest != ""; {
			_, before := lastForwarded(rest)
			if len(before) >= len(rest) || !strings.HasPrefix(rest, before) {
				t.Fatalf("after %q there is %q", rest, before)
			}
			rest = before
		}
		if address, before := lastForwarded(s + `, for="203.0.113.9:80";host="a,b;c\"d"`); address != "203.0.113.9:80" || before != s {
			t.Errorf("behind %q: %q and %q", s, address, before)
		}
		_, _ = parseAddress(s)
		if plain := plainAddress(s); plainAddress(plain) != plain {
			t.Errorf("%q becomes %q, and that %q", s, plain, plainAddress(plain))
		}
	})
}

// A host is one that net/url reads in the same way, or none.
func FuzzHostOf(f *testing.F) {
	for _, s := range []string{"https://console.example:443/a?b#c", "HTTP://a", "https://u:p@a", `https://a\@b`, "https://[::1]:80", "https://a%2eb", "http://é", "https://", "https:///a", "https://a\x00b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		host := hostOf(s)
		if strings.ContainsAny(host, "/\\@?#% \"'<>") || !utf8.ValidString(host) || !strings.Contains(s, host) {
			t.Errorf("%q has the host %q", s, host)
		}
		if u, err := url.Parse(s); err == nil && host != "" && (u.Host != host || u.User != nil) {
			t.Errorf("%q has the host %q, and to net/url %q and the user %v", s, host, u.Host, u.User)
		}
		if after := hostOf("https://console.example/" + s); after != "console.example" {
			t.Errorf("before %q the host is %q", s, after)
		}
	})
}
