package query

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/event"
)

func TestTokens(t *testing.T) {
	for text, want := range map[string][]string{
		"":                             nil,
		" .-_ !":                       nil,
		"User NOT authorized.":         {"user", "not", "authorized"},
		"a.b-c_d":                      {"a.b-c_d"},
		"..a.. b-- -c":                 {"a", "b", "c"},
		"a..b":                         {"a..b"},
		"(i-1,i-2)":                    {"i-1", "i-2"},
		`{"Key":"env","N":1.5e3}`:      {"key", "env", "n", "1.5e3"},
		"10.0.0.1:8080":                {"10.0.0.1", "8080"},
		"ÄÖÜ Straße ΣΑΣ":               {"äöü", "straße", "σασ"},
		"请求被拒绝 ok":                     {"请", "求", "被", "拒", "绝", "ok"},
		"id实例i-1":                      {"id", "实", "例", "i-1"},
		"a.中":                          {"a", "中"},
		"カタかな한국어":                      {"カ", "タ", "か", "な", "한국어"},
		"e\u0301te":                    {"e\u0301te"},
		"a\xffb":                       {"a", "b"},
		"\U0001F600":                   nil,
		strings.Repeat("a", 1025):      {strings.Repeat("a", 1024)},
		strings.Repeat("é", 513):       {strings.Repeat("é", 512)},
		"a" + strings.Repeat("é", 513): {"a" + strings.Repeat("é", 511)},
		strings.Repeat("Ⱥ", 512):       {strings.Repeat("ⱥ", 341)}, // longer in lower case
	} {
		if d := cmp.Diff(want, Tokens(text)); d != "" {
			t.Errorf("%.40q (-want +got):\n%s", text, d)
		}
		var one []string
		for from, to := NextToken(text, 0); from < to; from, to = NextToken(text, to) {
			b := AppendLower([]byte("X"), text[from:to])
			one = append(one, strings.TrimPrefix(string(b), "X"))
		}
		if d := cmp.Diff(want, one); d != "" {
			t.Errorf("%.40q, one after another (-want +got):\n%s", text, d)
		}
	}
}

func TestCut(t *testing.T) {
	for _, c := range []struct {
		in   string
		want int
	}{
		{"", 0}, {strings.Repeat("a", 1024), 1024}, {strings.Repeat("a", 1025), 1024}, {strings.Repeat("é", 600), 1024}, {"a" + strings.Repeat("é", 600), 1023},
		{strings.Repeat("a", 1021) + "\U0001F600", 1021}, {strings.Repeat("a", 1020) + "\U0001F600b", 1024}, {strings.Repeat("\x80", 2000), 1020},
	} {
		if got := Cut(c.in); len(got) != c.want || !strings.HasPrefix(c.in, got) {
			t.Errorf("%.20q: %d bytes, want %d", c.in, len(got), c.want)
		}
	}
}

// Match looks at a text without making its tokens, so it must be held to them.
func FuzzTokens(f *testing.F) {
	f.Add("User NOT authorized to operate, e.g. i-1.", "not authorized")
	f.Add("请求被拒绝 ok", "拒绝")
	f.Add("İstanbul K Ⱥ", "i")
	f.Add(strings.Repeat("Ⱥ", 500), strings.Repeat("Ⱥ", 350))
	f.Add(strings.Repeat("A", 1025), strings.Repeat("a", 1024))
	f.Fuzz(func(t *testing.T, text, phrase string) {
		if len(text) > 5000 { // what follows is quadratic
			return
		}
		tokens := Tokens(text)
		for _, token := range tokens {
			if got := Tokens(token); len(got) != 1 || got[0] != token {
				t.Errorf("token %q is itself %q", token, got)
			}
			if len(token) > MaxValue || !utf8.ValidString(token) {
				t.Errorf("token %q", token)
			}
		}
		if HasTokens(text) != (len(tokens) > 0) {
			t.Errorf("HasTokens is %v", len(tokens) == 0)
		}
		for i := range tokens {
			if end := i + 1 + len(phrase)%3; end <= len(tokens) && !hasPhrase(text, tokens[i:end]) {
				t.Errorf("%q is not found in its own text", tokens[i:end])
			}
		}
		want := Tokens(phrase)
		if len(want) == 0 {
			return
		}
		found := false
		for i := range tokens {
			found = found || i+len(want) <= len(tokens) && slices.Equal(tokens[i:i+len(want)], want)
		}
		if hasPhrase(text, want) != found {
			t.Errorf("phrase %q: %v", want, !found)
		}
		x := Text{Cut(phrase), Tokens(Cut(phrase))}
		if found && len(phrase) <= MaxValue && !x.Match(&event.Event{Raw: text}) {
			t.Errorf("free text %q is not found", phrase)
		}
	})
}

func BenchmarkTokens(b *testing.B) {
	text := deletion(b).ErrorMessage
	for b.Loop() {
		Tokens(text)
	}
}
