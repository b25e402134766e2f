package loki

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
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

// The test binary is its own plugin, and its own receiver.
func TestMain(m *testing.M) {
	switch {
	case posttest.Launched(new(double).take):
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

// double takes pushes as Loki's documentation and source have them, and nothing else.
type double struct {
	streams map[string]map[string]bool // labels to time and line: Loki keeps one of each
	newest  map[string]int64
	pushes  int
	last    map[string]string // metadata of the last line that came at another time than its own
}

const longestLine = 16 << 10

func (d *double) take(r *http.Request, body []byte) posttest.Answer {
	var push struct {
		Streams []struct {
			Stream map[string]string   `json:"stream"`
			Values [][]json.RawMessage `json:"values"`
		} `json:"streams"`
	}
	if d.streams == nil {
		d.streams, d.newest = map[string]map[string]bool{}, map[string]int64{}
	}
	d.pushes++
	wrong := func(format string, args ...any) posttest.Answer {
		return posttest.Answer{Code: http.StatusNotImplemented, Body: fmt.Sprintf(format, args...)}
	}
	decoder := json.NewDecoder(strings.NewReader(string(body)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&push); err != nil || r.URL.Path != Path || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("X-Scope-OrgID") != "tenant-1" {
		return wrong("%v, or path %s, or headers %v", err, r.URL.Path, r.Header)
	}
	var kept [][]byte
	var faults []string
	for _, s := range push.Streams {
		if len(s.Stream) == 0 || len(s.Stream) > 15 {
			return wrong("labels %v", s.Stream)
		}
		for name, value := range s.Stream {
			if !LabelName.MatchString(name) || value == "" {
				return wrong("label %q is %q", name, value)
			}
		}
		labels := fmt.Sprint(s.Stream)
		if d.streams[labels] == nil {
			d.streams[labels] = map[string]bool{}
		}
		for _, v := range s.Values {
			var at, line string
			metadata := map[string]string{}
			if len(v) != 3 || json.Unmarshal(v[0], &at) != nil || json.Unmarshal(v[1], &line) != nil || json.Unmarshal(v[2], &metadata) != nil || metadata["eventId"] == "" {
				return wrong("entry %s", v)
			}
			nanos, err := strconv.ParseInt(at, 10, 64)
			if err != nil {
				return wrong("time %q", at)
			}
			oldest := time.Unix(0, d.newest[labels]).Add(-time.Hour)
			switch when := time.Unix(0, nanos); {
			case len(line) > longestLine:
				faults = append(faults, fmt.Sprintf("max entry size '%d' bytes exceeded for stream '%s' while adding an entry with length '%d' bytes", longestLine, labels, len(line)))
				continue
			case when.After(time.Now().Add(10 * time.Minute)):
				faults = append(faults, fmt.Sprintf("entry for stream '%s' has timestamp too new: %s", labels, when.Format(time.RFC3339)))
				continue
			case d.newest[labels] > 0 && when.Before(oldest):
				faults = append(faults, fmt.Sprintf("entry with timestamp %s ignored, reason: 'entry too far behind, entry timestamp is: %s, oldest acceptable timestamp is: %s',", when, when.Format(time.RFC3339), oldest.Format(time.RFC3339)))
				continue
			}
			d.newest[labels] = max(d.newest[labels], nanos)
			if metadata["eventTime"] != "" {
				d.last = metadata
			}
			if key := at + line; !d.streams[labels][key] {
				d.streams[labels][key] = true
				kept = append(kept, []byte(line))
			}
		}
	}
	if len(faults) > 0 { // the others were taken
		return posttest.Answer{Code: http.StatusBadRequest, Events: kept, Body: strings.Join(faults[:min(len(faults), 10)], "\n")}
	}
	return posttest.Answer{Code: http.StatusNoContent, Events: kept}
}

func config(url string) Config {
	return Config{Receiver: post.Receiver{URL: url, Gzip: true}, Tenant: "tenant-1", Labels: map[string]string{"trail": "all"}}
}

func TestSink(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, where := range []string{"in process", "in its own process"} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			if testing.Short() && where != "in process" {
				t.Skip("starts many processes")
			}
			sinktest.Run(t, sinktest.Harness{
				New: func(t testing.TB) sinktest.Place {
					r := posttest.New(t, new(double).take)
					c := config(r.URL)
					text, err := json.Marshal(c)
					if err != nil {
						t.Fatal(err)
					}
					return sinktest.Place{Held: r.Held, Open: func() plugins.Sink {
						if where != "in process" {
							return host.NewSink(host.Program{Name: "loki", Command: []string{self}, Config: text})
						}
						s, err := New(c)
						if err != nil {
							t.Fatal(err)
						}
						return s
					}}
				},
				Spoil:   func(e *event.Event) { e.UserAgent = strings.Repeat("x", longestLine) },
				Repeats: true,
			})
		})
	}
}

