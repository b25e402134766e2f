package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
)

// TestGateIsFair: turns are given in the order in which they were asked for.
func TestGateIsFair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(2)
		for range 2 {
			if err := g.enter(t.Context(), time.Second); err != nil {
				t.Fatal(err)
			}
		}
		order := make(chan int, 10)
		for i := range 10 {
			go func() {
				if err := g.enter(t.Context(), time.Duration(i%2)*time.Hour); err != nil { // streams too wait in line
					t.Error(err)
				}
				order <- i
			}()
			synctest.Wait()
		}
		for i := range 10 {
			g.leave()
			synctest.Wait()
			if got := <-order; got != i {
				t.Fatalf("turn %d went to %d", i, got)
			}
		}
		g.leave()
		g.leave()
		if g.free != 2 || len(g.waiting) != 0 {
			t.Errorf("%d turns are free, %d wait", g.free, len(g.waiting))
		}
	})
}

// TestGateLosesNoTurn, whoever gives up.
func TestGateLosesNoTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1)
		if err := g.enter(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		gone := make(chan error, 2)
		go func() { gone <- g.enter(ctx, 0) }()
		go func() { gone <- g.enter(t.Context(), time.Second) }()
		synctest.Wait()
		cancel()
		time.Sleep(2 * time.Second)
		for range 2 {
			var p Problem
			if err := <-gone; !errors.Is(err, context.Canceled) && (!errors.As(err, &p) || p.RetryAfterSeconds != 1) {
				t.Errorf("gave up with %v", err)
			}
		}
		if len(g.waiting) != 0 {
			t.Errorf("%d wait still", len(g.waiting))
		}
		// A turn that comes while it is given up is not lost, either.
		for range 200 {
			ctx, cancel := context.WithCancel(t.Context())
			go func() { gone <- g.enter(ctx, 0) }()
			synctest.Wait()
			cancel()
			g.leave()
			if err := <-gone; err != nil {
				if err := g.enter(t.Context(), 0); err != nil {
					t.Fatal(err)
				}
			}
		}
		g.leave()
		if g.free != 1 {
			t.Errorf("%d turns are free", g.free)
		}
	})
}

// blockedIndex holds every search until it is let go.
type blockedIndex struct {
	*fakeIndex
	begun chan struct{}
	free  chan struct{}
}

func (x *blockedIndex) Search(ctx context.Context, q index.Query) (index.Page, error) {
	x.begun <- struct{}{}
	select {
	case <-x.free:
	case <-ctx.Done():
	}
	return x.fakeIndex.Search(ctx, q)
}

// TestBusy: one search too many waits for its patience, and is told when to come again. What needs no search is answered.
func TestBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, x := madeUpServer(3)
		b := &blockedIndex{x, make(chan struct{}, 100), make(chan struct{})}
		s.Index, s.MostSearches, s.Patience, s.Timeout = b, 2, 3*time.Second, time.Hour
		h := s.Handler()
		running := make(chan int)
		for range 2 {
			go func() { running <- get(t, h, searchTarget("limit", "1")).status }()
		}
		<-b.begun
		<-b.begun
		begin := time.Now()
		for i, at := range []string{searchTarget(), "/api/v1/histogram", "/api/v1/fields", "/api/v1/fields/eventName/values", exportTarget(), "/api/v1/query/complete", surroundingTarget(x.events[0].ID)} {
			got := get(t, h, at)
			if p := got.problem(t, http.StatusServiceUnavailable); p.Type != problemBusy || got.header.Get("Retry-After") != "3" || p.RetryAfterSeconds != 3 {
				t.Errorf("%s: %+v, %v", at, p, got.header)
			}
			if took := time.Since(begin); took != time.Duration(i+1)*3*time.Second {
				t.Errorf("%s was refused after %s", at, took)
			}
		}
		for _, at := range []string{"/api/v1/status", "/api/v1/query/check", "/api/v1/events/" + x.events[0].ID} {
			if got := get(t, h, at); got.status != http.StatusOK {
				t.Errorf("%s: status %d", at, got.status)
			}
		}
		// A queue does not grow without end.
		full := make(chan int, 2*maxWaitingSearches)
		for range maxWaitingSearches {
			go func() { full <- get(t, h, searchTarget()).status }()
		}
		synctest.Wait()
		begin = time.Now()
		get(t, h, searchTarget()).problem(t, http.StatusServiceUnavailable)
		if took := time.Since(begin); took != 0 {
			t.Errorf("one too many to wait was refused after %s", took)
		}
		close(b.free)
		for range 2 {
			if status := <-running; status != http.StatusOK {
				t.Errorf("status %d", status)
			}
		}
		for range maxWaitingSearches {
			if status := <-full; status != http.StatusOK {
				t.Errorf("status %d of one that waited", status)
			}
		}
	})
}

// TestExportsAreBounded, and wait for their later pages as long as it takes.
func TestExportsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, x := madeUpServer(exportPage + 1)
		b := &blockedIndex{x, make(chan struct{}, 1000), make(chan struct{})}
		s.Index, s.MostSearches, s.Timeout, s.Patience = b, DefaultExports, time.Hour, time.Second
		h := s.Handler()
		done := make(chan reply)
		for range DefaultExports {
			go func() { done <- get(t, h, exportTarget()) }()
		}
		synctest.Wait()
		get(t, h, exportTarget()).problem(t, http.StatusServiceUnavailable)
		close(b.free)
		for range DefaultExports {
			if got := <-done; len(lines(got.body)) != exportPage+1 {
				t.Errorf("status %d, %d lines", got.status, len(lines(got.body)))
			}
		}
		if got := get(t, h, exportTarget("limit", "1")); got.status != http.StatusOK {
			t.Errorf("status %d after the others ended: %s", got.status, got.body)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s, x := madeUpServer(exportPage + 1)
		g := newGate(1)
		h := &handlers{Server: s, now: s.Now, timeout: time.Hour, patience: time.Second, turns: g}
		_ = g.enter(t.Context(), 0)
		got := make(chan error)
		go func() {
			_, err := h.page(t.Context(), index.Query{Limit: 1}, 0)
			got <- err
		}()
		time.Sleep(time.Hour)
		g.leave()
		if err := <-got; err != nil || len(x.events) == 0 {
			t.Error(fmt.Errorf("a stream that waits: %w", err))
		}
	})
}
