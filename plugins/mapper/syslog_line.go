package mapper

import (
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// syslogLine is a line of a syslog daemon, taken apart.
type syslogLine struct {
	time                event.Time
	host, program, text string
}

// syslogLine takes a line apart: RFC 5424, RFC 3164, or the latter with an ISO stamp,
// as rsyslog writes files on Debian since 12; a priority may stand before it.
func (m *Mapper) syslogLine(s string) (l syslogLine, err error) {
	rest, _ := withoutPriority(s)
	if after, ok := strings.CutPrefix(rest, "1 "); ok && isStamp(after) {
		return m.syslog5424(after)
	}
	if isStamp(rest) {
		var stamp string
		if stamp, rest, _ = cut(rest, ' '); stamp == "" {
			return l, errNoTag
		}
		if l.time, err = m.clock.iso(stamp, m.opt.TimeZone); err != nil {
			return l, err
		}
	} else if l.time, rest, err = m.clock.yearless(rest, m.opt.TimeZone, m.observed); err != nil {
		return l, err
	}
	var tag string
	if l.host, rest, _ = cut(rest, ' '); l.host == "" {
		return l, errNoTag
	}
	if tag, rest, _ = cut(rest, ' '); !isTag(tag) {
		return l, errNoTag
	}
	l.program, _, _ = cut(tag[:len(tag)-1], '[')
	l.text = strings.TrimLeft(rest, " ")
	return l, nil
}

// syslog5424 takes what follows the version: STAMP HOST PROGRAM PID ID DATA TEXT.
func (m *Mapper) syslog5424(s string) (l syslogLine, err error) {
	text, ok := withoutRFC5424("1 " + s)
	stamp, rest, _ := cut(s, ' ')
	host, rest, _ := cut(rest, ' ')
	program, _, _ := cut(rest, ' ')
	if !ok || program == "" {
		return l, errNoTag
	}
	l.time, err = m.clock.iso(stamp, m.opt.TimeZone)
	l.host, l.program, l.text = dash(host), program, text
	return l, err
}

// isStamp tells whether a text begins as 2026-11-21T01:26:57 does.
func isStamp(s string) bool {
	return len(s) > 20 && s[4] == '-' && s[7] == '-' && (s[10] == 'T' || s[10] == ' ') && s[13] == ':' && isDigit(s[0])
}
