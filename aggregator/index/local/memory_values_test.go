package local

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/aggregator/index/indextest"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// sameHash are two values of a form that have the same checksum.
func sameHash(t *testing.T, form string) (a, b string) {
	t.Helper()
	met := map[uint32]string{}
	for i := range uint64(1) << 20 {
		s := fmt.Sprintf(form, i*0x9e3779b97f4a7c15)
		sum := checksum([]byte(s))
		if other, ok := met[sum]; ok {
			return other, s
		}
		met[sum] = s
	}
	t.Fatal("no two values have the same checksum")
	return "", ""
}

// Values are found, counted and told apart in memory as in segments, though the
// memory may have entered one twice: those that come once, twice, in several fields
// and as words, those that are long, and those that have the same checksum.
func TestValuesOfMemory(t *testing.T) {
	t.Parallel()
	const n = 3 * eventsPerBlock
	id1, id2 := sameHash(t, "%016x")
	text1, text2 := sameHash(t, "v%021d")
	long := strings.Repeat("long words ", 100)
	object := func(m map[string]any) event.Object {
		o, err := event.NewObject(m)
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	var events []event.Event
	for i := range n {
		e := event.Event{ID: fmt.Sprint("event-", i), Time: event.At(indextest.Start, 3), UserAgent: fmt.Sprint("agent ", i/2), Global: i%7 == 0}
		asked := map[string]any{"Single": fmt.Sprintf("%032x", i), "Pair": fmt.Sprintf("%032x", 1000+i/2), "Words": fmt.Sprint("the ", i%50, " Words"),
			"Alike": fmt.Sprintf("prefixes%04d%028d", i%30, 7)} // of one quickHash
		switch i {
		case 3, 300:
			e.RequestID, asked["Id"] = id1, id1
		case 4:
			e.RequestID, asked["Id"] = id2, []any{id2, id2, strings.ToUpper(id1)}
		case 5:
			e.RequestID, e.ErrorMessage = text1, "said "+id1+" and "+text2
		case 6, 200:
			e.RequestID, asked["Id"] = text2, text1
		case 7:
			asked["Id"] = []any{long, long + "and more"}
		}
		e.RequestParameters = object(asked)
		events = append(events, e)
	}
	x := mustOpen(t, Config{Dir: t.TempDir()})
	defer mustClose(t, x)
	var lanes indextest.Lanes
	ctx := context.Background()
	if err := x.Write(ctx, []event.Batch{lanes.Batch("a", events...)}); err != nil {
		t.Fatal(err)
	}
	var counted [2]map[string][]index.Value
	for round, where := range []string{"memory", "segment"} {
		if where == "segment" {
			if err := x.cut(); err != nil {
				t.Fatal(err)
			}
			if err := x.waitBuilt(ctx); err != nil {
				t.Fatal(err)
			}
			if f := x.segments[0].byName[fieldKey{name: "requestParameters", path: "Pair"}]; f.Hidden.Length > 0 {
				t.Error("ids of two events have no keys")
			}
		}
		var asked []string
		for _, v := range []string{id1, id2, strings.ToUpper(id1), text1, text2, `"agent 17"`, fmt.Sprintf("%032x", 9), fmt.Sprintf("%032x", 1009), "words", `"` + long + `"`, "more", "*1*", "v0*", id1[:9] + "*", fmt.Sprintf("prefixes%04d%028d", 3, 7)} {
			for _, field := range []string{"requestId: ", "requestParameters.Id: ", "requestParameters.Single: ", "requestParameters.Pair: ", "requestParameters.Alike: ", "requestParameters: ", "userAgent: ", "errorMessage: ", ""} {
				asked = append(asked, field+v)
			}
		}
		found := 0
		for _, kql := range append(asked, "isGlobal: true", "not requestId: *", "requestParameters.Id: *", "errorMessage: *") {
			filter, err := query.Parse(kql)
			if err != nil {
				t.Fatal(err)
			}
			want := 0
			for i := range events {
				if filter.Match(&events[i]) {
					want++
				}
			}
			page, err := x.Search(ctx, index.Query{Filter: filter, Limit: 1})
			if err != nil || page.Total != want {
				t.Errorf("%s in %s: %d events, want %d: %v", kql, where, page.Total, want, err)
			}
			if want > 0 {
				found++
			}
		}
		if found < 40 {
			t.Fatalf("only %d of the questions have an answer", found)
		}
		counted[round] = map[string][]index.Value{}
		for _, field := range []string{"requestId", "userAgent", "isGlobal", "requestParameters.Id", "requestParameters.Alike", "requestParameters.Pair", "requestParameters.Single", "requestParameters.Words"} {
			values, _, err := x.Values(ctx, index.Query{}, field, 2*n)
			if err != nil || len(values) == 0 {
				t.Fatalf("%d values of %s: %v", len(values), field, err)
			}
			counted[round][field] = values
		}
	}
	if diff := cmp.Diff(counted[0], counted[1]); diff != "" {
		t.Errorf("values are counted differently (-memory +segment)\n%s", diff)
	}
}

// What is gathered of objects are their leaves, whether they are canonical or not.
func FuzzGather(f *testing.F) {
	for _, o := range []string{`{"a":1,"b":[true,null,{"c":"d"},["e",-1.5e3],["e"]],"f":{}}`, `{ "a" : [ "b" , 12 ] }`, `{"a":01}`, `{"a":[1.50,tru],"b":2}`, `{"b":1,"a":2}`, `{"a":"\u0041"}`, `{"a":{}}`, `[1]`, `{"a":"b"`} {
		f.Add(o, o)
		f.Add(`{"a":[12,12],"b":"c"}`, o)
	}
	f.Add(`{"known":12}`, `{"known":01}`) // one shape
	w := blockWriter(f)
	f.Fuzz(func(t *testing.T, first, second string) {
		events := []event.Event{{RequestParameters: event.Object(first)}, {RequestParameters: event.Object(second)}, {RequestParameters: event.Object(first)}}
		want, got := map[string]int{}, map[string]int{}
		note := func(to map[string]int, i int, path, value string) { to[fmt.Sprintf("%d %q %q", i, path, value)]++ }
		for i := range events {
			w.add(&events[i])
			events[i].RequestParameters.Leaves(func(path, value string) { note(want, i, path, value) })
		}
		var g gathered
		w.gather(&g)
		w.reset()
		for _, c := range g.columns {
			for i, n := range c.events {
				note(got, int(n), c.path, string(c.values[c.numbers[i]].of(g.texts)))
			}
		}
		for _, l := range g.loose {
			note(got, l.event, l.path, l.value)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("the leaves of %s and %s (-want +got)\n%s", first, second, diff)
		}
	})
}

// The memory becomes segments before it takes more than it may.
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	s := newStream(60)
	x := mustOpen(t, Config{Dir: t.TempDir(), MemoryBytes: memoryParts * 64 << 10})
	defer mustClose(t, x)
	most, full := 0, 0
	for i := range s {
		before := x.current
		if err := x.Write(t.Context(), s[i:i+1]); err != nil {
			t.Fatal(err)
		}
		if x.current != before {
			full++
		}
		most = max(most, x.current.bytes())
	}
	if full == 0 || most > 96<<10 {
		t.Errorf("%d memories became full, and one had %d bytes", full, most)
	}
	if _, err := Open(Config{Dir: t.TempDir(), MemoryBytes: memoryParts*maxMemory + 1}); err == nil {
		t.Error("more memory is taken than numbers of 32 bits can tell")
	}
}
