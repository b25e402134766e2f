package mapper

import (
	"errors"
	"strings"

	"github.com/actiontrail/actiontrail/plugins"
)

// formatAuto is the dialect of each record that its form shows.
const formatAuto = "auto"

// Recognised are the dialects that records were of, in the order of Formats; none
// when the format is not auto. The goroutine that maps calls it.
func (m *Mapper) Recognised() []plugins.Recognised {
	var found []plugins.Recognised
	for _, r := range m.recognised {
		if r.Records > 0 {
			found = append(found, r)
		}
	}
	return found
}

// newAuto makes a reader that judges each record by itself: what came before has
// no say, so that a record that is read again after a crash is the same event.
func newAuto(opt *Options) (reader, error) {
	if opt.LogFormat != "" {
		return nil, errors.New("it knows the default forms only: with log_format, name the dialect that it is of")
	}
	all := recognisers()
	signs := newSigns()
	var known []recogniser
	var readers []reader
	for _, r := range all {
		d := dialectOf(r.format)
		if d == nil {
			continue
		}
		read, err := d.reader(opt)
		if err != nil {
			return nil, err
		}
		known, readers = append(known, r), append(readers, read)
	}
	return func(m *Mapper, record []byte) error {
		if m.recognised == nil {
			for _, r := range known {
				m.recognised = append(m.recognised, plugins.Recognised{Format: r.format, Why: r.why})
			}
		}
		signs.look(record, m.text.escapes)
		for i := range known {
			if known[i].is(signs) {
				m.recognised[i].Records++
				return readers[i](m, record)
			}
		}
		return notRecognised(known)
	}, nil
}

func notRecognised(known []recogniser) error {
	var names []string
	for _, r := range known {
		names = append(names, r.format)
	}
	return errors.New("no dialect recognises it: set the format of the source to one of " + strings.Join(names, ", ") +
		", with log_format if the gateway was given one of its own")
}
