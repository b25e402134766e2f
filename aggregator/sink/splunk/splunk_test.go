package splunk

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/sink/flowtest"
	"github.com/actiontrail/actiontrail/aggregator/sink/post"
	"github.com/actiontrail/actiontrail/aggregator/sink/post/posttest"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/host"
	"github.com/actiontrail/actiontrail/plugins/sinktest"
)

const token = "5f0c4f1e-1111-4222-8333-444455556666"

// The test binary is its own plugin, and its own receiver.
func TestMain(m *testing.M) {
	switch {
	case posttest.Launched(new(collector).take):
	case host.Launched():
		host.Serve(host.Plugin{Sink: func(config []byte) (plugins.Sink, error) {
			var c Config
			if err := plugins.DecodeConfig(config, &c); err != nil {
				return nil, err
			}
			s, err := New(c)
			if err != nil {
				return nil, err
			}
			return flowtest.Settled{Sink: quick(s)}, nil
		}})
	default:
		os.Exit(m.Run())
	}
}

// collector takes what Splunk's documentation of the HTTP Event Collector has, and nothing else:
// with a channel it acknowledges, each request once it was asked for twice.
type collector struct {
	mu    sync.Mutex
	next  int64
	asked map[string]int
	waits map[string][][]byte // events by acknowledgement: only one that was told counts
	never bool                // acknowledges nothing
}

var (
	epoch   = regexp.MustCompile(`^\d+\.\d{3,9}$`)
	channel = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
)

func (c *collector) take(r *http.Request, body []byte) posttest.Answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.asked == nil {
		c.asked, c.waits = map[string]int{}, map[string][][]byte{}
	}
	wrong := func(status, code int, text string) posttest.Answer {
		return posttest.Answer{Code: status, Body: fmt.Sprintf(`{"text":%q,"code":%d}`, text, code)}
	}
	if r.Header.Get("Authorization") != "Splunk "+token {
		return wrong(403, 4, "Invalid token")
	}
	ch := r.Header.Get(channelHeader)
	switch r.URL.Path {
	case AckPath:
		var asked struct {
			Acks []int64 `json:"acks"`
		}
		if r.URL.Query().Get("channel") != ch || !channel.MatchString(ch) || json.Unmarshal(body, &asked) != nil {
			return wrong(400, 11, "Invalid data channel")
		}
		a := posttest.Answer{}
		acks := map[string]bool{}
		for _, id := range asked.Acks {
			key := ch + strconv.FormatInt(id, 10)
			c.asked[key]++
			_, known := c.waits[key]
			if acks[strconv.FormatInt(id, 10)] = known && c.asked[key] > 1 && !c.never; acks[strconv.FormatInt(id, 10)] {
				a.Events = append(a.Events, c.waits[key]...)
				delete(c.waits, key)
			}
		}
		text, _ := json.Marshal(map[string]any{"acks": acks})
		a.Body = string(text)
		return a
	case Path:
	default:
		return wrong(404, 404, "The requested URL was not found on this server.")
	}
	var kept [][]byte
	for d := json.NewDecoder(bytes.NewReader(body)); ; {
		var one struct {
			Time       json.Number       `json:"time"`
			Host       string            `json:"host"`
			Source     string            `json:"source"`
			Sourcetype string            `json:"sourcetype"`
			Index      string            `json:"index"`
			Fields     map[string]string `json:"fields"`
			Event      json.RawMessage   `json:"event"`
		}
		d.DisallowUnknownFields()
		if err := d.Decode(&one); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return wrong(400, 6, "Invalid data format")
		}
		if one.Index != "audit" {
			return wrong(400, 7, "Incorrect index")
		}
		e, err := event.ParseJSON(one.Event)
		if err != nil || one.Sourcetype != DefaultSourcetype || one.Fields["eventId"] != e.ID || !epoch.MatchString(one.Time.String()) {
			return wrong(500, 8, fmt.Sprintf("%v: %+v", err, one))
		}
		if len(e.UserAgent) > 8<<10 {
			return wrong(400, 15, "Error in handling indexed fields")
		}
		kept = append(kept, one.Event)
	}
	if ch == "" {
		return posttest.Answer{Body: `{"text":"Success","code":0}`, Events: kept}
	}
	id := c.next
	c.next++
	c.waits[ch+strconv.FormatInt(id, 10)] = kept
	return posttest.Answer{Body: fmt.Sprintf(`{"text":"Success","code":0,"ackId":%d}`, id)}
}

// quick asks more often than is good for a Splunk.
func quick(s *Sink) *Sink {
	s.every, s.longest = 5*time.Millisecond, 2*time.Second
	return s
}

func config(t testing.TB, url string) Config {
	t.Helper()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return Config{Receiver: post.Receiver{URL: url, TokenFile: file, Gzip: true}, Index: "audit", Acknowledge: true}
}

func open(t testing.TB, c Config) *Sink {
	t.Helper()
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return quick(s)
}

