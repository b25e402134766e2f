package loki

import (
	"strconv"

	"github.com/actiontrail/actiontrail/aggregator/sink/post"
	"github.com/actiontrail/actiontrail/event"
)

// push is the body of a push: {"streams":[{"stream":{LABELS},"values":[["NANOSECONDS","LINE",{METADATA}],…]},…]}.
func (s *Sink) push(parts []post.Part) []byte {
	var order []string
	values := map[string][]byte{}
	for i := range parts {
		e := parts[i].Event
		stream := s.stream(e)
		b, known := values[stream]
		if !known {
			order = append(order, stream)
		} else {
			b = append(b, ',')
		}
		values[stream] = s.value(b, e, parts[i].Text)
	}
	b := []byte(`{"streams":[`)
	for i, stream := range order {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, `{"stream":`...), stream...), `,"values":[`...)
		b = append(append(b, values[stream]...), "]}"...)
	}
	return append(b, "]}"...)
}

func (s *Sink) value(b []byte, e *event.Event, line []byte) []byte {
	at, moved := s.untimely[e]
	if !moved {
		at = e.Time.Nanos
	}
	b = append(strconv.AppendInt(append(b, `["`...), at, 10), `",`...)
	b = event.AppendString(b, string(line))
	if len(s.metadata) > 0 {
		b = append(b, ",{"...)
		for i := range s.metadata {
			b = member(b, s.metadata[i].name, s.metadata[i].value(e))
		}
		if moved {
			b = member(b, "eventTime", e.Time.String())
		}
		b = append(b, '}')
	}
	return append(b, ']')
}
