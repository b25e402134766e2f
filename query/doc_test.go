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
	_, got, _ := strings.Cut(string(page), "\n| field | kind | content |\n|---|---|---|\n")
	var want strings.Builder
	for _, f := range Catalogue() {
		if f.Description == "" {
			t.Errorf("%s is not described", f.Name)
		}
		want.WriteString("| `" + f.Name + "` | " + strings.Replace(KindName(f.Kind), "ip", "IP", 1) + " | " + f.Description + " |\n")
	}
	if len(descriptions) != len(event.Fields()) {
		t.Errorf("%d descriptions", len(descriptions))
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

func TestDescribe(t *testing.T) {
	for name, want := range map[string]FieldInfo{
		"eventName": {"eventName", event.Keyword, "what was done: the API call or operation", true}, "raw": {"raw", event.Prose, "the record itself", false},
		"requestParameters": {"requestParameters", event.Flattened, "inputs of the call", false}, "requestParameters.a.b": {"requestParameters.a.b", event.Flattened, "part of requestParameters", true},
		"requestParameters.": {}, "nothing": {}, "": {},
	} {
		if got, ok := Describe(name); got != want || ok != (want.Name != "") {
			t.Errorf("%s: %+v, %v", name, got, ok)
		}
	}
}
