package mapper

import (
	"errors"
	"fmt"
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// The formats that come with Apache (docs/conf/httpd.conf.in, Debian's apache2.conf).
const (
	apacheCommon   = `%h %l %u %t "%r" %>s %O`
	apacheCombined = apacheCommon + ` "%{Referer}i" "%{User-Agent}i"`
	apacheVhost    = `%v:%p ` + apacheCombined
	apacheIO       = apacheCombined + ` %I %O`
)

// apacheLine reads the lines of one LogFormat. Apache escapes what it writes: a
// quote as \", a backslash as \\, control bytes as \n, \t or \xHH.
type apacheLine struct {
	line
	kinds  []apacheKind
	forms  []*timeForm
	status bool // it is there to tell whether the user was authenticated
}

// apache is the dialect of Apache httpd: its log_format, or without one the
// formats that it comes with. Whom it names as %u it has authenticated, unless it
// answered with a refusal.
func apache(opt *Options) (reader, error) {
	if opt.LogFormat != "" {
		l, err := newApacheLine(opt.LogFormat)
		if err != nil {
			return nil, err
		}
		return l.read, nil
	}
	var known [4]*apacheLine
	for i, format := range [...]string{apacheCombined, apacheCommon, apacheIO, apacheVhost} {
		l, err := newApacheLine(format)
		if err != nil {
			return nil, err
		}
		known[i] = l
	}
	return func(m *Mapper, record []byte) error {
		if isVhostLine(view(record)) {
			return known[3].read(m, record)
		}
		err := known[0].read(m, record)
		for _, l := range known[1:3] {
			if err == nil {
				break
			}
			m.request.reset()
			if l.read(m, record) == nil {
				err = nil
			}
		}
		return err
	}, nil
}

// isVhostLine tells whether a host with its port stands before the address, as in vhost_combined.
func isVhostLine(s string) bool {
	host, rest, ok := cut(s, ' ')
	peer, rest, more := cut(rest, ' ')
	colon := strings.LastIndexByte(host, ':')
	return ok && more && colon > 0 && number(host[colon+1:], false) && peer != "-" && strings.HasPrefix(rest, "- ")
}

func newApacheLine(given string) (*apacheLine, error) {
	format, err := apacheText(given)
	if err != nil {
		return nil, err
	}
	all, err := apacheDirectives(format)
	if err != nil {
		return nil, err
	}
	all, stamps := apacheStamps(all)
	l := &apacheLine{}
	text, clocks := "", 0
	put := func() {
		if n := len(l.parts); n > 0 {
			l.parts[n-1].after = text
		} else {
			l.head = text
		}
		text = ""
	}
	for i := range all {
		d := &all[i]
		if d.verb == 0 {
			text += d.text
			continue
		}
		p := part{quoted: true, slashed: true}
		kind, closing := apachePlain, ""
		switch {
		case stamps[i] != nil:
			p.name, p.slot, p.stamp, kind = "time", slotISO, stamps[i], apacheStamp
		case d.verb == 't' && d.arg == "":
			p.name, p.slot, p.form = "time_local", slotLocal, formLocal
			text, closing = text+"[", "]"
		case d.verb == 't' && (d.arg == "msec" || d.arg == "usec"):
			p.name, p.slot, p.form, kind = d.arg, slotEpoch, formNumber, apacheMillis
			if d.arg == "usec" {
				kind = apacheMicros
			}
		case d.verb == 't':
			p.name, p.slot, kind = "time", slotField, apacheNothing
		default:
			p.name, p.slot, p.form, kind = apacheMeaning(d)
			l.status = l.status || p.slot == slotStatus
		}
		if p.slot == slotISO || p.slot == slotLocal || p.slot == slotEpoch {
			if clocks++; clocks > 1 {
				p.slot, kind = slotField, apacheNothing
			}
		}
		put()
		l.parts, l.kinds, l.forms = append(l.parts, p), append(l.kinds, kind), append(l.forms, stamps[i])
		text = closing
	}
	if len(l.parts) == 0 {
		return nil, errors.New(`log_format has no directives: write Apache's own string, like %h %l %u %t "%r" %>s %b`)
	}
	put()
	l.sizes()
	if err := l.joints(); err != nil {
		return nil, err
	}
	l.seal()
	return l, l.complete("%>s", "%t", "%r, or %m and %U", "%m")
}

// sizes takes what was sent with the headers for the size, where %b is not logged.
func (l *apacheLine) sizes() {
	for i := range l.parts {
		if l.parts[i].slot == slotBytes {
			return
		}
	}
	for i := range l.parts {
		if l.parts[i].name == "bytes_sent" {
			l.parts[i].slot = slotBytes
			return
		}
	}
}

func (l *apacheLine) read(m *Mapper, record []byte) error {
	s, q := view(record), &m.request
	if err := l.scan(s); err != nil {
		return err
	}
	var n nginxValues
	user := false
	for i := range l.parts {
		p, mark := &l.parts[i], l.marks[i]
		value := dash(s[mark.from:mark.to])
		if value == "" || value == `""` && l.kinds[i] == apacheUser { // Apache's word for an empty name
			continue
		}
		if m.text.escapes {
			value = q.unescapeApache(value)
		}
		var err error
		switch l.kinds[i] {
		case apacheNothing:
		case apacheStamp:
			var rest string
			ok := false
			if q.time, rest, ok = l.forms[i].read(value, m.opt.TimeZone); !ok || rest != "" {
				err = fmt.Errorf("time %q is not in the format", shorten(value))
			}
		case apacheMillis:
			q.time, err = millis(value)
		case apacheMicros:
			q.time, err = microseconds(value)
		case apacheTook:
			q.setDuration(value, "s")
		case apacheTookMs:
			q.setDuration(value, "ms")
		case apacheTookUs:
			q.setDuration(value, "us")
		case apacheQuery:
			n.text[slotQuery] = strings.TrimPrefix(value, "?")
		default:
			user = user || l.kinds[i] == apacheUser
			n.put(q, p.slot, p.name, value)
		}
		if err != nil {
			return err
		}
	}
	if q.time == (event.Time{}) {
		if err := m.settleNginx(&n); err != nil {
			return err
		}
	} else if err := m.settle(&n); err != nil {
		return err
	}
	// Modules set the name before they check the password, and may end with other
	// statuses than 401: with these nobody has been authenticated for sure.
	q.checked.user = user && l.status && q.status != 400 && q.status != 401 && q.status != 407 && q.status != 500
	return nil
}

// microseconds reads microseconds since 1970.
func microseconds(s string) (event.Time, error) {
	n, ok := whole(s)
	if !ok || n > 9_000_000_000*1_000_000 {
		return event.Time{}, fmt.Errorf("time %q is not a number of microseconds", shorten(s))
	}
	return event.Unix(n*1000, 6), nil
}

// unescapeApache undoes what Apache did to a value (ap_escape_logitem).
func (q *request) unescapeApache(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	from := len(q.scratch)
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c != '\\' || i+1 == len(s) {
			q.scratch = append(q.scratch, c)
			continue
		}
		i++
		switch next := s[i]; {
		case next == 'n':
			c = '\n'
		case next == 't':
			c = '\t'
		case next == 'r':
			c = '\r'
		case next == 'b':
			c = '\b'
		case next == 'v':
			c = '\v'
		case next == '"' || next == '\\':
			c = next
		case next == 'x' && i+2 < len(s) && hexValue(s[i+1]) < 16 && hexValue(s[i+2]) < 16:
			c = hexValue(s[i+1])<<4 | hexValue(s[i+2])
			i += 2
		default:
			i--
		}
		q.scratch = append(q.scratch, c)
	}
	return view(q.scratch[from:])
}
