package elastic

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/actiontrail/actiontrail/event"
)

// The fields of the event by what is made of them; never changed.
var (
	wholeFields  = fieldsOf(event.Keyword, event.IP)
	proseFields  = fieldsOf(event.Prose)
	bodyFields   = fieldsOf(event.Flattened)
	numberFields = fieldsOf(event.Number)
)

func fieldsOf(kinds ...event.Kind) []event.Field {
	return slices.DeleteFunc(event.Fields(), func(f event.Field) bool { return !slices.Contains(kinds, f.Kind) })
}

// units is the length of a text in UTF-16, as Elasticsearch counts it.
func units(s string) int {
	n := utf8.RuneCountInString(s)
	for i := 0; i < len(s); i++ {
		if s[i] >= 0xf0 { // the first byte of a character that takes two units
			n++
		}
	}
	return n
}

// shifted maps a uint64 to an int64 so that the order stays: Elasticsearch has no larger numbers.
func shifted(n uint64) int64 { return int64(n ^ 1<<63) }

// unshifted is the inverse of shifted.
func unshifted(n int64) uint64 { return uint64(n) ^ 1<<63 }

// numberName is a Number field's name in the section: origin.batch is batch.
func numberName(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

// leafKey is what the terms of a leaf begin with: the path, in which = and \ have a
// backslash before them, and =. Without a path it is the key of any leaf of the body.
func leafKey(field, path string) string {
	if path == "" {
		return field + "="
	}
	return field + "." + leafPath(path) + "="
}

// leafPath is a path as it stands in leafKey.
func leafPath(path string) string {
	escaped := path
	if strings.ContainsAny(path, `=\`) {
		escaped = strings.NewReplacer(`\`, `\\`, `=`, `\=`).Replace(path)
	}
	if len(escaped) > maxKey {
		return hashed(path)
	}
	return escaped
}

// pathName is a leaf's name in the list of leaves that an event has.
func pathName(field, path string) string { return field + "." + shortPath(path) }

func shortPath(path string) string {
	if len(path) > maxKey {
		return hashed(path)
	}
	return path
}

func hashed(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "#" + hex.EncodeToString(sum[:])
}

// appendMember appends a string, which is given in parts, to the members of an array.
func appendMember(b []byte, parts ...string) []byte {
	if len(b) > 0 {
		b = append(b, ',')
	}
	b = append(b, '"')
	for _, part := range parts {
		b = appendInner(b, part)
	}
	return append(b, '"')
}

// appendInner appends what stands between the quotes of a string of JSON.
func appendInner(b []byte, s string) []byte {
	from := len(b)
	b = event.AppendString(b, s)
	copy(b[from:], b[from+1:len(b)-1])
	return b[:len(b)-2]
}

// appendRaw appends a string to the members of an array: the name of a field, which
// needs no escape, and what is made by appendInner.
func appendRaw(b []byte, name string, path, value []byte) []byte {
	if len(b) > 0 {
		b = append(b, ',')
	}
	b = append(append(b, '"'), name...)
	return append(append(append(b, path...), value...), '"')
}

// appendArray appends a member that is an array of these members; none: nothing.
func appendArray(b []byte, name string, members []byte) []byte {
	if len(members) == 0 {
		return b
	}
	b = append(b, ',', '"')
	b = append(b, name...)
	b = append(b, `":[`...)
	return append(append(b, members...), ']')
}

var errNotOurs = errors.New("a document is not one of actiontrail's")

// canonicalOf is the canonical JSON within a document.
func canonicalOf(document []byte) ([]byte, error) {
	at := bytes.LastIndex(document, []byte(sectionMark))
	if at < 0 {
		return nil, errNotOurs
	}
	const own = `,"json":`
	if i := bytes.LastIndex(document[at:], []byte(own+`"`)); i >= 0 {
		text, end := document[at+i+len(own):], []byte(`}}`)
		var s string
		if !bytes.HasSuffix(text, end) || json.Unmarshal(text[:len(text)-len(end)], &s) != nil {
			return nil, errNotOurs
		}
		return []byte(s), nil
	}
	out := make([]byte, 0, at+1)
	return append(append(out, document[:at]...), '}'), nil
}
