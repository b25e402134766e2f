package web

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/query"
)

// TestOneLanguage holds the server's parser against the list of queries that the
// editor's grammar is held against: what the console colours as right is right.
func TestOneLanguage(t *testing.T) {
	text, err := os.ReadFile("src/kql/corpus.json")
	if err != nil {
		t.Fatal(err)
	}
	var corpus struct{ Good, Bad []string }
	if err := json.Unmarshal(text, &corpus); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 29, 10, 0, 0, 0, time.UTC)
	for _, q := range corpus.Good {
		if q == "" {
			continue // everything, without being parsed
		}
		if _, _, err := query.ParseSearch(q, now); err != nil {
			t.Errorf("%q: %v", q, err)
		}
	}
	for _, q := range corpus.Bad {
		if _, _, err := query.ParseSearch(q, now); err == nil {
			t.Errorf("%q is taken", q)
		}
	}
	if len(corpus.Good) < 10 || len(corpus.Bad) < 5 {
		t.Errorf("%d and %d queries", len(corpus.Good), len(corpus.Bad))
	}
}
