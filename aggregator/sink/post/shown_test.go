package post

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// Whatever a receiver says is shown on one line, in a few words.
func FuzzShown(f *testing.F) {
	f.Add("a\x1b[31m\r\nb", "b")
	f.Add(strings.Repeat("é", 400), "")
	f.Add("\xff\xfe\u202e", "x")
	f.Fuzz(func(t *testing.T, text, secret string) {
		got := Shown(text, secret)
		if !utf8.ValidString(got) || len(got) > mostShown*3+len("…") {
			t.Errorf("%q", got)
		}
		if strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsGraphic(r) }) {
			t.Errorf("%q", got)
		}
		if !strings.Contains("…", secret) && utf8.ValidString(secret) && len(secret) > 3 && strings.Contains(got, secret) && len(strings.Fields(secret)) == 1 && !strings.Contains(secret, "…") && strings.Contains(text, secret) && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsGraphic(r) || unicode.IsSpace(r) }) {
			t.Errorf("%q shows %q", got, secret)
		}
	})
}
