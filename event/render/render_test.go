package render

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/event"
)

var update = flag.Bool("update", false, "write the golden files anew")

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
		for _, form := range Formats()[1:] {
			got := string(form.Append(nil, &e)) + "\n"
			path := filepath.Join("testdata", name+"."+form.Name)
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
				t.Errorf("%s as %s (-want +got):\n%s", name, form.Name, diff)
			}
			if form.JSON && !json.Valid([]byte(got)) {
				t.Errorf("%s as %s is not JSON: %s", name, form.Name, got)
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

// lossless are the forms that have each value of the event, with the fields that they have in other words or units.
var lossless = []struct {
	form   string
	append func([]byte, *event.Event) []byte
	but    []string
}{
	{"cloudtrail", CloudTrail, []string{"eventVersion", "eventRW", "eventType", "userIdentity.type"}},
	{"ecs", ECS, nil},
	{"ocsf", OCSF, nil},
}

func TestNothingIsLost(t *testing.T) {
	for name, e := range examples(t) {
		losesNothing(t, name, &e)
	}
}

// losesNothing holds each value of the event against those of its renderings.
func losesNothing(t *testing.T, name string, e *event.Event) {
	t.Helper()
	whole, err := event.ParseObject(e.AppendJSON(nil))
	if err != nil {
		return // nested deeper than an Object may be
	}
	for _, l := range lossless {
		record, err := event.ParseObject(l.append(nil, e))
		if err != nil {
			continue
		}
		values := map[string]bool{}
		record.Leaves(func(_, v string) { values[v] = true })
		whole.Leaves(func(path, v string) {
			if !slices.Contains(l.but, path) && !values[v] {
				t.Errorf("%s: %s = %q is not in the %s form %s", name, path, v, l.form, record)
			}
		})
	}
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
	f.Add([]byte(`{"requestParameters":{"":""}}`))
	f.Add([]byte(`{"eventName":"a|b\\=\n","sourceIpAddress":"::ffff:192.0.2.1","eventSource":"http://[::1]:80/x","referencedResources":{"T":["n",""],"U":{"v":[3]}},"additionalEventData":{"httpStatus":200,"httpMethod":"GET","httpPath":"/a b=c","responseBytes":1e3,"durationMs":99999999999999999,"referer":"|"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := event.ParseJSON(data)
		if err != nil {
			return
		}
		for _, form := range Formats() {
			if got := form.Append(nil, &e); form.JSON && !json.Valid(got) || bytes.ContainsAny(got, "\n\r") {
				t.Fatalf("%s gives as %s %s", data, form.Name, got)
			}
		}
		losesNothing(t, string(data), &e)
		for path, v := range members(t, ECS(nil, &e), "actiontrail") {
			if wrong := ecsWrong(path, v); wrong != "" {
				t.Errorf("%s: %s = %v %s", data, path, v, wrong)
			}
		}
		ocsfHolds(t, string(data), &e)
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
