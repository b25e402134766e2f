package mapper

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// takes is the pattern of tr that a request takes, "none" when it takes none.
func takes(tr *trie, line, host string) string {
	q := request{host: host}
	q.setRequestLine(line + " HTTP/1.1")
	var p path
	p.split(q.path)
	if r := tr.find(&q, p.segments); r != nil {
		return r.Pattern.text
	}
	return "none"
}

func trieOf(t testing.TB, patterns ...string) *trie {
	t.Helper()
	var tr trie
	for _, s := range patterns {
		host, s, _ := cutHost(s)
		p := pattern(t, s)
		if err := tr.add(&p, host, &route{Route: Route{Pattern: p}}); err != nil {
			t.Fatal(err)
		}
	}
	return &tr
}

// cutHost takes the host off "host: GET /path".
func cutHost(s string) (host, rest string, found bool) {
	if host, rest, found = strings.Cut(s, ": "); found {
		return host, rest, true
	}
	return "", s, false
}

func TestPartsOfSegments(t *testing.T) {
	tr := trieOf(t, "GET /r/{all}", "GET /r/{name}.{format}", "GET /r/{name}.json", "GET /r/v{version}", "GET /r/v{major}.json", "GET /r/latest.json",
		"POST /r/{id}:cancel", "POST /r/{id}:start", "POST /r/{id}", "GET /r/{a}-{b}-{c}", "GET /r/v{version}/x", "GET /r/{all}/y", "GET /r/sp%20{ace}")
	for line, want := range map[string]string{
		"GET /r/latest.json":      "GET /r/latest.json",
		"GET /r/old.json":         "GET /r/{name}.json",
		"GET /r/v1.json":          "GET /r/v{major}.json", // the same end, and a beginning
		"GET /r/v.json":           "GET /r/{name}.json",   // a parameter takes one byte at least
		"GET /r/.json":            "GET /r/{all}",
		"GET /r/old.tar.gz":       "GET /r/{name}.{format}",
		"GET /r/old%2Egz":         "GET /r/{name}.{format}",
		"GET /r/old.":             "GET /r/{all}",
		"GET /r/v2":               "GET /r/v{version}",
		"GET /r/V2":               "GET /r/{all}", // case is told apart
		"GET /r/a-b-c":            "GET /r/{a}-{b}-{c}",
		"GET /r/a--b":             "GET /r/{all}",
		"GET /r/---":              "GET /r/{all}",
		"GET /r/-----":            "GET /r/{a}-{b}-{c}",
		"POST /r/17:cancel":       "POST /r/{id}:cancel",
		"POST /r/17%3Acancel":     "POST /r/{id}:cancel",
		"POST /r/17:start/":       "POST /r/{id}:start",
		"POST /r/17:stop":         "POST /r/{id}",
		"POST /r/:cancel":         "POST /r/{id}",
		"GET /r/v2/x":             "GET /r/v{version}/x",
		"GET /r/v2/y":             "GET /r/{all}/y", // back from the one that is partly literal
		"GET /r/sp%20x":           "GET /r/sp%20{ace}",
		"GET /r/v2%2Fx":           "GET /r/v{version}", // an encoded slash is no slash
		"GET //r///v2//x":         "GET /r/v{version}/x",
		"DELETE /r/latest.json":   "none",
		"GET /r/":                 "none",
		"GET /r/q/../latest.json": "GET /r/latest.json",
	} {
		if got := takes(tr, line, ""); got != want {
			t.Errorf("%s takes %q, want %q", line, got, want)
		}
	}
}

func TestHostOfARoute(t *testing.T) {
	tr := trieOf(t, "GET /v1/x", "api.example: GET /v1/x", "*.example: GET /v1/x", "*.a.example: GET /v1/x", "*.example: GET /v1/{y}", "b.example: GET /v1/{y}", "api.example: GET /v1/x?a=1", "GET /v1/x?b=1")
	for line, want := range map[string]string{
		"API.example:443: GET /v1/x":   "GET /v1/x api.example",
		"api.example: GET /v1/x?a=1":   "GET /v1/x?a=1 api.example",
		"c.example: GET /v1/x":         "GET /v1/x *.example",
		"c.example: GET /v1/x?b=1":     "GET /v1/x *.example", // the host counts before the query
		"c.a.example: GET /v1/x":       "GET /v1/x *.a.example",
		"other: GET /v1/x?b=1":         "GET /v1/x?b=1 ",
		"other: GET /v1/x":             "GET /v1/x ",
		"other: GET /v1/z":             "none",
		"b.example: GET /v1/z":         "GET /v1/{y} b.example",
		"b.example.: GET /v1/z":        "GET /v1/{y} b.example",
		"b.example: GET /v1/x":         "GET /v1/x *.example", // the path counts before the host
		": GET /v1/z":                  "none",
		"[2001:db8::1]:80: GET /v1/x":  "GET /v1/x ",
		"example: GET /v1/z":           "none",
		"evil.example.com: GET /v1/z":  "none",
		"notapi.example:80: GET /v1/z": "GET /v1/{y} *.example",
	} {
		i := strings.LastIndex(line, ": ")
		q := request{host: line[:i]}
		q.setRequestLine(line[i+2:] + " HTTP/1.1")
		var p path
		p.split(q.path)
		got := "none"
		if r := tr.find(&q, p.segments); r != nil {
			got = r.Pattern.text
			for _, h := range []string{"api.example", "*.example", "*.a.example", "b.example", ""} {
				if r == leafRoute(tr, r.Pattern.text, h) {
					got += " " + h
				}
			}
		}
		if got != want {
			t.Errorf("%s takes %q, want %q", line, got, want)
		}
	}
}

