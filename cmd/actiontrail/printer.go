package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"strings"

	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/event"
)

// printer prints events as a table, an array of JSON, or lines of JSON. The first
// events decide how wide the columns of a table are.
type printer struct {
	screen screen
	form   string // table, json or ndjson
	fields []string
	server string // where they come from
	table  *table
	begun  bool
}

func (p *printer) print(events []api.Event) error {
	switch p.form {
	case "table":
		return p.rows(events)
	case "json":
		return p.array(events)
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
		p.table = newTable(p.screen, p.columns(), rows)
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
