package mapper

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
)

// Whatever a line holds, it becomes an event that is valid JSON and reads back
// the same, twice the same, or an error.
func FuzzMap(f *testing.F) {
	f.Add([]byte(benchJSON))
	f.Add([]byte(benchCombined))
	f.Add([]byte(`{"msec":"1","status":200,"request":"POST /a.v1.B/C HTTP/2.0","http_content_type":"application/grpc","grpc_status":7}`))
	f.Add([]byte(`{"msec":"1","status":200,"request":"POST /aws/x?Action=a&Version=b HTTP/1.1","http_x_amz_target":"A_20120810.B"}`))
	f.Add([]byte(`{"msec":"1","status":200,"request":"POST /graphql HTTP/1.1","graphql_operation":"a_b","graphql_type":"query"}`))
	f.Add([]byte(`192.0.2.1 - - [21/Nov/2026:01:26:57 +0000] "\x16\x03\x01" 400 150 "-" "-"`))
	f.Add([]byte(`2026-11-21T01:26:57.404123456+01:00 stdout F {"msec":"1","status":200,"request":"GET / HTTP/1.1"}`))
	f.Add([]byte(`Nov 21 01:26:57 gw-1 nginx[2869]: 192.0.2.1 - - [21/Nov/2026:01:26:57 +0000] "GET / HTTP/1.1" 200 2`))
	f.Add([]byte(`{"msec":"1.5","uri":"\ud83d\ude00/%2e%2e/%","status":404,"x":{"y":["}"]}}`))
	proxies := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	f.Fuzz(func(t *testing.T, line []byte) {
		opt := Options{Format: "nginx", Rules: shop(t), TrustedProxies: proxies, HashKey: []byte("k"), KeepRaw: true}
		opt.Rules.Match = Match{}
		more := calls(t)
		opt.Rules.RPC, opt.Rules.GraphQL, opt.Rules.GRPC = more.RPC, more.GraphQL, true
		m := newMapper(t, opt)
		first := mapped(m, string(line))
		if second := mapped(m, string(line)); second != first {
			t.Fatalf("mapped twice:\n%s\n%s", first, second)
		}
		var e event.Event
		if m.Map(&plugins.Record{Data: line}, &e) != nil {
			return
		}
		if want := m.additionalText(); e.Exchange.Status != 0 && e.Exchange.Object() != want {
			t.Fatalf("exchange %s, as text %s", e.Exchange.Object(), want)
		}
		e.ID = "x"
		readBack(t, &e)
	})
}

// The reader of members finds in every valid object what encoding/json finds,
// whatever it has read before.
func FuzzMembers(f *testing.F) {
	f.Add([]byte(`{"a":1}`), []byte(`{"a":"b","c":{"d":[1,"}"]},"e":null,"f":-1.5e3 , "g" : true}`))
	f.Add([]byte(`{"a":1,"b":"x"}`), []byte(`{"a": 1,"b":"x" }`))
	f.Add([]byte(`{"msec":"1","request_method":"GET","status":200,"n":1}`), []byte(`{"msec":"","request_method":"-","status":404,"n":1,"status":5}`))
	f.Fuzz(func(t *testing.T, before, text []byte) {
		var m members
		_ = m.each(before, true, new([]byte), nil, func(slot, string, string, bool) {}) // any error is its own
		checkMembers(t, &m, text)
		checkForeseen(t, before, text)
	})
}

