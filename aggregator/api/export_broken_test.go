package api

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
)

// TestExportBreaksVisibly: what fails after the first page must not look like the end.
func TestExportBreaksVisibly(t *testing.T) {
	for _, media := range []string{ndjson, asCSV} {
		for name, c := range map[string]struct {
			err    error
			status int
		}{
			"error":   {errors.New("segment 7: checksum"), http.StatusInternalServerError},
			"timeout": {context.DeadlineExceeded, http.StatusServiceUnavailable},
		} {
			t.Run(media+" "+name, func(t *testing.T) {
				s, x := madeUpServer(2*exportPage + 1)
				calls := make(chan Call, 1)
				s.Audit = func(_ context.Context, c Call) error { calls <- c; return nil }
				x.err = func(q index.Query) error {
					if q.After != "" {
						return c.err
					}
					return nil
				}
				server := httptest.NewServer(s.Handler())
				defer server.Close()
				r := must(http.NewRequest(http.MethodGet, server.URL+"/api/v1/events", nil))(t)
				r.Header.Set("Accept", media)
				resp := must(server.Client().Do(r))(t)
				defer resp.Body.Close()
				body, err := io.ReadAll(resp.Body)
				if resp.StatusCode != http.StatusOK || err == nil {
					t.Errorf("status %d, error %v after %d bytes: the client cannot tell that there is more", resp.StatusCode, err, len(body))
				}
				if len(body) == 0 || strings.Contains(string(body), "segment 7") {
					t.Errorf("%d bytes: %.100s", len(body), body)
				}
				if call := <-calls; call.Status != c.status || call.Events != exportPage || call.Problem.Title == "" {
					t.Errorf("audited as status %d, %d events, %+v", call.Status, call.Events, call.Problem)
				}
			})
		}
	}
}

// TestExportFirstPageFails: then nothing was sent, and the answer is a problem.
func TestExportFirstPageFails(t *testing.T) {
	s, x := madeUpServer(1)
	x.err = func(index.Query) error { return errors.New("segment 7: checksum") }
	p := get(t, s.Handler(), "/api/v1/events", "Accept", ndjson).problem(t, http.StatusInternalServerError)
	if strings.Contains(p.Detail+p.Hint+p.Title, "segment") {
		t.Errorf("the problem tells what is inside: %+v", p)
	}
	get(t, s.Handler(), searchTarget("query", "("), "Accept", asCSV).problem(t, http.StatusBadRequest)
}

// TestExportClientGone: a client that goes away stops the search.
func TestExportClientGone(t *testing.T) {
	s, x := madeUpServer(3)
	x.searched = make(chan index.Query)
	calls := make(chan Call, 1)
	s.Audit = func(_ context.Context, c Call) error { calls <- c; return nil }
	endless := &endlessIndex{fakeIndex: x, page: x.events[:3]}
	s.Index = endless
	server := httptest.NewServer(s.Handler())
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r := must(http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/api/v1/events", nil))(t)
	r.Header.Set("Accept", ndjson)
	go func() { // lets three pages through, then leaves
		for range 3 {
			<-x.searched
		}
		cancel()
		for {
			select {
			case <-x.searched: // one may be under way
			case <-t.Context().Done():
				return
			}
		}
	}()
	if resp, err := server.Client().Do(r); err == nil {
		_, _ = bufio.NewReader(resp.Body).WriteTo(io.Discard)
		resp.Body.Close()
	}
	if call := <-calls; call.Status != statusClientGone || call.Events%3 != 0 {
		t.Errorf("audited as status %d after %d events", call.Status, call.Events)
	}
}

// endlessIndex always has one more page.
type endlessIndex struct {
	*fakeIndex
	page []event.Event
}

func (x *endlessIndex) Search(ctx context.Context, q index.Query) (index.Page, error) {
	select {
	case x.searched <- q:
	case <-ctx.Done():
	}
	page := index.Page{Total: 1 << 30, Next: "more"}
	for _, e := range x.page {
		page.Events = append(page.Events, e.AppendJSON(nil))
	}
	return page, ctx.Err()
}

// TestExportDamagedEvent: an event that cannot be read is the server's fault, not the client's.
func TestExportDamagedEvent(t *testing.T) {
	s, x := madeUpServer(1)
	s.Index = damagedIndex{x}
	var call Call
	s.Audit = func(_ context.Context, c Call) error { call = c; return nil }
	func() {
		defer func() {
			if p := recover(); p != http.ErrAbortHandler {
				t.Errorf("panic %v, want the connection broken off", p)
			}
		}()
		get(t, s.Handler(), "/api/v1/events", "Accept", asCSV)
	}()
	if call.Status != http.StatusInternalServerError {
		t.Errorf("audited as %d", call.Status)
	}
}

type damagedIndex struct{ *fakeIndex }

func (damagedIndex) Search(context.Context, index.Query) (index.Page, error) {
	return index.Page{Events: [][]byte{[]byte(`{"eventId":`)}, Total: 1}, nil
}
