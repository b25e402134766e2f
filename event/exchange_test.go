package event

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"
)

func TestExchange(t *testing.T) {
	for want, x := range map[Object]Exchange{
		"": {Method: "GET", Bytes: 1}, // without a status there is none
		`{"durationMs":12,"httpMethod":"GET","httpPath":"/v1/x","httpStatus":200,"referer":"https://a.example/","responseBytes":532}`: {"GET", "/v1/x", "https://a.example/", 200, 532, 12},
		`{"durationMs":0,"httpStatus":499,"responseBytes":0}`:                                                                         {Status: 499},
		`{"httpStatus":-1}`: {Status: -1, Bytes: -1, DurationMs: math.MinInt64},
		`{"httpMethod":"\"\u0001","httpPath":"\\` + "\uFFFD" + `","httpStatus":1,"referer":"é"}`: {"\"\x01", "\\\xff", "é", 1, -1, -1},
	} {
		if got := x.Object(); got != want {
			t.Errorf("%+v is\n%s, want\n%s", x, got, want)
		}
	}
}

// An event with an exchange is written as one that has its text in Additional.
func TestExchangeIsAdditional(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	f, _, _ := Lookup("additionalEventData")
	some := 0
	for range 1000 {
		e := randomEvent(r)
		e.Exchange = Exchange{awkward[r.IntN(len(awkward))], awkward[r.IntN(len(awkward))], awkward[r.IntN(len(awkward))], r.Int64N(3), r.Int64N(4) - 1, r.Int64() - r.Int64()}
		want := e
		if want.Exchange = (Exchange{}); e.Exchange.Status != 0 {
			want.Additional = e.Exchange.Object()
			some++
		}
		if !want.Additional.Valid() || !json.Valid(e.AppendJSON(nil)) {
			t.Fatalf("%+v is %s, which is not canonical", e.Exchange, want.Additional)
		}
		if got := reparse(t, &e); got != want {
			t.Fatal(diff(want, got))
		}
		if got := f.Value(&e); got != string(want.Additional) {
			t.Fatalf("field is %s, want %s", got, want.Additional)
		}
	}
	if some < 300 {
		t.Errorf("%d exchanges", some)
	}
}
