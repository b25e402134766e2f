package host

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
)

// maxOutput is the longest line of a plugin's log; of a longer one the rest is left out.
const maxOutput = 8 << 10

// output puts what a plugin writes into the agent's log. A line of JSON with a level
// and a text, as slog and hclog write them, keeps both; any other is an Info, and after a
// crash of a Go program an Error.
type output struct {
	log *slog.Logger

	mu      sync.Mutex
	line    []byte
	crashed bool
	last    string
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := len(b)
	for {
		part, rest, whole := bytes.Cut(b, []byte("\n"))
		o.line = append(o.line, part[:min(len(part), maxOutput-len(o.line))]...)
		if !whole {
			return n, nil
		}
		o.tell()
		o.line, b = o.line[:0], rest
	}
}

// words are the last line.
func (o *output) words() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.last
}

func (o *output) tell() {
	text := strings.TrimRight(string(o.line), "\r")
	if text == "" {
		return
	}
	level := slog.LevelInfo
	var attributes []slog.Attr
	var record map[string]any
	if text[0] == '{' && json.Unmarshal(o.line, &record) == nil {
		told, level := take(record, "msg", "@message"), levelOf(take(record, "level", "@level"))
		take(record, "time", "@timestamp")
		if told != "" {
			for _, k := range slices.Sorted(maps.Keys(record)) {
				attributes = append(attributes, slog.Any(k, record[k]))
			}
			o.last = told
			o.log.LogAttrs(context.Background(), level, told, attributes...)
			return
		}
	}
	o.crashed = o.crashed || strings.HasPrefix(text, "panic: ") || strings.HasPrefix(text, "fatal error: ")
	if o.crashed {
		level = slog.LevelError
	}
	o.last = text
	o.log.LogAttrs(context.Background(), level, text)
}

// take takes the value of one of two keys out of a record.
func take(record map[string]any, keys ...string) string {
	for _, k := range keys {
		if s, ok := record[k].(string); ok {
			delete(record, k)
			return s
		}
	}
	return ""
}

func levelOf(name string) slog.Level {
	switch strings.ToLower(name) {
	case "trace", "debug":
		return slog.LevelDebug
	case "warn", "warning":
		return slog.LevelWarn
	case "error":
		return slog.LevelError
	}
	return slog.LevelInfo
}
