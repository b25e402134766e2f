package elasticsearch

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/host"
	"github.com/actiontrail/actiontrail/plugins/sinktest"
)

// TestNode runs what needs a real node: one does for all.
func TestNode(t *testing.T) {
	url, p := realtest.StartElasticsearch(t)
	n := &node{url: url, process: p}
	t.Run("Suite", n.suite)
	t.Run("Template", n.template)
	t.Run("Proxy", n.proxy)
	t.Run("Kill", n.kill)
}

type node struct {
	url     string
	process *realtest.Process
	names   int
}

// pattern is one of names of indices that nobody has yet.
func (n *node) pattern() string {
	n.names++
	return fmt.Sprintf("t%d-{yyyy.MM.dd}", n.names)
}

func (n *node) ask(method, path, body string, into any) error {
	r, err := http.NewRequest(method, n.url+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %d %s, %w", method, path, res.StatusCode, data, err)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(data, into)
}

// held are the events of all indices of a pattern.
func (n *node) held(pattern, query string) (all []event.Event, err error) {
	var found struct {
		Hits struct {
			Hits []struct {
				ID     string          `json:"_id"`
				Source json.RawMessage `json:"_source"`
			}
		}
	}
	indices, _, _ := strings.Cut(pattern, "{")
	if err := n.ask(http.MethodPost, "/"+indices+"*/_refresh", "", nil); err != nil {
		return nil, err
	}
	if err := n.ask(http.MethodPost, "/"+indices+"*/_search?size=10000", `{"query":`+query+`}`, &found); err != nil {
		return nil, err
	}
	for _, h := range found.Hits.Hits {
		e, err := event.ParseJSON(h.Source)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}

const everything = `{"match_all":{}}`

func (n *node) suite(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, where := range []string{"in process", "in its own process"} {
		t.Run(where, func(t *testing.T) {
			sinktest.Run(t, sinktest.Harness{
				New: func(t testing.TB) sinktest.Place {
					config := Config{Addresses: []string{n.url}, Index: n.pattern(), Template: true, MaxBytes: 200_000}
					return sinktest.Place{
						Open: func() plugins.Sink {
							if where == "in process" {
								return newSink(t, config)
							}
							text, err := json.Marshal(config)
							if err != nil {
								t.Fatal(err)
							}
							return host.NewSink(host.Program{Name: "elasticsearch", Command: []string{self}, Config: text})
						},
						Held: func() ([]event.Event, error) { return n.held(config.Index, everything) },
					}
				},
				// A term is 32,766 bytes at most: this key makes a longer one.
				Spoil: func(e *event.Event) {
					e.RequestParameters, err = event.NewObject(map[string]any{strings.Repeat("k", 40_000): "v"})
					if err != nil {
						t.Fatal(err)
					}
				},
			})
		})
	}
}

// template: what others have chosen is taken in any form, and found.
func (n *node) template(t *testing.T) {
	config := Config{Addresses: []string{n.url}, Index: n.pattern(), Template: true}
	var events []event.Event
	for i, text := range []string{
		`"requestParameters":{"":1,"a..b":1E+400,"n":1.0,".":{"..":[]}}`, `"requestParameters":{"n":{"deep":"x"}}`, `"requestParameters":{"n":"text","Id":"i-7"}`,
		`"requestParameters":{"deep":` + strings.Repeat(`{"a":`, 60) + `"x"` + strings.Repeat("}", 60) + `}`,
		`"errorMessage":"` + strings.Repeat("tokén", 9000) + `","raw":"` + strings.Repeat("x ", 30000) + `"`,
		`"ours":1`, `"ours":"text"`, `"ours":true`, `"sourceIpAddress":"internal"`, `"responseElements":{"a":"2026-01-01"}`, `"responseElements":{"a":"b"}`,
	} {
		e, err := event.ParseJSON(fmt.Appendf(nil, `{"eventId":"odd-%02d","eventTime":"2026-03-01T10:00:%02d.5Z",%s}`, i, i, text))
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	if err := newSink(t, config).Write(t.Context(), events); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]int{
		everything: len(events), `{"term":{"requestParameters.Id":"i-7"}}`: 1, `{"term":{"sourceIpAddress":"internal"}}`: 1,
		`{"range":{"eventTime":{"gte":"2026-03-01T10:00:03Z","lt":"2026-03-01T10:00:05Z"}}}`: 2,
	} {
		got, err := n.held(config.Index, query)
		if err != nil || len(got) != want {
			t.Errorf("%s finds %d events, want %d, %v", query, len(got), want, err)
		}
	}
}

// through writes events part by part, as long as it takes, and gives the errors that it met.
func through(t *testing.T, s *Sink, events []event.Event, between func(part int)) (met int) {
	t.Helper()
	for part := 0; part*50 < len(events); part++ {
		between(part)
		realtest.Until(t, realtest.Patience, "a part to be taken", func() bool {
			err := s.Write(t.Context(), events[part*50:part*50+50])
			if err != nil {
				met++
			}
			return err == nil
		})
	}
	return met
}

func (n *node) same(t *testing.T, pattern string, events []event.Event) {
	t.Helper()
	got, err := n.held(pattern, everything)
	if err != nil {
		t.Fatal(err)
	}
	var want, have []string
	for i := range events {
		want = append(want, string(events[i].AppendJSON(nil)))
	}
	for i := range got {
		have = append(have, string(got[i].AppendJSON(nil)))
	}
	slices.Sort(want)
	slices.Sort(have)
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("%d events are there, want %d: %.500s", len(have), len(want), diff)
	}
}

// proxy cuts connections, loses answers and breaks them off.
func (n *node) proxy(t *testing.T) {
	f := realtest.StartFaulty(t, n.url)
	config := Config{Addresses: []string{f.URL}, Index: n.pattern()}
	s := newSink(t, config)
	f.Choose(realtest.Randomly(3, 3))
	events := some(0, 2500)
	met := through(t, s, events, func(int) {})
	t.Logf("%d errors were met, of %v", met, f.Did())
	if met < 5 {
		t.Error("hardly anything was wrong")
	}
	n.same(t, config.Index, events)
}

// kill ends the node in the middle of a request, as kill -9 does.
func (n *node) kill(t *testing.T) {
	config := Config{Addresses: []string{n.url}, Index: n.pattern()}
	s := newSink(t, config)
	events := some(0, 1500)
	back := make(chan struct{})
	met := through(t, s, events, func(part int) {
		if part == 10 {
			go func() {
				n.process.Kill()
				n.process.Again()
				close(back)
			}()
		}
	})
	<-back
	t.Logf("%d errors were met", met)
	realtest.AwaitElasticsearch(t, n.url, n.process)
	n.same(t, config.Index, events)
}
