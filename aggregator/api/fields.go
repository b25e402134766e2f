package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// maxFields is how many fields can be asked for at once.
const maxFields = 100

// projection is the part of an event that was asked for. nil is all of it.
type projection struct{ paths []string }

// parseFields reads the parameter fields.
func parseFields(s string) (*projection, error) {
	if s == "" {
		return nil, nil
	}
	p := &projection{paths: strings.Split(s, ",")}
	if len(p.paths) > maxFields {
		return nil, problemParameter("fields", fmt.Sprintf("it names %d fields", len(p.paths)), fmt.Sprintf("%d are allowed", maxFields))
	}
	for i, path := range p.paths {
		path = strings.TrimSpace(path)
		if !knownField(path) {
			return nil, problemParameter("fields", fmt.Sprintf("an event has no field %q", path), nearestField(path))
		}
		p.paths[i] = path
	}
	return p, nil
}

// knownField tells whether an event can have something under this path: a
// field, a leaf of a body, or an object that holds fields (userIdentity, origin).
func knownField(path string) bool {
	if path == "eventVersion" {
		return true
	}
	if _, sub, ok := event.Lookup(path); ok {
		return sub == "" || !strings.HasSuffix(sub, ".")
	}
	for _, f := range event.Fields() {
		if strings.HasPrefix(f.Name, path+".") {
			return true
		}
	}
	return false
}

// nearestField is a hint for a name that no field has.
func nearestField(path string) string {
	if name := query.Suggest(path); name != "" {
		return "did you mean " + name + "?"
	}
	return "fields have the names of docs/format/event.md, such as eventName or userIdentity.userName"
}

// append appends the asked-for members of an event, in the event's order.
func (p *projection) append(b, stored []byte) []byte {
	if p == nil {
		return append(b, stored...)
	}
	out := appendMembers(b, stored, p.paths)
	if len(out) == len(b) {
		out = append(out, "{}"...)
	}
	return out
}

// appendMembers appends the object with those of its members that the paths
// name; nothing when there are none. A key may itself hold dots.
func appendMembers(b []byte, object json.RawMessage, paths []string) []byte {
	d := json.NewDecoder(bytes.NewReader(object))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return b // a path into a value that is no object: it has no such member
	}
	begin := len(b)
	for d.More() {
		t, err := d.Token()
		key, ok := t.(string)
		var value json.RawMessage
		if err != nil || !ok || d.Decode(&value) != nil {
			return b // stored events are valid JSON
		}
		var inner []string
		whole := false
		for _, path := range paths {
			if path == key {
				whole = true
				break
			}
			if len(path) > len(key) && path[len(key)] == '.' && path[:len(key)] == key {
				inner = append(inner, path[len(key)+1:])
			}
		}
		if !whole && inner == nil {
			continue
		}
		mark := len(b)
		if len(b) == begin {
			b = append(b, '{')
		} else {
			b = append(b, ',')
		}
		b = append(event.AppendString(b, key), ':')
		valueAt := len(b)
		if whole {
			b = append(b, value...)
		} else {
			b = appendMembers(b, value, inner)
		}
		if len(b) == valueAt {
			b = b[:mark]
		}
	}
	if len(b) > begin {
		b = append(b, '}')
	}
	return b
}
