package mapper

import (
	"fmt"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
)

// The exchange of a record, written out, is the text that the mapper would have
// written: one event is the same whichever way it goes.
func TestExchangeIsTheText(t *testing.T) {
	t.Parallel()
	plain := newMapper(t, Options{Format: "nginx-json", Rules: &Rules{
		Params: Params{Mask: []string{"key"}},
		Routes: []Route{
			{Pattern: pattern(t, "GET /keys/{key}"), Action: Literal("GetKey")},
			{Pattern: pattern(t, "GET /more/{id}"), Action: Literal("GetMore"), Additional: []Named{{Name: "id", Value: value(t, "path.id")}}},
		},
	}})
	hidden := newMapper(t, Options{Format: "nginx-json", Rules: &Rules{Params: Params{Mask: []string{"all"}}, Routes: []Route{{Pattern: pattern(t, "GET /{all...}"), Action: Literal("Get")}}}})
	headers := newMapper(t, Options{Format: "nginx-json", Rules: &Rules{Params: Params{Headers: []string{"X-Team"}}}})
	awkward := []string{"", "/", "/v1/x", `\"`, `\\`, `\u0001`, `\u2028`, "\xff", "a\xfe\xfdb", `\ud800`, "\x7f", "é", "?", "?a=b", "https://a.example/x?q=1", "/keys/k-1",
		"/more/17", "//", "/%ff/%00", "/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "/keys/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", strings.Repeat("/long", 100)}
	exchanges, texts := 0, 0
	for _, method := range append([]string{"GET"}, awkward...) {
		for _, path := range awkward {
			for i, referer := range awkward {
				status := []string{`,"status":200`, `,"status":0`, "", `,"status":404,"body_bytes_sent":0,"request_time":0.0`, `,"status":500,"body_bytes_sent":532,"request_time":1.2345`}[i%5]
				line := fmt.Sprintf(`{"msec":"1.5","request_method":"%s","request_uri":"%s","http_referer":"%s","http_x_team":"a"%s}`, method, path, referer, status)
				for _, m := range []*Mapper{plain, hidden, headers} {
					var e event.Event
					if m.Map(&plugins.Record{Data: []byte(line)}, &e) != nil {
						continue
					}
					want := m.additionalText()
					switch {
					case e.Exchange.Status == 0:
						texts++
						if e.Exchange != (event.Exchange{}) || e.Additional != want {
							t.Fatalf("%s is %+v, %s", line, e.Exchange, e.Additional)
						}
					case e.Additional != "" || e.Exchange.Object() != want:
						t.Fatalf("%s\nis the exchange %s\nwant             %s, and not %s", line, e.Exchange.Object(), want, e.Additional)
					default:
						exchanges++
						if strings.Contains(string(want), "header:") || strings.Contains(string(want), `"id"`) {
							t.Fatalf("an exchange has nothing of %s", want)
						}
					}
				}
			}
		}
	}
	if exchanges < 1000 || texts < 1000 {
		t.Errorf("%d exchanges, %d texts", exchanges, texts)
	}
}
