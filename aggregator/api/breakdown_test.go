package api

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/event"
)

// TestBreakDown: series and rest are counts of events, bucket by bucket, of every kind of field.
func TestBreakDown(t *testing.T) {
	s, x := madeUpServer(200)
	for i := range x.events {
		e := &x.events[i]
		e.Global = i%3 == 0
		e.RequestParameters = event.Object(fmt.Sprintf(`{"Tags":["t%d","t%d"]}`, i%4, i%7)) // of two values, perhaps the same
		if i%10 == 0 {
			e.SourceIP = []string{"Internal", "2001:db8::1"}[i/10%2]
		}
	}
	h := s.Handler()
	for by, key := range map[string]func(e event.Event) []string{
		"eventName":       func(e event.Event) []string { return []string{e.Name} },
		"errorCode":       func(e event.Event) []string { return []string{e.ErrorCode} },
		"sourceIpAddress": func(e event.Event) []string { return []string{e.SourceIP} },
		"isGlobal":        func(e event.Event) []string { return []string{map[bool]string{true: "true"}[e.Global]} },
		"origin.batch":    func(e event.Event) []string { return []string{fmt.Sprint(e.Origin.Batch)} },
		"requestParameters.Tags": func(e event.Event) []string {
			var v []string
			e.RequestParameters.Each("Tags", func(s string) bool { v = append(v, s); return true })
			return v
		},
		"vpcId": func(event.Event) []string { return nil },
	} {
		got := decode[Histogram](t, get(t, h, target("/api/v1/histogram", "by", by, "n", "3", "interval", "30m", "from", "now-4h")))
		if got.By != by || len(got.Other) != len(got.Buckets) || len(got.Series) > 3 || len(got.Series) == 0 && by != "vpcId" {
			t.Errorf("%s: by %q, %d series, %d others of %d buckets", by, got.By, len(got.Series), len(got.Other), len(got.Buckets))
			continue
		}
		has := func(e event.Event, value string) bool {
			for _, v := range key(e) {
				if v == value && v != "" {
					return true
				}
			}
			return false
		}
		for i, b := range got.Buckets {
			end := b.Start.Add(30 * time.Minute)
			other := 0
			counts := make([]int, len(got.Series))
			for _, e := range x.events {
				if at := e.Time.Std(); at.Before(b.Start) || !at.Before(end) {
					continue
				}
				shown := false
				for j, series := range got.Series {
					if has(e, series.Value) {
						counts[j]++
						shown = true
					}
				}
				if !shown {
					other++
				}
			}
			for j, series := range got.Series {
				if series.Counts[i] != counts[j] {
					t.Errorf("%s = %s in bucket %d: %d, want %d", by, series.Value, i, series.Counts[i], counts[j])
				}
			}
			if got.Other[i] != other {
				t.Errorf("%s: %d others in bucket %d, want %d", by, got.Other[i], i, other)
			}
		}
		last := 1 << 30
		for _, series := range got.Series {
			sum := 0
			for _, n := range series.Counts {
				sum += n
			}
			if sum != series.Count || series.Count > last {
				t.Errorf("%s = %s: count %d of %v after %d", by, series.Value, series.Count, series.Counts, last)
			}
			last = series.Count
		}
	}
}

// TestBuckets: about so many as were asked for, of widths that people like.
func TestBuckets(t *testing.T) {
	s, _ := madeUpServer(1)
	h := s.Handler()
	for _, from := range []string{"now-1m", "now-1h", "now-1d", "now-7d", "now-90d", "now-3y"} {
		for _, most := range []int{1, 10, 60, 500} {
			got := decode[Histogram](t, get(t, h, target("/api/v1/histogram", "from", from, "buckets", fmt.Sprint(most))))
			if n := len(got.Buckets); n > most || n < most/3 && got.IntervalSeconds > 1 {
				t.Errorf("%s in %d buckets: %d of %s", from, most, n, got.Interval)
			}
		}
	}
}

