package mapper

import "strings"

// nginx is the dialect of any nginx: its log_format, or without one JSON and combined.
func nginx(opt *Options) (reader, error) {
	if opt.LogFormat == "" {
		return (*Mapper).readNginx, nil
	}
	return nginxFormat(opt.LogFormat)
}

// nginxFormat is the reader of lines that nginx, or a gateway that is built on it,
// writes by this log_format: the string alone, with escape=… before it, or as it
// stands in nginx.conf. A reader is for one mapper.
func nginxFormat(format string) (reader, error) {
	f, err := nginxText(format)
	if err != nil {
		return nil, err
	}
	l, err := f.compile()
	if err != nil {
		return nil, err
	}
	read := (&nginxLine{line: l, escape: f.escape}).read
	if f.escape == "json" && strings.HasPrefix(strings.TrimSpace(f.text), "{") {
		return f.objects(read), nil
	}
	return read, nil
}

// nginxLine reads the lines of a log_format.
type nginxLine struct {
	*line
	escape string
}

func (l *nginxLine) read(m *Mapper, record []byte) error {
	s, q := view(record), &m.request
	if err := l.scan(s); err != nil {
		return err
	}
	var n nginxValues
	for i := range l.parts {
		p, mark := &l.parts[i], l.marks[i]
		value := dash(s[mark.from:mark.to])
		if value == "" || p.form == formMark {
			continue
		}
		if m.text.escapes {
			value = l.unescape(q, value)
		}
		n.put(q, p.slot, p.name, value)
	}
	return m.settleNginx(&n)
}

// unescape undoes what nginx did to a value. What it did not do stays as it is.
func (l *nginxLine) unescape(q *request, value string) string {
	switch {
	case l.escape == "default":
		return q.unescape(value)
	case l.escape == "json" && strings.IndexByte(value, '\\') >= 0:
		return q.unescapeJSON(value)
	}
	return value
}

// unescapeJSON undoes the escapes of a JSON string; one that is none stays as it is.
func (q *request) unescapeJSON(s string) string {
	from := len(q.scratch)
	q.scratch = append(append(append(q.scratch, '"'), s...), '"')
	text, _, err := stringAt(q.scratch[from:len(q.scratch):len(q.scratch)], 0, true, &q.scratch)
	if err != nil {
		return s
	}
	return text
}
