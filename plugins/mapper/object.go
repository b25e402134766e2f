package mapper

import (
	"slices"
	"strconv"
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// object makes an event.Object for each record in memory that is used again. The
// zero value is ready.
type object struct {
	text    []byte // the members as they are written, each with a comma before it
	parts   []part
	jumbled bool   // the names did not come in order, each once
	spare   []byte // to order the members in
}

// part is a member that begins in text where the one before ends.
type part struct {
	name     string
	from, to int
}

// add adds a member. Its name is valid UTF-8 and lives until the next reset. Of a
// name that is added twice the last value counts.
func (o *object) add(name, value string) {
	o.name(name)
	o.text = event.AppendString(o.text, value)
	o.parts[len(o.parts)-1].to = len(o.text)
}

// addInt adds a member whose value is a number.
func (o *object) addInt(name string, value int64) {
	o.name(name)
	o.text = strconv.AppendInt(o.text, value, 10)
	o.parts[len(o.parts)-1].to = len(o.text)
}

func (o *object) name(name string) {
	if n := len(o.parts); n > 0 && o.parts[n-1].name >= name {
		o.jumbled = true
	}
	o.parts = append(o.parts, part{name: name, from: len(o.text)})
	o.text = append(event.AppendString(append(o.text, ','), name), ':')
}

// object is the object of all members added, absent when there are none. It lives until the next reset.
func (o *object) object() event.Object {
	if len(o.parts) == 0 {
		return ""
	}
	if o.jumbled {
		o.order()
	}
	o.text[0] = '{'
	o.text = append(o.text, '}')
	return event.Object(view(o.text))
}

// order sorts the members by name and leaves the last of each.
func (o *object) order() {
	slices.SortStableFunc(o.parts, func(a, b part) int { return strings.Compare(a.name, b.name) })
	sorted := o.spare[:0]
	for i, p := range o.parts {
		if i+1 == len(o.parts) || o.parts[i+1].name != p.name {
			sorted = append(sorted, o.text[p.from:p.to]...)
		}
	}
	o.text, o.spare = sorted, o.text
}

func (o *object) reset() { o.text, o.parts, o.jumbled = o.text[:0], o.parts[:0], false }
