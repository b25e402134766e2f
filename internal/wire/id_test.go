package wire

import (
	"encoding/hex"
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
