package local

import (
	"bytes"
	"testing"

	"github.com/actiontrail/actiontrail/event"
)

// What the quick decoder reads of canonical JSON is what event.ParseJSON reads.
func FuzzDecodeEvent(f *testing.F) {
	for _, s := range []string{
		`{"eventId":"a","eventVersion":1}`,
		`{"eventId":"a\"\\\n","eventVersion":1,"eventTime":"2026-03-01T00:00:00.120Z","isGlobal":true,"requestParameters":{"a":"}\"{","b":[{"c":null}]},"userIdentity":{"userName":"é","sessionContext":{"attributes":{"x":1}},"trust":"none"},"origin":{"epoch":1,"batch":2,"index":3,"offset":9223372036854775807,"length":0,"observedTime":"2026-03-01T00:00:00Z"}}`,
		`{"eventId":"a","eventVersion":1,"another":"key","userIdentity":{"arn":"x"}}`,
		`{"eventId":"a","eventVersion":2}`, `{"isGlobal":false}`, `{"requestParameters":{}}`, `{"origin":{"offset":18446744073709551615}}`, `{}`, `{`, ``,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		e, err := event.ParseJSON(doc)
		if err != nil || !bytes.Equal(e.AppendJSON(nil), doc) {
			return // not what an index keeps
		}
		got, err := decodeEvent(doc)
		if err != nil || got != e {
			t.Fatalf("%s\ngives %+v, %v\nwant  %+v", doc, got, err, e)
		}
	})
}
