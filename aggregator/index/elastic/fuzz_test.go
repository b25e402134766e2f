package elastic

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/actiontrail/actiontrail/aggregator/index/indextest"
	"github.com/actiontrail/actiontrail/event"
)

// FuzzDocument: whatever an event holds, its document is JSON, and gives the very bytes back.
func FuzzDocument(f *testing.F) {
	for _, e := range indextest.Events(1, 20) {
		f.Add(e.AppendJSON(nil))
	}
	f.Add([]byte(`{"eventId":"1","requestParameters":{"a":",\"actiontrail\":{\"time\":","json":"}}"}}`))
	f.Add([]byte(`{"eventId":"1","actiontrail":{"time":1,"json":"x"}}`))
	f.Add([]byte(`{"eventId":"1","requestParameters":{"actiontrail":{"time":1,"json":"x"}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := event.ParseJSON(data)
		if err != nil {
			return
		}
		want := e.AppendJSON(nil)
		var d documents
		for _, safe := range []bool{false, true} {
			doc := d.append(nil, &e, safe)
			if !json.Valid(doc) || bytes.IndexByte(doc, '\n') >= 0 {
				t.Fatalf("safe %v: not one line of JSON: %s", safe, doc)
			}
			got, err := canonicalOf(doc)
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("safe %v: %s, %v; want %s of %s", safe, got, err, want, doc)
			}
		}
		if id := documentID(nil, e.ID, e.Time.Nanos); !json.Valid(id) || len(id) > 6*512 {
			t.Fatalf("_id %s", id)
		}
	})
}

// FuzzCursor: a cursor is one of ours, or refused.
func FuzzCursor(f *testing.F) {
	f.Add(spot{1, "a"}.cursor())
	f.Add(spot{-1 << 63, ""}.cursor())
	f.Add("AAAA")
	f.Add("AYAAAAAAAAAAe9ooj7")
	f.Add("AYAAAAAAAAAAe9ooj\nw")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parseCursor(text)
		if err == nil && s.cursor() != text {
			t.Errorf("%q is read as %+v, which is %q", text, s, s.cursor())
		}
	})
}

// FuzzSlice: the name of an index is that of a slice, or of none.
func FuzzSlice(f *testing.F) {
	for _, name := range []string{"p-2026.11.21", "p-2026.w47", "p-2026.11", "p-a-2026.11", "p-0000.00.00"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		s, ok := parseSlice("p", name)
		if ok && (s.name("p") != name || !s.from.Before(s.to)) {
			t.Errorf("%q is read as %+v", name, s)
		}
	})
}

// FuzzUnits: a cut value is longer than what stands in its own field.
func FuzzUnits(f *testing.F) {
	f.Add("資😀é")
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			return
		}
		n := 0
		for _, r := range s {
			n++
			if r > 0xffff {
				n++
			}
		}
		if units(s) != n || len(s) > 3*n {
			t.Errorf("%q has %d units, want %d", s, units(s), n)
		}
	})
}
