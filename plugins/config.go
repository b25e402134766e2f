package plugins

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Problem is one mistake in the configuration of a plugin.
type Problem struct {
	Path []string // keys from the outside in, of a list the index; empty: the whole block
	Text string   // for people: what is wrong, and what to write instead
}

// ConfigError is what a plugin answers to a configuration that it cannot take. The
// agent shows each problem at the place in the file where the value of its path is written.
type ConfigError struct{ Problems []Problem }

func (e *ConfigError) Error() string {
	all := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		if all[i] = p.Text; len(p.Path) > 0 {
			all[i] = strings.Join(p.Path, ".") + ": " + p.Text
		}
	}
	return "configuration: " + strings.Join(all, "; ")
}

// DecodeConfig reads the configuration of a plugin, a JSON object, into the struct
// that into points to: each attribute into the field whose json tag names it. What no
// field is for and what is of another kind are told as a *ConfigError, all in one go.
// Attributes that are left out leave their fields as they are, which is how to have defaults.
func DecodeConfig(config []byte, into any) error {
	target := reflect.ValueOf(into)
	if target.Kind() != reflect.Pointer || target.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("decode configuration: into a %T, and it must be a pointer to a struct", into)
	}
	var given map[string]json.RawMessage
	if err := json.Unmarshal(config, &given); err != nil {
		return fmt.Errorf("decode configuration: %w", err)
	}
	target = target.Elem()
	fields := map[string]int{}
	for i := range target.NumField() {
		name, _, _ := strings.Cut(target.Type().Field(i).Tag.Get("json"), ",")
		if name != "" && name != "-" {
			fields[name] = i
		}
	}
	var wrong ConfigError
	for name, value := range given {
		i, known := fields[name]
		if !known {
			wrong.Problems = append(wrong.Problems, Problem{[]string{name}, unknown(name, fields)})
			continue
		}
		d := json.NewDecoder(bytes.NewReader(value))
		d.DisallowUnknownFields()
		if err := d.Decode(target.Field(i).Addr().Interface()); err != nil {
			wrong.Problems = append(wrong.Problems, problemOf(name, err))
		}
	}
	if len(wrong.Problems) == 0 {
		return nil
	}
	slices.SortFunc(wrong.Problems, func(a, b Problem) int { return slices.Compare(a.Path, b.Path) })
	return &wrong
}

func unknown(name string, fields map[string]int) string {
	names := make([]string, 0, len(fields))
	for n := range fields {
		names = append(names, n)
	}
	slices.Sort(names)
	return fmt.Sprintf("there is no attribute %q; there are: %s", name, strings.Join(names, ", "))
}

// problemOf is the mistake that the decoder of an attribute tells.
func problemOf(name string, err error) Problem {
	p := Problem{Path: []string{name}, Text: strings.TrimPrefix(err.Error(), "json: ")}
	if kind := (*json.UnmarshalTypeError)(nil); errors.As(err, &kind) {
		if kind.Field != "" {
			p.Path = append(p.Path, strings.Split(kind.Field, ".")...)
		}
		p.Text = fmt.Sprintf("%s is needed here, not a %s", kindName(kind.Type), kind.Value)
	}
	return p
}

func kindName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Map, reflect.Struct:
		return "an object"
	case reflect.Float32, reflect.Float64:
		return "a number"
	}
	return "a whole number"
}
