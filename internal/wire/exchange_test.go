package wire

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/klauspost/compress/s2"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/actiontrail/actiontrail/event"
)

// Each exchange comes back as the text of it, alone and beside others, however its fields are.
func TestExchanges(t *testing.T) {
	key, h := testLane(t)
	whole := event.Exchange{Method: "GET", Path: "/v1/x", Referer: "https://a.example/", Status: 200, Bytes: 532, DurationMs: 12}
	exchanges := []event.Exchange{whole, {}, whole}
	for _, s := range append(hostile, strings.Repeat("p", maxExchange-8), strings.Repeat("p", maxExchange-7), strings.Repeat("\x01", maxExchange-8)) {
		for _, set := range []func(*event.Exchange){
			func(x *event.Exchange) { x.Method = s },
			func(x *event.Exchange) { x.Path = s },
			func(x *event.Exchange) { x.Referer = s },
		} {
			x := event.Exchange{Method: "GET", Path: "/abcd", Status: 404, Bytes: -1, DurationMs: -1} // of 8 bytes
			set(&x)
			exchanges = append(exchanges, x)
		}
	}
	for _, n := range []int64{0, 1, -1, -2, 599, math.MaxInt64, math.MinInt64} {
		exchanges = append(exchanges, event.Exchange{Status: n, Method: "PUT"}, event.Exchange{Status: 1, Bytes: n}, event.Exchange{Status: 2, DurationMs: n, Bytes: -1})
	}
	var events []event.Event
	for i, x := range exchanges {
		e := placeOf("f", int64(i))
		e.Exchange = x
		events = append(events, e)
		e.Additional = `{"what":"an exchange goes before"}`
		events = append(events, e)
	}
	msg, _ := seal(t, h, key, events)
	b, err := Open(msg)
	if err != nil {
		t.Fatal(err)
	}
	if d := diffEvents(placed(h, events), b.Events); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if b.Events[0].Additional != `{"durationMs":12,"httpMethod":"GET","httpPath":"/v1/x","httpStatus":200,"referer":"https://a.example/","responseBytes":532}` ||
		b.Events[2].Additional != "" || b.Events[3].Additional != `{"what":"an exchange goes before"}` {
		t.Errorf("the first are %q", []event.Object{b.Events[0].Additional, b.Events[2].Additional, b.Events[3].Additional})
	}
	for i := range events {
		msg, _ := seal(t, h, key, events[i:i+1])
		b, err := Open(msg)
		if err != nil {
			t.Fatalf("%+v: %v", events[i].Exchange, err)
		}
		if got, want := b.Events[0].Additional, placed(h, events[i:i+1])[0].Additional; got != want || !got.Valid() {
			t.Errorf("%+v alone is %s, want %s", events[i].Exchange, got, want)
		}
	}
}

// Columns of exchanges that no agent makes are no body: nothing is lost without a trace, nothing is made large.
func TestBadExchanges(t *testing.T) {
	key, h := testLane(t)
	h.Count = 2
	texts := func(num int, s string) []byte {
		return appendBytes(nil, protowire.Number(num), appendBytes(nil, stringsValues, []byte(s)))
	}
	numbers := func(num int, deltas ...byte) []byte {
		return appendBytes(nil, protowire.Number(num), appendBytes(nil, numbersDeltas, deltas))
	}
	ids := texts(1, "x")
	status := numbers(colStatus, 2, 0)
	for name, c := range map[string]struct {
		columns [][]byte
		bad     bool
	}{
		"whole":                      {[][]byte{ids, texts(41, "GET"), texts(42, strings.Repeat("x", maxExchange-3)), status, numbers(colBytes, 2, 0), numbers(colDuration, 0, 2)}, false},
		"status alone":               {[][]byte{ids, status}, false},
		"method without status":      {[][]byte{ids, texts(41, "GET")}, true},
		"path without status":        {[][]byte{ids, texts(42, "/")}, true},
		"referer of one without":     {[][]byte{ids, texts(43, "/"), numbers(colStatus, 2, 1)}, true},
		"bytes without status":       {[][]byte{ids, numbers(colBytes, 0, 2)}, true},
		"duration without status":    {[][]byte{ids, numbers(colDuration, 0, 2)}, true},
		"bytes below 0":              {[][]byte{ids, status, numbers(colBytes, 0, 1)}, true},
		"duration below 0":           {[][]byte{ids, status, numbers(colDuration, 1, 0)}, true},
		"too long":                   {[][]byte{ids, texts(41, "GET"), texts(42, strings.Repeat("x", maxExchange-2)), status}, true},
		"as text too":                {[][]byte{ids, texts(24, `{"a":1}`), status}, true},
		"as text, and no exchange":   {[][]byte{ids, texts(24, `{"a":1}`), numbers(colStatus, 0, 0)}, false},
		"a status too few":           {[][]byte{ids, numbers(colStatus, 2)}, true},
		"bytes too many":             {[][]byte{ids, status, numbers(colBytes, 2, 2, 2)}, true},
		"durations that do not end":  {[][]byte{ids, status, numbers(colDuration, 2, 0x80)}, true},
		"status that is no Numbers":  {[][]byte{ids, appendBytes(nil, colStatus, []byte{8, 1})}, true},
		"method that is no Strings":  {[][]byte{ids, appendBytes(nil, exchangeMethod+1, []byte{48, 1}), status}, true},
		"statuses, then none at all": {[][]byte{ids, texts(41, ""), numbers(colStatus, 0, 0)}, false},
	} {
		var body []byte
		for _, column := range c.columns {
			body = append(body, column...)
		}
		b, err := Open(signRaw(t, key, h, s2.Encode(nil, body)))
		if c.bad && !errors.Is(err, ErrBody) || !c.bad && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for i := range b.Events {
			if b.Events[i].Exchange != (event.Exchange{}) || !b.Events[i].Additional.Valid() {
				t.Errorf("%s: %+v, %s", name, b.Events[i].Exchange, b.Events[i].Additional)
			}
		}
	}
}
