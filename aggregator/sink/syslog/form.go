package syslog

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/event/render"
)

// LeastBytes is what every receiver takes (RFC 5424, 6.1).
const LeastBytes = 2048

// Facilities in the order of their numbers.
func Facilities() []string {
	return []string{"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp", "audit", "alert", "clock",
		"local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"}
}

// Severities in the order of their numbers.
func Severities() []string {
	return []string{"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"}
}

// Numbers of severities.
const (
	warning = 4
	notice  = 5
	info    = 6
)

// form is how an event becomes a message.
type form struct {
	format   render.Format
	facility int
	severity int // -1: by the event
	head     string
	sd       string // the beginning of the structured data
	bom      bool
}

var (
	headerText = regexp.MustCompile(`^[!-~]+$`)
	sdName     = regexp.MustCompile(`^[!#-<>-\\^-~]{1,32}$`) // no "=", "]", quote or space
)

func newForm(c *Config) (form, error) {
	f := form{severity: -1, bom: c.BOM, sd: cmp.Or(c.ID, DefaultID)}
	var known bool
	if f.format, known = render.Find(cmp.Or(c.Format, render.Canonical)); !known {
		return f, fmt.Errorf("there is no format %q", c.Format)
	}
	if f.facility = slices.Index(Facilities(), cmp.Or(c.Facility, DefaultFacility)); f.facility < 0 {
		return f, fmt.Errorf("there is no facility %q; there are %s", c.Facility, strings.Join(Facilities(), ", "))
	}
	if c.Severity != "" {
		if f.severity = slices.Index(Severities(), c.Severity); f.severity < 0 {
			return f, fmt.Errorf("there is no severity %q; there are %s", c.Severity, strings.Join(Severities(), ", "))
		}
	}
	app := cmp.Or(c.AppName, DefaultAppName)
	switch {
	case !headerText.MatchString(app) || len(app) > 48:
		return f, errors.New("app_name is at most 48 characters of ASCII without spaces")
	case !headerText.MatchString(c.Hostname) || len(c.Hostname) > 255:
		return f, errors.New("hostname is at most 255 characters of ASCII without spaces")
	case !sdName.MatchString(f.sd):
		return f, errors.New(`sd_id is a name like "acme@32473", at most 32 characters of ASCII`)
	}
	if c.Trail != "" {
		f.sd = string(parameter([]byte(f.sd), "trail", c.Trail))
	}
	f.head = " " + c.Hostname + " " + app + " - "
	return f, nil
}

// append appends the message of an event with its length before it, and tells how long it is. One that
// is longer than most is not appended.
func (f *form) append(b []byte, e *event.Event, most int) ([]byte, int) {
	const room = 8 // for the length and a space
	start := len(b)
	b = append(b, "        "...)
	b = f.message(b, e)
	n := len(b) - start - room
	if n > most {
		return b[:start], n
	}
	length := strconv.AppendInt(make([]byte, 0, room), int64(n), 10)
	length = append(length, ' ')
	copy(b[start:], length)
	return append(b[:start+len(length)], b[start+room:]...), n
}

func (f *form) message(b []byte, e *event.Event) []byte {
	severity := f.severity
	switch {
	case severity >= 0:
	case e.ErrorCode != "":
		severity = warning
	case e.RW == event.Write:
		severity = notice
	default:
		severity = info
	}
	b = strconv.AppendInt(append(b, '<'), int64(f.facility*8+severity), 10)
	b = append(b, ">1 "...)
	b = timestamp(b, e.Time)
	b = append(b, f.head...)
	b = id(b, e.Name)
	b = append(append(b, " ["...), f.sd...)
	for _, p := range [...][2]string{{"eventId", e.ID}, {"eventName", e.Name}, {"eventRW", e.RW}, {"serviceName", e.Service}, {"userName", e.Identity.UserName}, {"sourceIpAddress", e.SourceIP}} {
		if p[1] != "" {
			b = parameter(b, p[0], p[1])
		}
	}
	b = append(b, "] "...)
	start := len(b)
	if f.bom {
		b = append(b, "\ufeff"...)
	}
	b = f.format.Append(b, e)
	if f.bom && ascii(b[start+3:]) {
		b = append(b[:start], b[start+3:]...)
	}
	return b
}

// timestamp has at most six digits of a second (RFC 5424, 6.2.3).
func timestamp(b []byte, t event.Time) []byte {
	if t.IsZero() {
		return append(b, '-')
	}
	t = event.Unix(t.Nanos, min(t.Digits, 6))
	if year := t.Std().Year(); year < 1 || year > 9999 {
		return append(b, '-')
	}
	return t.Append(b)
}

// id is the MSGID: what is not ASCII to be seen becomes "_".
func id(b []byte, name string) []byte {
	if name == "" {
		return append(b, '-')
	}
	for i, r := range name {
		if i >= 32 {
			break
		}
		if r < '!' || r > '~' {
			r = '_'
		}
		b = append(b, byte(r))
	}
	return b
}

// parameter appends an SD-PARAM. Its value is UTF-8 without control characters.
func parameter(b []byte, name, value string) []byte {
	b = append(append(append(b, ' '), name...), `="`...)
	for _, r := range value {
		switch {
		case r == '"' || r == '\\' || r == ']':
			b = append(b, '\\', byte(r))
		case r < ' ' || r == 0x7f:
			b = append(b, ' ')
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}

func ascii(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
