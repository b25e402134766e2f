package elastic_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/aggregator/index/elastic"
	"github.com/actiontrail/actiontrail/aggregator/index/indextest"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// ask sends a request to the node, past the index.
func (n *node) ask(t *testing.T, method, path, body string, into any) {
	t.Helper()
	r, err := http.NewRequest(method, n.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= 300 {
		t.Fatalf("%s %s: %d %s, %v", method, path, res.StatusCode, data, err)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, x *elastic.Index, batches ...event.Batch) {
	t.Helper()
	if err := x.Write(context.Background(), batches); err != nil {
		t.Fatal(err)
	}
}

// all are the events of an index, oldest first.
func all(t *testing.T, x *elastic.Index, filter query.Expr) []string {
	t.Helper()
	page, err := x.Search(context.Background(), index.Query{Limit: index.MaxLimit, Ascending: true, Filter: filter})
	if err != nil || page.Next != "" || page.Total != len(page.Events) {
		t.Fatalf("search: total %d, next %q, %v", page.Total, page.Next, err)
	}
	var out []string
	for _, doc := range page.Events {
		out = append(out, string(doc))
	}
	return out
}

func parse(t *testing.T, text string) query.Expr {
	t.Helper()
	x, err := query.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// odd are events that Elasticsearch would misread as they stand.
func odd(t *testing.T) []event.Event {
	t.Helper()
	var out []event.Event
	for i, text := range []string{
		`"requestParameters":{"":1,"a..b":1E+400,"n":1.0,"twenty":12345678901234567890,".":{"..":[]}}`,
		`"@timestamp":"never","user":{"name":"x"},"actiontrail":{"time":1}`,
		`"userIdentity.userName":"mallory","userIdentity":{"userName":"alice","":"x","a..b":1}`,
		`"requestParameters":{"big":1` + strings.Repeat("0", 3000) + `}`,
		`"requestParameters":{"` + strings.Repeat("long=", 9000) + `":"v"}`,
		`"requestParameters":{"a=b":"c","a":"b=c","e\\":"=","tail":",\"actiontrail\":{\"time\":"}`,
		`"errorMessage":"` + strings.Repeat("tokén", 600) + ` ends","raw":"` + strings.Repeat("x ", 3000) + `"`,
		`"userAgent":"` + strings.Repeat("資", 341) + `","vpcId":"` + strings.Repeat("é", 511) + `a","resourceName":"` + strings.Repeat("😀", 255) + `"`,
		`"userAgent":"` + strings.Repeat("資", 342) + `","vpcId":"` + strings.Repeat("é", 512) + `","resourceName":"` + strings.Repeat("😀", 256) + `b"`,
		`"sourceIpAddress":"fe80::1%eth0"`, `"sourceIpAddress":"::ffff:10.0.0.1"`, `"sourceIpAddress":"010.0.0.1"`,
		`"requestParameters":{"deep":` + strings.Repeat(`{"a":`, 60) + `"x"` + strings.Repeat("}", 60) + `}`,
		`"raw":"a\u0000b\u0001 *?\\","resourceName":"a*b?c\\d"`,
	} {
		id := fmt.Sprintf(`"eventId":"odd %d"`, i)
		if i == 8 {
			id = `"eventId":"` + strings.Repeat("i", 1200) + `"`
		}
		e, err := event.ParseJSON(fmt.Appendf(nil, `{%s,"eventTime":"2026-03-01T10:00:%02dZ",%s}`, id, i, text))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
	}
	return out
}

// oddities: such events come back byte by byte, and are found as Match has it.
func (n *node) oddities(t *testing.T) {
	x := open(t, n.config(t.TempDir()))
	events := odd(t)
	var lanes indextest.Lanes
	write(t, x, lanes.Batch("a", events...))
	long, token := query.Cut(strings.Repeat("資", 342)), query.Cut(strings.Repeat("tokén", 600))
	request, _, _ := event.Lookup("requestParameters")
	agent, _, _ := event.Lookup("userAgent")
	for _, filter := range []query.Expr{
		query.All{}, parse(t, "userIdentity.userName: alice"), parse(t, "userIdentity.userName: mallory"), parse(t, "user"), parse(t, "requestParameters.n: 1.0"),
		parse(t, "requestParameters.twenty: 12345678901234567890"), parse(t, `requestParameters: "=c" or requestParameters: c`), parse(t, `resourceName: "a*b?c\\d"`),
		parse(t, `resourceName: a\*b*`), parse(t, `resourceName: *\\d`), parse(t, `resourceName: *b`), parse(t, "ends"), parse(t, `errorMessage: tok*`), parse(t, "errorMessage: *!*"),
		parse(t, `errorMessage: *n`), parse(t, "*$*"), parse(t, "sourceIpAddress: 10.0.0.1"), parse(t, "sourceIpAddress: 0.0.0.0/0"), parse(t, "sourceIpAddress: ::/0"),
		parse(t, `sourceIpAddress: "fe80::1%eth0"`), parse(t, "sourceIpAddress: *"), parse(t, "userAgent: *"), parse(t, "not userAgent: *"), parse(t, "vpcId: *a"), parse(t, "eventId: iii*"),
		query.Term{Field: request, Path: "a=b", Value: "c"}, query.Term{Field: request, Path: "a", Value: "b=c"}, query.Term{Field: request, Path: `e\`, Value: "="},
		query.Exists{Field: request, Path: strings.Repeat("long=", 9000)}, query.Term{Field: request, Path: strings.Repeat("long=", 9000), Value: "v"},
		query.Term{Field: agent, Value: long}, query.Text{Value: long, Tokens: query.Tokens(long)}, query.Text{Value: "x", Tokens: []string{token, "ends"}},
		query.Wildcard{Field: agent, Parts: []string{"資", "資"}}, query.Term{Field: agent, Value: ""}, query.Wildcard{Field: agent, Parts: []string{strings.Repeat("資", 300), "", ""}},
		query.Wildcard{Field: agent, Parts: []string{"", strings.Repeat("資", 30), strings.Repeat("資", 20), ""}},
		query.Term{Field: agent, Value: "\xff"}, query.Wildcard{Field: agent, Parts: []string{"\xff", ""}},
		query.TextWildcard{Parts: []string{"", "資"}, Lower: []string{"", "資"}}, query.TextWildcard{Parts: []string{"TOK", ""}, Lower: []string{"tok", ""}},
	} {
		var want []string
		for i := range events {
			if filter.Match(&events[i]) {
				want = append(want, string(events[i].AppendJSON(nil)))
			}
		}
		if diff := cmp.Diff(want, all(t, x, filter)); diff != "" {
			t.Errorf("%.300s (-want +got)\n%.2000s", fmt.Sprintf("%#v", filter), diff)
		}
	}
	for _, e := range events {
		doc, err := x.Get(context.Background(), e.ID)
		if err != nil || !bytes.Equal(doc, e.AppendJSON(nil)) {
			t.Errorf("get %.30s: %.200s, %v", e.ID, doc, err)
		}
	}
}

// kibana: dashboards find events by the names of ECS.
func (n *node) kibana(t *testing.T) {
	cfg := n.config(t.TempDir())
	x := open(t, cfg)
	e, err := event.ParseJSON([]byte(`{"eventId":"1","eventName":"DeleteInstance","eventTime":"2026-03-01T10:00:00.5Z","sourceIpAddress":"10.1.2.3","errorCode":"Forbidden","userIdentity":{"userName":"alice"}}`))
	if err != nil {
		t.Fatal(err)
	}
	var lanes indextest.Lanes
	write(t, x, lanes.Batch("a", e))
	all(t, x, nil)
	for _, q := range []string{
		`{"term":{"user.name":"alice"}}`, `{"term":{"source.ip":"10.0.0.0/8"}}`, `{"term":{"event.action":"DeleteInstance"}}`, `{"term":{"event.outcome":"failure"}}`,
		`{"range":{"@timestamp":{"gte":"2026-03-01T10:00:00Z","lt":"2026-03-01T10:00:01Z"}}}`, `{"query_string":{"query":"user.name:ali* AND event.action:DeleteInstance"}}`,
	} {
		var answer struct {
			Hits struct{ Total struct{ Value int } }
		}
		n.ask(t, http.MethodPost, "/"+cfg.Prefix+"-*/_search", `{"query":`+q+`}`, &answer)
		if answer.Hits.Total.Value != 1 {
			t.Errorf("%s finds %d events", q, answer.Hits.Total.Value)
		}
	}
}

// many: values are counted exactly where shards know more of them than they tell at once.
func (n *node) many(t *testing.T) {
	cfg := n.config(t.TempDir())
	cfg.Shards = 3
	x := open(t, cfg)
	var lanes indextest.Lanes
	var events []event.Event
	for i := range 6500 {
		text := fmt.Sprintf(`{"eventId":"%d","eventTime":"2026-03-0%dT10:00:00Z","requestId":"r%d","requestParameters":{"Id":"v%d","other":"x"}}`, i, 1+i%3, i/2, i/3)
		e, err := event.ParseJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	write(t, x, lanes.Batch("a", events...))
	for name, count := range map[string]int{"requestId": 2, "requestParameters.Id": 3} {
		got, _, err := x.Values(context.Background(), index.Query{}, name, 3)
		if err != nil {
			t.Fatal(err)
		}
		prefix := map[string]string{"requestId": "r", "requestParameters.Id": "v"}[name]
		want := []index.Value{{Value: prefix + "0", Count: count}, {Value: prefix + "1", Count: count}, {Value: prefix + "10", Count: count}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("values of %s (-want +got)\n%s", name, diff)
		}
	}
	buckets, _, err := x.Histogram(context.Background(), index.Query{}, time.Second)
	if err != nil || len(buckets) != 3 || buckets[0].Count != 2167 {
		t.Errorf("histogram %v, %v", buckets, err)
	}
}

// classes: events have the indices of their class; when the classes change, what
// was stored is not stored again elsewhere.
func (n *node) classes(t *testing.T) {
	cfg := n.config(t.TempDir())
	x := open(t, cfg)
	events := indextest.Events(21, 60)
	var lanes indextest.Lanes
	write(t, x, lanes.Batch("a", events[:40]...))
	var told []index.Expired
	cfg.Classes = index.Classes{{Name: "signins", EventTypes: []string{event.TypeConsoleSignin}, Retention: 24 * time.Hour}}
	cfg.Expiring = func(_ context.Context, e index.Expired) error {
		told = append(told, e)
		return nil
	}
	cfg.Now = func() time.Time { return indextest.Start.Add(24 * time.Hour) }
	x = open(t, cfg)
	write(t, x, lanes.Batch("a", events...))
	if got := len(all(t, x, nil)); got != 60 {
		t.Fatalf("%d events are there, 60 were written, 40 of them twice", got)
	}
	signins := 0
	for _, e := range events[40:] {
		if e.Type == event.TypeConsoleSignin {
			signins++
		}
	}
	var rows []struct {
		Index string
		Docs  string `json:"docs.count"`
	}
	n.ask(t, http.MethodGet, "/_cat/indices/"+cfg.Prefix+"-signins-*?format=json&h=index,docs.count", "", &rows)
	count := 0
	for _, r := range rows {
		var n int
		fmt.Sscan(r.Docs, &n)
		count += n
	}
	if count != signins || count == 0 {
		t.Errorf("the class has %d events, want %d: %v", count, signins, rows)
	}
	if err := x.Flush(context.Background(), indextest.Start.Add(10*24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	gone := 0
	for _, e := range told {
		gone += e.Events
		if e.Class != "signins" || e.To.Sub(e.From) != 24*time.Hour {
			t.Errorf("told of %+v", e)
		}
	}
	if left := len(all(t, x, nil)); gone != signins || left != 60-signins {
		t.Errorf("%d events went and %d are left, want %d and %d", gone, left, signins, 60-signins)
	}
}

// older: an index of a mapping from before there were versions is given what it lacks.
func (n *node) older(t *testing.T) {
	cfg := n.config(t.TempDir())
	frozen, err := os.ReadFile("testdata/mapping-1.json")
	if err != nil {
		t.Fatal(err)
	}
	var mapping map[string]any
	if err := json.Unmarshal(frozen, &mapping); err != nil {
		t.Fatal(err)
	}
	delete(mapping, "_meta")
	properties := mapping["properties"].(map[string]any)
	delete(properties, "user")
	delete(properties["event"].(map[string]any)["properties"].(map[string]any), "outcome")
	delete(properties["actiontrail"].(map[string]any)["properties"].(map[string]any), "outcome")
	older, err := json.Marshal(mapping)
	if err != nil {
		t.Fatal(err)
	}
	name := "/" + cfg.Prefix + "-2026.03.02"
	n.ask(t, http.MethodPut, name, `{"settings":{"number_of_replicas":0,"max_result_window":10001},"mappings":`+string(older)+`}`, nil)
	x := open(t, cfg)
	var got map[string]struct{ Mappings map[string]any }
	n.ask(t, http.MethodGet, name+"/_mapping", "", &got)
	now := got[name[1:]].Mappings
	if meta := now["_meta"].(map[string]any); meta["actiontrail"] != float64(1) {
		t.Errorf("the index has version %v", meta)
	}
	events := indextest.Events(31, 200)
	var lanes indextest.Lanes
	write(t, x, lanes.Batch("a", events...))
	for _, filter := range []query.Expr{nil, parse(t, "userIdentity.userName: alice"), parse(t, "denied")} {
		want := 0
		for i := range events {
			if filter == nil || filter.Match(&events[i]) {
				want++
			}
		}
		if found := len(all(t, x, filter)); found != want {
			t.Errorf("%v finds %d events, want %d", filter, found, want)
		}
	}
	failed := 0
	for i := range events {
		if events[i].ErrorCode != "" {
			failed++
		}
	}
	buckets, _, err := x.Histogram(context.Background(), index.Query{}, 100*24*time.Hour)
	if err != nil || len(buckets) != 1 || buckets[0].Errors != failed {
		t.Errorf("histogram %v, %v; want %d errors", buckets, err, failed)
	}
}
