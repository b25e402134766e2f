package local

import (
	"strings"
	"testing"
)

// What looks like an id, and which patterns could want it: a pattern that is
// wrongly taken for one that could not loses events.
func TestLooksLikeID(t *testing.T) {
	const uuid, digest = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9", "0123456789abcdefABCDEF"
	for value, want := range map[string]bool{
		uuid: true, digest: true, strings.ToUpper(uuid): true, uuid[:35]: false, uuid + "0": false, "d-0123456789abcdef": false,
		"0123456789abcdeg": false, "0123456789abcde": false, "": false, "0a1b2c3d-4e5f-6071-8293a-4b5c6d7e8f9": false,
	} {
		if got := looksLikeID([]byte(value)); got != want {
			t.Errorf("looksLikeID(%q) = %v", value, got)
		}
	}
	for _, value := range []string{uuid, digest} {
		for from := range len(value) + 1 {
			for to := from; to <= len(value); to++ {
				for _, parts := range [][]string{{value[:from], value[to:]}, {"", value[from:to], ""}, {value[:from], value[from:to], value[to:]}} {
					if !likeID(parts) {
						t.Fatalf("%q is like %q", value, parts)
					}
				}
			}
		}
	}
	for _, parts := range [][]string{{"i-", ""}, {"d-01", ""}, {"", "-d"}, {"", "x", ""}, {"0a1b2c3d4", "-", ""}} {
		if likeID(parts) {
			t.Errorf("nothing that looks like an id is like %q", parts)
		}
	}
}
