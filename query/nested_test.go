package query

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/event"
)

func TestNested(t *testing.T) {
	e := &event.Event{
		RequestParameters: object(t, `{"Tag":[{"Key":"env","Value":"prod","Note":null},{"Key":"team","Value":"a","Owner":[{"Name":"x","Id":1},{"Name":"y","Id":2}]},[{"Key":"deep"}],"leaf",{}],
			"One":{"a":"1","b":{"c":"2","d":"3"}},"a.b":{"c":"dotted"},"a":{"b":[{"c":"path"}]},"q\"\\é\n":[{"k\"":"v"}]}`),
		Attributes: object(t, `{"only":null}`),
	}
	for _, c := range []struct {
		query string
		want  bool
	}{
		{`requestParameters.Tag: { Key: env and Value: prod }`, true},
		{`requestParameters.Tag: { Key: env and Value: a }`, false}, // not in one element
		{`requestParameters.Tag.Key: env and requestParameters.Tag.Value: a`, true},
		{`requestParameters.Tag: { Key: (team or env) and Value: a* }`, true},
		{`requestParameters.Tag: { Key: env and not Value: * }`, false},
		{`requestParameters.Tag: { Key: deep and not Value: * }`, true}, // in an array of an array
		{`requestParameters.Tag: { not Key: * }`, true},                 // the empty one
		{`requestParameters.Tag: { *: prod }`, true},
		{`requestParameters.Tag: { *: y and Key: team }`, true},
		{`requestParameters.Tag: { *: y and Key: env }`, false},
		{`requestParameters.Tag: { *: * and not Key: * }`, false},
		{`requestParameters.Tag: { Note: * }`, false},
		{`requestParameters.Tag: { leaf: * }`, false},
		{`requestParameters.Tag: { *: leaf }`, false},
		{`requestParameters.Tag: { Owner: { Name: x and Id: 1 } }`, true},
		{`requestParameters.Tag: { Owner: { Name: x and Id: 2 } }`, false},
		{`requestParameters.Tag: { Owner.Name: x and Owner.Id: 2 }`, true},
		{`requestParameters.Tag: { Key: team and not Owner: { Name: x and Id: 2 } }`, true},
		{`requestParameters.Tag: { Key: env and Owner: { Name: x } }`, false},
		{`requestParameters.Tag.Owner: { Name: y and Id: 2 }`, true},
		{`requestParameters.Tag.Owner: { Key: team }`, false},
		{`requestParameters.One: { a: 1 and b.c: 2 }`, true},
		{`requestParameters.One: { a: 1 and b: { c: 2 and d: 3 } }`, true},
		{`requestParameters.One: { b: * }`, false}, // not a leaf
		{`requestParameters.One: { b: { * } }`, true},
		{`requestParameters.One.a: { * }`, false},
		{`requestParameters.Two: { * }`, false},
		{`not requestParameters.Two: { * }`, true},
		{`requestParameters.Two: { not a: * }`, false},
		{`requestParameters.a.b: { c: dotted }`, true},
		{`requestParameters.a.b: { c: path }`, true},
		{`requestParameters.a.b: { c: (path and dotted) }`, false},
		{`"requestParameters.q\"\\é\n": { "k\"": v }`, true},
		{`requestParameters: { One.a: 1 and Tag: { Key: env } }`, true},
		{`requestParameters: { not x: * }`, true},
		{`eventAttributes: { not x: * }`, false}, // it has no leaf
		{`responseElements: { not x: * }`, false},
		{`responseElements.Tag: { * }`, false},
	} {
		x, err := Parse(c.query)
		if err != nil {
			t.Errorf("%s: %v", c.query, err)
			continue
		}
		if got := x.Match(e); got != c.want {
			t.Errorf("%s: %v (%s)", c.query, got, x)
		}
		readAgain(t, x, e)
		if n, ok := x.(Nested); ok && c.want && !n.Candidates().Match(e) {
			t.Errorf("%s: %s leaves it out", c.query, n.Candidates())
		}
	}
}

// A hand-made Nested may have no path: the body is the object.
func TestNestedBody(t *testing.T) {
	f, _, _ := event.Lookup("requestParameters")
	x := Nested{f, "", And{[]Expr{Term{f, "a", "1"}, Not{Term{f, "b", "1"}}}}}
	for text, want := range map[string]bool{`{"a":1}`: true, `{"a":1,"b":1}`: false, `{"b":2}`: false} {
		e := &event.Event{RequestParameters: object(t, text)}
		if x.Match(e) != want || want && !x.Candidates().Match(e) {
			t.Errorf("%s: %v", text, !want)
		}
	}
}

