package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Object is a JSON object in canonical form: no white space, keys sorted by
// their bytes, numbers with the digits of their source, strings escaped as
// little as JSON allows. The empty object is absent: "".
type Object string

// MaxDepth is how deep objects and arrays of an Object may nest.
const MaxDepth = 64

// ParseObject makes a JSON object canonical. Of a key that occurs twice the
// last value counts; null, "" and {} at the top give the absent Object.
func ParseObject(data []byte) (Object, error) {
	if o := Object(data); o != "" && o.Valid() { // as most are: nothing to do
		return o, nil
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return "", err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return "", errors.New("more follows after the object")
	}
	if v == nil || v == "" {
		return "", nil
	}
	m, ok := v.(map[string]any)
	if !ok {
		return "", fmt.Errorf("is %s, not an object", kindOf(v))
	}
	return NewObject(m)
}

// NewObject is the canonical form of a decoded object, of values as
// json.Decoder gives them with UseNumber, and of string slices.
func NewObject(m map[string]any) (Object, error) {
	if len(m) == 0 {
		return "", nil
	}
	b, err := appendValue(nil, m, 0)
	if err != nil {
		return "", err
	}
	return Object(b), nil
}

func kindOf(v any) string {
	switch v.(type) {
	case string:
		return "a string"
	case bool:
		return "a boolean"
	case json.Number:
		return "a number"
	case []any:
		return "an array"
	}
	return fmt.Sprintf("%T", v)
}

func appendValue(b []byte, v any, depth int) ([]byte, error) {
	if depth > MaxDepth {
		return nil, fmt.Errorf("nested deeper than %d", MaxDepth)
	}
	var err error
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case bool:
		if v {
			return append(b, "true"...), nil
		}
		return append(b, "false"...), nil
	case json.Number:
		return append(b, v...), nil
	case string:
		return AppendString(b, v), nil
	case []string:
		b = append(b, '[')
		for i, s := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = AppendString(b, s)
		}
		return append(b, ']'), nil
	case []any:
		b = append(b, '[')
		for i, x := range v {
			if i > 0 {
				b = append(b, ',')
			}
			if b, err = appendValue(b, x, depth+1); err != nil {
				return nil, err
			}
		}
		return append(b, ']'), nil
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		b = append(b, '{')
		for i, k := range keys {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(AppendString(b, k), ':')
			if b, err = appendValue(b, v[k], depth+1); err != nil {
				return nil, err
			}
		}
		return append(b, '}'), nil
	}
	return nil, fmt.Errorf("cannot write %T as JSON", v)
}

// Map decodes the object, numbers as json.Number; nil when it is absent.
func (o Object) Map() map[string]any {
	if o == "" {
		return nil
	}
	d := json.NewDecoder(strings.NewReader(string(o)))
	d.UseNumber()
	var m map[string]any
	if d.Decode(&m) != nil {
		return nil // not made by ParseObject
	}
	return m
}
