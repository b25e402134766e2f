package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/event"
)

// fakeBundles answers what it was asked; the trail says how it goes.
func fakeBundles(_ context.Context, r BundleRequest) (string, func(context.Context, io.Writer) (uint64, error), error) {
	if r.Trail == "none" {
		return "", nil, fmt.Errorf("trail: %w", archive.ErrNoEvent)
	}
	return "b.zip", func(_ context.Context, w io.Writer) (uint64, error) {
		switch r.Trail {
		case "early":
			return 0, errors.New("the bucket is away")
		case "empty":
			return 0, fmt.Errorf("period: %w", archive.ErrNoEvent)
		}
		_, err := fmt.Fprintf(w, "%s/%s %s %s %q %t", r.Trail, r.Delivery, r.To.Sub(r.From), r.Late, r.Where, r.Filter != nil && r.Filter.Match(&event.Event{Name: "A"}))
		if r.Trail == "late" {
			err = errors.New("the bucket went away")
		}
		return 7, err
	}, nil
}

func TestGetBundle(t *testing.T) {
	s, _ := madeUpServer(1)
	get(t, s.Handler(), "/api/v1/bundle").problem(t, http.StatusNotImplemented)
	s.Bundle = fakeBundles
	h := s.Handler()
	ask := func(v url.Values) string {
		v.Set("from", "2026-11-01")
		v.Set("to", "2026-11-02")
		return "/api/v1/bundle?" + v.Encode()
	}
	got := get(t, h, ask(url.Values{"trail": {"all"}, "delivery": {"s3"}, "late": {"90m"}, "query": {"eventName: A"}}))
	if want := fmt.Sprintf("all/s3 %s %s %q true", 48*time.Hour, 90*time.Minute, "eventName: A"); got.status != http.StatusOK || string(got.body) != want { // a day without a time is meant as a whole
		t.Errorf("%d %s, want %s", got.status, got.body, want)
	}
	if got := get(t, h, ask(url.Values{})); got.status != http.StatusOK || !strings.Contains(string(got.body), "24h0m0s \"\" false") {
		t.Errorf("with nothing said: %d %s", got.status, got.body)
	}
	for trail, status := range map[string]int{"none": http.StatusNotFound, "empty": http.StatusNotFound, "early": http.StatusInternalServerError} {
		get(t, h, ask(url.Values{"trail": {trail}})).problem(t, status)
	}
	for _, late := range []string{"soon", "1", "h", "-1h", "367d", "1w", "99999999999h"} {
		get(t, h, ask(url.Values{"late": {late}})).problem(t, http.StatusBadRequest)
	}
	for _, text := range []string{"eventName: (", "eventTime > now-1h"} {
		get(t, h, ask(url.Values{"query": {text}})).problem(t, http.StatusBadRequest)
	}
	defer func() {
		if recover() != http.ErrAbortHandler {
			t.Error("a stream that fails is not broken off")
		}
	}()
	get(t, h, ask(url.Values{"trail": {"late"}}))
}
