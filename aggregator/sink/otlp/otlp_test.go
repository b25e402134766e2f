package otlp

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/sink/flowtest"
	"github.com/actiontrail/actiontrail/aggregator/sink/post"
	"github.com/actiontrail/actiontrail/aggregator/sink/post/posttest"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/host"
	"github.com/actiontrail/actiontrail/plugins/sinktest"
)

// The test binary is its own plugin, and its own receiver.
func TestMain(m *testing.M) {
	switch {
	case posttest.Launched(take):
	case host.Launched():
		host.Serve(host.Plugin{Sink: func(config []byte) (plugins.Sink, error) {
			var c Config
			if err := plugins.DecodeConfig(config, &c); err != nil {
				return nil, err
			}
			return New(c)
		}})
	default:
		os.Exit(m.Run())
	}
}

// anyValue is one of OTLP's JSON.
type anyValue struct {
	String *string `json:"stringValue"`
	Int    *string `json:"intValue"`
	Bool   *bool   `json:"boolValue"`
	List   *struct {
		Values []keyValue `json:"values"`
	} `json:"kvlistValue"`
	Array *struct {
		Values []anyValue `json:"values"`
	} `json:"arrayValue"`
}

type keyValue struct {
	Key   string   `json:"key"`
	Value anyValue `json:"value"`
}

// plain is the value as JSON has it.
func (v anyValue) plain() any {
	switch {
	case v.String != nil:
		return *v.String
	case v.Int != nil:
		return json.Number(*v.Int)
	case v.Bool != nil:
		return *v.Bool
	case v.List != nil:
		m := map[string]any{}
		for _, kv := range v.List.Values {
			m[kv.Key] = kv.Value.plain()
		}
		return m
	case v.Array != nil:
		a := []any{}
		for _, x := range v.Array.Values {
			a = append(a, x.plain())
		}
		return a
	}
	return nil
}

// request is an ExportLogsServiceRequest.
type request struct {
	ResourceLogs []struct {
		Resource struct {
			Attributes []keyValue `json:"attributes"`
		} `json:"resource"`
		ScopeLogs []struct {
			Scope struct {
				Name string `json:"name"`
			} `json:"scope"`
			LogRecords []record `json:"logRecords"`
		} `json:"scopeLogs"`
	} `json:"resourceLogs"`
}

type record struct {
	Time       string     `json:"timeUnixNano"`
	Observed   string     `json:"observedTimeUnixNano"`
	Number     int        `json:"severityNumber"`
	Text       string     `json:"severityText"`
	EventName  string     `json:"eventName"`
	Body       anyValue   `json:"body"`
	Attributes []keyValue `json:"attributes"`
}

// event is what the body of a record holds.
func (r *record) event() (event.Event, error) {
	text := []byte(nil)
	if r.Body.String != nil {
		text = []byte(*r.Body.String)
	} else {
		o, err := event.NewObject(r.Body.plain().(map[string]any))
		if err != nil {
			return event.Event{}, err
		}
		text = []byte(o)
	}
	return event.ParseJSON(text)
}

var nanos = regexp.MustCompile(`^\d{1,19}$`)

