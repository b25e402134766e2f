package lanes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/actiontrail/actiontrail/agent"
	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/access"
	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/internal/wire"
	httpsource "github.com/actiontrail/actiontrail/plugins/http"
)

// What the configuration accepts, the source takes, as it was written.
func TestHTTPConfig(t *testing.T) {
	got := httpConfig(&config.Source{MaxLine: 7, HTTP: &config.HTTP{Listen: "127.0.0.1:1", Path: "/a", TokenFile: "t", Split: "json", MaxBody: 8, MaxRecords: 9, MaxInflight: 10, Wait: 11,
		TLS: &config.ListenTLS{Cert: "c", Key: "k", ClientCA: "ca"}}}, nil)
	want := httpsource.Config{Listen: "127.0.0.1:1", Path: "/a", TokenFile: "t", Split: "json", MaxBody: 8, MaxRecords: 9, MaxLine: 7, MaxInflight: 10, Wait: 11,
		TLS: &access.TLS{Cert: "c", Key: "k", ClientCA: "ca"}}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(httpsource.Config{}, "Log")); diff != "" {
		t.Error(diff)
	}
	if _, err := httpsource.New(got); err != nil {
		t.Error(err)
	}
	if config.DefaultHTTPPath != httpsource.DefaultPath || config.DefaultMaxBody != httpsource.DefaultMaxBody || config.DefaultMaxRecords != httpsource.DefaultMaxRecords ||
		config.DefaultMaxInflight != httpsource.DefaultMaxInflight || config.DefaultHTTPWait != httpsource.DefaultWait || config.DefaultMaxLine != httpsource.DefaultMaxLine {
		t.Error("the defaults differ")
	}
}

func TestCheckListeners(t *testing.T) {
	secure := &config.ListenTLS{Cert: "c", Key: "k"}
	mutual := &config.ListenTLS{Cert: "c", Key: "k", ClientCA: "ca"}
	for _, c := range []struct {
		h  config.HTTP
		ok bool
	}{
		{config.HTTP{Listen: "127.0.0.1:1"}, true},
		{config.HTTP{Listen: "[::1]:1"}, true},
		{config.HTTP{Listen: "localhost:1"}, true},
		{config.HTTP{Listen: ":1"}, false},
		{config.HTTP{Listen: "10.0.0.1:1", TokenFile: "t"}, false},
		{config.HTTP{Listen: "10.0.0.1:1", TLS: secure}, false},
		{config.HTTP{Listen: "10.0.0.1:1", TLS: secure, TokenFile: "t"}, true},
		{config.HTTP{Listen: "10.0.0.1:1", TLS: mutual}, true},
	} {
		cfg := &config.Config{Sources: []config.Source{{Name: "file"}, {Name: "kong", HTTP: &c.h}}}
		if err := CheckListeners(cfg, false); (err == nil) != c.ok {
			t.Errorf("%+v: %v", c.h, err)
		}
		if err := CheckListeners(cfg, true); err != nil {
			t.Errorf("%+v, insecure: %v", c.h, err)
		}
	}
}

// gate is a stream in memory, which takes batches only while it is open.
type gate struct {
	held
	open   bool
	ids    map[string]uint64
	opened int           // of messages
	posted []event.Event // of what is opened, those of records
}

func (g *gate) Publish(_ context.Context, subject, id string, message []byte) (uint64, bool, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.open {
		return 0, false, errors.New("the stream takes nothing")
	}
	if seq, twice := g.ids[id]; twice {
		return seq, true, nil
	}
	seq := g.keep(subject, message)
	g.ids[id] = seq
	return seq, false, nil
}

func (g *gate) set(open bool) { g.mu.Lock(); defer g.mu.Unlock(); g.open = open }

// events are those of records that came so far.
func (g *gate) events(t *testing.T) []event.Event {
	g.mu.Lock()
	defer g.mu.Unlock()
	for ; g.opened < len(g.messages); g.opened++ {
		b, err := wire.Open(g.messages[g.opened].Data)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range b.Events {
			if strings.HasPrefix(e.Origin.FileID, "http/") {
				g.posted = append(g.posted, e)
			}
		}
	}
	return g.posted
}

// posted is an agent to which clients post.
type posted struct {
	t    *testing.T
	cfg  *config.Config
	dir  string
	key  agent.Key
	gate *gate
	addr string

	lanes *Lanes
	stop  func()
}

