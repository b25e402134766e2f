package wire

import (
	"encoding/hex"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
)

// Every byte in every place of an id: it is read if it comes back as it was, and else it is not.
func TestIDsOfEveryByte(t *testing.T) {
	const sample = "0123456789abcdef9081726354fedcba"
	var id [16]byte
	for at := range sample {
		for b := range 256 {
			s := sample[:at] + string([]byte{byte(b)}) + sample[at+1:]
			want := strings.IndexByte(hexDigits, byte(b)) >= 0
			if got := parseHex(&id, s); got != want || got && hex.EncodeToString(id[:]) != s {
				t.Fatalf("%q: %t, and back %x", s, got, id)
			}
			u := s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
			if got := parseUUID(&id, u); got != want || got && string(appendUUID(nil, id[:])) != u {
				t.Fatalf("%q: %t, and back %x", u, got, id)
			}
		}
	}
	u := "01234567-89ab-cdef-0123-456789abcdef"
	for at := range u {
		if s := u[:at] + "x" + u[at+1:]; parseUUID(&id, s) {
			t.Errorf("%q is read", s)
		}
	}
}

// What is read as an address is one, as it would be written; what is not read is none.
func TestAddresses(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	parts := []string{"0", "1", "9", "10", "99", "100", "199", "200", "249", "250", "255", "256", "260", "300", "999", "00", "01", "010", "", ".", "a", "-1", "1000", " 1"}
	var id [16]byte
	read := 0
	for range 100_000 {
		var s string
		for i := range 3 + r.IntN(3) {
			if i > 0 && r.IntN(30) > 0 {
				s += "."
			}
			s += parts[r.IntN(len(parts))]
			if r.IntN(3) > 0 {
				s = s[:len(s)-len(s[strings.LastIndexByte(s, '.')+1:])] + parts[r.IntN(11)]
			}
		}
		if len(s) < 7 || len(s) > 15 {
			continue
		}
		a, err := netip.ParseAddr(s)
		want := err == nil && a.Is4() && a.String() == s
		if got := parseIPv4(&id, s); got != want || got && string(appendIPv4(nil, id[:])) != s {
			t.Fatalf("%q: %t, and back %v", s, got, id[:4])
		}
		if want {
			read++
		}
	}
	if read < 1000 {
		t.Errorf("only %d addresses", read)
	}
}
