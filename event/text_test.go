package event

import (
	"strings"
	"testing"
)

// What is written at once for being plain is what would be written byte by byte.
func TestAppendStringOfAnyBytes(t *testing.T) {
	for n := range 40 {
		for i := range n {
			for c := range 256 {
				b := []byte(strings.Repeat("a", n))
				b[i] = byte(c)
				s := string(b)
				if got, want := string(AppendString(nil, s)), string(appendEscaped(nil, s)); got != want {
					t.Fatalf("%q is written %s, want %s", s, got, want)
				}
				if plain := c >= ' ' && c < 0x80 && c != '"' && c != '\\'; isPlain(s) != plain {
					t.Fatalf("%q: plain %v, want %v", s, !plain, plain)
				}
			}
		}
	}
}
