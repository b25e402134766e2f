package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/event/render"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/mapper"
)

// cloudRecords are records of the corpus of real logs, which is no part of the
// repository: of files that CloudTrail delivered.
func cloudRecords(t *testing.T) (records []json.RawMessage) {
	t.Helper()
	dir := os.Getenv("CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "corpus")
	}
	files, err := filepath.Glob(filepath.Join(dir, "audit", "aws-cloudtrail-invictus", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skip("no corpus of real logs here (set CORPUS to its folder)")
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var all struct{ Records []json.RawMessage }
		if err := json.Unmarshal(text, &all); err != nil {
			t.Fatal(err)
		}
		records = append(records, all.Records...)
	}
	return records
}

// goldenLines are the records of a golden file of the mapper.
func goldenLines(t *testing.T, name string) (records []json.RawMessage) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "plugins", "mapper", "testdata", name+".golden"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if record, ok := strings.CutPrefix(line, "> "); ok {
			records = append(records, json.RawMessage(strings.TrimSuffix(record, "\n")))
		}
	}
	return records
}

// A record becomes an event that is told by auto, and rendered as a record again it
// has all that it had.
func TestCloudTrailThereAndBack(t *testing.T) {
	t.Run("golden", func(t *testing.T) { thereAndBack(t, goldenLines(t, "cloudtrail")[:7]) })
	t.Run("corpus", func(t *testing.T) {
		all := cloudRecords(t)
		t.Logf("%d records", len(all))
		if len(all) < 800 {
			t.Errorf("%d records are not all", len(all))
		}
		thereAndBack(t, all)
	})
}

func thereAndBack(t *testing.T, records []json.RawMessage) {
	t.Helper()
	m, err := mapper.New(mapper.Options{Format: "auto"})
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range records {
		var e event.Event
		if err := m.Map(&plugins.Record{Data: record}, &e); err != nil {
			t.Errorf("%v: %s", err, record)
			continue
		}
		var was, is map[string]any
		if json.Unmarshal(record, &was) != nil || json.Unmarshal(render.CloudTrail(nil, &e), &is) != nil {
			t.Fatalf("not JSON: %s", record)
		}
		for _, r := range listOf(was["resources"]) {
			r, _ := r.(map[string]any)
			if arn, _ := r["ARN"].(string); strings.Contains(arn, fmt.Sprint(":", r["accountId"], ":")) {
				delete(r, "accountId") // it is a part of the name
			}
		}
		for name, v := range was {
			if lost := missing(v, is[name]); lost != "" && !keptElsewhere(name, v, is) {
				t.Errorf("%s%s is lost: %v became %v", name, lost, v, is[name])
			}
		}
	}
	if got := m.Recognised(); len(got) != 1 || got[0].Format != "cloudtrail" || got[0].Records != uint64(len(records)) {
		t.Errorf("recognised %+v of %d", got, len(records))
	}
}

// keptElsewhere tells of the few members that are not in their place again.
func keptElsewhere(name string, was any, is map[string]any) bool {
	more, _ := is["additionalEventData"].(map[string]any)
	switch name {
	case "eventVersion":
		return more["recordVersion"] == was
	case "userIdentity": // nobody, or further data of the session
		u, _ := was.(map[string]any)
		session, _ := u["sessionContext"].(map[string]any)
		now, _ := is[name].(map[string]any)
		extra, _ := now["sessionContextExtra"].(map[string]any)
		for k, v := range extra {
			if !cmp.Equal(session[k], v) {
				return false
			}
			delete(session, k)
		}
		return was == nil || missing(was, is[name]) == ""
	}
	return missing(was, more[name]) == ""
}

// missing is where is lacks something that was has; empty: nowhere. What was empty
// may be gone.
func missing(was, is any) string {
	switch was := was.(type) {
	case map[string]any:
		now, _ := is.(map[string]any)
		for _, r := range listOf(was["resources"]) {
			r, _ := r.(map[string]any)
			if arn, _ := r["ARN"].(string); strings.Contains(arn, fmt.Sprint(":", r["accountId"], ":")) {
				delete(r, "accountId") // it is a part of the name
			}
		}
		for name, v := range was {
			if lost := missing(v, now[name]); lost != "" {
				return "." + name + lost
			}
		}
		return ""
	case []any:
		for _, v := range was {
			found := false
			for _, w := range listOf(is) {
				found = found || missing(v, w) == ""
			}
			if !found {
				return "[]"
			}
		}
		return ""
	case nil:
		return ""
	case string:
		if was == "" {
			return ""
		}
	}
	if !cmp.Equal(was, is) {
		return " "
	}
	return ""
}

func listOf(v any) []any {
	list, _ := v.([]any)
	return list
}

// An event that was exported as a record is the same event again, but for where it was read.
func TestCloudTrailOfOurOwn(t *testing.T) {
	m, err := mapper.New(mapper.Options{Format: "kong", Region: "eu-1", AccountID: "17", Rules: &mapper.Rules{
		Identity: mapper.Identity{Order: []string{"consumer", "remote_user"}}, Default: mapper.Default{Service: mapper.Literal("shop")}}})
	if err != nil {
		t.Fatal(err)
	}
	back, err := mapper.New(mapper.Options{Format: "cloudtrail"})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, record := range goldenLines(t, "kong") {
		e, again := event.Event{}, event.Event{}
		if m.Map(&plugins.Record{Data: record}, &e) != nil {
			continue
		}
		n++
		e.ID, e.Origin, e.ResourceType, e.ResourceName = "id-1", event.Origin{}, "Shop::Order", "17"
		if err := back.Map(&plugins.Record{Data: render.CloudTrail(nil, &e)}, &again); err != nil {
			t.Fatal(err)
		}
		if got, want := string(again.AppendJSON(nil)), string(e.AppendJSON(nil)); got != want {
			t.Errorf("%s\nwas %s", got, want)
		}
	}
	if n < 5 {
		t.Errorf("%d events are too few", n)
	}
}