// Of an event with very many objects the first count, over all of its bodies.
func TestFirstObjects(t *testing.T) {
	objects := func(from, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,{"in":{"n":%d},"n":%d}`, from+i, from+i)
		}
		return `{"l":[` + b.String()[1:] + `],"z":"}{"}`
	}
	e := &event.Event{RequestParameters: object(t, objects(0, 300)), ResponseElements: object(t, objects(300, 300))}
	n := 0
	Objects(e, func(f event.Field, path string, o event.Object) bool {
		if v, _ := o.Get("n"); path != []string{"l", "l.in"}[n%2] || v != fmt.Sprint(n/2) || (n < 600) != (f.Name == "requestParameters") {
			t.Errorf("%d: %s.%s: %s", n, f.Name, path, o)
		}
		n++
		return true
	})
	if n != MaxObjects {
		t.Errorf("%d objects", n)
	}
	for q, want := range map[string]bool{
		"requestParameters.l: { n: 299 }": true, "responseElements.l: { n: 499 }": true, "responseElements.l: { in: { n: 499 } }": true, "responseElements.l.in: { n: 499 }": true,
		"responseElements.l: { n: 500 }": false, "responseElements.l.in: { n: 500 }": false, "responseElements.l.n: 500": true, "responseElements.l: { in.n: 499 }": true,
	} {
		x, err := Parse(q)
		if err != nil || x.Match(e) != want {
			t.Errorf("%s: %v, %v", q, !want, err)
		}
	}
	// The last that counts has one within it that does not.
	e.ResponseElements = object(t, `{"a":{},`+objects(300, 300)[1:])
	for q, want := range map[string]bool{
		"responseElements.l: { n: 499 }": true, "responseElements.l: { in: { n: 499 } }": false, "responseElements.l: { n: 499 and in.n: 499 and not in: { * } }": true,
	} {
		x, err := Parse(q)
		if err != nil || x.Match(e) != want {
			t.Errorf("%s: %v, %v", q, !want, err)
		}
	}
	e.RequestParameters = object(t, objects(0, 600))
	for q, want := range map[string]bool{"requestParameters.l: { n: 499 }": true, "requestParameters.l: { n: 500 }": false, "responseElements.a: { * }": false} {
		x, err := Parse(q)
		if err != nil || x.Match(e) != want {
			t.Errorf("%s: %v, %v", q, !want, err)
		}
	}
}

func TestObjects(t *testing.T) {
	e := &event.Event{
		RequestParameters: object(t, `{"a":[{"b":{"c":1}},[{}],2],"z":{"y":{}}}`),
		Attributes:        object(t, `{"x":{"t":"{"}}`),
	}
	var got []string
	Objects(e, func(f event.Field, path string, o event.Object) bool {
		got = append(got, f.Name+" "+path+" "+string(o))
		return len(got) < 6
	})
	want := []string{`requestParameters a {"b":{"c":1}}`, `requestParameters a.b {"c":1}`, "requestParameters a {}", `requestParameters z {"y":{}}`, "requestParameters z.y {}", `eventAttributes x {"t":"{"}`}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// FuzzWalk holds the walk over the text to what encoding/json reads, and to an end.
func FuzzWalk(f *testing.F) {
	for _, s := range []string{`{"a":[{"b":1},[{"b":{"c":2}}],null,"x"],"a.b":{"c":true}}`, `{"a":{"b":[{}]}}`, `[:`, `{"a":[}`, `{"a"::`, `{"\u`, `{"a":[[[[`, `{"a":{"b":1}`} {
		f.Add(s, "a.b")
	}
	f.Add(`{"a":{"":{}}}`, "a.")
	f.Fuzz(func(t *testing.T, s, path string) {
		var all, some []string
		allObjects(s, func(p string, from, to int) bool {
			if p == path {
				all = append(all, s[from:to])
			}
			return true
		})
		if s != "" {
			walkObjects(s, path, func(from, to int) bool {
				some = append(some, s[from:to])
				return true
			})
		}
		o := event.Object(s)
		if s == "" || !o.Valid() {
			return
		}
		var want []string
		var walk func(v any, at string, root bool)
		walk = func(v any, at string, root bool) {
			switch v := v.(type) {
			case map[string]any:
				if at == path && !root {
					m, _ := event.NewObject(v)
					want = append(want, orEmpty(m))
				}
				for _, k := range slices.Sorted(maps.Keys(v)) {
					if root {
						walk(v[k], k, false)
					} else {
						walk(v[k], at+"."+k, false)
					}
				}
			case []any:
				for _, x := range v {
					walk(x, at, false)
				}
			}
		}
		var v any
		d := json.NewDecoder(strings.NewReader(s))
		d.UseNumber()
		if d.Decode(&v) != nil {
			t.Fatal("not JSON")
		}
		walk(v, "", true)
		if d := cmp.Diff(want, all); d != "" {
			t.Errorf("%s, %s (-want +got):\n%s", s, path, d)
		}
		if d := cmp.Diff(want, some); d != "" {
			t.Errorf("%s, %s (-want +got of the walk for a path):\n%s", s, path, d)
		}
	})
}

func orEmpty(o event.Object) string {
	if o == "" {
		return "{}"
	}
	return string(o)
}
