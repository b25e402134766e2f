package splunk

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/actiontrail/actiontrail/aggregator/sink/post"
	"github.com/actiontrail/actiontrail/event"
)

const channelHeader = "X-Splunk-Request-Channel"

// request is what a collector takes: objects one after the other.
func (s *Sink) request(parts []post.Part) (string, http.Header, []byte, error) {
	size := 0
	for i := range parts {
		size += len(parts[i].Text)
	}
	body := make([]byte, 0, size)
	for i := range parts {
		body = append(body, parts[i].Text...)
	}
	header := http.Header{"Content-Type": {"application/json"}}
	if s.config.Acknowledge {
		header.Set(channelHeader, s.channel)
	}
	return s.sender.Client.URL(Path), header, body, nil
}

// append appends an event with what Splunk keeps beside it. The id is an indexed field: a search
// for what is there again needs it (docs/guide/destinations.md).
func (s *Sink) append(b []byte, e *event.Event) []byte {
	b = append(b, '{')
	if !e.Time.IsZero() && e.Time.Nanos >= 0 { // else it is that of its arrival
		b = append(seconds(append(b, `"time":`...), e.Time), ',')
	}
	for _, m := range [...][2]string{{"host", cmp.Or(s.config.Host, e.Source)}, {"source", s.config.Source}, {"sourcetype", s.config.Sourcetype}, {"index", s.config.Index}} {
		if m[1] != "" {
			b = append(event.AppendString(append(append(append(b, '"'), m[0]...), `":`...), m[1]), ',')
		}
	}
	b = event.AppendString(append(b, `"fields":{"eventId":`...), e.ID)
	for _, name := range slices.Sorted(maps.Keys(s.config.Fields)) {
		b = event.AppendString(append(event.AppendString(append(b, ','), name), ':'), s.config.Fields[name])
	}
	b = append(b, `},"event":`...)
	if s.format.JSON {
		b = s.format.Append(b, e)
	} else {
		b = event.AppendString(b, string(s.format.Append(nil, e)))
	}
	return append(b, '}')
}

// seconds since 1970 with the digits of the time, three at least, as Splunk knows them.
func seconds(b []byte, t event.Time) []byte {
	b = append(strconv.AppendInt(b, t.Nanos/1e9, 10), '.')
	digits := strconv.FormatInt(1e9+t.Nanos%1e9, 10)[1:]
	return append(b, digits[:max(3, int(t.Digits))]...)
}