// take is a receiver that knows nothing but what the specification has. It rejects records
// whose user agent is long, and takes the others, as the specification lets it.
func take(r *http.Request, body []byte) posttest.Answer {
	wrong := func(format string, args ...any) posttest.Answer {
		return posttest.Answer{Code: http.StatusNotImplemented, Body: fmt.Sprintf(format, args...)}
	}
	var q request
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.DisallowUnknownFields()
	if err := d.Decode(&q); err != nil || r.URL.Path != Path || r.Header.Get("Content-Type") != "application/json" {
		return wrong("%v, or path %s", err, r.URL.Path)
	}
	var kept [][]byte
	rejected := 0
	for _, rl := range q.ResourceLogs {
		if len(rl.Resource.Attributes) == 0 || rl.Resource.Attributes[len(rl.Resource.Attributes)-1].Key != "service.name" {
			return wrong("resource %v", rl.Resource)
		}
		for _, sl := range rl.ScopeLogs {
			for _, x := range sl.LogRecords {
				seen := map[string]any{}
				for _, kv := range x.Attributes {
					if seen[kv.Key] != nil || kv.Value.plain() == nil || kv.Value.plain() == "" {
						return wrong("attribute %s is there twice, or empty", kv.Key)
					}
					seen[kv.Key] = kv.Value.plain()
				}
				e, err := x.event()
				if err != nil || seen["log.record.uid"] != e.ID || !nanos.MatchString(x.Time) || x.Number < 1 || x.Number > 24 || x.EventName != e.Name {
					return wrong("%v: %+v", err, x)
				}
				if len(e.UserAgent) > 8<<10 {
					rejected++
					continue
				}
				kept = append(kept, e.AppendJSON(nil))
			}
		}
	}
	answer := `{"partialSuccess":{}}`
	if rejected > 0 {
		answer = fmt.Sprintf(`{"partialSuccess":{"rejectedLogRecords":"%d","errorMessage":"too long\u001b[0m"}}`, rejected)
	}
	return posttest.Answer{Events: kept, Body: answer, Header: http.Header{"Content-Type": {"application/json"}}}
}

func config(url, body string) Config {
	return Config{Receiver: post.Receiver{URL: url, Gzip: true}, Body: body, Resource: map[string]string{"deployment.environment.name": "prod"}}
}

func TestSink(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, where := range []string{"in process", "in its own process"} {
		for _, body := range []string{Text, Map} {
			if body == Map && where != "in process" {
				continue // one way is enough there
			}
			t.Run(body+" "+where, func(t *testing.T) {
				t.Parallel()
				if testing.Short() && where != "in process" {
					t.Skip("starts many processes")
				}
				sinktest.Run(t, sinktest.Harness{
					New: func(t testing.TB) sinktest.Place {
						r := posttest.New(t, take)
						c := config(r.URL, body)
						text, err := json.Marshal(c)
						if err != nil {
							t.Fatal(err)
						}
						return sinktest.Place{Held: r.Held, Open: func() plugins.Sink {
							if where != "in process" {
								return host.NewSink(host.Program{Name: "otlp", Command: []string{self}, Config: text})
							}
							s, err := New(c)
							if err != nil {
								t.Fatal(err)
							}
							return s
						}}
					},
					Spoil:   func(e *event.Event) { e.UserAgent = strings.Repeat("x", 9<<10) },
					Repeats: true,
				})
			})
		}
	}
}

func TestFlow(t *testing.T) {
	t.Parallel()
	r := posttest.Start(t)
	s, err := New(config(r.URL+Path, Text))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	all, repeats := flowtest.Run(t, flowtest.Flow{Sink: s, Receiver: r.Process, Held: r.Held, Rounds: 3})
	t.Logf("%d events, %d of them again", all, repeats)
}

