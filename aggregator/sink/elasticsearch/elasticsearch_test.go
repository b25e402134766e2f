package elasticsearch

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/host"
)

// The test binary is its own plugin.
func TestMain(m *testing.M) {
	if host.Launched() {
		host.Serve(host.Plugin{Sink: func(config []byte) (plugins.Sink, error) {
			var c Config
			if err := plugins.DecodeConfig(config, &c); err != nil {
				return nil, err
			}
			return New(c)
		}})
		return
	}
	os.Exit(m.Run())
}

func newSink(t testing.TB, c Config) *Sink {
	t.Helper()
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	s.wait = time.Millisecond
	t.Cleanup(func() { s.Close() })
	return s
}

// some are events of three days.
func some(from, to int) (all []event.Event) {
	for i := from; i < to; i++ {
		all = append(all, event.Event{ID: fmt.Sprintf("event-%06d", i), Name: "Do", Time: event.Unix(1_760_000_000_000_000_000+int64(i%3)*86_400e9, 3)})
	}
	return all
}

func idsOf(events []event.Event) (ids []string) {
	for i := range events {
		ids = append(ids, events[i].ID)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Whatever a request meets, each event is there once, and only what was not taken is sent again.
func TestFaults(t *testing.T) {
	status := func(code, times int) func(*fake) {
		return func(f *fake) {
			f.request = func(w http.ResponseWriter, _ *http.Request, bulk int) bool {
				if bulk == 0 || bulk > times {
					return false
				}
				fail(w, code, "planted_exception", "planted")
				return true
			}
		}
	}
	items := func(code int, kind string, times int) func(*fake) {
		return func(f *fake) {
			f.item = func(id string, bulk int) (int, string, string) {
				if bulk <= times && strings.HasSuffix(id, "7") {
					return code, kind, "planted"
				}
				return 0, "", ""
			}
		}
	}
	for name, c := range map[string]struct {
		plant func(*fake)
		sizes []int
		want  string // in the first error; "": there is none
	}{
		"plain":                   {nil, []int{100}, ""},
		"429 of the request":      {status(429, 3), []int{100}, ""},
		"503 of the request":      {status(503, 1), []int{100}, "503 planted_exception"},
		"401":                     {status(401, 1), []int{100}, "password or API key"},
		"403":                     {status(403, 1), []int{100}, "privileges"},
		"429 of items":            {items(429, "es_rejected_execution_exception", 2), []int{100, 10, 10}, ""},
		"503 of items":            {items(503, "unavailable_shards_exception", 1), []int{100, 10}, ""},
		"items never taken now":   {items(429, "es_rejected_execution_exception", tries), []int{100, 10, 10, 10, 10, 10, 100}, "10 of 10 events are not taken yet"},
		"read only for a while":   {items(403, "cluster_block_exception", 2), []int{100, 10, 10}, ""},
		"an index that is closed": {items(400, "index_closed_exception", 2), []int{100, 10, 10}, ""},
		"413":                     {status(413, 1), []int{50, 50}, ""},
		"cut": {func(f *fake) {
			f.request = func(_ http.ResponseWriter, _ *http.Request, bulk int) bool {
				if bulk == 1 {
					panic(http.ErrAbortHandler)
				}
				return false
			}
		}, []int{100}, "EOF"},
		"no cluster at all": {func(f *fake) {
			f.request = func(w http.ResponseWriter, _ *http.Request, bulk int) bool {
				if bulk == 1 {
					fmt.Fprint(w, `{"errors":false}`)
				}
				return bulk == 1
			}
		}, []int{100}, "what answers is not Elasticsearch"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			if c.plant != nil {
				c.plant(f)
			}
			s := newSink(t, Config{Addresses: []string{f.URL + "/"}})
			events := some(0, 100)
			err := s.Write(t.Context(), events)
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) || strings.Count(err.Error(), f.URL) > 1 {
					t.Fatalf("%v, want %s", err, c.want)
				}
				err = s.Write(t.Context(), events)
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(idsOf(events), f.held(t)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.sizes, f.sizes); diff != "" {
				t.Errorf("requests (-want +got)\n%s", diff)
			}
		})
	}
}

