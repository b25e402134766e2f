package mapper

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// Each quote of a text is found from wherever one looks, by either way of marking them.
func TestQuotes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var q quotes
	for n := range 300 {
		for range 20 {
			text := bytes.Repeat([]byte("a"), n+40)[:n:n]
			for range random.IntN(5) * n / 20 {
				text[random.IntN(n)] = `"",!#\é~`[random.IntN(8)]
			}
			slash, high := q.mark(text)
			words := make(quotes, n/8+markSpare)
			slash2, high2 := markWords(text, words)
			if want := bytes.IndexByte(text, '\\') >= 0; slash != 0 != want || slash2 != 0 != want {
				t.Fatalf("%q: backslash %x and %x", text, slash, slash2)
			}
			if want := !isASCII(text); high != 0 != want || high2 != 0 != want {
				t.Fatalf("%q: beyond ASCII %x and %x", text, high, high2)
			}
			for i := range n + 1 {
				want := bytes.IndexByte(text[i:], '"')
				if want >= 0 {
					want += i
				}
				if got, two := q.next(i, n), words.next(i, n); got != want || two != want {
					t.Fatalf("%q from %d: %d and %d, want %d", text, i, got, two, want)
				}
			}
		}
	}
}

// A number ends before the comma; what else stands there does not.
func TestAreDigits(t *testing.T) {
	for c := range 256 {
		b := append([]byte("12."), byte(c), '5', ',', '"', 'x', 'y', 'z', 'z')
		if got, want := areDigits(b, 0, 5), c >= '.' && c <= '9'; got != want {
			t.Errorf("with %q: %v", byte(c), got)
		}
	}
	if areDigits([]byte("123456789,\"abc"), 0, 9) || areDigits([]byte("123,\""), 0, 3) || !areDigits([]byte("12345678,\""), 0, 8) {
		t.Error("lengths")
	}
}
