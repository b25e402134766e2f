package api

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/query"
)

// BundleRequest says what is to be in a bundle.
type BundleRequest struct {
	Trail, Delivery string // "": the only trail, the first delivery
	From, To        time.Time
	Late            time.Duration
	Where           string
	Filter          query.Expr // nil: all events
}

// mostLate is how late events may have come that are looked for.
const mostLate = 366 * 24 * time.Hour

// DefaultLate is how late they may have come when nobody says it.
const DefaultLate = 24 * time.Hour

// GetBundle streams a bundle.
func (h *handlers) GetBundle(w http.ResponseWriter, r *http.Request, params GetBundleParams) {
	if err := h.bundle(w, r, params); err != nil {
		h.fail(w, r, params.Query, err)
	}
}

// bundle answers; an error is one from before the stream began.
func (h *handlers) bundle(w http.ResponseWriter, r *http.Request, params GetBundleParams) error {
	if h.Bundle == nil {
		return Problem{Type: problemNotFound, Title: "There are no bundles", Status: http.StatusNotImplemented, Detail: "this server has no archives"}
	}
	ask, err := parseBundle(params, time.Now())
	if err != nil {
		return err
	}
	if err := h.exports.enter(); err != nil {
		return err
	}
	defer h.exports.leave()
	name, write, err := h.Bundle(r.Context(), ask)
	if err != nil {
		return bundleProblem(err)
	}
	deadline := http.NewResponseController(w)
	defer func() { _ = deadline.SetWriteDeadline(time.Time{}) }() // the connection may serve more calls
	out := &bundleWriter{to: w, begin: func() {
		header := w.Header()
		header.Set("Cache-Control", "no-store")
		header.Set("Content-Type", "application/zip")
		header.Set("Content-Disposition", "attachment; filename="+strconv.Quote(name))
		w.WriteHeader(http.StatusOK)
	}, extend: func() { _ = deadline.SetWriteDeadline(time.Now().Add(exportStall)) }} // not all connections have one
	if r.Method == http.MethodHead {
		out.begin()
		return nil
	}
	events, err := write(r.Context(), out)
	handedOut(w, int(events))
	switch {
	case err != nil && !out.begun:
		return bundleProblem(err)
	case err != nil && r.Context().Err() != nil:
		h.breakOff(w, r, clientGone, err)
	case err != nil:
		h.breakOff(w, r, internalProblem, err)
	}
	return nil
}

func bundleProblem(err error) error {
	if errors.Is(err, archive.ErrNoEvent) || errors.Is(err, archive.ErrUncovered) {
		return Problem{Type: problemNotFound, Title: "Not found", Status: http.StatusNotFound, Detail: err.Error(), Hint: "see GET /api/v1/trails for the trails, their deliveries and their last seals"}
	}
	return err
}

func parseBundle(params GetBundleParams, now time.Time) (BundleRequest, error) {
	b := BundleRequest{Trail: params.Trail, Delivery: params.Delivery, Where: strings.TrimSpace(params.Query), Late: DefaultLate}
	win, err := parseWindow(params.From, params.To, now)
	if err != nil {
		return b, err
	}
	b.From, b.To = win.from, win.to
	if params.Late != "" {
		if b.Late, err = parseLate(params.Late); err != nil {
			return b, problemParameter("late", err.Error(), `write a whole number and a unit: "90m", "24h" or "7d", up to 366d`)
		}
	}
	if b.Where == "" {
		return b, nil
	}
	if _, _, err = parseQuery(b.Where, now); err != nil {
		return b, err
	}
	if b.Filter, err = query.Parse(b.Where); err != nil { // it must mean the same when it is verified
		return b, problemParameter("query", err.Error(), "write times, not date math")
	}
	return b, nil
}

func parseLate(text string) (time.Duration, error) {
	unit := time.Hour
	switch digits := strings.TrimRight(text, "mhd"); {
	case len(digits) != len(text)-1:
		return 0, fmt.Errorf("%q is no length of time", text)
	case strings.HasSuffix(text, "m"):
		unit = time.Minute
	case strings.HasSuffix(text, "d"):
		unit = 24 * time.Hour
	}
	n, err := strconv.ParseUint(text[:len(text)-1], 10, 32)
	if err != nil || time.Duration(n) > mostLate/unit {
		return 0, fmt.Errorf("%q is no length of time, or longer than 366 days", text)
	}
	return time.Duration(n) * unit, nil
}

// bundleWriter sends the headers with the first bytes.
type bundleWriter struct {
	to            io.Writer
	begin, extend func()
	begun         bool
}

func (b *bundleWriter) Write(p []byte) (int, error) {
	if !b.begun {
		b.begun = true
		b.begin()
	}
	b.extend()
	return b.to.Write(p)
}
