package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
)

// slowIndex answers nothing until it is told to stop.
type slowIndex struct{ index.Index }

func (slowIndex) Search(ctx context.Context, _ index.Query) (index.Page, error) {
	<-ctx.Done()
	return index.Page{}, ctx.Err()
}

func (slowIndex) Get(ctx context.Context, _ string) ([]byte, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (slowIndex) Histogram(ctx context.Context, _ index.Query, _ time.Duration) ([]index.Bucket, []string, error) {
	<-ctx.Done()
	return nil, nil, ctx.Err()
}

func (slowIndex) Values(ctx context.Context, _ index.Query, _ string, _ int) ([]index.Value, []string, error) {
	<-ctx.Done()
	return nil, nil, ctx.Err()
}

func TestTimeout(t *testing.T) {
	for _, at := range []string{"/api/v1/events", "/api/v1/events/x", "/api/v1/histogram", "/api/v1/fields/eventName/values"} {
		for _, timeout := range []time.Duration{0, 3 * time.Second} {
			synctest.Test(t, func(t *testing.T) {
				h := (&Server{Index: slowIndex{}, Timeout: timeout}).Handler()
				begin := time.Now()
				p := get(t, h, at).problem(t, http.StatusServiceUnavailable)
				want := timeout
				if want == 0 {
					want = DefaultTimeout
				}
				if took := time.Since(begin); took != want || p.Type != problemTimeout || p.Hint == "" {
					t.Errorf("%s: after %s, want %s: %+v", at, took, want, p)
				}
			})
		}
	}
}

// TestTimeoutOfStream is of one page, not of the whole stream.
func TestTimeoutOfStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, x := madeUpServer(5 * exportPage)
		x.err = func(index.Query) error { time.Sleep(20 * time.Second); return nil }
		if got := get(t, s.Handler(), "/api/v1/events", "Accept", ndjson); len(lines(got.body)) != 5*exportPage {
			t.Errorf("%d lines", len(lines(got.body)))
		}
	})
}

// panickingIndex panics at everything, with what should not get out.
type panickingIndex struct{ index.Index }

func (panickingIndex) Search(context.Context, index.Query) (index.Page, error) {
	panic("secret of /var/lib/x")
}

func TestPanic(t *testing.T) {
	var log bytes.Buffer
	var calls []Call
	s := &Server{Index: panickingIndex{}, Log: slog.New(slog.NewTextHandler(&log, nil)),
		Status: func(context.Context) Status { panic(errors.New("secret of /var/lib/x")) },
		Ready:  func() []string { panic("secret of /var/lib/x") },
		Page:   http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("secret of /var/lib/x") }),
		Audit:  func(_ context.Context, c Call) error { calls = append(calls, c); return nil },
	}
	h := s.Handler()
	for _, at := range []string{"/api/v1/events", "/api/v1/status", "/api/v1/histogram", "/metrics", "/readyz", "/"} {
		log.Reset()
		got := get(t, h, at)
		p := got.problem(t, http.StatusInternalServerError)
		id := got.header.Get("X-Request-Id")
		if p.Type != problemInternal || !strings.Contains(p.Detail, "X-Request-Id") || strings.Contains(string(got.body), "secret") || strings.Contains(string(got.body), ".go") {
			t.Errorf("%s tells %s", at, got.body)
		}
		if id == "" || !strings.Contains(log.String(), id) || at != "/api/v1/histogram" && !strings.Contains(log.String(), "secret of /var/lib/x") || !strings.Contains(log.String(), "panicked") {
			t.Errorf("%s: request %q is not in the log: %s", at, id, log.String())
		}
	}
	if len(calls) != 3 || calls[0].Status != http.StatusInternalServerError {
		t.Errorf("audited %+v", calls)
	}
	if got := get(t, h, "/healthz"); got.status != http.StatusOK {
		t.Errorf("status %d after panics", got.status)
	}
}

// TestPanicInStream: what began as a whole answer must not end as one.
func TestPanicInStream(t *testing.T) {
	s, x := madeUpServer(2 * exportPage)
	x.err = func(q index.Query) error {
		if q.After != "" {
			panic("secret of /var/lib/x")
		}
		return nil
	}
	calls := make(chan Call, 1)
	s.Audit = func(_ context.Context, c Call) error { calls <- c; return nil }
	server := httptest.NewServer(s.Handler())
	defer server.Close()
	r := must(http.NewRequest(http.MethodGet, server.URL+"/api/v1/events", nil))(t)
	r.Header.Set("Accept", ndjson)
	resp := must(server.Client().Do(r))(t)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil || strings.Contains(string(body), "secret") {
		t.Errorf("error %v, %d bytes", err, len(body))
	}
	if call := <-calls; call.Status != http.StatusInternalServerError {
		t.Errorf("audited as %d", call.Status)
	}
}
