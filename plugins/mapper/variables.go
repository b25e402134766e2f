package mapper

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// variables are the formats of a gateway whose operator writes variables into a
// text or into JSON, and gets lines with their values.
type variables struct {
	// cut finds the first variable in a text: where it begins, its name, and what
	// follows it; at is -1 when there is none.
	cut func(s string) (at int, name, rest string)
	// means is what a variable says; known is false of those that only rules ask for.
	means func(name string) (k meaning, known bool)
	// form is what its value may hold.
	form func(name string) valueForm
	// take sees every value besides; it may be nil.
	take func(m *meant, q *request, name, value string)
	// settle sees the request when all values are there; it may be nil.
	settle func(q *request)
}

// open makes the reader of a format: JSON, or text.
func (v *variables) open(format string, unit string, opt *Options) (reader, error) {
	format = strings.TrimSuffix(strings.TrimSpace(format), `\n`)
	if strings.HasPrefix(format, "{") {
		return v.objects(format, unit, opt)
	}
	return v.lines(format, unit)
}

// has tells the check of a format what the variables of these names say.
func (v *variables) has(names []string) func(meaning) bool {
	return func(k meaning) bool {
		return slices.ContainsFunc(names, func(name string) bool {
			m, known := v.means(name)
			return known && m == k
		})
	}
}

// put gives a value to its meaning, the first that says something, and to whoever else wants it.
func (v *variables) put(m *meant, q *request, name, value string) {
	if value = dash(value); value == "" {
		return
	}
	if k, known := v.means(name); known {
		m.text[k] = or(m.text[k], value)
	} else {
		q.fields = append(q.fields, field{name, value})
	}
	if v.take != nil {
		v.take(m, q, name, value)
	}
}

func (v *variables) finish(m *Mapper, values *meant) error {
	if err := m.settleMeant(values); err != nil {
		return err
	}
	if v.settle != nil {
		v.settle(&m.request)
	}
	return nil
}

// lines is the reader of a text.
func (v *variables) lines(format, unit string) (reader, error) {
	l := &line{}
	var names []string
	for rest := format; ; {
		at, name, after := v.cut(rest)
		text := rest
		if at >= 0 {
			text = rest[:at]
		}
		if n := len(l.parts); n > 0 {
			l.parts[n-1].after = text
		} else {
			l.head = text
		}
		if at < 0 {
			break
		}
		l.parts, names = append(l.parts, part{name: name, form: v.form(name)}), append(names, name)
		rest = after
	}
	if len(names) == 0 {
		return nil, errors.New("log_format has no variables: write it as the gateway has it")
	}
	if err := l.joints(); err != nil {
		return nil, err
	}
	values := &meant{unit: unit}
	if err := values.check(v.has(names)); err != nil {
		return nil, err
	}
	l.seal()
	return func(m *Mapper, record []byte) error {
		s, q := view(record), &m.request
		if err := l.scan(s); err != nil {
			return err
		}
		clear(values.text[:])
		for i := range l.parts {
			v.put(values, q, l.parts[i].name, s[l.marks[i].from:l.marks[i].to])
		}
		return v.finish(m, values)
	}, nil
}

// objects is the reader of a JSON format: of its members those count that are one variable.
func (v *variables) objects(format, unit string, opt *Options) (reader, error) {
	var object map[string]any
	if err := json.Unmarshal([]byte(v.quoted(format)), &object); err != nil {
		return nil, fmt.Errorf("log_format is not JSON with variables as values: %w", err)
	}
	var leaves []wanted
	var names []string
	v.walk(object, "", func(path, name string) {
		leaves, names = append(leaves, wanted{path, plainBranch}), append(names, name)
	})
	values := &meant{unit: unit}
	if err := values.check(v.has(names)); err != nil {
		return nil, err
	}
	return v.named(leaves, names, values, opt), nil
}

// named is the reader of JSON in which these paths hold the values of these variables.
func (v *variables) named(leaves []wanted, names []string, values *meant, opt *Options) reader {
	n := newNested(leaves, opt)
	return func(m *Mapper, record []byte) error {
		q := &m.request
		if err := n.read(record, m.text.escapes, &q.scratch); err != nil {
			return fmt.Errorf("not a JSON record: %w", err)
		}
		n.fill(q)
		clear(values.text[:])
		for i, name := range names {
			v.put(values, q, name, n.text[i])
		}
		return v.finish(m, values)
	}
}

// quoted puts quotes around variables that stand outside of strings, as numbers do.
func (v *variables) quoted(format string) string {
	var b strings.Builder
	for format != "" {
		quote := strings.IndexByte(format, '"')
		at, _, rest := v.cut(format)
		switch {
		case at < 0 && quote < 0:
			return b.String() + format
		case at >= 0 && (quote < 0 || at < quote):
			variable := format[at : len(format)-len(rest)]
			b.WriteString(format[:at] + `"` + variable + `"`)
			format = rest
		default: // over the string
			end := quote + 1
			for end < len(format) && format[end] != '"' {
				if format[end] == '\\' {
					end++
				}
				end++
			}
			end = min(end+1, len(format))
			b.WriteString(format[:end])
			format = format[end:]
		}
	}
	return b.String()
}

// walk finds the members that are one variable, in the order of their paths.
func (v *variables) walk(object map[string]any, above string, found func(path, name string)) {
	for _, key := range slices.Sorted(maps.Keys(object)) {
		switch value := object[key].(type) {
		case map[string]any:
			v.walk(value, above+key+".", found)
		case string:
			if at, name, rest := v.cut(value); at == 0 && rest == "" {
				found(above+key, name)
			}
		}
	}
}
