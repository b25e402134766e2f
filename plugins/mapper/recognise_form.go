package mapper

import (
	"slices"
	"strings"
)

// recordForm tells the records of a dialect by something that no other dialect has. A
// record has the first form that fits, and then no other dialect is asked.
type recordForm struct {
	format string
	// keys are members of the record's own object, all of which must be there. A
	// key alone stands for any value; key=text for a string that is this text,
	// key={ for an object, key=[ for an array, key=" for a string and key=0 for a
	// number, true or false.
	keys []string
	// line tells it of a line, from its beginning or its end: only by what the
	// program itself writes, for a client may write all else.
	line func(string) bool
	why  string // for people
}

// recordForms are all, in the order that they are tried in.
func recordForms() []recordForm { return slices.Concat(gatewayForms(), auditForms()) }

// keySet is a set of slots.
type keySet [4]uint64

func (k *keySet) add(s slot) { k[s>>6] |= 1 << (s & 63) }

// in tells whether all of k is in other.
func (k *keySet) in(other *keySet) bool {
	return k[0]&^other[0]|k[1]&^other[1]|k[2]&^other[2]|k[3]&^other[3] == 0
}

// objectForm is a form of JSON records: its keys, by their slots.
type objectForm struct {
	format string
	keys   keySet
}

// formKeys are the slots of the keys that forms are told by. A value that counts
// has a slot of its own, besides that of its key.
type formKeys struct {
	slots  map[string]slot
	values map[slot][]formValue
	next   slot
}

type formValue struct {
	text string
	slot slot
}

func newFormKeys() *formKeys {
	return &formKeys{map[string]slot{}, map[slot][]formValue{}, 0}
}

// of is the slot of a key, or of a key and its value.
func (f *formKeys) of(key string) slot {
	name, value, valued := strings.Cut(key, "=")
	s, ok := f.slots[name]
	if !ok {
		s = f.fresh()
		f.slots[name] = s
	}
	if !valued {
		return s
	}
	for _, v := range f.values[s] {
		if v.text == value {
			return v.slot
		}
	}
	v := formValue{value, f.fresh()}
	f.values[s] = append(f.values[s], v)
	return v.slot
}

func (f *formKeys) fresh() slot {
	f.next++
	return f.next - 1
}

// is tells whether a value is the one that is meant.
func (v *formValue) is(value string, quoted bool) bool {
	switch v.text {
	case "{", "[":
		return !quoted && value[0] == v.text[0]
	case `"`:
		return quoted
	case "0":
		return !quoted && value[0] != '{' && value[0] != '[' && value != "null"
	}
	return quoted && value == v.text
}