func TestFlow(t *testing.T) {
	t.Parallel()
	r := posttest.Start(t)
	s, err := New(config(r.URL))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	all, repeats := flowtest.Run(t, flowtest.Flow{Sink: s, Receiver: r.Process, Held: r.Held, Rounds: 3})
	t.Logf("%d events, %d of them again", all, repeats)
}

// Events that are too old for Loki, or of the future, come at the time of now, without many requests; or are refused.
func TestUntimely(t *testing.T) {
	d := new(double)
	r := posttest.New(t, d.take)
	c := config(r.URL)
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().Add(-time.Minute)
	events := flowtest.Events(0, 500)
	for i := range events {
		at := now
		if i > 0 && i%5 == 0 {
			at = now.Add(-3 * time.Hour)
		}
		events[i].Time = event.Unix(at.UnixNano()+int64(i), 9)
	}
	events[7].Time = event.At(time.Now().Add(time.Hour), 3)
	if err := s.Write(t.Context(), events); err != nil {
		t.Fatal(err)
	}
	held, err := r.Held()
	if err != nil || len(held) != len(events) {
		t.Fatalf("%d of %d, %v", len(held), len(events), err)
	}
	if d.pushes > 4 {
		t.Errorf("%d pushes", d.pushes)
	}
	at, err := event.ParseTime(d.last["eventTime"])
	if err != nil || at.Std() != events[7].Time.Std() && !at.Std().Before(now.Add(-2*time.Hour)) {
		t.Errorf("metadata %v", d.last)
	}

	c.Late = LateRefuse
	other := new(double)
	r = posttest.New(t, other.take)
	c.Receiver.URL = r.URL
	if s, err = New(c); err != nil {
		t.Fatal(err)
	}
	refused := (*plugins.BatchError)(nil)
	if err := s.Write(t.Context(), events); !errors.As(err, &refused) || len(refused.Refused) != 100 {
		t.Fatalf("%v", err)
	}
	if first := slices.Min(slices.Collect(maps.Keys(refused.Refused))); first != 5 || !strings.Contains(refused.Refused[5].Error(), "too far behind") {
		t.Errorf("%d: %v", first, refused.Refused[first])
	}
}

func TestPush(t *testing.T) {
	c := config("http://loki.example.com")
	c.Labels, c.LabelFields, c.Metadata, c.Format = map[string]string{"env": "a\"b"}, map[string]string{"who": "userIdentity.type"}, map[string]string{}, "json"
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	events := []event.Event{{ID: "1", Time: event.Unix(1_760_000_000_123_456_789, 9)}, {ID: "2", Identity: event.Identity{Type: "jwt"}, Time: event.Unix(1, 9)}, {ID: "3", Time: event.Unix(2, 9)}}
	got := string(s.push(post.Parts(events, func(b []byte, e *event.Event) []byte { return append(b, "line "+e.ID...) })))
	const want = `{"streams":[{"stream":{"env":"a\"b"},"values":[["1760000000123456789","line 1"],["2","line 3"]]},{"stream":{"env":"a\"b","who":"jwt"},"values":[["1","line 2"]]}]}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWrongConfig(t *testing.T) {
	for want, change := range map[string]func(*Config){
		`no label "id"`:       func(c *Config) { c.LabelFields = map[string]string{"id": "eventId"} },
		`no label "a-b"`:      func(c *Config) { c.LabelFields = map[string]string{"a-b": "eventRW"} },
		`label "trail"`:       func(c *Config) { c.LabelFields = map[string]string{"trail": "eventRW"} },
		`no metadatum "x"`:    func(c *Config) { c.Metadata = map[string]string{"x": "nothing"} },
		`a label at least`:    func(c *Config) { c.Labels, c.LabelFields = nil, map[string]string{} },
		`no format "xml"`:     func(c *Config) { c.Format = "xml" },
		`late is "now" or`:    func(c *Config) { c.Late = "never" },
		`not the address of `: func(c *Config) { c.Receiver.URL = "loki:3100" },
	} {
		c := config("http://127.0.0.1:3100")
		change(&c)
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// Whatever Loki says, it is not told twice that events come at another time for the same reason.
func FuzzMove(f *testing.F) {
	f.Add("entry too far behind, oldest acceptable timestamp is: 2026-03-04T05:06:07Z,", true)
	f.Add("oldest acceptable timestamp is: 0000-13-99T99:99:99Z", false)
	f.Fuzz(func(t *testing.T, text string, alone bool) {
		s, err := New(config("http://127.0.0.1:3100"))
		if err != nil {
			t.Fatal(err)
		}
		n := 5
		if alone {
			n = 1
		}
		parts := post.Parts(flowtest.Events(0, n), func(b []byte, e *event.Event) []byte { return b })
		s.untimely = map[*event.Event]int64{}
		for turn := 0; s.move(text, parts, true, true); turn++ {
			if turn > n {
				t.Fatal("there is no end")
			}
		}
	})
}

// The receiver only reads.
func BenchmarkWrite(b *testing.B) {
	s, err := New(config(posttest.Sink(b, http.StatusNoContent, "")))
	if err != nil {
		b.Fatal(err)
	}
	flowtest.Cost(b, s)
}
