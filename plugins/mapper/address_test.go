package mapper

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/event"
)

func addressOf(t testing.TB, m *Mapper, peer, header, chain string) string {
	t.Helper()
	record := event.AppendString([]byte(`{"msec":"1.5","uri":"/a","status":200,"remote_addr":`), peer)
	record = event.AppendString(append(event.AppendString(append(record, ','), header), ':'), chain)
	return mapOne(t, m, string(record)+"}").SourceIP
}

func TestForwarded(t *testing.T) {
	m := newMapper(t, Options{Format: "nginx-json", ProxyHeader: forwarded, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}})
	for chain, want := range map[string]string{
		`for=192.0.2.60;proto=http;by=203.0.113.43`:          "192.0.2.60",
		`For="[2001:db8:cafe::17]:4711"`:                     "2001:db8:cafe::17",
		`for=6.6.6.6, for=192.0.2.43, for=10.1.1.1`:          "192.0.2.43",
		`for=6.6.6.6;for=192.0.2.43`:                         "10.0.0.1",
		`for=6.6.6.6, for=unknown`:                           "10.0.0.1",
		`for=6.6.6.6, for=_hidden, for=10.2.2.2`:             "10.2.2.2",
		`for=", for=192.0.2.43`:                              "192.0.2.43",
		`for=6.6.6.6, for="192.0.2.43:99";host="a,for=b;c"`:  "192.0.2.43",
		`for=6.6.6.6, host="a\",for=7.7.7.7";for=192.0.2.43`: "192.0.2.43",
		`for=6.6.6.6, proto=https`:                           "10.0.0.1",
		`for=10.1.1.1, for=10.2.2.2`:                         "10.1.1.1",
		`for="[fd00::1]", for="[::ffff:10.1.2.3]"`:           "fd00::1",
		` for = "::ffff:192.0.2.43" `:                        "192.0.2.43",
		`for=`:                                               "10.0.0.1",
		`,`:                                                  "10.0.0.1",
		`;;;`:                                                "10.0.0.1",
		`"`:                                                  "10.0.0.1",
	} {
		if got := addressOf(t, m, "10.0.0.1", "http_forwarded", chain); got != want {
			t.Errorf("%s: %s, want %s", chain, got, want)
		}
		if got := addressOf(t, m, "192.0.2.1", "http_forwarded", chain); got != "192.0.2.1" {
			t.Errorf("%s, from a stranger: %s", chain, got)
		}
		if got := addressOf(t, m, "10.0.0.1", "http_x_forwarded_for", chain); got != "10.0.0.1" {
			t.Errorf("%s in the other header: %s", chain, got)
		}
	}
	if got := addressOf(t, m, "10.0.0.1", "http_x_real_ip", "6.6.6.6"); got != "10.0.0.1" {
		t.Errorf("X-Real-IP is believed: %s", got)
	}
	if _, err := New(Options{Format: "nginx", ProxyHeader: "x-real-ip"}); err == nil {
		t.Error("X-Real-IP can be chosen")
	}
}

// An address has one form, however the gateway writes it.
func TestPlainAddress(t *testing.T) {
	for s, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "192.0.2.1:80": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1", "[::ffff:192.0.2.1]:80": "192.0.2.1",
		"2001:db8::1": "2001:db8::1", "[2001:db8::1]": "2001:db8::1", "[2001:db8::1]:443": "2001:db8::1", "fe80::1%eth0": "fe80::1", "[fe80::1%eth0]:1": "fe80::1",
		"fe80::1%<script>": "fe80::1", "unix:": "unix:", "unix:/run/x.sock": "unix:/run/x.sock", "example:80": "example:80", "[::1": "::1", "1.2.3.4.5:6": "1.2.3.4.5:6", "::ffff:1.2.3": "::ffff:1.2.3",
	} {
		if got := plainAddress(s); got != want {
			t.Errorf("%s: %s, want %s", s, got, want)
		}
	}
}