// What a document is refused for is told without what stands in it.
func TestRefused(t *testing.T) {
	f := newFake(t)
	f.item = func(id string, bulk int) (int, string, string) {
		if strings.HasSuffix(id, "7") {
			return 400, "document_parsing_exception", "[1:2] failed to parse field [a] of type [long]. Preview of field's value: 'hunter2'"
		}
		return 0, "", ""
	}
	s := newSink(t, Config{Addresses: []string{f.URL}, MaxBytes: 2000})
	events := append(some(0, 100), some(7, 8)...)
	err := s.Write(t.Context(), events)
	refused := (*plugins.BatchError)(nil)
	if !errors.As(err, &refused) || len(refused.Refused) != 11 || refused.Refused[7] == nil || refused.Refused[100] == nil {
		t.Fatal(err)
	}
	if why := refused.Refused[97].Error(); strings.Contains(why, "hunter2") || !strings.Contains(why, "failed to parse field [a]") {
		t.Error(why)
	}
	if len(f.held(t)) != 90 || f.bulks < 5 {
		t.Errorf("%d events in %d requests", len(f.held(t)), f.bulks)
	}
}

// An event that is larger than the cluster takes is refused alone.
func TestTooLarge(t *testing.T) {
	f := newFake(t)
	f.request = func(w http.ResponseWriter, r *http.Request, bulk int) bool {
		if r.URL.Path == "/_bulk" && r.ContentLength > 5000 {
			w.WriteHeader(413) // a proxy's
			return true
		}
		return false
	}
	s := newSink(t, Config{Addresses: []string{f.URL}})
	events := some(0, 200)
	events[50].UserAgent = strings.Repeat("x", 6000)
	err := s.Write(t.Context(), events)
	refused := (*plugins.BatchError)(nil)
	if !errors.As(err, &refused) || len(refused.Refused) != 1 || refused.Refused[50] == nil {
		t.Fatal(err)
	}
	if len(f.held(t)) != 199 {
		t.Error(len(f.held(t)))
	}
}

// Aliases and data streams are refused before anything is written, or by the answer where nobody may look.
func TestElsewhere(t *testing.T) {
	f := newFake(t)
	f.leads["audit"] = ".ds-audit-000001"
	s := newSink(t, Config{Addresses: []string{f.URL}, Index: "audit"})
	if err := s.Write(t.Context(), some(0, 1)); err == nil || !strings.Contains(err.Error(), "data stream") || f.bulks > 0 {
		t.Error(err)
	}
	f.request = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if r.Method == http.MethodGet {
			fail(w, 403, "security_exception", "no")
		}
		return r.Method == http.MethodGet
	}
	if err := s.Write(t.Context(), some(0, 1)); err == nil || !strings.Contains(err.Error(), "data stream") || f.bulks != 1 {
		t.Error(err)
	}
	f.request = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if r.Method == http.MethodPut {
			fail(w, 400, "illegal_argument_exception", "cannot create index with name [logs], because it matches with template [logs] that creates data streams only, use create data stream api instead")
		}
		return r.Method == http.MethodPut
	}
	s = newSink(t, Config{Addresses: []string{f.URL}, Index: "logs"})
	if err := s.Write(t.Context(), some(0, 1)); err == nil || !strings.Contains(err.Error(), "take another name") || f.bulks != 1 {
		t.Error(err)
	}
}

func TestTemplate(t *testing.T) {
	for _, opens := range []bool{false, true} {
		f := newFake(t)
		f.opens = opens
		s := newSink(t, Config{Addresses: []string{f.URL}, Index: "audit-t-{yyyy.MM.dd}", Template: true})
		if err := s.Write(t.Context(), some(0, 10)); err != nil {
			t.Fatal(err)
		}
		text := string(f.template["_index_template/actiontrail.audit-t"])
		if !strings.Contains(text, `["audit-t-2*","audit-t-other"]`) || strings.Contains(text, `"flat_object"`) != opens || strings.Contains(text, `"flattened"`) == opens {
			t.Error(text)
		}
		f.template["_index_template/actiontrail.audit-t"] = []byte("own") // somebody has changed it
		s = newSink(t, s.config)
		if err := s.Write(t.Context(), some(0, 10)); err != nil || string(f.template["_index_template/actiontrail.audit-t"]) != "own" {
			t.Error(err)
		}
	}
	f := newFake(t)
	f.request = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if strings.HasPrefix(r.URL.Path, "/_index_template") {
			fail(w, 403, "security_exception", "no")
			return true
		}
		return false
	}
	if err := newSink(t, Config{Addresses: []string{f.URL}, Template: true}).Write(t.Context(), some(0, 1)); err == nil || !strings.Contains(err.Error(), "template = false") {
		t.Error(err)
	}
}

