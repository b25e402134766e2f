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
	members []member
	jumbled bool // the names may not come in order, each once
	text    []byte
}

// member is a name with a text or a number.
type member struct {
	key
	text   string
	number int64
	isText bool
	isJSON bool
}

// key is a name and how it is written, quotes and colon included. One that is not
// known beforehand has no written form yet.
type key struct{ name, written string }

func newKey(name string) key {
	return key{name, string(append(event.AppendString(nil, name), ':'))}
}

// put adds a member whose name comes after those before. The text lives until the
// object is made.
func (o *object) put(k key, text string) {
	o.members = append(o.members, member{key: k, text: text, isText: true})
}

// putInt adds a member whose value is a number, and whose name comes after those before.
func (o *object) putInt(k key, number int64) {
	o.members = append(o.members, member{key: k, number: number})
}

// putJSON adds a member whose value is written as JSON already, and whose name
// comes after those before.
func (o *object) putJSON(k key, value event.Object) {
	o.members = append(o.members, member{key: k, text: string(value), isJSON: true})
}

// add adds a member of any name. Of a name that is added twice the last value counts.
func (o *object) add(k key, text string) {
	o.jumbled = o.jumbled || len(o.members) > 0 && o.members[len(o.members)-1].name >= k.name
	o.put(k, text)
}

// object is the object of all members added, absent when there are none. It lives until the next reset.
func (o *object) object() event.Object {
	if len(o.members) == 0 {
		return ""
	}
	if o.jumbled {
		o.order()
	}
	b := o.text[:0]
	for i := range o.members {
		m := &o.members[i]
		b = append(b, ',')
		if m.written != "" {
			b = append(b, m.written...)
		} else {
			b = append(event.AppendString(b, m.name), ':')
		}
		switch {
		case m.isText:
			b = event.AppendString(b, m.text)
		case m.isJSON:
			b = append(b, m.text...)
		default:
			b = strconv.AppendInt(b, m.number, 10)
		}
	}
	b[0] = '{'
	o.text = append(b, '}')
	return event.Object(view(o.text))
}

// order sorts the members by name and leaves the last of each.
func (o *object) order() {
	slices.SortStableFunc(o.members, func(a, b member) int { return strings.Compare(a.name, b.name) })
	last := o.members[:0]
	for i, m := range o.members {
		if i+1 == len(o.members) || o.members[i+1].name != m.name {
			last = append(last, m)
		}
	}
	o.members = last
}

func (o *object) reset() { o.members, o.jumbled = o.members[:0], false }
