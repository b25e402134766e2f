package post

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// mostShown is how many bytes of a text of others are shown.
const mostShown = 300

// Shown is what a receiver said, for people: one line, cut, without control
// characters, and without the secrets that it may have sent back.
func Shown(text string, secrets ...string) string {
	for _, s := range secrets {
		if s != "" {
			text = strings.ReplaceAll(text, s, "…")
		}
	}
	cut := len(text) > mostShown
	if cut {
		end := mostShown
		for end > 0 && !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end]
	}
	text = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) {
			return ' '
		}
		return r
	}, text)), " ")
	if cut {
		text += "…"
	}
	return text
}