// leafRoute is the route of a pattern and a host, nil when there is none.
func leafRoute(tr *trie, text, host string) *route {
	var found *route
	var walk func(n *node)
	walk = func(n *node) {
		if n == nil {
			return
		}
		for _, l := range n.here.all {
			if l.pattern.text == text && l.host == host {
				found = l.route
			}
		}
		for _, c := range n.literals.few {
			walk(c.node)
		}
		walk(n.param)
	}
	walk(&tr.root)
	return found
}

// Many routes at one path, each with its action in the query, are told apart as a few are.
func TestManyConditions(t *testing.T) {
	patterns := []string{"* /", "POST /?Version=1", "GET /?Action=A1", "* /?Action=A2&Version=1"}
	for i := range 100 {
		patterns = append(patterns, fmt.Sprintf("POST /?Action=A%d", i))
	}
	patterns = append(patterns, "POST /?Action=A7&Version=1", "h: POST /?Action=A8")
	tr := trieOf(t, patterns...)
	for line, want := range map[string]string{
		"POST /?Action=A42":                "POST /?Action=A42",
		"POST /?Version=2&Action=A42":      "POST /?Action=A42",
		"POST /?Version=1&Action=A7":       "POST /?Action=A7&Version=1",
		"POST /?Version=1&Action=A42":      "POST /?Action=A42", // of as many conditions the first, by name
		"POST /?Version=1&Action=none":     "POST /?Version=1",
		"PUT /?Version=1&Action=A2":        "* /?Action=A2&Version=1",
		"GET /?Action=A1":                  "GET /?Action=A1",
		"GET /?Action=A3":                  "* /",
		"POST /?Actio%6E=A42":              "POST /?Action=A42",
		"POST /":                           "* /",
		"POST /?Action=A42&Action=A43":     "POST /?Action=A42",
		"POST /?":                          "* /",
		"POST /?&&=&Action":                "* /",
		"POST /?Action=A2&Version=1&x=y&z": "* /?Action=A2&Version=1",
	} {
		if got := takes(tr, line, ""); got != want {
			t.Errorf("%s takes %q, want %q", line, got, want)
		}
	}
}

// A mixed segment takes of a text what trying out all ways finds, the first
// parameters as much as they can.
func TestMixedTakesWhatCanBeTaken(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	text := func(least, most int) string {
		var b strings.Builder
		for range least + r.IntN(most-least+1) {
			b.WriteByte("ab."[r.IntN(3)])
		}
		return b.String()
	}
	for range 50_000 {
		x := &mixed{texts: []string{text(0, 2)}}
		for i := range 1 + r.IntN(3) {
			x.names = append(x.names, fmt.Sprint("p", i))
			x.texts = append(x.texts, text(1, 2))
		}
		if r.IntN(2) == 0 {
			x.texts[len(x.names)] = ""
		}
		s := text(0, 9)
		want, fits := tryAll(x.texts, s)
		for k := range x.names {
			got, ok := x.part(s, k)
			if ok != fits || ok && got != want[k] {
				t.Fatalf("%q of %q: %q, %v, want %q, %v", s, x.texts, got, ok, want, fits)
			}
		}
	}
}

// tryAll takes text before the first parameter, then tries every length of it, the longest first.
func tryAll(texts []string, s string) ([]string, bool) {
	rest, ok := strings.CutPrefix(s, texts[0])
	if !ok {
		return nil, false
	}
	if len(texts) == 1 {
		return nil, rest == ""
	}
	for n := len(rest); n > 0; n-- {
		if more, ok := tryAll(texts[1:], rest[n:]); ok {
			return append([]string{rest[:n]}, more...), true
		}
	}
	return nil, false
}

func TestShapeTellsPatternsApart(t *testing.T) {
	for _, pair := range [][2]string{
		{"GET /a/{x}", "GET /a/%7B%7D"}, {"GET /a/v{x}", "GET /a/v%7B%7D"}, {"GET /a/v{x}", "GET /a/{x}"}, {"GET /a%2Fb", "GET /a/b"}, {"GET /a?b=c", "GET /a&b=c"}, {"GET /a%252Fb", "GET /a%2Fb"},
	} {
		a, b := pattern(t, pair[0]), pattern(t, pair[1])
		if a.Shape() == b.Shape() {
			t.Errorf("%q and %q have one shape, %s", a.text, b.text, a.Shape())
		}
	}
	if a, b := pattern(t, "GET /r/{a}.{b}/"), pattern(t, "GET //r/{x}.{y}"); a.Shape() != b.Shape() {
		t.Errorf("%s and %s", a.Shape(), b.Shape())
	}
}
