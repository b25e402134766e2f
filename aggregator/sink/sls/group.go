package sls

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/actiontrail/actiontrail/event"
)

// group is a LogGroup that is being made, in protobuf (proto2):
//
//	message Log      { required uint32 Time = 1; repeated Content Contents = 2; optional fixed32 Time_ns = 4; }
//	message Content  { required string Key = 1; required string Value = 2; }
//	message LogGroup { repeated Log Logs = 1; optional string Topic = 3; optional string Source = 4; }
//
// as the vendor describes it under "Data encoding". Field 1 of the group comes first,
// so that any part of the logs, with what follows them, is a group, too.
type group struct {
	logs  []byte // fields 1, one after another
	at    []int  // where each of them begins
	index []int  // of its event

	scratch, rendered []byte
}

func (g *group) reset() { g.logs, g.at, g.index = g.logs[:0], g.at[:0], g.index[:0] }

// put puts a field 1 at the end.
func (g *group) put(i int, field []byte) {
	g.at, g.index = append(g.at, len(g.logs)), append(g.index, i)
	g.logs = append(g.logs, field...)
}

// takeLast takes the last field 1, of so many bytes, away again.
func (g *group) takeLast(size int) []byte {
	last := append([]byte(nil), g.logs[len(g.logs)-size:]...)
	g.logs, g.at, g.index = g.logs[:len(g.logs)-size], g.at[:len(g.at)-1], g.index[:len(g.index)-1]
	return last
}

// Tags of fields: number<<3 | wire type.
const (
	tagLogs    = 1<<3 | 2
	tagTopic   = 3<<3 | 2
	tagSource  = 4<<3 | 2
	tagTime    = 1 << 3
	tagContent = 2<<3 | 2
	tagTimeNs  = 4<<3 | 5
	tagKey     = 1<<3 | 2
	tagValue   = 2<<3 | 2
)

// appendField appends a field of bytes.
func appendField[T string | []byte](b []byte, tag byte, value T) []byte {
	b = binary.AppendUvarint(append(b, tag), uint64(len(value)))
	return append(b, value...)
}

// appendContent appends a field 2 of a log.
func appendContent[T string | []byte](b []byte, key string, value T) []byte {
	size := 2 + varintLen(len(key)) + len(key) + varintLen(len(value)) + len(value)
	b = binary.AppendUvarint(append(b, tagContent), uint64(size))
	return appendField(appendField(b, tagKey, key), tagValue, value)
}

func varintLen(n int) int {
	size := 1
	for ; n >= 0x80; n >>= 7 {
		size++
	}
	return size
}

// add puts an event at the end of a group, and tells how many bytes it takes there.
func (s *Sink) add(g *group, i int, e *event.Event, now time.Time) (int, error) {
	g.rendered = s.format.Append(g.rendered[:0], e)
	if n := len(g.rendered); n > mostFieldBytes {
		return 0, fmt.Errorf("log service, %s: the event has %d bytes, and a field takes %d at most", s, n, mostFieldBytes)
	}
	t := logTime(e, now)
	b := binary.AppendUvarint(append(g.scratch[:0], tagTime), uint64(uint32(t.Unix())))
	b = appendContent(b, "event", g.rendered)
	if s.cfg.Topic == ownerTopic && e.RecipientAccountID != "" {
		b = appendContent(b, "owner_id", e.RecipientAccountID)
	}
	b = binary.LittleEndian.AppendUint32(append(b, tagTimeNs), uint32(t.Nanosecond()))
	g.scratch = b
	begin := len(g.logs)
	g.at, g.index = append(g.at, begin), append(g.index, i)
	g.logs = appendField(g.logs, tagLogs, b)
	return len(g.logs) - begin, nil
}

// logTime is the time that a log is found by: that of the event, where Log Service takes
// it. What is older or newer than that is given the time of sending; its eventTime says when it was.
func logTime(e *event.Event, now time.Time) time.Time {
	t := e.Time
	if t.IsZero() {
		t = e.Origin.Observed
	}
	if t.IsZero() {
		return now
	}
	at := t.Std()
	if age := now.Sub(at); age >= pastLimit-time.Hour || age <= -futureLimit+time.Minute { // on the safe side of both
		return now
	}
	return at
}

// body is the group of the logs from one place to another.
func (g *group) body(from, to int, topic, source string) []byte {
	end := len(g.logs)
	if to < len(g.at) {
		end = g.at[to]
	}
	b := append(g.scratch[:0], g.logs[g.at[from]:end]...)
	b = appendField(appendField(b, tagTopic, topic), tagSource, source)
	g.scratch = b
	return b
}
