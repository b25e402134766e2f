package mapper

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
)

// askFor are rules that ask for these paths.
func askFor(t testing.TB, paths ...string) *Rules {
	r := &Rules{}
	route := Route{Pattern: pattern(t, "GET /")}
	for _, p := range paths {
		route.Additional = append(route.Additional, Named{p, value(t, "fields."+p)})
	}
	r.Routes = []Route{route}
	return r
}

func TestNested(t *testing.T) {
	form := []wanted{{"a.b", plainBranch}, {"a.c", plainBranch}, {"list", plainBranch}, {"raw", rawBranch}, {"h", headersBranch}, {"x.y/z", plainBranch}, {"secret", hiddenBranch}}
	type found struct {
		Text    []string
		Fields  []field
		Headers []field
		Raw     string
	}
	for text, want := range map[string]found{
		`{"a":{"b":"1","c":2,"d":[{"b":"3"}]}}`:                            {Text: []string{"1", "2", "", "", "", "", ""}},
		`{"a":{"b":"1"},"a":{"c":true}}`:                                   {Text: []string{"", "true", "", "", "", "", ""}},
		`{"a":{"b":"1"},"a":null}`:                                         {Text: []string{"", "", "", "", "", "", ""}},
		`{"a":{"b":"1","b":null,"c":"x","c":"\u00e9"}}`:                    {Text: []string{"", "é", "", "", "", "", ""}},
		`{"a":"b","list":["x",1,null,{"y":["z"]},"\"" ,[ ]]}`:              {Text: []string{"", "", `x, 1, null, "`, "", "", "", ""}},
		`{"raw":[ {"a" : 1} ],"x":{"y/z":"deep"}}`:                         {Text: []string{"", "", "", `[ {"a" : 1} ]`, "", "deep", ""}},
		`{"x.y/z":"dotted","a.c":"also","q.r":17}`:                         {Text: []string{"", "also", "", "", "", "dotted", ""}, Fields: []field{{"q.r", "17"}}},
		`{"q":{"r":"v","s":"w"},"a":{"b":"both"}}`:                         {Text: []string{"both", "", "", "", "", "", ""}, Fields: []field{{"a.b", "both"}, {"q.r", "v"}}},
		`{"h":{"A-B":"1","a_b":["2","3"],"Cookie":"c","n":7,"o":{"p":1}}}`: {Text: []string{"", "", "", "", "", "", ""}, Fields: []field{{"h.a-b", "2, 3"}}, Headers: []field{{"A-B", "1"}, {"a_b", "2, 3"}, {"n", "7"}}, Raw: `{"h":{"A-B":"1","a_b":["2","3"],"Cookie":"***","n":7,"o":{"p":1}}}`},
		`{"h":{"a":"1"},"h":{"B":"2"}}`:                                    {Text: []string{"", "", "", "", "", "", ""}, Headers: []field{{"B", "2"}}},
		`{"secret":{"in":"s","x":"]}"}, "a":{"b":"\\"}}`:                   {Text: []string{`\`, "", "", "", "", "", ""}, Fields: []field{{"a.b", `\`}, {"secret.in", "s"}}, Raw: `{"secret":"***", "a":{"b":"\\"}}`},
	} {
		n := newNested(form, &Options{KeepRaw: true, Rules: askFor(t, "a.b", "q.r", "h.a-b", "secret.in", "h.cookie", "h.authorization")})
		for range 2 { // what was read before leaves nothing
			var q request
			if err := n.read([]byte(text), true, &q.scratch); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			n.fill(&q)
			got := found{Text: n.text[:n.own], Fields: q.fields, Headers: q.headers}
			if len(q.hidden) > 0 {
				got.Raw = withoutHidden([]byte(text), q.hidden)
			}
			if want.Fields == nil && want.Text[0] != "" {
				want.Fields = []field{{"a.b", want.Text[0]}}
			}
			if len(got.Headers) == 0 {
				got.Headers = nil
			}
			if d := cmp.Diff(want, got, cmp.AllowUnexported(field{})); d != "" {
				t.Errorf("%s: %s", text, d)
			}
			if err := n.read([]byte(`{"a":{"b":"x"},"h":{"z":"y"},"secret":1}`), true, &q.scratch); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestBrokenNested(t *testing.T) {
	for text, want := range map[string]error{
		``: errObject, `[]`: errObject, `"a"`: errObject,
		`{`: errMember, `{"a"`: errMember, `{"a":`: errCut, `{"a":{`: errMember, `{"a":{"b":1`: errCut, `{"a":{"b":"1`: errCut,
		`{"a":{"b":1}`: errCut, `{"a":{"b":1}}}`: errMore, `{"a":{"b":1},}`: errMember, `{"a":{"b":}}`: errMember, `{"a":{"b" 1}}`: errMember,
		`{"q":[}`: errMember, `{"q":{"r":[1}]}`: errMember, `{"list":[1}`: errMember, `{"list":[1,`: errCut, `{"list":["\x"]}`: errMember, `{"h":{"a":["b"}}`: errMember,
		`{"q":` + strings.Repeat("[", 70) + strings.Repeat("]", 70) + `}`:                                errDeep,
		`{"q":` + strings.Repeat(`{"a":`, 70) + `1` + strings.Repeat("}", 70) + `}`:                      errDeep,
		strings.Repeat(`{"d":`, 70) + `1` + strings.Repeat("}", 70):                                      errDeep,
		`{"list":[` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `]}`:                           errDeep,
		`{"q":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `}`:                                errDeep,
		`{"q":` + strings.Repeat("[", 62) + strings.Repeat("]", 62) + `,"s":"\""}`:                       nil,
		`{"q":"` + strings.Repeat(`\\`, 20) + `","r":{"s":"` + strings.Repeat(`\"`, 20) + `"},"a":null}`: nil,
	} {
		n := newNested([]wanted{{"a.b", plainBranch}, {"list", plainBranch}, {"h", headersBranch}, {strings.Repeat("d.", 80) + "d", plainBranch}}, &Options{})
		if err := n.read([]byte(text), strings.Contains(text, `\`), new([]byte)); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", text, err, want)
		}
	}
}

// The reader finds in every valid object what encoding/json finds, whatever it has read before.
func FuzzNested(f *testing.F) {
	f.Add([]byte(`{"a":1}`), []byte(`{"a":{"b":"x","c":["y",{"z":1}]},"l":[1,"2"],"r":{"s":[{}]},"h":{"A":["\u0041"]}}`))
	f.Add([]byte(`{"a":{"b":1},"a":2}`), []byte(`{"a":{"b":1},"a":{"c":"\""},"r":"\\","r":null}`))
	f.Fuzz(func(t *testing.T, before, text []byte) {
		n := newNested([]wanted{{"a.b", plainBranch}, {"a.c", plainBranch}, {"r", rawBranch}, {"a.d.e", plainBranch}, {"k", hiddenBranch}}, &Options{KeepRaw: true})
		var scratch []byte
		_ = n.read(before, true, &scratch) // any error is its own
		escapes := bytes.IndexByte(text, '\\') >= 0
		err := n.read(text, escapes, &scratch)
		var want map[string]any
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		if !json.Valid(text) || !utf8.Valid(text) || d.Decode(&want) != nil || want == nil || bytes.IndexByte(text, '.') >= 0 {
			return
		}
		if errors.Is(err, errDeep) {
			return
		}
		if err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		a, _ := want["a"].(map[string]any)
		e, _ := a["d"].(map[string]any)
		for slot, v := range []any{a["b"], a["c"], want["r"], e["e"]} {
			if slot == 2 {
				checkRaw(t, n.text[slot], v)
				continue
			}
			checkPlain(t, n.text[slot], v)
		}
		if len(n.hidden) > 0 {
			var left map[string]any
			if err := json.Unmarshal([]byte(withoutHidden(text, n.hidden)), &left); err != nil || left["k"] != masked {
				t.Fatalf("hidden: %v, %v", err, left)
			}
		}
	})
}

func checkPlain(t *testing.T, got string, want any) {
	t.Helper()
	switch v := want.(type) {
	case string, bool, json.Number:
		if got != fmt.Sprint(v) {
			t.Fatalf("%q, want %q", got, v)
		}
	case []any: // joined: TestNested
	default:
		if got != "" {
			t.Fatalf("%q of %v", got, v)
		}
	}
}

func checkRaw(t *testing.T, got string, want any) {
	t.Helper()
	switch v := want.(type) {
	case map[string]any, []any:
		var back any
		d := json.NewDecoder(strings.NewReader(got))
		d.UseNumber()
		if err := d.Decode(&back); err != nil || !cmp.Equal(back, want) {
			t.Fatalf("%q of %v", got, v)
		}
	default:
		checkPlain(t, got, v)
	}
}

// What a record of these dialects holds, it becomes an event that reads back the
// same, twice the same and with a time, or an error; and no credential gets out.
func FuzzNestedDialects(f *testing.F) {
	formats := append([]string{"kong", "apisix", "caddy", "kubernetes", "tyk"}, slices.Sorted(maps.Keys(auditGolden(f)))...)
	for i, name := range formats {
		for _, record := range goldenRecords(f, name) {
			f.Add(byte(i), []byte(record))
		}
	}
	f.Fuzz(func(t *testing.T, dialect byte, record []byte) {
		format, _, _ := strings.Cut(formats[int(dialect)%len(formats)], "_")
		rules := gateway(t)
		if format == "kubernetes" {
			rules = clusterRules(t)
		}
		if MapsEvents(format) {
			rules = nil
		}
		m := newMapper(t, Options{Format: format, Rules: rules, KeepRaw: true, HashKey: []byte("k")})
		first := mapped(m, string(record))
		if second := mapped(m, string(record)); second != first {
			t.Fatalf("mapped twice:\n%s\n%s", first, second)
		}
		var e event.Event
		if m.Map(&plugins.Record{Data: record}, &e) != nil {
			return
		}
		if e.Time.IsZero() || e.Name == "" {
			t.Fatalf("without a time or a name: %s", e.AppendJSON(nil))
		}
		text := readBack(t, &e)
		for _, secret := range authorizations(record) {
			if bytes.Contains(text, []byte(secret)) && bytes.Count(record, []byte(secret)) == 1 {
				t.Fatalf("%q got out: %s", secret, text)
			}
		}
	})
}

// authorizations are the values of the Authorization headers and cookies of a
// record's request, those that are long enough not to stand there by chance.
func authorizations(record []byte) []string {
	var r struct {
		Request struct{ Headers map[string]json.RawMessage }
	}
	if json.Unmarshal(record, &r) != nil {
		return nil
	}
	var found []string
	for name, v := range r.Request.Headers {
		if strings.EqualFold(name, "authorization") || strings.EqualFold(name, "cookie") {
			var one string
			var all []string
			if json.Unmarshal(v, &one) == nil {
				all = append(all, one)
			} else if json.Unmarshal(v, &all) != nil {
				continue
			}
			for _, s := range all {
				if len(s) > 8 && s != "REDACTED" {
					found = append(found, s)
				}
			}
		}
	}
	return found
}
