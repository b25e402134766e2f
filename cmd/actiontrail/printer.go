package main

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"strings"

	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/event"
)

// printer prints events as a table, an array of JSON, lines of JSON or CSV. The
// first events decide how wide the columns of a table are.
type printer struct {
	screen screen
	form   string // table, json, ndjson or csv
	fields []string
	server string // where they come from
	live   bool   // events come one by one: columns have the widths of a guess
	table  *table
	begun  bool
}

func (p *printer) print(events []api.Event) error {
	switch p.form {
	case "table":
		return p.rows(events)
	case "json":
		return p.array(events)
	case "csv":
		return p.cells(events)
	}
	var b []byte
	for _, e := range events {
		b = append(append(b, e...), '\n')
	}
	return p.screen.write(b)
}

func (p *printer) array(events []api.Event) error {
	for _, e := range events {
		separator := ",\n"
		if !p.begun {
			separator, p.begun = "[\n", true
		}
		if err := p.screen.write(append([]byte(separator), e...)); err != nil {
			return err
		}
	}
	return nil
}

func (p *printer) cells(events []api.Event) error {
	var b bytes.Buffer
	lines, columns := csv.NewWriter(&b), p.fields
	if columns == nil {
		columns = api.Columns()
	}
	if !p.begun {
		p.begun = true
		_ = lines.Write(columns) // a buffer takes all
	}
	for _, e := range events {
		row, err := api.Cells(e, columns)
		if err != nil {
			return usageError("an event of %s cannot be read: %w", p.server, err)
		}
		_ = lines.Write(row)
	}
	lines.Flush()
	return p.screen.write(b.Bytes())
}

// close ends what was begun.
func (p *printer) close() error {
	switch {
	case p.form == "json" && p.begun:
		return p.screen.write([]byte("\n]\n"))
	case p.form == "json":
		return p.screen.write([]byte("[]\n"))
	}
	return nil
}

// liveRow is as wide as events often are. Never changed.
var liveRow = []string{"2026-11-21T10:00:00.000Z", "user@shop.example", "Service:DescribeInstances", "i-0123456789abcdef", "203.0.113.100", "api kubectl", "Forbidden"}

func (p *printer) rows(events []api.Event) error {
	rows := make([][]string, 0, len(events))
	for _, raw := range events {
		row, err := p.row(raw)
		if err != nil {
			return usageError("an event of %s cannot be read: %w", p.server, err)
		}
		rows = append(rows, row)
	}
	if p.table == nil {
		sample := rows
		if p.live && p.fields == nil {
			sample = append([][]string{liveRow}, rows...)
		}
		p.table = newTable(p.screen, p.columns(), sample)
	}
	return p.table.print(rows)
}

func (p *printer) row(raw []byte) ([]string, error) {
	if p.fields == nil {
		e, err := event.ParseJSON(raw)
		return eventRow(&e, p.screen.width), err
	}
	o, err := event.ParseObject(raw)
	if err != nil {
		return nil, err
	}
	row := make([]string, len(p.fields))
	for i, f := range p.fields {
		row[i] = cmp.Or(fieldText(o, f), "-")
	}
	return row, nil
}

func (p *printer) columns() []column {
	if p.fields == nil {
		return eventColumns
	}
	columns := make([]column, len(p.fields))
	for i, f := range p.fields {
		columns[i] = column{title: visible(f), least: 10, fixed: f == "eventTime" && len(p.fields) < 8}
		if f == "errorCode" {
			columns[i].alarm = func(s string) bool { return s != "-" }
		}
	}
	return columns
}

// fieldText is what an event has under a path: values joined by commas, or an object as its JSON.
func fieldText(o event.Object, path string) string {
	var values []string
	o.Each(path, func(v string) bool {
		values = append(values, v)
		return true
	})
	if values != nil {
		return strings.Join(values, ", ")
	}
	inner := json.RawMessage(o)
	for rest := path; rest != ""; {
		var members map[string]json.RawMessage
		if json.Unmarshal(inner, &members) != nil {
			return ""
		}
		key, after, _ := strings.Cut(rest, ".")
		if inner, rest = members[key], after; inner == nil {
			return ""
		}
	}
	if text := string(bytes.TrimSpace(inner)); text != "null" {
		return text
	}
	return ""
}
