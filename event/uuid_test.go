package event

import "testing"

// What ParseUUID takes is what FormatUUID writes, and nothing makes it panic: an
// id may come from a log, or out of a damaged archive.
func FuzzParseUUID(f *testing.F) {
	for _, s := range []string{"", "6e1b4f0a-2c77-8d3b-9a51-0c0ffee12345", "6E1b4f0a-2c77-8d3b-9a51-0c0ffee12345",
		"6e1b4f0a-2c77-8d3b-9a51-0c0ffee123-5", "6e1b4f0a-2c77-8d3b-9a51-0c0ffee1234-", "------------------------------------"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if u, ok := ParseUUID(s); ok && FormatUUID(u) != s {
			t.Errorf("%q is read as %s", s, FormatUUID(u))
		}
	})
}

func TestParseUUID(t *testing.T) {
	const s = "6e1b4f0a-2c77-8d3b-9a51-0c0ffee12345"
	if u, ok := ParseUUID(s); !ok || FormatUUID(u) != s {
		t.Errorf("%v, %v", u, ok)
	}
}
