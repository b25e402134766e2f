package mapper

import (
	"testing"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
)

// Records that no route takes are counted; those a route takes, a rule ignores or nobody can read are not.
func TestUnmapped(t *testing.T) {
	rules := shop(t)
	rules.Match.PathPrefix, rules.Ignore = "", []Pattern{pattern(t, "GET /health")}
	m := newMapper(t, Options{Format: "nginx", Rules: rules})
	for _, step := range []struct {
		record string
		want   uint64
	}{
		{`{"time_iso8601":"2026-11-21T01:26:58Z","request":"POST /reset/x HTTP/1.1","http_host":"a.shop.example","status":200}`, 0},
		{`{"time_iso8601":"2026-11-21T01:26:58Z","request":"GET /health HTTP/1.1","http_host":"a.shop.example","status":200}`, 0},
		{`{`, 0},
		{`{"time_iso8601":"2026-11-21T01:26:58Z","request":"GET /nowhere HTTP/1.1","http_host":"a.shop.example","status":200}`, 1},
		{`{"time_iso8601":"2026-11-21T01:26:58Z","request":"POST /reset/x HTTP/1.1","http_host":"elsewhere.example","status":200}`, 2},
	} {
		var e event.Event
		err := m.Map(&plugins.Record{Data: []byte(step.record)}, &e)
		if got := m.Unmapped(); got != step.want {
			t.Errorf("after %s: %d unmapped, want %d (%v, %s)", step.record, got, step.want, err, e.Name)
		}
	}
}
