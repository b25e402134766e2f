package render

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// exchange is what an event tells of the request and the answer of a gateway.
type exchange struct {
	method, path, referer string
	status                int64        // 0: absent
	bytes, duration       int64        // of the answer, and milliseconds; negative: absent
	rest                  event.Object // of additionalEventData: what is none of these, and the last two
}

// exchangeOf finds it in either of the two places where an event has it.
func exchangeOf(e *event.Event) exchange {
	x := exchange{bytes: -1, duration: -1, rest: e.Additional}
	if own := &e.Exchange; own.Status != 0 {
		x = exchange{own.Method, own.Path, own.Referer, own.Status, own.Bytes, own.DurationMs, ""}
		rest := writer{[]byte{'{'}}
		if x.duration >= 0 {
			rest.number("durationMs", x.duration)
		}
		if x.bytes >= 0 {
			rest.number("responseBytes", x.bytes)
		}
		if len(rest.b) > 1 {
			x.rest = event.Object(append(rest.b, '}'))
		}
		return x
	}
	if !strings.Contains(string(e.Additional), `"http`) {
		return x
	}
	m := e.Additional.Map()
	for name, to := range map[string]*string{"httpMethod": &x.method, "httpPath": &x.path, "referer": &x.referer} {
		if s, ok := m[name].(string); ok && s != "" {
			*to = s
			delete(m, name)
		}
	}
	if n, ok := whole(m["httpStatus"]); ok && n > 0 && n < 1000 {
		x.status = n
		delete(m, "httpStatus")
	}
	if n, ok := whole(m["responseBytes"]); ok {
		x.bytes = n
	}
	if n, ok := whole(m["durationMs"]); ok {
		x.duration = n
	}
	if x.rest = ""; len(m) > 0 {
		x.rest = object(m)
	}
	return x
}

// whole is a number that another integer gives back digit for digit.
func whole(v any) (int64, bool) {
	text, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(string(text), 10, 64)
	return n, err == nil && n >= 0 && strconv.FormatInt(n, 10) == string(text)
}
