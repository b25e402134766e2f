package mapper

import (
	"errors"
	"strings"

	"github.com/actiontrail/actiontrail/plugins"
)

// errPart refuses a part of a line.
var errPart = errors.New("a part of a line: the container runtime cuts lines at 16 KiB; have the gateway write to a file")

// open is the reader of a source's records, which may be wrapped: in the log of a
// container, as Kubernetes keeps them on its nodes (the CRI form: stamp, stream, F
// or P, text), or by a syslog daemon. The latter's stamp and tag may be the
// operator's own log_format too: only of what cannot be read as it is are they taken off.
func (d *dialect) open(opt *Options) (reader, error) {
	read, err := d.reader(opt)
	if err != nil || read == nil {
		return nil, err
	}
	return func(m *Mapper, record []byte) error {
		inner, part := withoutContainer(record)
		if part {
			return errPart
		}
		err := read(m, inner)
		if err != nil && err != plugins.ErrIgnored && len(inner) > 0 && inner[0] != '{' {
			if text := withoutSyslog(view(inner)); len(text) < len(inner) {
				inner = inner[len(inner)-len(text):]
				m.request.reset()
				if again := read(m, inner); again == nil || again == plugins.ErrIgnored {
					err = again
				}
			}
		}
		if wrap := len(record) - len(inner); wrap > 0 {
			for i := range m.request.hidden {
				m.request.hidden[i].from += wrap
				m.request.hidden[i].to += wrap
			}
		}
		return err
	}, nil
}

// withoutContainer takes off what the runtime of a container puts in front of a
// line: "2026-11-21T01:26:57.404123456+01:00 stdout F ". part: it is not all of the line.
func withoutContainer(record []byte) (inner []byte, part bool) {
	if len(record) < 30 || record[4] != '-' || record[10] != 'T' {
		return record, false
	}
	stamp, rest, _ := cut(view(record), ' ')
	stream, rest, _ := cut(rest, ' ')
	if len(stamp) > len("2026-11-21T01:26:57.404123456+01:00") || stream != "stdout" && stream != "stderr" {
		return record, false
	}
	tag, text, ok := cut(rest, ' ')
	if first, _, _ := strings.Cut(tag, ":"); !ok || first != "F" {
		return record, first == "P"
	}
	return record[len(record)-len(text):], false
}
