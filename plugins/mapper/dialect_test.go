package mapper

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
)

// checkDialect holds a record against what every dialect promises: it becomes an
// event with a time, and a status if it was a request, valid as JSON and UTF-8 and
// twice the same; or an error.
func checkDialect(t *testing.T, opt Options, record string) {
	t.Helper()
	m := newMapper(t, opt)
	first := mapped(m, record)
	if second := mapped(m, record); second != first {
		t.Fatalf("mapped twice:\n%s\n%s", first, second)
	}
	var e event.Event
	if err := m.Map(&plugins.Record{Data: []byte(record)}, &e); err != nil {
		stages := opt.Format == "auto" || opt.Format == "kubernetes" // which leave some out
		if err.Error() == "" || errors.Is(err, plugins.ErrIgnored) && !stages {
			t.Fatalf("error %v", err)
		}
		return
	}
	none := slices.Contains([]string{"auto", "caddy", "kubernetes"}, opt.Format) // may be what they log as a status
	if q := &m.request; e.Time.IsZero() || q.status == 0 && q.told.action == "" && !none || q.status > 999 || q.status < 0 {
		t.Fatalf("time %s, status %d", e.Time, q.status)
	}
	e.ID = "x"
	readBack(t, &e)
}

// recordsOf are the records of a golden file.
func recordsOf(t testing.TB, name string) (records []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".golden"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if record, ok := strings.CutPrefix(line, "> "); ok {
			records = append(records, strings.TrimSuffix(record, "\n"))
		}
	}
	return records
}

// readBack is an event as JSON, which must be valid and come out the same when it is read.
func readBack(t *testing.T, e *event.Event) []byte {
	t.Helper()
	text := e.AppendJSON(nil)
	if !utf8.Valid(text) || !json.Valid(text) {
		t.Fatalf("not JSON: %q", text)
	}
	back, err := event.ParseJSON(text)
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if again := back.AppendJSON(nil); string(again) != string(text) {
		t.Fatalf("read back:\n%s\n%s", text, again)
	}
	return text
}
