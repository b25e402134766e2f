package api

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/realtest"
)

// frame is one event of a tail.
type frame struct{ name, id, data string }

// tailer reads a tail.
type tailer struct {
	t    *testing.T
	in   *bufio.Reader
	resp *http.Response
}

func startTail(t *testing.T, server *httptest.Server, at string, headers ...string) *tailer {
	t.Helper()
	r := must(http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+at, nil))(t)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp := must(server.Client().Do(r))(t)
	t.Cleanup(func() { resp.Body.Close() })
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" || resp.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("status %d, header %v", resp.StatusCode, resp.Header)
	}
	return &tailer{t, bufio.NewReader(resp.Body), resp}
}

// next is the next event; comments are passed over.
func (x *tailer) next() frame {
	x.t.Helper()
	var f frame
	for {
		line, err := x.in.ReadString('\n')
		if err != nil {
			x.t.Fatalf("the tail ended: %v", err)
		}
		line = strings.TrimSuffix(line, "\n")
		key, value, _ := strings.Cut(line, ": ")
		switch {
		case line == "" && f.name != "":
			return f
		case line == "":
			f = frame{}
		case key == "event":
			f.name = value
		case key == "id":
			f.id = value
		case key == "data":
			f.data = value
		case !strings.HasPrefix(line, ":"):
			x.t.Fatalf("line %q", line)
		}
	}
}

// events are the ids of the next n events, and the last place.
func (x *tailer) events(n int) (ids []string, last string) {
	x.t.Helper()
	for range n {
		f := x.next()
		if f.name != "event" {
			x.t.Fatalf("%+v, want an event", f)
		}
		e := must(event.ParseJSON([]byte(f.data)))(x.t)
		ids, last = append(ids, e.ID), f.id
	}
	return ids, last
}

// tailServer has a Live that the index's follower would fill.
func tailServer(t *testing.T) (*Server, *aggregator.Live, *httptest.Server) {
	t.Helper()
	s, _ := madeUpServer(0)
	s.Live = aggregator.NewLive()
	s.Live.Begin(0)
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	t.Cleanup(s.Live.Close)
	return s, s.Live, server
}

// publish makes a batch of n events searchable; every second one is a write. Their ids are SEQ.0, SEQ.1 …
func publish(l *aggregator.Live, seq uint64, n int) {
	b := event.Batch{Seq: seq}
	for i := range n {
		e := event.Event{ID: fmt.Sprintf("%d.%d", seq, i), Name: "Act", RW: event.Read, Time: event.At(testNow.Add(time.Duration(seq)*time.Minute), 0)}
		if i%2 == 0 {
			e.RW = event.Write
		}
		b.Events = append(b.Events, e)
	}
	l.Publish([]event.Batch{b}, seq)
}

func TestTail(t *testing.T) {
	_, live, server := tailServer(t)
	publish(live, 1, 3) // before it begins
	all := startTail(t, server, "/api/v1/tail")
	writes := startTail(t, server, target("/api/v1/tail", "query", "eventRW: Write", "fields", "eventId"))
	for _, x := range []*tailer{all, writes} {
		if f := x.next(); f != (frame{"ready", "2-0", "{}"}) {
			t.Errorf("begins with %+v", f)
		}
	}
	publish(live, 2, 4)
	publish(live, 3, 1)
	got, last := all.events(5)
	if diff := cmp.Diff([]string{"2.0", "2.1", "2.2", "2.3", "3.0"}, got); diff != "" || last != "4-0" {
		t.Errorf("ends at %s (-want +got):\n%s", last, diff)
	}
	got, _ = writes.events(3)
	if diff := cmp.Diff([]string{"2.0", "2.2", "3.0"}, got); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
	// The canonical bytes, or the part of them that was asked for.
	publish(live, 4, 1)
	if f := writes.next(); f.data != `{"eventId":"4.0"}` {
		t.Errorf("part of an event: %+v", f)
	}
}

// TestTailResumes from every place that a client can have been cut off at, without loss and without repetition.
func TestTailResumes(t *testing.T) {
	_, live, server := tailServer(t)
	first := startTail(t, server, "/api/v1/tail")
	places := []string{first.next().id}
	var want []string
	for seq := uint64(1); seq <= 4; seq++ {
		publish(live, seq, 3)
	}
	for range 12 {
		ids, place := first.events(1)
		want, places = append(want, ids...), append(places, place)
	}
	for i, place := range places[:12] {
		for _, again := range []*tailer{startTail(t, server, "/api/v1/tail", "Last-Event-ID", place), startTail(t, server, target("/api/v1/tail", "after", place)),
			startTail(t, server, target("/api/v1/tail", "after", "1-0"), "Last-Event-ID", place)} {
			if f := again.next(); f.name != "ready" || f.id != place {
				t.Errorf("begins with %+v", f)
			}
			if got, _ := again.events(12 - i); !cmp.Equal(want[i:], got) {
				t.Errorf("after %s come %v, want %v", place, got, want[i:])
			}
			again.resp.Body.Close()
		}
	}
}

