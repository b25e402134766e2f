package mapper

import "testing"

func TestInstant(t *testing.T) {
	for in, want := range map[string]string{
		"1795224417": "2026-11-21T01:26:57Z", "1795224417.404": "2026-11-21T01:26:57Z", "253402300799": "9999-12-31T23:59:59Z",
		"": "", "0": "", "-1": "", "253402300800": "", "99999999999999999999": "", "1e9": "", "soon": "",
	} {
		if got := instant(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}