func newPosted(t *testing.T, body string) *posted {
	t.Helper()
	p := &posted{t: t, dir: t.TempDir(), gate: &gate{ids: map[string]uint64{}}, addr: realtest.FreeAddr(t)}
	file := filepath.Join(t.TempDir(), "x.hcl")
	if err := os.WriteFile(file, fmt.Appendf(nil, "source \"http\" \"kong\" {\n listen = %q\n%s\n}\n", p.addr, body), 0o600); err != nil {
		t.Fatal(err)
	}
	var err error
	if p.cfg, err = config.Load(file); err != nil {
		t.Fatal(err)
	}
	if p.key, err = agent.LoadKey(p.dir); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.stop() })
	return p
}

// start begins a new run of the agent, and waits until it listens.
func (p *posted) start() {
	p.t.Helper()
	if p.stop != nil {
		p.stop()
	}
	var err error
	p.lanes, err = New(p.cfg, p.dir, p.key, p.gate, Reports{Send: func(context.Context, string, string, []byte) error { return nil }}, slog.New(slog.DiscardHandler))
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { p.lanes.Run(ctx) })
	p.stop = func() { cancel(); running.Wait() }
	realtest.Until(p.t, realtest.Patience, "the source", func() bool { return p.lanes.posted["kong"].Addr() != nil })
}

