package bench

import (
	"fmt"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/mapper"
)

// BenchmarkRoutes maps lines of nginx's JSON with more and more routes. What a
// line costs must not grow with them; the search alone is BenchmarkMatch of
// plugins/mapper.
func BenchmarkRoutes(b *testing.B) {
	for _, n := range []int{0, 10, 1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			rules, records := restRules(b, n)
			m, err := mapper.New(mapper.Options{Format: "nginx", Rules: rules})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				var e event.Event
				if err := m.Map(&records[i%len(records)], &e); err != nil {
					b.Fatal(err)
				}
				i++
			}
			if n > 0 && m.Unmapped() > 0 {
				b.Fatalf("%d of %d records take no route", m.Unmapped(), i)
			}
		})
	}
}

// restRules are n routes as REST interfaces have them, and records that take them.
func restRules(b *testing.B, n int) (*mapper.Rules, []plugins.Record) {
	b.Helper()
	rules := &mapper.Rules{Name: "bench"}
	var records []plugins.Record
	for i := range max(n, 10) {
		template := fmt.Sprintf([]string{"GET /v1/orders-%d", "POST /v1/orders-%d", "GET /v1/orders-%d/{id}", "PUT /v1/orders-%d/{id}", "DELETE /v1/orders-%d/{id}", "POST /v1/orders-%d/{id}:cancel",
			"GET /v1/orders-%d/{id}/lines/{line}", "GET /v1/orders-%d/{id}/export.{format}", "POST /v1/orders-%d/search", "GET /v1/orders-%d/{id}/files/{path...}"}[i%10], i/10)
		p, err := mapper.ParsePattern(template)
		if err != nil {
			b.Fatal(err)
		}
		if i < n {
			rules.Routes = append(rules.Routes, mapper.Route{Pattern: p, Action: mapper.Literal(fmt.Sprint("Action", i))})
		}
		if i%max(1, n/1000) == 0 {
			request := strings.NewReplacer("{id}", fmt.Sprintf("i-%08x", i), "{line}", "4711", "{format}", "csv", "{path...}", "a/b.txt").Replace(template)
			records = append(records, plugins.Record{Data: fmt.Appendf(nil, `{"msec":"1795224417.404","remote_addr":"192.0.2.7","request":"%s HTTP/1.1","status":200,"request_id":"4f3c2b1a99887766"}`, request)})
		}
	}
	return rules, records
}