// TestTailOfASlowClient: it is not waited for. What the server no longer holds it is told of, and then it goes on.
func TestTailOfASlowClient(t *testing.T) {
	_, live, server := tailServer(t)
	slow := startTail(t, server, "/api/v1/tail")
	slow.next()
	// More than the buffers of a connection and the server hold; nothing is read meanwhile.
	const batches, size = 400, 500
	for seq := uint64(1); seq <= batches; seq++ {
		publish(live, seq, size)
	}
	seen, missed := 0, 0
	var last string
	for seen+missed < batches*size {
		f := slow.next()
		if f.name == "event" {
			e := must(event.ParseJSON([]byte(f.data)))(t)
			seen++
			last = e.ID
			continue
		}
		var m TailMissed
		if err := json.Unmarshal([]byte(f.data), &m); err != nil || f.name != "missed" || m.Events == nil || *m.Events <= 0 {
			t.Fatalf("%+v: %v", f, err)
		}
		missed += int(*m.Events)
		// Whoever searches the range that it is told of finds them.
		var seq uint64
		if _, err := fmt.Sscanf(f.id, "%d-", &seq); err != nil || !m.To.After(testNow.Add(time.Duration(seq-1)*time.Minute)) || m.From.After(testNow.Add(time.Duration(seq-1)*time.Minute)) {
			t.Errorf("missed until %s: %+v, %v", f.id, m, err)
		}
		if m.After == f.id {
			t.Errorf("missed from %s to %s", m.After, f.id)
		}
	}
	if seen+missed != batches*size || missed == 0 || last != fmt.Sprintf("%d.%d", batches, size-1) {
		t.Errorf("%d seen and %d missed of %d; the last is %s", seen, missed, batches*size, last)
	}
}

// TestTailBeats: a tail without events is not silent, and its place moves on all the same.
func TestTailBeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := madeUpServer(0)
		s.Live = aggregator.NewLive()
		s.Live.Begin(0)
		ctx, cancel := context.WithCancel(t.Context())
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, target("/api/v1/tail", "query", "eventName: NoSuchAction"), nil)
		r.Host = "localhost"
		w := httptest.NewRecorder()
		done := make(chan struct{})
		go func() { s.Handler().ServeHTTP(w, r); close(done) }()
		synctest.Wait()
		publish(s.Live, 1, 2)
		time.Sleep(2*heartbeat + time.Second)
		cancel()
		<-done
		if want := "event: ready\nid: 1-0\ndata: {}\n\n" + strings.Repeat("id: 2-0\n: still here\n\n", 2); w.Body.String() != want {
			t.Errorf("sent %q, want %q", w.Body, want)
		}
	})
}

// TestTailEndsWithTheServer, and is audited with how many events were handed out.
func TestTailEndsWithTheServer(t *testing.T) {
	s, _ := madeUpServer(0)
	s.Live = aggregator.NewLive()
	s.Live.Begin(0)
	calls := make(chan Call, 1)
	s.Audit = func(_ context.Context, c Call) error { calls <- c; return nil }
	server := httptest.NewServer(s.Handler())
	defer server.Close()
	x := startTail(t, server, target("/api/v1/tail", "query", "eventRW: Write"))
	x.next()
	publish(s.Live, 1, 3)
	x.events(2)
	s.Live.Close()
	if _, err := x.in.ReadString('\n'); err != io.EOF {
		t.Errorf("the end is %v", err)
	}
	if c := <-calls; c.Action != "TailEvents" || c.Status != http.StatusOK || c.Events != 2 || c.Parameters["query"] != "eventRW: Write" {
		t.Errorf("audited as %+v", c)
	}
}

func TestTailProblems(t *testing.T) {
	s, _ := madeUpServer(0)
	if got := get(t, s.Handler(), "/api/v1/tail"); got.status != http.StatusNotImplemented {
		t.Errorf("status %d of a server without a stream", got.status)
	}
	s.Live = aggregator.NewLive()
	defer s.Live.Close()
	h := s.Handler()
	for at, parameter := range map[string]string{
		target("/api/v1/tail", "query", "("):      "query",
		target("/api/v1/tail", "fields", "nope"):  "fields",
		target("/api/v1/tail", "after", "42"):     "after",
		target("/api/v1/tail", "from", "now-1d"):  "from",
		target("/api/v1/tail", "after", "99x-00"): "after",
	} {
		if p := get(t, h, at).problem(t, http.StatusBadRequest); p.Parameter != parameter {
			t.Errorf("%s: %+v", at, p)
		}
	}
	if p := get(t, h, "/api/v1/tail", "Last-Event-ID", "x").problem(t, http.StatusBadRequest); p.Parameter != "Last-Event-ID" {
		t.Errorf("%+v", p)
	}
	if got := call(t, h, http.MethodHead, "/api/v1/tail"); got.status != http.StatusOK || len(got.body) != 0 {
		t.Errorf("HEAD: status %d, %q", got.status, got.body)
	}
}

// TestTailsAreBounded: one more is told when to come again, and may when one has left.
func TestTailsAreBounded(t *testing.T) {
	s, _, server := tailServer(t)
	var first *tailer
	for range DefaultTails {
		x := startTail(t, server, "/api/v1/tail")
		x.next()
		first = x
	}
	resp := must(server.Client().Get(server.URL + "/api/v1/tail"))(t)
	resp.Body.Close()
	if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
		t.Errorf("status %d, %v", resp.StatusCode, resp.Header)
	}
	first.resp.Body.Close()
	publish(s.Live, 1, 1) // what is written to a client that left ends its tail
	realtest.Until(t, realtest.Patience, "a tail may begin", func() bool {
		r := must(http.NewRequest(http.MethodHead, server.URL+"/api/v1/tail", nil))(t)
		resp := must(server.Client().Do(r))(t)
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
}
