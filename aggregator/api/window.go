package api

import (
	"fmt"
	"slices"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/query"
)

// DefaultWindow is how far back a search goes that says no from.
const DefaultWindow = 90 * 24 * time.Hour

// window is a time range: from inclusive, to exclusive.
type window struct{ from, to time.Time }

// parseWindow reads the parameters from and to.
func parseWindow(from, to string, now time.Time) (window, error) {
	win := window{to: now.UTC()}
	var err error
	if to != "" {
		if win.to, err = query.ParseTime(to, now, true); err != nil {
			return window{}, problemParameter("to", err.Error(), instantHint)
		}
	}
	win.from = win.to.Add(-DefaultWindow)
	if from != "" {
		if win.from, err = query.ParseTime(from, now, false); err != nil {
			return window{}, problemParameter("from", err.Error(), instantHint)
		}
	}
	if !win.from.Before(win.to) {
		return window{}, problemParameter("from", fmt.Sprintf("the range is empty: it begins at %s and ends at %s",
			win.from.Format(time.RFC3339), win.to.Format(time.RFC3339)), "from must be before to")
	}
	return win, nil
}

// asked is what a call that counts or lists asks the index.
type asked struct {
	index.Query
	window   window
	warnings Warnings
}

// parseAsked reads the parameters query, from and to.
func parseAsked(text, from, to string, now time.Time) (asked, error) {
	var a asked
	var err error
	if a.Filter, a.warnings, err = parseQuery(text, now); err != nil {
		return a, err
	}
	if a.window, err = parseWindow(from, to, now); err != nil {
		return a, err
	}
	a.From, a.To = a.window.from, a.window.to
	return a, nil
}

// and is the query with one more condition.
func and(q index.Query, x query.Expr) index.Query {
	switch f := q.Filter.(type) {
	case nil:
		q.Filter = x
	case query.And:
		q.Filter = query.And{Exprs: append(slices.Clone(f.Exprs), x)}
	default:
		q.Filter = query.And{Exprs: []query.Expr{f, x}}
	}
	return q
}

const instantHint = "write RFC 3339 (2026-11-29T10:00:00Z), a day (2026-11-29) or date math (now-7d/d)"