// checkMembers compares what m reads with what encoding/json does.
func checkMembers(t *testing.T, m *members, text []byte) {
	t.Helper()
	var want map[string]json.RawMessage
	if json.Unmarshal(text, &want) != nil || want == nil || !utf8.Valid(text) {
		return
	}
	got := map[string]string{}
	var scratch []byte
	err := m.each(text, bytes.IndexByte(text, '\\') >= 0, &scratch, nil, func(_ slot, key, value string, quoted bool) {
		if quoted {
			b, _ := json.Marshal(value)
			value = string(b)
		} else if value[0] == '"' || value[0] <= ' ' {
			t.Fatalf("%q is %q, which is no number: %s", key, value, text)
		}
		got[key] = value
	})
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if len(got) != len(want) {
		t.Fatalf("%d keys, want %d: %s", len(got), len(want), text)
	}
	for k, w := range want {
		var a, b any
		if json.Unmarshal(w, &a) != nil || json.Unmarshal([]byte(got[k]), &b) != nil {
			t.Fatalf("%q is %s, want %s", k, got[k], w)
		}
		x, _ := json.Marshal(a)
		y, _ := json.Marshal(b)
		if string(x) != string(y) {
			t.Fatalf("%q is %s, want %s", k, y, x)
		}
	}
}

// checkForeseen compares what is made of text after other objects, when members are
// foreseen, with what is made of it when they are not.
func checkForeseen(t *testing.T, before, text []byte) {
	t.Helper()
	if bytes.IndexByte(text, '\\') >= 0 {
		return
	}
	slots := func(key string) slot { return slot(len(key)+len(strings.TrimLeft(key, "abcdef"))) % (slotField + 2) }
	read := func(m *members, text []byte, escapes bool) string {
		var values [slotField]string
		var said strings.Builder
		err := m.each(text, escapes, new([]byte), values[:], func(s slot, key, value string, quoted bool) {
			fmt.Fprintf(&said, "%d %q %q %v\n", s, key, value, quoted)
		})
		return fmt.Sprintf("%s%q %v", &said, values, err)
	}
	want := read(&members{slot: slots}, text, true)
	m := members{slot: slots}
	read(&m, before, true)
	for range 2 {
		if got := read(&m, text, false); got != want {
			t.Fatalf("after %s\n%s\nis %s\nwant %s", before, text, got, want)
		}
	}
}

// The template of a path holds no digits beyond those of a version, whatever the path.
func FuzzTemplate(f *testing.F) {
	f.Add("/v1/orders/17")
	f.Fuzz(func(t *testing.T, p string) {
		m := newMapper(t, Options{Format: "nginx"})
		m.request.method, m.request.path = "GET", p
		m.path.split(p)
		name := m.template()
		if !utf8.ValidString(name) || len(name) > 8*(maxWord+1)+32 {
			t.Fatalf("template of %q is %q", p, name)
		}
	})
}

// A pattern takes the path that is made of it, and gives back what was filled in;
// two patterns of one shape are refused, others are not.
func FuzzPattern(f *testing.F) {
	f.Add("GET /a/{x}/{y}.{z}", "POST /r/v{n}:go/{rest...}?A=b")
	f.Add("GET /%2F/{x}", "GET /%2f/{y}")
	f.Fuzz(func(t *testing.T, one, other string) {
		p, err := ParsePattern(one)
		if err != nil {
			return
		}
		var tr trie
		if err := tr.add(&p, "", &route{Route: Route{Pattern: p}}); err != nil {
			t.Fatal(err)
		}
		if k, err := ParsePattern(other); err == nil {
			if refused := tr.add(&k, "", &route{Route: Route{Pattern: k}}) != nil; refused != (p.Shape() == k.Shape()) {
				t.Fatalf("%q and %q: refused %v, shapes %q and %q", one, other, refused, p.Shape(), k.Shape())
			}
		}
		var segments []string
		for i := range p.segments {
			s := &p.segments[i]
			switch {
			case s.mixed != nil:
				segments = append(segments, strings.Join(s.mixed.texts, "x"))
			case s.name != "":
				segments = append(segments, "x")
			default:
				segments = append(segments, s.literal)
			}
		}
		q := request{method: p.method}
		for _, c := range p.query {
			q.query += "&" + c.name + "=" + c.value
		}
		if hasAll(q.query, p.query) && tr.find(&q, segments) == nil {
			t.Fatalf("%q does not take %q?%s", one, segments, q.query)
		}
	})
}
