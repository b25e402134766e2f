package render

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/event"
)

var update = flag.Bool("update", false, "write the golden files anew")

// forms are the renderings by the suffix of their golden files.
var forms = map[string]func([]byte, *event.Event) []byte{"actiontrail": ActionTrail, "cloudtrail": CloudTrail}

// examples are the events of package event's golden files, and some of our own, by name.
func examples(t *testing.T) map[string]event.Event {
	t.Helper()
	out := map[string]event.Event{}
	for _, dir := range []string{"../testdata", "testdata"} {
		files, err := filepath.Glob(dir + "/*.json")
		if err != nil || len(files) == 0 {
			t.Fatal(dir, files, err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			e, err := event.ParseJSON(bytes.TrimSpace(data))
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			out[strings.TrimSuffix(filepath.Base(file), ".json")] = e
		}
	}
	return out
}

// TestGolden holds each example against what it was; read the file to see what becomes of an event.
func TestGolden(t *testing.T) {
	for name, e := range examples(t) {
		for form, render := range forms {
			got := string(render(nil, &e)) + "\n"
			path := filepath.Join("testdata", name+"."+form)
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s as %s (-want +got):\n%s", name, form, diff)
			}
			if !json.Valid([]byte(got)) {
				t.Errorf("%s as %s is not JSON: %s", name, form, got)
			}
		}
	}
}

// TestCloudTrailHasWhatReadersRelyOn: members that each record of CloudTrail has, and of the right type.
func TestCloudTrailHasWhatReadersRelyOn(t *testing.T) {
	for name, e := range examples(t) {
		var m map[string]any
		d := json.NewDecoder(bytes.NewReader(CloudTrail(nil, &e)))
		d.UseNumber()
		if err := d.Decode(&m); err != nil {
			t.Fatal(err)
		}
		for _, member := range []string{"eventVersion", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress", "userAgent", "eventID", "eventType", "recipientAccountId"} {
			if _, ok := m[member].(string); !ok {
				t.Errorf("%s: %s is %v", name, member, m[member])
			}
		}
		for _, member := range []string{"readOnly", "managementEvent"} {
			if _, ok := m[member].(bool); !ok {
				t.Errorf("%s: %s is %v", name, member, m[member])
			}
		}
		for _, member := range []string{"userIdentity", "requestParameters", "responseElements", "additionalEventData"} {
			if v, ok := m[member]; !ok {
				t.Errorf("%s lacks %s", name, member)
			} else if _, object := v.(map[string]any); v != nil && !object {
				t.Errorf("%s: %s is %v", name, member, v)
			}
		}
	}
}

// TestCloudTrailLosesNothing: each value of the event is a value of the record.
func TestCloudTrailLosesNothing(t *testing.T) {
	for name, e := range examples(t) {
		losesNothing(t, name, &e)
	}
}

func losesNothing(t *testing.T, name string, e *event.Event) {
	t.Helper()
	values := map[string]bool{}
	record, err := event.ParseObject(CloudTrail(nil, e))
	if err != nil {
		return // nested deeper than an Object may be
	}
	record.Leaves(func(_, v string) { values[v] = true })
	whole := event.Object(e.AppendJSON(nil))
	whole, err = event.ParseObject([]byte(whole))
	if err != nil {
		return
	}
	whole.Leaves(func(path, v string) {
		switch path {
		case "eventVersion", "eventRW", "eventType", "userIdentity.type": // in other words, and the first two in other types
			return
		}
		if !values[v] {
			t.Errorf("%s: %s = %q is not in %s", name, path, v, record)
		}
	})
}

// FuzzRender: whatever the event, what is written is JSON, and of ActionTrail's form an event again.
func FuzzRender(f *testing.F) {
	for _, file := range []string{"all", "sign-in", "role", "escapes", "least"} {
		data, err := os.ReadFile("../testdata/" + file + ".json")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"eventType":"ConsoleSignin","responseElements":{"ConsoleLogin":7},"additionalEventData":{"actiontrail":{"a":null},"vpcEndpointId":[{}],"mfaChecked":"true"},"eventID":"x","a":{}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := event.ParseJSON(data)
		if err != nil {
			return
		}
		record := CloudTrail(nil, &e)
		if !json.Valid(record) {
			t.Fatalf("%s gives %s", data, record)
		}
		losesNothing(t, string(data), &e)
		again, err := event.ParseJSON(ActionTrail(nil, &e))
		if err != nil {
			t.Fatal(err)
		}
		again.Time, again.Type = e.Time, e.Type
		if again != e {
			t.Errorf("%s becomes another event: %s", data, again.AppendJSON(nil))
		}
	})
}
