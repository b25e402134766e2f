package mapper

import (
	"errors"
	"strings"

	"github.com/actiontrail/actiontrail/plugins"
)

// authlog reads the lines that sshd, sudo and su write by way of syslog: auth.log,
// secure, or what journalctl prints. What other programs write is ignored.
func authlog(opt *Options) (reader, error) {
	if opt.LogFormat != "" {
		return nil, errOneForm
	}
	return (*Mapper).readAuthlog, nil
}

var errNoTag = errors.New("not a line of syslog: time, host and program are needed")

func (m *Mapper) readAuthlog(record []byte) error {
	q := &m.request
	l, err := m.syslogLine(view(record))
	if err != nil {
		return err
	}
	q.time, q.server = l.time, l.host
	text, repeated := withoutRepeats(l.text)
	q.add(factRepeated, repeated)
	switch l.program {
	case "sshd", "sshd-session", "sshd-auth":
		return q.sshd(text)
	case "sudo":
		return q.sudo(text)
	case "su":
		return q.su(text)
	}
	return plugins.ErrIgnored
}

// factRepeated is how often in all a line came that rsyslog wrote once.
var factRepeated = newKey("repeated")

// withoutRepeats takes off "message repeated 2 times: [ … ]".
func withoutRepeats(s string) (text, times string) {
	rest, ok := strings.CutPrefix(s, "message repeated ")
	if !ok {
		return s, ""
	}
	times, rest, ok = cut(rest, ' ')
	rest, begins := strings.CutPrefix(rest, "times: [ ")
	rest, ends := strings.CutSuffix(rest, "]")
	if !ok || !begins || !ends {
		return s, ""
	}
	return rest, times
}

// isAuthlogLine tells whether a line of syslog is of one of the programs: by the
// words before the text, which no client writes.
func isAuthlogLine(s string) bool {
	rest, _ := withoutPriority(s)
	if after, ok := strings.CutPrefix(rest, "1 "); ok && isStamp(after) {
		for range 2 { // stamp, host
			_, after, _ = cut(after, ' ')
		}
		program, _, ok := cut(after, ' ')
		return ok && isAuthProgram(program)
	}
	if isStamp(rest) {
		_, rest, _ = cut(rest, ' ')
	} else if len(rest) > 16 && rest[3] == ' ' && isLetter(rest[0]) {
		if rest = strings.TrimPrefix(rest[4:], " "); rest == "" || !isDigit(rest[0]) {
			return false
		}
		_, rest, _ = cut(rest, ' ') // day
		if len(rest) < 9 || rest[2] != ':' || rest[5] != ':' {
			return false
		}
		rest = rest[9:]
	} else {
		return false
	}
	_, rest, _ = cut(rest, ' ') // host
	tag, _, ok := cut(rest, ' ')
	program, _, _ := cut(strings.TrimSuffix(tag, ":"), '[')
	return ok && isTag(tag) && isAuthProgram(program)
}

func isAuthProgram(name string) bool {
	switch name {
	case "sshd", "sshd-session", "sshd-auth", "sudo", "su":
		return true
	}
	return false
}
