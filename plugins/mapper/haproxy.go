package mapper

import (
	"errors"
	"fmt"
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// haproxy is the dialect of HAProxy: the lines of its log_format, or without one
// those of option httplog, httpslog and httplog clf. What syslog puts in front of
// a line is taken off.
func haproxy(opt *Options) (reader, error) {
	if opt.LogFormat == "" {
		return newHAProxyLines()
	}
	h, err := haproxyText(opt.LogFormat)
	if err != nil {
		return nil, err
	}
	l, err := h.compile(h.format)
	if err != nil {
		return nil, err
	}
	return l.read, nil
}

// haproxyLine reads the lines of one log-format.
type haproxyLine struct {
	line
	section      *haproxySection
	encodings    []encoding // of each part
	captures     [2][]capturedAs
	time, millis int // the part with the time, and the one with its milliseconds; -1: none
}

func (l *haproxyLine) read(m *Mapper, record []byte) error {
	whole := view(record)
	s := withoutSyslog(whole)
	err := l.scan(s)
	if err != nil && len(s) < len(whole) && l.scan(whole) == nil { // the format itself begins like syslog
		s, err = whole, nil
	}
	if err != nil {
		return err
	}
	return l.take(m, s)
}

// take makes the request of the line that was scanned.
func (l *haproxyLine) take(m *Mapper, s string) error {
	var n nginxValues
	q := &m.request
	stamp, millis := "", ""
	for i := range l.parts[:l.had] {
		p, mark := &l.parts[i], l.marks[i]
		value := s[mark.from:mark.to]
		switch {
		case p.form == formBraces || p.form == formRest:
			l.captured(&n, m, p, value)
			continue
		case i == l.time:
			stamp = value
			continue
		case i == l.millis:
			millis = value
		}
		if value = dash(value); value == "" {
			continue
		}
		switch l.encodings[i] {
		case hashed:
			if strings.HasPrefix(value, "<BADREQ>") {
				continue
			}
			value = m.unhash(value)
		case backslashed:
			if m.text.escapes {
				value = q.unslash(value)
			}
		}
		l.put(&n, q, p, value)
	}
	var err error
	if q.time, err = l.stamp(m, stamp, millis); err != nil {
		return err
	}
	return m.settle(&n)
}

// put puts a value where it belongs.
func (l *haproxyLine) put(n *nginxValues, q *request, p *part, value string) {
	switch p.slot {
	case slotStatus:
		q.status, _ = status(value)
		if value == "-1" || value == "0" {
			q.status = clientGone
		}
	case slotBytes:
		if v, ok := whole(strings.TrimPrefix(value, "+")); ok {
			q.bytes = v
		}
	case slotDuration:
		if v, ok := whole(strings.TrimPrefix(value, "+")); ok && v < 1<<40 {
			q.duration = v * 1000
		}
		q.fields = append(q.fields, field{p.name, value})
	case slotVerified:
		q.verified = value == "0"
		q.fields = append(q.fields, field{p.name, value})
	case slotQuery:
		n.text[slotQuery] = strings.TrimPrefix(value, "?")
	case slotEpoch, slotLocal: // another one is the time
		q.fields = append(q.fields, field{p.name, value})
	default:
		n.put(q, p.slot, p.name, value)
	}
}

// stamp is the time of the line.
func (l *haproxyLine) stamp(m *Mapper, s, millis string) (event.Time, error) {
	if l.time < 0 || s == "" {
		return event.Time{}, errors.New("not a request: its time is missing")
	}
	switch p := &l.parts[l.time]; {
	case p.slot == slotLocal && p.form == formDate:
		return m.clock.zoneless(s, m.opt.TimeZone)
	case p.slot == slotLocal:
		return m.clock.local(s)
	case len(millis) == 3: // of the same moment as Ts
		s += "." + millis
	}
	return m.clock.epoch(s)
}

// unslash takes the backslashes away that the flag E puts before quotes, backslashes and brackets.
func (q *request) unslash(s string) string {
	from := len(q.scratch)
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && strings.IndexByte(`"\]`, s[i+1]) >= 0 {
			i++
		}
		q.scratch = append(q.scratch, s[i])
	}
	return view(q.scratch[from:])
}

// unhash turns #22 back into a quote, and so all that HAProxy writes like that.
func (m *Mapper) unhash(s string) string {
	q := &m.request
	from := len(q.scratch)
	for i := 0; ; {
		n := strings.IndexByte(s[i:], '#')
		if n < 0 {
			if i == 0 {
				return s
			}
			q.scratch = append(q.scratch, s[i:]...)
			return view(q.scratch[from:])
		}
		q.scratch = append(q.scratch, s[i:i+n]...)
		if i += n; i+2 < len(s) && hexValue(s[i+1]) < 16 && hexValue(s[i+2]) < 16 {
			q.scratch = append(q.scratch, hexValue(s[i+1])<<4|hexValue(s[i+2]))
			m.text.plain = false
			i += 3
			continue
		}
		q.scratch = append(q.scratch, '#')
		i++
	}
}

// haproxyLines reads the lines of the formats that HAProxy has names for. Which
// one a line has is seen by the line alone.
type haproxyLines struct{ http, https, clf, tcp *haproxyLine }

func newHAProxyLines() (reader, error) {
	var l haproxyLines
	none := &haproxySection{}
	for format, to := range map[string]**haproxyLine{httpLog: &l.http, httpsLog: &l.https, clfLog: &l.clf} {
		var err error
		if *to, err = none.compile(format); err != nil {
			return nil, fmt.Errorf("%s: %w", format, err)
		}
	}
	l.tcp, _ = none.compile(tcpLog) // a line without a request is what it is for
	return l.read, nil
}

func (l *haproxyLines) read(m *Mapper, record []byte) error {
	s := withoutSyslog(view(record))
	first := l.http
	_, rest, _ := cut(s, ' ')
	switch {
	case !strings.HasPrefix(rest, "["):
		first = l.clf
	case !strings.HasSuffix(s, `"`) && l.https.scan(s) == nil && l.https.had == len(l.https.parts):
		return l.https.take(m, s)
	}
	err := first.scan(s)
	if err == nil {
		return first.take(m, s)
	}
	if l.tcp.scan(s) == nil {
		return errTCPLog
	}
	return fmt.Errorf("neither of option httplog nor httpslog nor httplog clf; a log-format of your own goes into log_format: %w", err)
}
