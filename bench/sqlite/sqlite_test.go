package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestSmall runs the whole with few events: each question is asked of both, and
// a difference between their answers is an error. The rounds are many, for most words
// that are asked for are in none of so few events.
func TestSmall(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), options{events: 10_000, batch: 500, rounds: 20, dir: t.TempDir()}, &out); err != nil {
		t.Fatal(err)
	}
	for _, row := range []string{"CPU us/event", "bytes/event", "top-90d ms p99", "mixed ms p50"} {
		if !strings.Contains(out.String(), row) {
			t.Errorf("no row %q in\n%s", row, &out)
		}
	}
}
