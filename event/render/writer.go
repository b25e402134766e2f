package render

import (
	"strconv"

	"github.com/actiontrail/actiontrail/event"
)

// writer appends the members of JSON objects.
type writer struct{ b []byte }

func (w *writer) key(name string) {
	if w.b[len(w.b)-1] != '{' {
		w.b = append(w.b, ',')
	}
	w.b = append(event.AppendString(w.b, name), ':')
}

func (w *writer) text(name, v string) {
	w.key(name)
	w.b = event.AppendString(w.b, v)
}

// known writes what is there.
func (w *writer) known(name, v string) {
	if v != "" {
		w.text(name, v)
	}
}

func (w *writer) boolean(name string, v bool) {
	w.key(name)
	w.b = strconv.AppendBool(w.b, v)
}

func (w *writer) number(name string, v int64) {
	w.key(name)
	w.b = strconv.AppendInt(w.b, v, 10)
}

// texts writes an array of those that are there, and nothing of none.
func (w *writer) texts(name string, all ...string) {
	if len(all) == 0 {
		return
	}
	w.key(name)
	w.b = append(w.b, '[')
	for i, s := range all {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.b = event.AppendString(w.b, s)
	}
	w.b = append(w.b, ']')
}

// in writes an object with the members that write writes; nothing when that are none.
func (w *writer) in(name string, write func()) {
	before := len(w.b)
	w.key(name)
	w.b = append(w.b, '{')
	if write(); w.b[len(w.b)-1] == '{' {
		w.b = w.b[:before]
		return
	}
	w.b = append(w.b, '}')
}

// object writes null for what is absent, as CloudTrail does.
func (w *writer) object(name string, o event.Object) {
	w.key(name)
	if o == "" {
		o = "null"
	}
	w.b = append(w.b, o...)
}

// any writes a decoded value.
func (w *writer) any(name string, v any) {
	one := object(map[string]any{name: v})
	if w.b[len(w.b)-1] != '{' {
		w.b = append(w.b, ',')
	}
	w.b = append(w.b, one[1:len(one)-1]...)
}