// A node that is away is passed over, and who asks is read again from its file.
func TestNodes(t *testing.T) {
	f, away := newFake(t), newFake(t)
	away.Close()
	var seen []string
	f.request = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		seen = append(seen, r.Header.Get("Authorization"))
		return false
	}
	file := filepath.Join(t.TempDir(), "key")
	s := newSink(t, Config{Addresses: []string{away.URL, f.URL}, APIKeyFile: file})
	if err := s.Write(t.Context(), some(0, 10)); err == nil || !strings.Contains(err.Error(), "api_key_file") {
		t.Error(err)
	}
	for i, key := range []string{"one", "two"} {
		if err := os.WriteFile(file, []byte(key+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := s.Write(t.Context(), some(10*i, 10*i+10)); err != nil {
			t.Fatal(err)
		}
		if last := seen[len(seen)-1]; last != "ApiKey "+key {
			t.Error(last)
		}
	}
	s = newSink(t, Config{Addresses: []string{f.URL}, Username: "u", PasswordFile: file})
	if err := s.Write(t.Context(), some(0, 1)); err != nil || seen[len(seen)-1] != "Basic dTp0d28=" {
		t.Error(err, seen[len(seen)-1])
	}
	if len(f.held(t)) != 20 {
		t.Error(f.held(t))
	}
	f.Close()
	if err := s.Write(t.Context(), some(0, 1)); err == nil || !strings.Contains(err.Error(), f.URL) { // refused, or a connection that ended
		t.Error(err)
	}
}

func TestNames(t *testing.T) {
	day := func(text string) event.Time {
		at, err := event.ParseTime(text)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	observed := event.Origin{Observed: day("2026-03-01T10:00:00Z")}
	for _, c := range []struct {
		index string
		event event.Event
		want  string
	}{
		{"a-{yyyy.MM.dd}", event.Event{Time: day("2026-03-01T23:59:59.9Z")}, "a-2026.03.01"},
		{"a-{yyyy-MM}-b", event.Event{Time: day("2026-03-01T10:00:00Z")}, "a-2026-03-b"},
		{"a{yyyy}", event.Event{Time: day("2026-03-01T10:00:00Z")}, "a2026"},
		{"a", event.Event{}, "a"},
		{"a-{yyyy.MM.dd}", event.Event{}, "a-other"},
		{"a-{yyyy.MM.dd}", event.Event{Time: day("1970-01-01T00:00:00Z")}, "a-other"},
		{"a-{yyyy.MM.dd}", event.Event{Time: day("2099-01-01T00:00:00Z"), Origin: observed}, "a-other"},
		{"a-{yyyy.MM.dd}", event.Event{Time: day("2026-03-02T09:00:00Z"), Origin: observed}, "a-2026.03.02"},
		{"a-{yyyy.MM.dd}", event.Event{Time: day("2100-01-01T09:00:00Z")}, "a-other"},
	} {
		p, err := parsePattern(c.index)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.of(&c.event); got != c.want {
			t.Errorf("%s: %s, want %s", c.index, got, c.want)
		}
	}
	at := []string{"https://es:9200"}
	for _, c := range []Config{{}, {Addresses: []string{"es:9200"}}, {Addresses: []string{"https://u:p@es"}}, {Addresses: at, Index: "A"}, {Addresses: at, Index: "-a"}, {Addresses: at, Index: "a-{dd}"}, {Addresses: at, Index: "a-{yyyy"},
		{Addresses: at, Index: "a-{yyyy}-{MM}"}, {Addresses: at, Index: ".."}, {Addresses: at, Index: strings.Repeat("a", 256)}, {Addresses: at, Format: "x"}, {Addresses: at, Username: "u"}, {Addresses: at, APIKeyFile: "k", Username: "u", PasswordFile: "p"}, {Addresses: at, MaxBytes: -1}} {
		if _, err := New(c); err == nil {
			t.Errorf("%+v is taken", c)
		} else if strings.Contains(err.Error(), "u:p") {
			t.Error(err)
		}
	}
	if id := documentID(strings.Repeat("i", 600)); len(id) > 512 || id == documentID(strings.Repeat("i", 601)) {
		t.Error(id)
	}
}

func FuzzBulk(f *testing.F) {
	f.Add([]byte(`{"errors":true,"items":[{"create":{"_index":"a","status":201}},{"create":{"_index":"a","status":400,"error":{"type":"x","reason":"y","caused_by":{"reason":"z: w"}}}}]}`), 2)
	f.Add([]byte(`{"errors":false,"items":[{"index":{}}]}`), 1)
	f.Add([]byte(`{"errors":false,"items":[{"create":null},null]}`), 2)
	f.Fuzz(func(t *testing.T, data []byte, n int) {
		all, err := parseBulk(data, n)
		if err == nil && len(all) != n {
			t.Fatalf("%d answers for %d items", len(all), n)
		}
		for _, a := range all {
			if a.Status == 0 || a.why() == "" || a.refuses() && a.Status == 201 {
				t.Errorf("%+v", a)
			}
		}
		if e := readStatus(500, data); !strings.HasPrefix(e.Error(), "500") {
			t.Error(e)
		}
	})
}
