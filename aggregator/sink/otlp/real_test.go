package otlp

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/aggregator/sink/flowtest"
	"github.com/actiontrail/actiontrail/internal/realtest"
)

// A collector of OpenTelemetry reads every record as it was meant, through a restart.
func TestCollector(t *testing.T) {
	c := realtest.StartCollector(t)
	const n = 700
	for i, body := range []string{Text, Map} {
		s, err := New(config(c.URL, body))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Write(t.Context(), flowtest.Events(i*n, n)); err != nil {
			t.Fatal(err)
		}
		c.Stop(t)
		if err := s.Write(t.Context(), flowtest.Events(0, 1)); err == nil || !strings.Contains(err.Error(), "otlp: "+strings.TrimPrefix(c.URL, "http://")) {
			t.Errorf("a dead collector: %v", err)
		}
		c.Again()
		c.Await(t)
		s.Close()
	}
	text, err := os.ReadFile(c.File)
	if err != nil {
		t.Fatal(err)
	}
	held := map[string]record{}
	for line := range bytes.Lines(text) {
		var q request
		if err := json.Unmarshal(line, &q); err != nil {
			t.Fatalf("%.300s: %v", line, err)
		}
		for _, rl := range q.ResourceLogs {
			for _, sl := range rl.ScopeLogs {
				for _, x := range sl.LogRecords {
					e, err := x.event()
					if err != nil {
						t.Fatal(err)
					}
					held[e.ID] = x
				}
			}
		}
	}
	for _, want := range flowtest.Events(0, 2*n) {
		x, there := held[want.ID]
		attributes := map[string]any{}
		for _, kv := range x.Attributes {
			attributes[kv.Key] = kv.Value.plain()
		}
		if !there || attributes["log.record.uid"] != want.ID || attributes["user.name"] != "alice" || attributes["user_agent.original"] != want.UserAgent || attributes["error.type"] != any(want.ErrorCode) && want.ErrorCode != "" || x.Time == "" {
			t.Fatalf("event %s is %+v with %v", want.ID, x, attributes)
		}
	}
	if len(held) != 2*n {
		t.Errorf("%d records", len(held))
	}
}
