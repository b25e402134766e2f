package query

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/event"
)

// The page lists exactly the fields of an event.
func TestPageListsTheFields(t *testing.T) {
	page, err := os.ReadFile("../docs/format/query.md")
	if err != nil {
		t.Fatal(err)
	}
	_, got, _ := strings.Cut(string(page), "\n| field | kind |\n|---|---|\n")
	kinds := map[event.Kind]string{event.Keyword: "keyword", event.IP: "IP", event.Timestamp: "timestamp", event.Number: "number",
		event.Boolean: "boolean", event.Flattened: "body", event.Prose: "text"}
	var want strings.Builder
	for _, f := range event.Fields() {
		want.WriteString("| `" + f.Name + "` | " + kinds[f.Kind] + " |\n")
	}
	if d := cmp.Diff(want.String(), got); d != "" {
		t.Errorf("docs/format/query.md (-want +got):\n%s", d)
	}
}

// The queries with which the page begins are good.
func TestPageExamples(t *testing.T) {
	page, err := os.ReadFile("../docs/format/query.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(page)) {
		if q, ok := strings.CutPrefix(line, "    "); ok {
			n++
			if _, err := Parse(q); err != nil {
				t.Errorf("%s: %v", q, err)
			}
		}
	}
	if n != 5 {
		t.Errorf("%d examples", n)
	}
}
