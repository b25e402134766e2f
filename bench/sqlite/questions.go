package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/bench/cloud"
)

// columns are those of fields. Never changed.
var columns = map[string]string{
	"eventId": "id", "eventName": "name", "eventRW": "rw", "serviceName": "service", "acsRegion": "region", "sourceIpAddress": "source_ip",
	"userIdentity.userName": "user_name", "userIdentity.accessKeyId": "access_key", "resourceName": "resource",
}

// ask asks SQLite what an index is asked, and gives the answer in the same form.
func (l *lite) ask(ctx context.Context, q cloud.Question) (a cloud.Answer, err error) {
	from, args, err := where(q)
	if err != nil {
		return cloud.Answer{}, err
	}
	switch q.Asked {
	case cloud.Latest, cloud.Count:
		rows, err := l.rows(ctx, "SELECT count(*)"+from, args...)
		if err != nil {
			return cloud.Answer{}, err
		}
		if err := each(rows, func() error { return rows.Scan(&a.Page.Total) }); err != nil || q.Asked == cloud.Count {
			return a, err
		}
		rows, err = l.rows(ctx, "SELECT json FROM documents JOIN (SELECT events.seq AS at, time"+from+" ORDER BY time DESC, events.seq DESC LIMIT ?) ON seq = at ORDER BY time DESC, at DESC",
			append(args, cloud.PageSize)...)
		if err != nil {
			return cloud.Answer{}, err
		}
		return a, each(rows, func() error {
			var json []byte
			err := rows.Scan(&json)
			a.Page.Events = append(a.Page.Events, json)
			return err
		})
	case cloud.Histogram:
		rows, err := l.rows(ctx, "SELECT time / 3600000, count(*), sum(failed)"+from+" GROUP BY 1 ORDER BY 1", args...)
		if err != nil {
			return cloud.Answer{}, err
		}
		return a, each(rows, func() error {
			var hour int64
			var b index.Bucket
			err := rows.Scan(&hour, &b.Count, &b.Errors)
			b.Start = time.Unix(hour*3600, 0).UTC()
			a.Buckets = append(a.Buckets, b)
			return err
		})
	case cloud.Top:
		for _, f := range q.Fields {
			rows, err := l.rows(ctx, "SELECT "+columns[f]+", count(*)"+from+" GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?", append(args, cloud.TopSize)...)
			if err != nil {
				return cloud.Answer{}, err
			}
			var values []index.Value
			if err := each(rows, func() error {
				var v index.Value
				err := rows.Scan(&v.Value, &v.Count)
				values = append(values, v)
				return err
			}); err != nil {
				return cloud.Answer{}, err
			}
			a.Values = append(a.Values, values)
		}
		return a, nil
	}
	return cloud.Answer{}, fmt.Errorf("nothing is known of a question of kind %d", q.Asked)
}

// where is the part of the statement that says which events, with its arguments.
func where(q cloud.Question) (text string, args []any, err error) {
	from, terms := " FROM events", []string(nil)
	for _, t := range q.Terms {
		column, known := columns[t.Field]
		switch {
		case t.Field == "" && !t.Prefix:
			from += " JOIN words ON words.rowid = events.seq"
			terms, args = append(terms, "words MATCH ?"), append(args, `"`+t.Value+`"`)
		case !known:
			return "", nil, fmt.Errorf("no column for the field %q", t.Field)
		case t.Prefix:
			terms, args = append(terms, column+" >= ? AND "+column+" < ?"), append(args, t.Value, t.Value+"\U0010ffff")
		default:
			terms, args = append(terms, column+" = ?"), append(args, t.Value)
		}
	}
	terms, args = append(terms, "time >= ? AND time < ?"), append(args, q.From.UnixMilli(), q.To.UnixMilli())
	return from + " WHERE " + strings.Join(terms, " AND "), args, nil
}

// rows runs a statement, which is prepared once.
func (l *lite) rows(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	s := l.asked[text]
	if s == nil {
		var err error
		if s, err = l.conn.PrepareContext(ctx, text); err != nil {
			return nil, err
		}
		l.asked[text] = s
	}
	return s.QueryContext(ctx, args...)
}

// each calls fn for every row, and closes them.
func each(rows *sql.Rows, fn func() error) error {
	defer rows.Close()
	for rows.Next() {
		if err := fn(); err != nil {
			return err
		}
	}
	return rows.Err()
}

// equal tells how two answers to one question differ. Events of one time may come in any order.
func equal(ours, lite cloud.Answer) error {
	sorted := func(page index.Page) (lines []string) {
		for _, e := range page.Events {
			lines = append(lines, string(e))
		}
		slices.Sort(lines)
		return lines
	}
	type answer struct {
		Total   int
		Events  []string
		Buckets []index.Bucket
		Values  [][]index.Value
	}
	full := func(a cloud.Answer) answer {
		// An hour without events is told or is not.
		buckets := slices.DeleteFunc(slices.Clone(a.Buckets), func(b index.Bucket) bool { return b.Count == 0 })
		return answer{a.Page.Total, sorted(a.Page), buckets, a.Values}
	}
	if diff := cmp.Diff(full(ours), full(lite)); diff != "" {
		return errors.New("the answers differ (-ours +SQLite):\n" + diff)
	}
	return nil
}
