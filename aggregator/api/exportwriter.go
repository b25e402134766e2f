package api

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/event/render"
)

// exportFormat is a form that events are exported in.
type exportFormat struct {
	name, media, extension string
	parts                  bool // events can be sent in part, as fields says

	begin, between, after, end string                            // around and between the events
	render                     func([]byte, *event.Event) []byte // nil: as they are stored
}

// The formats of openapi.yaml. Never changed.
var (
	formatNDJSON      = exportFormat{name: "ndjson", media: "application/x-ndjson", extension: "ndjson", parts: true, after: "\n"}
	formatJSON        = exportFormat{name: "json", media: "application/json", extension: "json", parts: true, begin: "[\n", between: ",\n", end: "\n]\n"}
	formatCSV         = exportFormat{name: "csv", media: "text/csv; charset=utf-8; header=present", extension: "csv", parts: true}
	formatCloudTrail  = exportFormat{name: "cloudtrail", media: "application/json", extension: "json", begin: `{"Records":[`, between: ",", end: "]}\n", render: render.CloudTrail}
	formatActionTrail = exportFormat{name: "actiontrail", media: "application/json", extension: "json", begin: "[\n", between: ",\n", end: "\n]\n", render: render.ActionTrail}
	formatECS         = exportFormat{name: "ecs", media: "application/x-ndjson", extension: "ndjson", after: "\n", render: render.ECS}
	formatOCSF        = exportFormat{name: "ocsf", media: "application/x-ndjson", extension: "ndjson", after: "\n", render: render.OCSF}
	formatCEF         = exportFormat{name: "cef", media: "text/plain; charset=utf-8", extension: "cef", after: "\n", render: render.CEF}
)

func parseFormat(name ExportEventsParamsFormat) (exportFormat, error) {
	switch name {
	case "", ExportEventsParamsFormatNdjson:
		return formatNDJSON, nil
	case ExportEventsParamsFormatJson:
		return formatJSON, nil
	case ExportEventsParamsFormatCsv:
		return formatCSV, nil
	case ExportEventsParamsFormatCloudtrail:
		return formatCloudTrail, nil
	case ExportEventsParamsFormatActiontrail:
		return formatActionTrail, nil
	case ExportEventsParamsFormatEcs:
		return formatECS, nil
	case ExportEventsParamsFormatOcsf:
		return formatOCSF, nil
	case ExportEventsParamsFormatCef:
		return formatCEF, nil
	}
	return exportFormat{}, problemParameter("format", strconv.Quote(cut(string(name)))+" is no format", "it is ndjson, json, csv, cloudtrail, actiontrail, ecs, ocsf or cef")
}

// csvColumns are the columns of CSV when fields names none. Never changed.
var csvColumns = []string{
	"eventTime", "eventId", "eventName", "eventRW", "eventType", "serviceName", "acsRegion",
	"userIdentity.type", "userIdentity.userName", "userIdentity.principalId", "userIdentity.accountId", "userIdentity.accessKeyId", "userIdentity.trust",
	"sourceIpAddress", "userAgent", "resourceType", "resourceName", "requestId", "errorCode", "errorMessage",
}

// errStored is the error of an event when the fault is not the client's.
var errStored = errors.New("the index gave an event that cannot be read")

// exportWriter writes the events of a stream.
type exportWriter struct {
	format exportFormat
	fields *projection
	events int
	buf    []byte
	out    *bufio.Writer
	zip    *gzip.Writer // nil: not compressed
	csv    *csv.Writer  // nil: not CSV
	row    []string
	column []string
}

func newExportWriter(w http.ResponseWriter, x *export, zip bool) *exportWriter {
	e := &exportWriter{format: x.format, fields: x.fields}
	var to io.Writer = w
	if zip {
		e.zip, _ = gzip.NewWriterLevel(w, gzip.BestSpeed) // fails only for levels that there are none of
		to = e.zip
	}
	e.out = bufio.NewWriterSize(to, 64<<10)
	if x.format.name == formatCSV.name {
		e.csv = csv.NewWriter(e.out)
		if e.column = csvColumns; x.fields != nil {
			e.column = x.fields.paths
		}
		_ = e.csv.Write(e.column) // kept by the writer: flush returns it
	}
	_, _ = e.out.WriteString(x.format.begin) // kept, too
	return e
}

// page writes events and sends them off; size is what they are in bytes.
func (e *exportWriter) page(events [][]byte) (size int, err error) {
	for _, stored := range events {
		size += len(stored)
		if err := e.event(stored); err != nil {
			return size, err
		}
	}
	return size, e.flush()
}

func (e *exportWriter) event(stored []byte) error {
	if e.csv != nil {
		return e.cells(stored)
	}
	if e.events++; e.events > 1 {
		if _, err := e.out.WriteString(e.format.between); err != nil {
			return err
		}
	}
	switch {
	case e.format.render != nil:
		read, err := event.ParseJSON(stored)
		if err != nil {
			return fmt.Errorf("%w: %w", errStored, err)
		}
		e.buf = e.format.render(e.buf[:0], &read)
		stored = e.buf
	case e.fields != nil:
		e.buf = e.fields.append(e.buf[:0], stored)
		stored = e.buf
	}
	if _, err := e.out.Write(stored); err != nil {
		return err
	}
	_, err := e.out.WriteString(e.format.after)
	return err
}

// cells writes one field a column; objects as their JSON.
func (e *exportWriter) cells(stored []byte) error {
	read, err := event.ParseJSON(stored)
	if err != nil {
		return fmt.Errorf("%w: %w", errStored, err)
	}
	e.row = e.row[:0]
	for _, column := range e.column {
		e.row = append(e.row, harmlessCell(cell(&read, stored, column)))
	}
	return e.csv.Write(e.row)
}

// end writes what comes after the last event.
func (e *exportWriter) end() error {
	if _, err := e.out.WriteString(e.format.end); err != nil {
		return err
	}
	if err := e.flush(); err != nil || e.zip == nil {
		return err
	}
	return e.zip.Close()
}

func (e *exportWriter) flush() error {
	if e.csv != nil {
		if e.csv.Flush(); e.csv.Error() != nil {
			return e.csv.Error()
		}
	}
	if err := e.out.Flush(); err != nil || e.zip == nil {
		return err
	}
	return e.zip.Flush()
}

// cell is a field as text.
func cell(e *event.Event, stored []byte, column string) string {
	if f, path, ok := event.Lookup(column); ok && path == "" {
		return f.Value(e)
	}
	// A leaf, an object of several fields, or eventVersion: take it from the JSON.
	value := appendMembers(nil, stored, []string{column})
	for len(value) > 0 && value[0] == '{' {
		var members map[string]json.RawMessage
		if json.Unmarshal(value, &members) != nil || len(members) != 1 || column == "" {
			break
		}
		for key, inner := range members {
			value = inner
			column = strings.TrimPrefix(strings.TrimPrefix(column, key), ".")
		}
		if column == "" {
			break
		}
	}
	var s string
	if json.Unmarshal(value, &s) == nil {
		return s
	}
	return string(bytes.TrimSpace(value))
}

// harmlessCell puts an apostrophe before what a spreadsheet would run as a
// formula: clients choose parts of an event, such as the user agent.
func harmlessCell(s string) string {
	if len(s) > 1 && strings.IndexByte("=+-@\t\r\n", s[0]) >= 0 {
		return "'" + s
	}
	return s
}
