package mapper

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
)

// Whatever is decoded of a record that is plain ASCII as it stands, the strings of its event are UTF-8.
func TestDecodedTextIsUTF8(t *testing.T) {
	m := newMapper(t, Options{Format: "nginx-json", Rules: &Rules{
		Params:   Params{Keep: []string{"q"}},
		Routes:   []Route{{Pattern: pattern(t, "GET /a/{name}/{rest...}"), Action: value(t, "query.q"), ResourceName: value(t, "path.name"), ResourceType: value(t, "path.rest")}},
		Identity: Identity{UserName: value(t, "query.user")},
	}})
	for _, uri := range []string{"/a/%ff/x%fe/y?q=1", "/a/b/c?q=%ff", "/a/b/c?%ff=1", "/a/b/c?user=%C3", "/a/\xff/b?q=\xfe", "/none/%ff"} {
		line := `{"msec":"1.5","status":200,"request_method":"GET","request_uri":"` + uri + `","http_user_agent":"x"}`
		var e event.Event
		if err := m.Map(&plugins.Record{Data: []byte(line)}, &e); err != nil {
			t.Fatal(err)
		}
		v := reflect.ValueOf(e)
		for i := range v.NumField() {
			if s := v.Field(i); s.Kind() == reflect.String && !utf8.ValidString(s.String()) {
				t.Errorf("%s: %s is %q", uri, v.Type().Field(i).Name, s)
			}
		}
		if !utf8.ValidString(e.Identity.UserName) {
			t.Errorf("%s: user name %q", uri, e.Identity.UserName)
		}
	}
}

func TestIsASCII(t *testing.T) {
	for n := range 100 {
		b := []byte(strings.Repeat("~", n))
		if !isASCII(b) {
			t.Errorf("%d bytes of ASCII are none", n)
		}
		for i := range b {
			b[i] = 0x80
			if isASCII(b) {
				t.Errorf("a byte at %d of %d is not seen", i, n)
			}
			b[i] = '~'
		}
	}
}

// The tail of a path is its segments, resolved and decoded, whatever stood between them.
func TestTail(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var p path
	for range 5000 {
		var b strings.Builder
		for range r.IntN(7) {
			b.WriteString([]string{"/", "a", "/bc", "/..", "/.", "//", "/%41", "/a-long-segment", "/x"}[r.IntN(9)])
		}
		p.split(b.String())
		for i := range p.segments {
			if got, want := p.from(i), strings.Join(p.segments[i:], "/"); got != want {
				t.Fatalf("%s from %d: %q, want %q", b.String(), i, got, want)
			}
		}
	}
}

// parseIPv4 takes exactly what netip takes.
func TestParseIPv4(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 50_000 {
		var b strings.Builder
		for i := range 3 + r.IntN(3) {
			if i > 0 || r.IntN(9) == 0 {
				b.WriteString(".")
			}
			b.WriteString([]string{fmt.Sprint(r.IntN(300)), fmt.Sprint(r.IntN(10)), "0", "00", "01", "255", "256", "", "x", ":1"}[r.IntN(3+r.IntN(8))])
		}
		got, ok := parseIPv4(b.String())
		want, err := netip.ParseAddr(b.String())
		if is4 := err == nil && want.Is4(); ok != is4 || ok && got != want {
			t.Fatalf("%s: %v, %v, want %v, %v", b.String(), got, ok, want, err)
		}
	}
}

func TestNames(t *testing.T) {
	for _, n := range []int{0, 1, maxFew - 1, maxFew, 3 * maxFew} {
		var all []string
		var l literals
		for i := range n {
			all = append(all, fmt.Sprint("name", i))
			l.make(all[i])
		}
		set := newNames(all)
		for i := range n + 5 {
			name := fmt.Sprint("name", i)
			if set.has(name) != (i < n) || (l.find(name) != nil) != (i < n) {
				t.Errorf("of %d: %s is there %v, as a segment %v", n, name, set.has(name), l.find(name) != nil)
			}
			if i < n && l.make(name) != l.find(name) {
				t.Errorf("of %d: %s is there twice", n, name)
			}
		}
	}
}

// An address that the first bytes rule out is in none of the networks.
func TestFirstBytes(t *testing.T) {
	networks := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.0.2.7/32"),
		netip.MustParsePrefix("64.0.0.0/3"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("::ffff:9.0.0.0/104")}
	m := newMapper(t, Options{Format: "nginx", TrustedProxies: networks})
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		a := netip.AddrFrom4([4]byte{byte(r.IntN(256)), byte(r.IntN(20)), byte(r.IntN(4)), byte(r.IntN(9))})
		first, ok := firstByte(a.String())
		if !ok || first != a.As4()[0] {
			t.Fatalf("%s begins with %d, %v", a, first, ok)
		}
		if inNetworks(m.opt.TrustedProxies, a) && !m.proxies[first] {
			t.Fatalf("%s is a proxy, and is ruled out", a)
		}
	}
	for _, s := range []string{"", "1", "2001:db8::1", "::1", ".1.2.3", "1234.1.1.1", "256.1.1.1", "[10.0.0.1]", "a.b.c.d", "unix:"} {
		if n, ok := firstByte(s); ok {
			t.Errorf("%q begins with %d", s, n)
		}
	}
	if all := firstBytes([]netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}); !all[0] || !all[255] {
		t.Error("a network of all addresses rules some out")
	}
}
