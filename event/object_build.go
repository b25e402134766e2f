package event

import (
	"bytes"
	"slices"
	"strconv"
)

// ObjectBuilder makes an Object of keys and values, without a map. Its memory is
// used again after Reset. The zero value is ready.
type ObjectBuilder struct {
	keys    []byte // as they were given, one after the other
	members []byte // as they are written: "key":value
	parts   []member
	jumbled bool // the keys did not come in order, each once
	out     []byte
}

// member is where one member stands in keys and members; it begins where the one before ends.
type member struct{ keyFrom, keyTo, from, to int }

// Add adds a member whose value is a string. Of a key that is added twice the
// last value counts.
func (b *ObjectBuilder) Add(key, value string) {
	m := b.open(key)
	b.members = AppendString(b.members, value)
	b.close(m)
}

// AddInt adds a member whose value is a number.
func (b *ObjectBuilder) AddInt(key string, value int64) {
	m := b.open(key)
	b.members = strconv.AppendInt(b.members, value, 10)
	b.close(m)
}

func (b *ObjectBuilder) open(key string) member {
	key = Text(key)
	m := member{keyFrom: len(b.keys), from: len(b.members)}
	if n := len(b.parts); n > 0 && string(b.key(b.parts[n-1])) >= key {
		b.jumbled = true
	}
	b.keys = append(b.keys, key...)
	m.keyTo = len(b.keys)
	b.members = append(AppendString(b.members, key), ':')
	return m
}

func (b *ObjectBuilder) close(m member) {
	m.to = len(b.members)
	b.parts = append(b.parts, m)
}

func (b *ObjectBuilder) key(m member) []byte { return b.keys[m.keyFrom:m.keyTo] }

// Len is how many members were added.
func (b *ObjectBuilder) Len() int { return len(b.parts) }

// Object is the object of all members added; absent when there are none.
func (b *ObjectBuilder) Object() Object {
	if len(b.parts) == 0 {
		return ""
	}
	if b.jumbled {
		b.order()
	}
	b.out = append(b.out[:0], '{')
	for i, m := range b.parts {
		if i > 0 {
			b.out = append(b.out, ',')
		}
		b.out = append(b.out, b.members[m.from:m.to]...)
	}
	b.out = append(b.out, '}')
	return Object(b.out)
}

// order sorts the members by key and leaves the last of each.
func (b *ObjectBuilder) order() {
	slices.SortStableFunc(b.parts, func(x, y member) int { return bytes.Compare(b.key(x), b.key(y)) })
	kept := b.parts[:0]
	for i, m := range b.parts {
		if i+1 < len(b.parts) && bytes.Equal(b.key(m), b.key(b.parts[i+1])) {
			continue
		}
		kept = append(kept, m)
	}
	b.parts, b.jumbled = kept, false
}

// Reset drops the members.
func (b *ObjectBuilder) Reset() {
	b.keys, b.members, b.parts, b.jumbled = b.keys[:0], b.members[:0], b.parts[:0], false
}
