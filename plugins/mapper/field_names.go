package mapper

import "strings"

// fieldNames remember the names of fields that are made of keys, so that each is
// made once.
type fieldNames map[string]string

// maxFieldNames bounds what is remembered: where all headers are logged, clients
// choose the keys.
const (
	maxFieldNames = 256
	maxFieldName  = 256 // bytes of a key
)

// of is the name that is made of a key, always the same.
func (n fieldNames) of(key string, make func(string) string) string {
	if name, ok := n[key]; ok {
		return name
	}
	name := make(key)
	if len(n) < maxFieldNames && len(key) <= maxFieldName {
		n[strings.Clone(key)] = name
	}
	return name
}
