package mapper

import (
	"errors"
	"fmt"
	"strings"
)

// postgresPrefix reads what log_line_prefix puts before a message. Users and
// databases are what a client says: those with white space in them are refused, for
// what stands behind could be theirs.
type postgresPrefix struct{ parts []postgresPart }

// postgresPart is a text that stands there, or an escape (0: a text).
type postgresPart struct {
	escape byte
	text   string
}

func newPostgresPrefix(format string) (*postgresPrefix, error) {
	p := &postgresPrefix{}
	text := ""
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			text += format[i : i+1]
			continue
		}
		i++
		switch {
		case i == len(format) || strings.IndexByte("%mtnspudahrbliecvxqQPL", format[i]) < 0:
			return nil, fmt.Errorf("log_line_prefix %q: %%%s is none of PostgreSQL's escapes without padding", format, format[i:min(i+1, len(format))])
		case format[i] == '%':
			text += "%"
			continue
		}
		if text != "" {
			p.parts, text = append(p.parts, postgresPart{0, text}), ""
		} else if n := len(p.parts); n > 0 && p.parts[n-1].escape != 'q' && format[i] != 'q' {
			return nil, fmt.Errorf("log_line_prefix %q: %%%c stands right behind another escape: where one ends cannot be told", format, format[i])
		}
		p.parts = append(p.parts, postgresPart{format[i], ""})
	}
	if text != "" {
		p.parts = append(p.parts, postgresPart{0, text})
	}
	for _, part := range p.parts {
		if strings.IndexByte("mtn", part.escape) >= 0 && part.escape != 0 {
			return p, nil
		}
	}
	return nil, fmt.Errorf("log_line_prefix %q has no time: %%m is needed", format)
}

// read takes the prefix and the severity, and leaves the message.
func (p *postgresPrefix) read(s string, v *[postgresSlots]string) error {
	for i, part := range p.parts {
		switch part.escape {
		case 0:
			var ok bool
			if s, ok = strings.CutPrefix(s, part.text); !ok {
				return errPostgresPrefix
			}
			continue
		case 'q': // a process without a session stops here
			if postgresSeverityOf(s) != "" {
				return p.message(s, v)
			}
			continue
		}
		until := ": " // of the severity
		if i+1 < len(p.parts) {
			until = p.parts[i+1].text
		}
		end := strings.Index(s, until)
		if strings.IndexByte("mts", part.escape) >= 0 { // has two spaces of its own
			end = postgresStampEnd(s)
		}
		if end < 0 {
			return errPostgresPrefix
		}
		value := s[:end]
		s = s[end:]
		switch part.escape {
		case 'm', 't', 'n':
			v[postgresTime] = value
		case 's', 'i': // may have spaces, and are PostgreSQL's own
		case 'a':
			if strings.IndexByte(value, ' ') < 0 {
				v[postgresProgram] = value
			}
		default:
			if strings.IndexByte(value, ' ') >= 0 {
				return fmt.Errorf("%%%c of log_line_prefix holds a space, which a client may have put there: log in JSON (log_destination = jsonlog)", part.escape)
			}
			switch part.escape {
			case 'u':
				v[postgresUser] = value
			case 'd':
				v[postgresDatabase] = value
			case 'h':
				v[postgresHost] = value
			case 'r':
				v[postgresHost], v[postgresPort] = postgresPeer(value, '(')
			case 'c':
				v[postgresSession] = value
			case 'e':
				v[postgresState] = value
			}
		}
	}
	return p.message(s, v)
}

// message takes "LOG:  text".
func (p *postgresPrefix) message(s string, v *[postgresSlots]string) error {
	severity := postgresSeverityOf(s)
	if severity == "" {
		return errPostgresPrefix
	}
	v[postgresSeverity] = severity
	v[postgresMessage] = strings.TrimPrefix(s[len(severity)+1:], "  ")
	return nil
}

// postgresSeverityOf is what a message begins with; empty when it is none.
func postgresSeverityOf(s string) string {
	for _, severity := range [...]string{"LOG", "ERROR", "FATAL", "PANIC", "WARNING", "NOTICE", "INFO", "DEBUG", "DETAIL", "HINT", "CONTEXT", "STATEMENT", "QUERY", "DEBUG1", "DEBUG2", "DEBUG3", "DEBUG4", "DEBUG5", "LOCATION", "BACKTRACE"} {
		if strings.HasPrefix(s, severity) && strings.HasPrefix(s[len(severity):], ":  ") {
			return severity
		}
	}
	return ""
}

// postgresStampEnd is where 2026-11-21 01:26:57.123 UTC ends; -1 when there is none.
func postgresStampEnd(s string) int {
	if len(s) < 19 || s[4] != '-' || s[10] != ' ' || s[13] != ':' {
		return -1
	}
	space := strings.IndexByte(s[11:], ' ')
	if space < 0 {
		return -1
	}
	i := 11 + space + 1
	for i < len(s) && (isLetter(s[i]) || isDigit(s[i]) || strings.IndexByte("+-:/_", s[i]) >= 0) {
		i++
	}
	return i
}

var errPostgresPrefix = errors.New("not a line of PostgreSQL's log with this log_line_prefix")

// isPostgresLine tells whether a line has the default prefix: 2026-11-21 01:26:57.123 UTC [123].
func isPostgresLine(s string) bool {
	end := postgresStampEnd(s)
	if end < 0 || !strings.HasPrefix(s[end:], " [") {
		return false
	}
	pid, rest, ok := cut(s[end+2:], ']')
	if !ok || !number(pid, false) || !strings.HasPrefix(rest, " ") {
		return false
	}
	who, after, _ := cut(rest[1:], ' ')
	return postgresSeverityOf(rest[1:]) != "" || strings.IndexByte(who, '@') > 0 && postgresSeverityOf(after) != ""
}