// Whatever a client writes into the headers of proxies, it is not taken for its
// address: that is what the first proxy has added.
func TestHostileChains(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:1::/48")}
	parts := []string{"6.6.6.6", "10.0.0.7", "for=6.6.6.6", "for=10.0.0.7", `for="[2001:db8:1::9]"`, `"`, `\`, ",", ";", "=", "for=", "for", " ", "\t", "unknown", "::1", "[", "]", ":80", "%eth0", "::ffff:10.0.0.9", "\x00", "é", "host=\"", "2001:db8:1::5", strings.Repeat("a,", 40)}
	r := rand.New(rand.NewPCG(1, 2))
	for _, header := range ProxyHeaders() {
		m := newMapper(t, Options{Format: "nginx-json", ProxyHeader: header, TrustedProxies: proxies})
		for range 5000 {
			var client strings.Builder
			for range r.IntN(12) {
				client.WriteString(parts[r.IntN(len(parts))])
			}
			chain := fmt.Sprintf("%s, 203.0.113.9, 10.1.1.1", client.String())
			if header == forwarded {
				chain = fmt.Sprintf(`%s, for=203.0.113.9;host="x", for="10.1.1.1:80"`, client.String())
			}
			key := "http_" + strings.ReplaceAll(header, "-", "_")
			for peer, want := range map[string]string{"10.0.0.1": "203.0.113.9", "::ffff:10.0.0.1": "203.0.113.9", "[2001:db8:1::1]:55": "203.0.113.9", "198.51.100.1": "198.51.100.1", "2001:db8:2::1": "2001:db8:2::1"} {
				if got := addressOf(t, m, peer, key, chain); got != want {
					t.Fatalf("%s: %q from %s: %s, want %s", header, chain, peer, got, want)
				}
			}
		}
	}
}

// A header names who acted; only from the proxy that sets it that is verified.
func TestTrustedFrom(t *testing.T) {
	from := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	order := []string{"header:X-User", "remote_user"}
	m := newMapper(t, Options{Format: "nginx-json", Rules: &Rules{Identity: Identity{Order: order, TrustedFrom: from}}})
	for members, want := range map[string]string{
		`"remote_addr":"10.1.2.3","http_x_user":"alice"`:                                    event.TrustVerified,
		`"remote_addr":"::ffff:10.1.2.3","http_x_user":"alice"`:                             event.TrustVerified,
		`"remote_addr":"192.0.2.1","http_x_user":"alice"`:                                   event.TrustClaimed,
		`"remote_addr":"unix:","http_x_user":"alice"`:                                       event.TrustClaimed,
		`"http_x_user":"alice"`:                                                             event.TrustClaimed,
		`"remote_addr":"192.0.2.1","http_x_forwarded_for":"10.1.2.3","http_x_user":"alice"`: event.TrustClaimed,
		`"remote_addr":"10.1.2.3","realip_remote_addr":"192.0.2.1","http_x_user":"alice"`:   event.TrustClaimed,
		`"remote_addr":"192.0.2.1","realip_remote_addr":"10.1.2.3","http_x_user":"alice"`:   event.TrustVerified,
		`"remote_addr":"10.1.2.3","remote_user":"alice"`:                                    event.TrustClaimed,
		`"remote_addr":"10.1.2.3","http_x_user":"alice","status":401`:                       event.TrustClaimed,
		`"remote_addr":"10.1.2.3","http_x_user":"` + jwt(`{"sub":"a"}`) + `"`:               event.TrustVerified,
		`"remote_addr":"10.1.2.3"`:                                                          event.TrustNone,
	} {
		if got := who(t, m, members); got.Trust != want {
			t.Errorf("%s: %+v, want %s", members, got, want)
		}
	}
	for why, wrong := range map[string]Identity{
		"with trusted_from":         {Order: order, Trust: map[string]string{"header:X-User": event.TrustVerified}},
		"which is not in its order": {Order: []string{"remote_user"}, TrustedFrom: from},
	} {
		if err := wrong.Check(); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%v, want %s", err, why)
		}
	}
	m = newMapper(t, Options{Format: "nginx-json", Rules: &Rules{Identity: Identity{Order: order, TrustedFrom: from, Trust: map[string]string{"header:X-User": event.TrustClaimed}}}})
	if got := who(t, m, `"remote_addr":"10.1.2.3","http_x_user":"alice"`); got.Trust != event.TrustClaimed {
		t.Errorf("trust is lowered: %+v", got)
	}
}
