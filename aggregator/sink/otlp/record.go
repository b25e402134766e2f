package otlp

import (
	"encoding/json"
	"io"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// Numbers of severities, and their texts.
const (
	info = `"severityNumber":9,"severityText":"INFO"`
	warn = `"severityNumber":13,"severityText":"WARN"` // the call failed
)

// head is the beginning of an ExportLogsServiceRequest, up to the records.
func head(resource map[string]string) []byte {
	b := append([]byte(nil), `{"resourceLogs":[{"resource":{"attributes":[`...)
	all := map[string]string{"service.name": DefaultService}
	maps.Copy(all, resource)
	for i, name := range slices.Sorted(maps.Keys(all)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = attribute(b, name, all[name])
	}
	return append(b, `]},"scopeLogs":[{"scope":{"name":"actiontrail"},"logRecords":[`...)
}

// append appends an event as a LogRecord. 64-bit numbers are strings, as in all JSON of protobuf.
func (s *Sink) append(b []byte, e *event.Event) []byte {
	b = append(b, '{')
	if !e.Time.IsZero() {
		b = append(strconv.AppendInt(append(b, `"timeUnixNano":"`...), max(e.Time.Nanos, 0), 10), `",`...)
	}
	if !e.Origin.Observed.IsZero() {
		b = append(strconv.AppendInt(append(b, `"observedTimeUnixNano":"`...), max(e.Origin.Observed.Nanos, 0), 10), `",`...)
	}
	severity := info
	if e.ErrorCode != "" {
		severity = warn
	}
	b = append(append(b, severity...), `,"eventName":`...)
	b = event.AppendString(b, e.Name)
	b = append(b, `,"body":`...)
	b = s.body(b, e)
	b = append(b, `,"attributes":[`...)
	b = attribute(b, "log.record.uid", e.ID)
	for _, a := range attributes(e) {
		if a.value != "" {
			b = attribute(append(b, ','), a.name, a.value)
		}
	}
	return append(b, "]}"...)
}

type named struct{ name, value string }

// attributes have the names of the semantic conventions of OpenTelemetry where there are some, else
// those of the event's fields below "actiontrail.".
func attributes(e *event.Event) []named {
	client := ""
	if _, err := netip.ParseAddr(e.SourceIP); err == nil { // not always one: a cloud's service names itself
		client = e.SourceIP
	}
	return []named{
		{"client.address", client},
		{"user_agent.original", e.UserAgent},
		{"user.id", e.Identity.PrincipalID},
		{"user.name", e.Identity.UserName},
		{"enduser.id", enduser(e)},
		{"server.address", e.Source},
		{"cloud.region", e.Region},
		{"cloud.account.id", e.RecipientAccountID},
		{"error.type", e.ErrorCode},
		{"actiontrail.eventName", e.Name},
		{"actiontrail.eventType", e.Type},
		{"actiontrail.eventRW", e.RW},
		{"actiontrail.serviceName", e.Service},
		{"actiontrail.requestId", e.RequestID},
		{"actiontrail.resourceType", e.ResourceType},
		{"actiontrail.resourceName", e.ResourceName},
		{"actiontrail.errorMessage", e.ErrorMessage},
		{"actiontrail.userIdentity.type", e.Identity.Type},
		{"actiontrail.userIdentity.trust", e.Identity.Trust},
		{"actiontrail.userIdentity.accessKeyId", e.Identity.AccessKeyID},
		{"actiontrail.origin.agent", e.Origin.Agent},
		{"actiontrail.origin.source", e.Origin.Source},
	}
}

func enduser(e *event.Event) string {
	if e.Identity.UserName != "" {
		return e.Identity.UserName
	}
	return e.Identity.PrincipalID
}

func attribute(b []byte, name, value string) []byte {
	b = event.AppendString(append(b, `{"key":`...), name)
	return append(text(append(b, `,"value":`...), value), '}')
}

// text appends a string as an AnyValue.
func text(b []byte, s string) []byte {
	return append(event.AppendString(append(b, `{"stringValue":`...), s), '}')
}

func (s *Sink) body(b []byte, e *event.Event) []byte {
	if s.config.Body == Text {
		return text(b, string(s.format.Append(nil, e)))
	}
	rendered := string(s.format.Append(nil, e))
	d := json.NewDecoder(strings.NewReader(rendered))
	d.UseNumber()
	start := len(b)
	b, err := value(b, d)
	if err != nil { // a rendering that says it is JSON always is
		return text(b[:start], rendered)
	}
	return b
}

// value appends the next value of JSON as an AnyValue. Numbers that are no int64 stay as exact as
// text is: a double would change them.
func value(b []byte, d *json.Decoder) ([]byte, error) {
	token, err := d.Token()
	if err != nil {
		return b, err
	}
	switch t := token.(type) {
	case json.Delim:
		if t == '{' {
			return members(b, d)
		}
		return elements(b, d)
	case string:
		return text(b, t), nil
	case json.Number:
		if n, err := strconv.ParseInt(t.String(), 10, 64); err == nil {
			return append(strconv.AppendInt(append(b, `{"intValue":"`...), n, 10), `"}`...), nil
		}
		return text(b, t.String()), nil
	case bool:
		return append(strconv.AppendBool(append(b, `{"boolValue":`...), t), '}'), nil
	}
	return append(b, "{}"...), nil // null
}

func members(b []byte, d *json.Decoder) ([]byte, error) {
	b = append(b, `{"kvlistValue":{"values":[`...)
	for first := true; d.More(); first = false {
		if !first {
			b = append(b, ',')
		}
		key, err := d.Token()
		if err != nil {
			return b, err
		}
		name, ok := key.(string)
		if !ok {
			return b, io.ErrUnexpectedEOF
		}
		b = append(event.AppendString(append(b, `{"key":`...), name), `,"value":`...)
		if b, err = value(b, d); err != nil {
			return b, err
		}
		b = append(b, '}')
	}
	_, err := d.Token()
	return append(b, "]}}"...), err
}

func elements(b []byte, d *json.Decoder) ([]byte, error) {
	b = append(b, `{"arrayValue":{"values":[`...)
	var err error
	for first := true; d.More(); first = false {
		if !first {
			b = append(b, ',')
		}
		if b, err = value(b, d); err != nil {
			return b, err
		}
	}
	_, err = d.Token()
	return append(b, "]}}"...), err
}
