package mapper

import (
	"errors"
	"fmt"
	"strings"
)

// envoyLine is a text format of Envoy's access log: operators with text between.
//
// Envoy escapes nothing, so a header that a client writes may hold the text that
// separates values. The values behind the last of such headers are therefore read
// from the line's end: no client can write into them. Those between the first and
// the last one may be forged by extra separators; that shows in the last one, and
// then they are not vouched for.
type envoyLine struct {
	parts       []envoyPart
	end         string // text after the last value
	first, last int    // of the wild operators; none: last is the last value of all
	doubtful    doubts // what stands among them
}

// doubts are what cannot be relied on when a header holds separators.
type doubts struct{ who, peer, forwarded bool }

func (d doubts) or(e doubts) doubts {
	return doubts{d.who || e.who, d.peer || e.peer, d.forwarded || e.forwarded}
}

// envoyPart is a value and the text before it.
type envoyPart struct {
	before string
	op     envoyOperator
}

// parseEnvoyLine reads a text format.
func parseEnvoyLine(format string) (*envoyLine, error) {
	format = strings.TrimSuffix(strings.TrimRight(format, "\r\n"), `\n`)
	l := &envoyLine{first: -1, last: -1}
	before := ""
	for format != "" {
		n := strings.IndexByte(format, '%')
		if n < 0 {
			before, format = before+format, ""
			break
		}
		before, format = before+format[:n], format[n:]
		if rest, ok := strings.CutPrefix(format, "%%"); ok {
			before, format = before+"%", rest
			continue
		}
		name, args, rest, err := cutOperator(format)
		if err != nil {
			return nil, err
		}
		op, err := newEnvoyOperator(name, args)
		if err != nil {
			return nil, err
		}
		if before == "" && len(l.parts) > 0 && l.parts[len(l.parts)-1].op.time == nil {
			return nil, fmt.Errorf("%%%s%% follows another value with nothing between: where the one ends cannot be known", name)
		}
		l.parts = append(l.parts, envoyPart{before, op})
		before, format = "", rest
	}
	if len(l.parts) == 0 {
		return nil, errors.New("it has no operator such as %START_TIME%")
	}
	l.end = before
	for i := range l.parts {
		if l.parts[i].op.wild {
			if l.last = i; l.first < 0 {
				l.first = i
			}
		}
	}
	if l.last < 0 {
		l.last = len(l.parts) - 1
		l.first = l.last + 1
	}
	for i := l.first; i <= l.last; i++ {
		switch l.parts[i].op.kind {
		case envoyRemote, envoyDirect:
			l.doubtful.peer = true
		case envoyForwarded:
			l.doubtful.forwarded = true
		case envoySubject, envoySAN, envoyClaim, envoyClaims:
			l.doubtful.who = true
		}
	}
	return l, nil
}

// cutOperator takes %NAME%, %NAME(args)% or %NAME(args):limit% from the beginning
// of a format. args may hold a percent sign, as those of %START_TIME(%s)% do.
func cutOperator(format string) (name, args, rest string, err error) {
	n := 1
	for n < len(format) && (format[n] >= 'A' && format[n] <= 'Z' || format[n] >= '0' && format[n] <= '9' || format[n] == '_') {
		n++
	}
	name, rest = format[1:n], format[n:]
	if after, ok := strings.CutPrefix(rest, "("); ok {
		closed := false
		for i := range len(after) {
			if after[i] == ')' {
				if tail, ok := afterLimit(after[i+1:]); ok {
					args, rest, closed = after[:i], tail, true
					break
				}
			}
		}
		if !closed {
			return "", "", "", fmt.Errorf("%%%s( is not closed by )%%", name)
		}
		return name, args, rest, nil
	}
	rest, ok := afterLimit(rest)
	if !ok || name == "" {
		return "", "", "", fmt.Errorf("%q is not an operator: write %%NAME%% or %%NAME(…)%%, and a percent sign as %%%%", shortened(format))
	}
	return name, "", rest, nil
}

// afterLimit takes the end of an operator: a percent sign, and the limit of its
// length before it.
func afterLimit(s string) (rest string, ok bool) {
	if after, limited := strings.CutPrefix(s, ":"); limited {
		n := 0
		for n < len(after) && after[n]-'0' <= 9 {
			n++
		}
		s = after[n:]
	}
	return strings.CutPrefix(s, "%")
}

func shortened(s string) string {
	if len(s) > 20 {
		return s[:20] + "…"
	}
	return s
}

// read reads a line, or the value of a JSON record, and gives its values to v.
func (l *envoyLine) read(m *Mapper, v *envoy, s string) error {
	for i := 0; i <= l.last; i++ {
		p := &l.parts[i]
		var ok bool
		if s, ok = strings.CutPrefix(s, p.before); !ok {
			return l.missing(i)
		}
		if i == l.last {
			break
		}
		if p.op.time != nil {
			if s, ok = v.start(m, &p.op, s); !ok {
				return l.missing(i)
			}
			continue
		}
		n := strings.Index(s, l.parts[i+1].before)
		if n < 0 {
			return l.missing(i + 1)
		}
		if err := v.take(m, &p.op, s[:n]); err != nil {
			return err
		}
		s = s[n:]
	}
	s, ok := strings.CutSuffix(s, l.end)
	if !ok {
		return errors.New("not in the format: its end is another one")
	}
	for i := len(l.parts) - 1; i > l.last; i-- {
		p := &l.parts[i]
		n := strings.LastIndex(s, p.before)
		if n < 0 {
			return l.missing(i)
		}
		if err := v.take(m, &p.op, s[n+len(p.before):]); err != nil {
			return err
		}
		s = s[:n]
	}
	if strings.Contains(s, l.after(l.last)) {
		v.doubt = v.doubt.or(l.doubtful)
	}
	return v.take(m, &l.parts[l.last].op, s)
}

// after is the first byte of the text after value i, a space when there is none.
func (l *envoyLine) after(i int) string {
	next := l.end
	if i+1 < len(l.parts) {
		next = l.parts[i+1].before
	}
	if next == "" {
		return " "
	}
	return next[:1]
}

func (l *envoyLine) missing(i int) error {
	return errors.New("not in the format: its " + l.parts[i].op.name + " is missing or wrong")
}
