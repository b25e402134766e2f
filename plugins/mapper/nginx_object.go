package mapper

import "strings"

// objects is the reader of a log_format that writes JSON objects: the reader of
// JSON, which does not mind when a key is added there, told which variable stands
// under which key. What nginx writes that is not JSON after all (a number that is
// empty) is read by the format.
func (f *nginxSyntax) objects(byFormat reader) reader {
	variables, flat := f.keys()
	if !flat {
		return byFormat
	}
	slots := map[string]slot{}
	var renamed []field // of fields, by their variable: the key
	for _, v := range variables {
		slots[v.value] = slotOf(v.name)
		if v.name != v.value && slots[v.value] == slotField {
			renamed = append(renamed, v)
		}
	}
	known := func(key string) slot {
		if s, ok := slots[key]; ok {
			return s
		}
		return slotOf(key)
	}
	return func(m *Mapper, record []byte) error {
		q := &m.request
		m.members.slot = known
		if err := m.readNginxJSON(record); err != nil {
			q.reset()
			if byFormat(m, record) == nil {
				return nil
			}
			return err
		}
		for _, r := range renamed {
			if v := q.field(r.value); v != "" {
				q.fields = append(q.fields, field{r.name, v})
			}
		}
		return nil
	}
}

// keys are the variables of a flat object that stand alone under a key, with that
// key as their value. It is not flat where objects or arrays stand in it: the
// reader of JSON does not look at their members.
func (f *nginxSyntax) keys() (variables []field, flat bool) {
	b, scratch := []byte(f.text), []byte(nil)
	for i, first := 0, true; ; first = false {
		key, at, done, err := readKey(b, i, first, true, &scratch)
		if err != nil || done {
			return variables, err == nil
		}
		var value string
		switch {
		case b[at-1] == '"':
			value, i, err = stringAt(b, at-1, true, &scratch)
		case b[at] == '{' || b[at] == '[':
			return nil, false
		default:
			i, err = valueEnd(b, at)
			value = strings.TrimSpace(string(b[at:max(at, i)]))
		}
		if err != nil {
			return nil, false
		}
		if !strings.HasPrefix(value, "$") {
			continue
		}
		if name, rest, err := nginxVariable(value); err == nil && rest == "" {
			variables = append(variables, field{name, key})
		}
	}
}
