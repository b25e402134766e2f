package archive_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/aggregator/archive"
)

// recordLines are events that are hard to write.
func recordLines() []string {
	var lines []string
	for i, b := range makeStream(3, 2) {
		for _, e := range b.Events {
			e.UserAgent = []string{`"}]},{"`, "\\", "ü\u2028<>"}[i]
			lines = append(lines, string(e.AppendJSON(nil)))
		}
	}
	return lines
}

func TestRecords(t *testing.T) {
	lines := recordLines()
	text, err := archive.WriteRecords(strings.Join(lines, "\n") + "\n")
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid([]byte(text)) {
		t.Errorf("this is no JSON: %s", text)
	}
	got, err := archive.ReadRecords(text)
	if err != nil || !slices.Equal(got, lines) {
		t.Errorf("%v\n%q, want\n%q", err, got, lines)
	}
	var pieces []string
	for _, c := range []byte(strings.Join(lines, "\n") + "\n") {
		pieces = append(pieces, string([]byte{c}))
	}
	if again, err := archive.WriteRecords(pieces...); err != nil || again != text {
		t.Errorf("in pieces: %v, %s", err, again)
	}
	if empty, err := archive.WriteRecords(); err != nil || empty != `{"Records":[]}` {
		t.Errorf("no event: %s, %v", empty, err)
	}
	if got, err := archive.ReadRecords(`{"Records":[]}`); err != nil || len(got) > 0 {
		t.Errorf("no record: %q, %v", got, err)
	}
	if _, err := archive.WriteRecords("nonsense\n"); err == nil {
		t.Error("a line that is no event was written")
	}
}

func TestWrongRecords(t *testing.T) {
	text, err := archive.WriteRecords(strings.Join(recordLines()[:2], "\n") + "\n")
	if err != nil {
		t.Fatal(err)
	}
	id := recordLines()[0]
	id = id[strings.Index(id, `"eventId":"`)+len(`"eventId":"`):][:36]
	for want, text := range map[string]string{
		"does not begin":          strings.Replace(text, "Records", "records", 1),
		"is cut off":              text[:len(text)-2],
		"does not end with ]}":    text[:len(text)-1],
		"there is more behind":    text + "\n",
		"begins with":             `{"Records":[[]]}`,
		"behind the record":       strings.Replace(text, `},{"eventVersion"`, `};{"eventVersion"`, 1),
		"is no record":            `{"Records":[{"a"}]}`,
		"does not end with the":   `{"Records":[{"eventID":"x"}]}`,
		"end with the event it":   `{"Records":[{"actiontrailEvent":{},"a":1}]}`,
		"is not that of the even": strings.Replace(text, `"eventID":"`+id, `"eventID":"`+strings.Repeat("0", 36), 1),
	} {
		if _, err := archive.ReadRecords(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func FuzzRecords(f *testing.F) {
	text, err := archive.WriteRecords(strings.Join(recordLines(), "\n") + "\n")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add(`{"Records":[]}`)
	f.Add(`{"Records":[{"eventID":"\"","x":[{"]":"}"}],"actiontrailEvent":{"eventId":"\""}}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		lines, err := archive.ReadRecords(text)
		if err != nil {
			return
		}
		if !json.Valid([]byte(text)) {
			t.Errorf("this is no JSON, and was read: %q", text)
		}
		for _, l := range lines {
			if !json.Valid([]byte(l)) {
				t.Errorf("this line is no JSON: %q", l)
			}
		}
	})
}