// post returns the status of the answer, 0 without one.
func (p *posted) post(body, key string) int {
	r, err := http.NewRequest(http.MethodPost, "http://"+p.addr+"/logs", strings.NewReader(body))
	if err != nil {
		p.t.Error(err)
		return 0
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	resp, err := (&http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return 0
	}
	return resp.StatusCode
}

// lines is a body of requests with names of their own, which do not shrink.
func lines(request, n int) (body string, names []string) {
	var b strings.Builder
	state := uint64(request)*2654435761 + 1
	for i := range n {
		name := fmt.Sprintf("request-%d-%d", request, i)
		names = append(names, name)
		fmt.Fprintf(&b, `{"time_iso8601":"2026-01-01T00:00:00Z","request_method":"GET","request_uri":"/%s/`, name)
		for range 100 {
			state = state*6364136223846793005 + 1442695040888963407
			b.WriteByte('a' + byte(state>>58)%26)
		}
		b.WriteString("\",\"status\":200}\n")
	}
	return b.String(), names
}

// times counts the events of each name.
func times(events []event.Event) map[string]int {
	n := map[string]int{}
	for i := range events {
		_, rest, _ := strings.Cut(events[i].Raw, `"request_uri":"/`)
		name, _, _ := strings.Cut(rest, "/")
		n[name]++
	}
	return n
}

// While the stream is down requests are taken until the spool is full, and then refused whole:
// what was answered with 200 comes once, of what was refused there is nothing.
func TestPostedToAFullSpool(t *testing.T) {
	p := newPosted(t, `format = "nginx"
 keep_raw = true
 wait = "100ms"`)
	p.cfg.Agent.SpoolBytes = 3 << 20
	p.start()
	taken, refused, unknown := map[string]bool{}, map[string]bool{}, map[string]bool{}
	full := func() bool { return p.lanes.Status()[0].PendingBytes > p.cfg.Agent.SpoolBytes-2*agent.BatchBytes }
	post := func(request, records int) int {
		body, names := lines(request, records)
		status := p.post(body, "")
		for _, name := range names {
			switch status {
			case http.StatusOK:
				taken[name] = true
			case http.StatusServiceUnavailable:
				refused[name] = true
			case 0: // it was taken in part when the spool became full: its client gave up
				unknown[name] = true
			default:
				t.Fatalf("request %d is answered %d", request, status)
			}
		}
		return status
	}
	request := 0
	for ; request < 200 && (!full() || len(refused) == 0); request++ {
		post(request, 1500) // more than a read
	}
	if len(taken) == 0 || len(refused) == 0 || !full() {
		t.Fatalf("%d taken, %d refused, status %+v", len(taken), len(refused), p.lanes.Status()[0])
	}
	p.start() // what was answered survives this
	p.gate.set(true)
	for post(request, 10) != http.StatusOK { // until there is room
		request++
	}
	came := func() (n int) {
		for name := range times(p.gate.events(t)) {
			if taken[name] {
				n++
			}
		}
		return n
	}
	realtest.Until(t, realtest.Patience, "the events", func() bool { return came() == len(taken) })
	for name, n := range times(p.gate.events(t)) {
		if !taken[name] && !unknown[name] || n != 1 {
			t.Fatalf("%s came %d times; it was taken: %v", name, n, taken[name])
		}
	}
}

// The agent is started again and again, wherever its lane is, and its clients send what was
// not answered with the same key: each record becomes one event, with an id of its own.
func TestPostedAgain(t *testing.T) {
	const clients, requests, records = 4, 10, 1100
	p := newPosted(t, `format = "nginx"
 keep_raw = true`)
	p.gate.set(true)
	p.start()
	var posting sync.WaitGroup
	answered := make(chan struct{}, clients*requests)
	for c := range clients {
		posting.Go(func() {
			for i := range requests {
				request := c*requests + i
				body, _ := lines(request, records)
				for p.post(body, fmt.Sprint("key ", request)) != http.StatusOK {
					if t.Context().Err() != nil || t.Failed() {
						return
					}
				}
				answered <- struct{}{}
			}
		})
	}
	starts := 0
	for n := 0; n < clients*requests; n++ {
		select {
		case <-answered:
		case <-time.After(realtest.Patience):
			t.Fatal("no answer")
		}
		if n%4 == 0 { // others are under way
			p.start()
			starts++
		}
	}
	posting.Wait()
	const want = clients * requests * records
	realtest.Until(t, realtest.Patience, "the events", func() bool { return len(p.gate.events(t)) >= want })
	events := p.gate.events(t)
	ids := map[string]bool{}
	for i := range events {
		ids[events[i].ID] = true
	}
	for name, n := range times(events) {
		if n != 1 {
			t.Fatalf("%s came %d times", name, n)
		}
	}
	if len(events) != want || len(ids) != want || starts < 5 {
		t.Errorf("%d events with %d ids, want %d; %d starts", len(events), len(ids), want, starts)
	}
}

// A webhook's list becomes an event for each of its items but those that are ignored; it is answered when all are ignored, too.
func TestPostedAuditList(t *testing.T) {
	p := newPosted(t, `format = "kubernetes"`)
	p.gate.set(true)
	p.start()
	item := func(id, stage string) string {
		return fmt.Sprintf(`{"level":"Metadata","auditID":%q,"stage":%q,"requestURI":"/api/v1/namespaces/shop/pods","verb":"list","user":{"username":"ann"},"sourceIPs":["10.0.0.1"],"objectRef":{"resource":"pods","namespace":"shop","apiVersion":"v1"},"responseStatus":{"code":200},"requestReceivedTimestamp":"2026-01-01T00:00:00.000000Z","stageTimestamp":"2026-01-01T00:00:00.010000Z"}`, id, stage)
	}
	list := func(items ...string) string {
		return `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[` + strings.Join(items, ",") + `]}`
	}
	const first, second = "f7ea4b0d-8d7c-4f2b-9b0a-0d3b5c1e2f3a", "f7ea4b0d-8d7c-4f2b-9b0a-0d3b5c1e2f3b"
	if status := p.post(list(item(first, "RequestReceived")), ""); status != http.StatusOK {
		t.Errorf("answered %d when all is ignored", status)
	}
	if status := p.post(list(item(first, "ResponseComplete"), item(second, "RequestReceived"), item(second, "ResponseComplete")), ""); status != http.StatusOK {
		t.Errorf("answered %d", status)
	}
	if status := p.post(list(item(second, "ResponseComplete")), ""); status != http.StatusOK { // again
		t.Errorf("answered %d", status)
	}
	realtest.Until(t, realtest.Patience, "the events", func() bool { return len(p.gate.events(t)) == 3 })
	e := p.gate.events(t)
	for i, want := range []string{first, second, second} {
		if e[i].RequestID != want || e[i].Name != "ListPods" {
			t.Errorf("event %s %s, want %s", e[i].RequestID, e[i].Name, want)
		}
	}
	if e[0].ID == e[1].ID || e[1].ID != e[2].ID {
		t.Errorf("ids %s, %s, and of the same again %s", e[0].ID, e[1].ID, e[2].ID)
	}
}