func TestSink(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, where := range []string{"in process", "in its own process"} {
		for _, acknowledge := range []bool{true, false} {
			if !acknowledge && where != "in process" {
				continue // one way is enough there
			}
			t.Run(fmt.Sprintf("%s, acknowledge %t", where, acknowledge), func(t *testing.T) {
				t.Parallel()
				if testing.Short() && where != "in process" {
					t.Skip("starts many processes")
				}
				sinktest.Run(t, sinktest.Harness{
					New: func(t testing.TB) sinktest.Place {
						r := posttest.New(t, new(collector).take)
						c := config(t, r.URL)
						c.Acknowledge = acknowledge
						text, err := json.Marshal(c)
						if err != nil {
							t.Fatal(err)
						}
						return sinktest.Place{Held: r.Held, Open: func() plugins.Sink {
							if where != "in process" {
								return host.NewSink(host.Program{Name: "splunk", Command: []string{self}, Config: text})
							}
							return flowtest.Settled{Sink: open(t, c)}
						}}
					},
					Spoil:   func(e *event.Event) { e.UserAgent = strings.Repeat("x", 9<<10) },
					Repeats: true,
				})
			})
		}
	}
}

// The collector is killed with what it has answered but not acknowledged: all comes again.
func TestFlow(t *testing.T) {
	t.Parallel()
	r := posttest.Start(t)
	all, repeats := flowtest.Run(t, flowtest.Flow{Sink: flowtest.Settled{Sink: open(t, config(t, r.URL))}, Receiver: r.Process, Held: r.Held, Rounds: 3})
	t.Logf("%d events, %d of them again", all, repeats)
}

// What an operator mends is no event's fault, and what is never acknowledged is told.
func TestCollectorsThatDoNot(t *testing.T) {
	c := config(t, posttest.New(t, new(collector).take).URL)
	c.Index = "nothing"
	refused := (*plugins.BatchError)(nil)
	if err := open(t, c).Write(t.Context(), flowtest.Events(0, 5)); err == nil || errors.As(err, &refused) || !strings.Contains(err.Error(), "Incorrect index") {
		t.Error(err)
	}
	c = config(t, posttest.New(t, (&collector{never: true}).take).URL)
	s := open(t, c)
	s.longest = 100 * time.Millisecond
	before := s.channel
	if err := s.Write(t.Context(), flowtest.Events(0, 5)); err != nil {
		t.Fatal(err)
	}
	if err := s.Settle(t.Context()); err == nil || !strings.Contains(err.Error(), "has not acknowledged 1 requests") || s.channel == before || len(s.waits) > 0 {
		t.Error(err)
	}
	c = config(t, posttest.New(t, func(*http.Request, []byte) posttest.Answer {
		return posttest.Answer{Body: `{"text":"Success","code":0}`}
	}).URL)
	if err := open(t, c).Write(t.Context(), flowtest.Events(0, 5)); err == nil || !strings.Contains(err.Error(), "turn on indexer acknowledgement") {
		t.Error(err)
	}
	c = config(t, posttest.New(t, func(*http.Request, []byte) posttest.Answer { return posttest.Answer{Body: `<html>welcome`} }).URL)
	if err := open(t, c).Write(t.Context(), flowtest.Events(0, 5)); err == nil || !strings.Contains(err.Error(), "is no HTTP Event Collector") {
		t.Error(err)
	}
}

func TestForm(t *testing.T) {
	c := config(t, "https://splunk.example.com:8088")
	c.Source, c.Fields, c.Acknowledge = "trail \"a\"", map[string]string{"env": "prod"}, false
	s := open(t, c)
	e := event.Event{ID: "1", Source: "ecs.example.com", Time: event.Unix(1_760_000_000_120_000_000, 2)}
	const want = `{"time":1760000000.120,"host":"ecs.example.com","source":"trail \"a\"","sourcetype":"actiontrail:event","index":"audit","fields":{"eventId":"1","env":"prod"},"event":{"eventId":"1","eventVersion":1,"eventSource":"ecs.example.com","eventTime":"2025-10-09T08:53:20.12Z"}}`
	if diff := cmp.Diff(want, string(s.append(nil, &e))); diff != "" {
		t.Error(diff)
	}
	for want, at := range map[string]event.Time{"1.000": event.Unix(1e9, 0), "1.000000005": event.Unix(1e9+5, 9), "0.123456": event.Unix(123_456_789, 6)} {
		if got := string(seconds(nil, at)); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`{"acks":{"0":true,"1":false}}`), 200)
	f.Add([]byte(`{"text":"Success","code":0,"ackId":3}`), 200)
	f.Add([]byte(`{"text":"Invalid data format","code":6,"invalid-event-number":0}`), 400)
	s, err := New(Config{Receiver: post.Receiver{URL: "http://127.0.0.1", TokenFile: "x"}, Acknowledge: true})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte, code int) {
		a := &post.Answer{Code: code, Body: body}
		if acks, err := readAcks(body); err == nil && acks == nil {
			t.Error("neither acknowledgements nor an error")
		}
		clear(s.waits)
		if err := s.taken(a); err == nil && len(s.waits) != 1 {
			t.Error("it waits for nothing")
		}
		if v, why := s.judge(a, nil); v == post.Bad && why == "" && len(bytes.TrimSpace(body)) == 0 {
			t.Error("bad without a reason")
		}
	})
}

// The receiver only reads.
func BenchmarkWrite(b *testing.B) {
	c := config(b, posttest.Sink(b, http.StatusOK, `{"text":"Success","code":0}`))
	c.Acknowledge = false
	flowtest.Cost(b, open(b, c))
}