func TestBreakDownProblems(t *testing.T) {
	s, _ := madeUpServer(1)
	h := s.Handler()
	for parameter, values := range map[string][]string{"by": {"nope", "eventTime", "errorMessage", "requestParameters", "raw"}, "n": {"0", "21"}, "buckets": {"0", "2001", "x"}} {
		for _, value := range values {
			if p := get(t, h, target("/api/v1/histogram", parameter, value)).problem(t, http.StatusBadRequest); p.Parameter != parameter {
				t.Errorf("%s = %s: %+v", parameter, value, p)
			}
		}
	}
}

// TestListFields: every field of the form is there, with its count; then leaves, most frequent first.
func TestListFields(t *testing.T) {
	s, x := madeUpServer(50)
	h := s.Handler()
	got := decode[FieldList](t, get(t, h, target("/api/v1/fields", "query", "eventRW: Write")))
	counts := map[string]int{}
	total := 0
	for _, e := range x.events {
		if e.RW != event.Write {
			continue
		}
		total++
		for _, f := range event.Fields() {
			v := f.Value(&e)
			if v != "" {
				counts[f.Name]++
			}
			if f.Kind == event.Flattened {
				event.Object(v).Leaves(func(path, _ string) { counts[f.Name+"."+path]++ })
			}
		}
	}
	if got.Total != total {
		t.Errorf("total %d, want %d", got.Total, total)
	}
	all := event.Fields()
	for i, f := range got.Fields {
		if f.Count != counts[f.Name] {
			t.Errorf("%s: %d events, want %d", f.Name, f.Count, counts[f.Name])
		}
		if i < len(all) {
			if f.Name != all[i].Name || f.Leaf || f.Description == "" {
				t.Errorf("field %d is %+v, want %s", i, f, all[i].Name)
			}
		} else if !f.Leaf || !f.Aggregatable || i > len(all) && f.Count > got.Fields[i-1].Count {
			t.Errorf("leaf %+v", f)
		}
	}
	if leaves := len(got.Fields) - len(all); leaves != 3 { // InstanceId, Force, Tag.1.Key
		t.Errorf("%d leaves: %+v", leaves, got.Fields[len(all):])
	}
	if got := decode[FieldList](t, get(t, h, target("/api/v1/fields", "leaves", "1"))); len(got.Fields) != len(all)+1 {
		t.Errorf("%d fields, want one leaf", len(got.Fields))
	}
	get(t, h, target("/api/v1/fields", "leaves", "1001")).problem(t, http.StatusBadRequest)
	// Whatever is said to have values has them, and counts can be asked for.
	for _, f := range got.Fields {
		values := get(t, h, "/api/v1/fields/"+f.Name+"/values")
		if f.Aggregatable && f.Kind != FieldInfoKindTimestamp && values.status != http.StatusOK {
			t.Errorf("%s: %s", f.Name, values.body)
		}
	}
}

// TestValuesPrefix: of a leaf with several values only those that begin so.
func TestValuesPrefix(t *testing.T) {
	s, x := madeUpServer(60)
	for i := range x.events {
		x.events[i].RequestParameters = event.Object(fmt.Sprintf(`{"Tags":["a%d","b%d"]}`, i%3, i%20))
	}
	h := s.Handler()
	for at, want := range map[string][]ValueCount{
		target("/api/v1/fields/requestParameters.Tags/values", "prefix", "b1", "limit", "2"): {{3, "b1"}, {3, "b10"}},
		target("/api/v1/fields/requestParameters.Tags/values", "prefix", "a"):                {{20, "a0"}, {20, "a1"}, {20, "a2"}},
		target("/api/v1/fields/eventName/values", "prefix", "Z"):                             {},
		target("/api/v1/fields/origin.batch/values", "prefix", "1"):                          {{60, "1"}},
	} {
		got := decode[FieldValues](t, get(t, h, at))
		if diff := cmp.Diff(want, got.Values); diff != "" || got.Having != 60 {
			t.Errorf("%s: having %d, values (-want +got):\n%s", at, got.Having, diff)
		}
	}
}
