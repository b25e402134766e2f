package mapper

import (
	"strings"
	"testing"
)

func TestLiteralsGoBeforeParameters(t *testing.T) {
	var tr trie
	for _, s := range []string{
		"GET /a/{x}", "GET /a/b", "GET /{y}/b/c", "GET /a/{x}/d", "GET /a/{rest...}", "* /a/b", "GET /", "POST /?Action=Run", "POST /",
		"GET /a/b/{z}", "* /{all...}",
	} {
		p := pattern(t, s)
		if err := tr.add(&p, "", &route{Route: Route{Pattern: p}}); err != nil {
			t.Fatal(err)
		}
	}
	for line, want := range map[string]string{
		"GET /a/b":                           "GET /a/b",
		"PUT /a/b":                           "* /a/b",
		"GET /a/z":                           "GET /a/{x}",
		"PUT /a/z":                           "* /{all...}",
		"GET /a/b/c":                         "GET /a/b/{z}", // literal a before {y}, although b and c would be literals
		"GET /q/b/c":                         "GET /{y}/b/c",
		"GET /a/b/d":                         "GET /a/b/{z}",
		"GET /a/q/d":                         "GET /a/{x}/d",
		"GET /a/q/e":                         "GET /a/{rest...}",
		"GET /a":                             "GET /a/{rest...}",
		"GET /":                              "GET /",
		"POST /?x=1&Action=Run":              "POST /?Action=Run",
		"POST /?Action=Stop":                 "POST /",
		"POST /?Actio%6E=Run":                "POST /?Action=Run",
		"GET //a/./b/":                       "GET /a/b",
		"GET /q/../a/b":                      "GET /a/b",
		"GET /q/%2e%2e/a/%62":                "GET /a/b",
		"GET /a/b%2Fc":                       "GET /a/{x}",
		"DELETE " + strings.Repeat("/x", 64): "* /{all...}",
	} {
		var q request
		q.setRequestLine(line + " HTTP/1.1")
		var p path
		p.split(q.path)
		got := "none"
		if r := tr.find(&q, p.segments); r != nil {
			got = r.Pattern.text
		}
		if got != want {
			t.Errorf("%s takes %q, want %q", line, got, want)
		}
	}
}

func TestWrongPatterns(t *testing.T) {
	for s, want := range map[string]string{
		"/orders":                         `not a method and a path`,
		"GET orders":                      `does not begin with /`,
		"G3T /orders":                     `not a method`,
		"GET /a/{x}/{x}":                  `has {x} twice`,
		"GET /a/{x...}/b":                 `nothing can follow it`,
		"GET /a/{x}{y}":                   `nothing stands between two parameters`,
		"GET /a/{x...}.json":              `so it is a whole segment`,
		"GET /a/{x":                       `a { without its }`,
		"GET /a/../b":                     `. and .. are resolved before`,
		"GET /a/%2e./b":                   `. and .. are resolved before`,
		"GET /a#b":                        `no request has a #`,
		"GET api.example/a":               `host = "api.example"`,
		"GET /?Action={a}":                `a block rpc "GET /" names all actions`,
		"GET /a/{1}":                      `letters, digits`,
		"GET /a?Action":                   `not name=value`,
		"GET /a b":                        `not a method and a path`,
		"GET /a/}x{":                      `a } without its {`,
		"GET " + strings.Repeat("/x", 65): `more than 64 segments`,
	} {
		if _, err := ParsePattern(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error is %v, want %q in it", s, err, want)
		}
	}
}

func TestWrongRules(t *testing.T) {
	order := pattern(t, "GET /orders/{order}")
	for want, opt := range map[string]Options{
		`format "squid" is not known`:    {Format: "squid"},
		`its records are events`:         {Format: "native", Rules: &Rules{}},
		`match the same requests`:        {Format: "nginx", Rules: &Rules{Routes: []Route{{Pattern: order}, {Pattern: pattern(t, "GET /orders/{id}")}}}},
		`path.id is not in its pattern`:  {Format: "nginx", Rules: &Rules{Routes: []Route{{Pattern: order, Action: Join(Literal("x"), value(t, "path.id"))}}}},
		`rw is "write"`:                  {Format: "nginx", Rules: &Rules{Routes: []Route{{Pattern: order, RW: "write"}}}},
		`source "cookie" is not known`:   {Format: "nginx", Rules: &Rules{Identity: Identity{Order: []string{"cookie"}}}},
		`trust of consumer is "yes"`:     {Format: "nginx", Rules: &Rules{Identity: Identity{Trust: map[string]string{"consumer": "yes"}}}},
		`trust names "jwt.email"`:        {Format: "nginx", Rules: &Rules{Identity: Identity{Trust: map[string]string{"jwt.email": "verified"}}}},
		`default service is not a plain`: {Format: "nginx", Rules: &Rules{Default: Default{Service: value(t, "host")}}},
	} {
		if _, err := New(opt); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q in it", err, want)
		}
	}
}

func TestWrongExpressions(t *testing.T) {
	for _, name := range []string{"path", "path.", "body.id", "file"} {
		if _, err := Value(name); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if _, err := Call("file"); err == nil || !strings.Contains(err.Error(), "there is no function file") {
		t.Errorf("file: %v", err)
	}
	if _, err := Call("lower"); err == nil || err.Error() != "lower takes 1 argument, not 0" {
		t.Errorf("lower: %v", err)
	}
}