func TestRecord(t *testing.T) {
	s, err := New(config("http://collector.example.com", Map))
	if err != nil {
		t.Fatal(err)
	}
	e := event.Event{ID: "1", Name: "StopInstance", Time: event.Unix(1_760_000_000_120_000_000, 2), SourceIP: "192.0.2.7", ErrorCode: "Forbidden", ErrorMessage: "no",
		RequestParameters: `{"a":[1,18446744073709551615,1.5,true,null,"x"]}`, Identity: event.Identity{UserName: "alice", PrincipalID: "28", Type: "ram-user"}}
	const want = `{"timeUnixNano":"1760000000120000000","severityNumber":13,"severityText":"WARN","eventName":"StopInstance","body":{"kvlistValue":{"values":[` +
		`{"key":"eventId","value":{"stringValue":"1"}},{"key":"eventVersion","value":{"intValue":"1"}},{"key":"eventName","value":{"stringValue":"StopInstance"}},` +
		`{"key":"eventTime","value":{"stringValue":"2025-10-09T08:53:20.12Z"}},{"key":"sourceIpAddress","value":{"stringValue":"192.0.2.7"}},` +
		`{"key":"requestParameters","value":{"kvlistValue":{"values":[{"key":"a","value":{"arrayValue":{"values":[{"intValue":"1"},{"stringValue":"18446744073709551615"},{"stringValue":"1.5"},{"boolValue":true},{},{"stringValue":"x"}]}}}]}}},` +
		`{"key":"errorCode","value":{"stringValue":"Forbidden"}},{"key":"errorMessage","value":{"stringValue":"no"}},` +
		`{"key":"userIdentity","value":{"kvlistValue":{"values":[{"key":"type","value":{"stringValue":"ram-user"}},{"key":"principalId","value":{"stringValue":"28"}},{"key":"userName","value":{"stringValue":"alice"}}]}}}]}},` +
		`"attributes":[{"key":"log.record.uid","value":{"stringValue":"1"}},{"key":"client.address","value":{"stringValue":"192.0.2.7"}},{"key":"user.id","value":{"stringValue":"28"}},{"key":"user.name","value":{"stringValue":"alice"}},` +
		`{"key":"enduser.id","value":{"stringValue":"alice"}},{"key":"error.type","value":{"stringValue":"Forbidden"}},{"key":"actiontrail.eventName","value":{"stringValue":"StopInstance"}},` +
		`{"key":"actiontrail.errorMessage","value":{"stringValue":"no"}},{"key":"actiontrail.userIdentity.type","value":{"stringValue":"ram-user"}}]}`
	if diff := cmp.Diff(want, string(s.append(nil, &e))); diff != "" {
		t.Error(diff)
	}
}

// Some of a request are rejected, and it is not said which: they are found, and the others are there.
func TestPartialSuccess(t *testing.T) {
	r := posttest.New(t, take)
	s, err := New(config(r.URL, Text))
	if err != nil {
		t.Fatal(err)
	}
	events := flowtest.Events(0, 100)
	events[3].UserAgent, events[64].UserAgent = strings.Repeat("x", 9<<10), strings.Repeat("y", 9<<10)
	refused := (*plugins.BatchError)(nil)
	if err := s.Write(t.Context(), events); !errors.As(err, &refused) || !slices.Equal(slices.Sorted(maps.Keys(refused.Refused)), []int{3, 64}) {
		t.Fatal(err)
	}
	if why := refused.Refused[3].Error(); !strings.Contains(why, "rejects 1 of 1 records: too long") || strings.Contains(why, "\x1b") {
		t.Error(why)
	}
}

func FuzzPartial(f *testing.F) {
	f.Add([]byte(`{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"x"}}`))
	f.Add([]byte(`{"partialSuccess":{"rejectedLogRecords":3}}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if n, _, err := readPartial(body); n < 0 || err != nil && n != 0 {
			t.Error(n, err)
		}
	})
}

// Any JSON has a form as an AnyValue, whose JSON says the same.
func FuzzValue(f *testing.F) {
	f.Add(`{"a":[1,2.5,true,null,"x",{}],"b":{"c":"\u2028"}}`)
	f.Fuzz(func(t *testing.T, text string) {
		o, err := event.ParseObject([]byte(text))
		if err != nil || o == "" {
			return
		}
		d := json.NewDecoder(strings.NewReader(string(o)))
		d.UseNumber()
		got, err := value(nil, d)
		if err != nil {
			t.Fatal(err)
		}
		var v anyValue
		if err := json.Unmarshal(got, &v); err != nil {
			t.Fatalf("%s: %v", got, err)
		}
		if _, ok := v.plain().(map[string]any); !ok {
			t.Errorf("%s", got)
		}
	})
}

// The receiver only reads.
func BenchmarkWrite(b *testing.B) {
	for _, body := range []string{Text, Map} {
		b.Run(body, func(b *testing.B) {
			s, err := New(config(posttest.Sink(b, http.StatusOK, "{}"), body))
			if err != nil {
				b.Fatal(err)
			}
			flowtest.Cost(b, s)
		})
	}
}
