package mapper

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// Records of audit systems that are events already, in another form: their reader
// gives the event, which no rules name, and the request stays empty.

// give is the reader of such a dialect: read makes the event of one record, which
// may be written over as soon as it is made.
func give(read func(record []byte) (event.Event, error)) func(*Options) (reader, error) {
	return func(opt *Options) (reader, error) {
		if opt.LogFormat != "" {
			return nil, errOneForm
		}
		return func(m *Mapper, record []byte) error {
			e, err := read(record)
			if err != nil {
				return err
			}
			m.given, m.isGiven = e, true
			return nil
		}, nil
	}
}

// takeGiven is Map for a record that is an event in another form.
func (m *Mapper) takeGiven(record []byte, e *event.Event) {
	*e = m.given
	m.given, m.isGiven = event.Event{}, false
	e.Region = or(e.Region, m.opt.Region)
	e.RecipientAccountID = or(e.RecipientAccountID, m.opt.AccountID)
	if m.opt.KeepRaw && e.Raw == "" {
		e.Raw = m.raw(record)
	}
}

// document is a JSON object whose members are taken one by one.
type document map[string]json.RawMessage

// readDocument reads an object, out of what transports wrap it in: wrappers are
// members that hold it, as an object, as its text, or as the only element of an
// array. One that is there, and without any of the members is, is taken off.
func readDocument(record []byte, is string, wrappers ...string) (document, error) {
	for range 3 {
		var d document
		if err := json.Unmarshal(record, &d); err != nil {
			return nil, err
		}
		if d == nil {
			return nil, errObject
		}
		inner := d.wrapped(wrappers)
		if inner == nil || d[is] != nil {
			return d, nil
		}
		record = inner
	}
	return nil, errors.New("it is wrapped too deep")
}

// wrapped is what a wrapper holds; nil when there is none.
func (d document) wrapped(wrappers []string) []byte {
	for _, name := range wrappers {
		inner := bytes.TrimSpace(d[name])
		switch {
		case len(inner) == 0:
		case inner[0] == '{':
			return inner
		case inner[0] == '"':
			text := ""
			if json.Unmarshal(inner, &text) == nil && strings.HasPrefix(strings.TrimSpace(text), "{") {
				return []byte(text)
			}
		case inner[0] == '[':
			var all []json.RawMessage
			if json.Unmarshal(inner, &all) == nil && len(all) == 1 {
				return all[0]
			}
		}
	}
	return nil
}

// take is a member, and takes it out; nil when it is absent or null.
func (d document) take(name string) json.RawMessage {
	v := d[name]
	delete(d, name)
	if string(v) == "null" {
		return nil
	}
	return v
}

// text is a member that is a string, or else its text: systems change their minds.
func (d document) text(name string) string {
	v := d.take(name)
	s := ""
	if json.Unmarshal(v, &s) != nil {
		return string(v)
	}
	return event.Text(s)
}

// object is a member that is an object; what is none stays where it is.
func (d document) object(name string) (document, bool) {
	var inner document
	v := d[name]
	if v == nil {
		return nil, false
	}
	if json.Unmarshal(v, &inner) != nil {
		return nil, false
	}
	delete(d, name)
	return inner, inner != nil
}

// set puts a text under a name that is free.
func (d document) set(name, text string) {
	if text != "" && d[name] == nil {
		d[name] = event.AppendString(nil, text)
	}
}

// canonical is the document as events have objects.
func (d document) canonical() (event.Object, error) {
	if len(d) == 0 {
		return "", nil
	}
	b, err := json.Marshal(d)
	if err != nil {
		return "", err
	}
	return event.ParseObject(b)
}
