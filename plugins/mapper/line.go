package mapper

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// line is the form of a gateway's lines, compiled from the format that the gateway
// was told to write: variables with text between them. One mapper uses it: it keeps
// where the variables of the last line stand.
//
// A variable goes on to the text behind it. Where it may hold that text itself (a
// user with a space in the name), the first place counts after which all the rest
// of the line fits, too.
type line struct {
	head  string // text before the first variable
	parts []part
	marks []mark // of each part in the last line
	found []mark // the same, while another way is looked for
	// cut tells that the gateway cuts its lines at a length: what lacks the text
	// behind the request line is taken as far as it goes.
	cut bool
	had int // parts of the last line
}

// part is a variable of a line and what ends it.
type part struct {
	name  string // what rules call it: fields.<name>
	slot  slot
	form  valueForm
	after string // the text behind it
	bare  string // the same where a part in braces is left out
	last  bool   // after it the line ends
	begin byte   // when not zero: what the next part begins with, which stands here without text between
	chain string // behind that part, if it is empty
	loose bool   // where it ends is taken as it comes first
	sure  bool   // the first place that fits is the only one

	stamp *timeForm // when it is a time of this form

	quoted  bool // it stands between quotes, and holds none
	slashed bool // a backslash in it takes the meaning off a quote
}

// mark is where a part stands in a line.
type mark struct{ from, to int }

// maxTries bounds the places that are tried, or a line could be made that takes for ever.
const maxTries = 2000

// seal works out what the parts need to know of each other.
func (l *line) seal() {
	l.marks, l.found = make([]mark, len(l.parts)), make([]mark, len(l.parts))
	before := l.head
	for i := range l.parts {
		p := &l.parts[i]
		p.last = i == len(l.parts)-1
		p.bare = p.after
		if strings.HasSuffix(before, " ") {
			p.bare = strings.TrimPrefix(p.after, " ") // of two spaces one is left
		}
		before = p.after
		p.sure = p.last || p.after == "" || !p.form.mayHold(p.after[0]) || p.quoted && p.after[0] == '"'
	}
}

// scan finds the parts in s. A line that can be cut in two ways is an error: who
// chose a part of it may have meant it to be.
func (l *line) scan(s string) error {
	if !strings.HasPrefix(s, l.head) {
		return fmt.Errorf("the line does not fit its format: it does not begin with %q", l.head)
	}
	l.had = len(l.parts)
	tries, furthest, found := 0, 0, false
	l.marks[0].from = len(l.head)
	for i, least := 0, len(l.head); ; {
		p, m := &l.parts[i], &l.marks[i]
		to := p.end(s, m.from, least, &tries)
		if to < 0 {
			if l.cut && !found && p.cutShort(s[m.from:]) {
				m.to, l.had = len(s), i+1
				return nil
			}
			furthest = max(furthest, i)
			if i = l.before(i, found); i < 0 && found {
				copy(l.marks, l.found)
				return nil
			}
			if tries++; i < 0 || tries > maxTries {
				return l.unlike(furthest, tries > maxTries)
			}
			least = l.marks[i].to + 1
			continue
		}
		m.to = to
		if p.last {
			if found {
				return l.twofold()
			}
			if i = l.before(i, true); i < 0 {
				return nil
			}
			found = true
			copy(l.found, l.marks)
			least = l.marks[i].to + 1
			continue
		}
		if p.form == formBraces && to == m.from {
			to += len(p.bare)
		} else {
			to += len(p.after)
		}
		i++
		l.marks[i].from, least = to, to
	}
}

// before is the last part before i that may end elsewhere, too; -1 when there is
// none. With again it is asked for a second way to read the line.
func (l *line) before(i int, again bool) int {
	for i--; i >= 0 && (l.parts[i].sure || again && l.parts[i].loose); i-- {
	}
	return i
}

// cutShort tells whether the gateway cut its line within this part.
func (p *part) cutShort(rest string) bool {
	return p.slot == slotRequest && p.quoted && rest != "" && strings.IndexByte(rest, '"') < 0
}

// twofold is the error of a line that fits in two ways.
func (l *line) twofold() error {
	i := 0
	for l.marks[i] == l.found[i] {
		i++
	}
	return fmt.Errorf("the line fits its format in more than one way: where %s begins and ends cannot be told; have the gateway put what clients choose between quotes, escaped", l.parts[i].name)
}

// unlike is the error of a line that does not fit.
func (l *line) unlike(i int, endless bool) error {
	p := &l.parts[i]
	switch {
	case endless:
		return fmt.Errorf("the line does not fit its format: where %s ends cannot be told", p.name)
	case p.last && p.after == "":
		return fmt.Errorf("the line does not fit its format: %s at its end is missing or wrong", p.name)
	default:
		return fmt.Errorf("the line does not fit its format: %s, which %q ends, is missing or wrong", p.name, p.after)
	}
}

// end is where the part ends that begins at from: not before least; -1 when it does not fit.
func (p *part) end(s string, from, least int, tries *int) int {
	switch {
	case p.form == formBraces && (from >= len(s) || s[from] != '{'):
		if least > from || !strings.HasPrefix(s[from:], p.bare) || p.last && len(s) != from+len(p.bare) {
			return -1
		}
		return from
	case p.form == formMark:
		if from < len(s) && s[from] == '?' {
			from++
		}
		if least > from {
			return -1
		}
		return from
	case p.begin != 0:
		return p.beside(s, from, least)
	case p.last:
		to := len(s) - len(p.after)
		if to < least || s[to:] != p.after || !p.fits(s[from:to]) {
			return -1
		}
		return to
	}
	for at := least; ; {
		n := indexAt(s, at, p.after)
		if n < 0 {
			return -1
		}
		if p.fits(s[from:n]) {
			return n
		}
		if p.sure && !p.slashed || p.hopeless(s[from:n]) {
			return -1
		}
		if *tries++; *tries > maxTries {
			return -1
		}
		at = n + 1
	}
}

// beside is the end of a part that the next one follows at once.
func (p *part) beside(s string, from, least int) int {
	for i := least; i <= len(s); i++ {
		if i < len(s) && s[i] == p.begin || p.chain == "" && i == len(s) || p.chain != "" && strings.HasPrefix(s[i:], p.chain) {
			if p.fits(s[from:i]) {
				return i
			}
		}
	}
	return -1
}

// fits tells whether v may be the part's value.
func (p *part) fits(v string) bool {
	if p.stamp != nil {
		_, rest, ok := p.stamp.read(v, time.UTC)
		return ok && rest == ""
	}
	if p.quoted {
		if p.slashed {
			if escaped(v) {
				return false
			}
		} else if p.after == "" || p.after[0] != '"' || p.last {
			if strings.IndexByte(v, '"') >= 0 {
				return false
			}
		}
	}
	return p.form.holds(v)
}

// hopeless tells, of what does not fit, that more of the line fits no better.
func (p *part) hopeless(v string) bool {
	if p.quoted && !p.slashed && strings.IndexByte(v, '"') >= 0 {
		return true
	}
	return p.form.hopeless(v)
}

// indexAt is the index of text in s from i on, -1 when it is not there. Mostly
// text is short, and so is the way.
func indexAt(s string, i int, text string) int {
	for first := text[0]; i <= len(s)-len(text); i++ {
		n := strings.IndexByte(s[i:], first)
		if n < 0 {
			return -1
		}
		if i += n; strings.HasPrefix(s[i:], text) {
			return i
		}
	}
	return -1
}

// joints finds where two parts stand without text between. That will do only
// where it can be seen where the second one begins.
func (l *line) joints() error {
	for i := range len(l.parts) - 1 {
		p, next := &l.parts[i], &l.parts[i+1]
		switch {
		case p.after != "" || p.form == formMark:
		case next.form == formMark, next.form == formQuery && p.form == formPath:
			p.begin = '?'
		case next.form == formPath && !p.form.mayHold('/'):
			p.begin = '/'
		default:
			return fmt.Errorf("log_format has %s and %s without text between: where the first one ends cannot be told; put a space, or quotes, between them", p.name, next.name)
		}
	}
	for i := len(l.parts) - 2; i >= 0; i-- {
		if p := &l.parts[i]; p.begin != 0 {
			p.chain = l.behind(i + 1)
		}
	}
	return nil
}

// behind is the text that ends a row of parts without text between, from i on.
func (l *line) behind(i int) string {
	for i < len(l.parts)-1 && l.parts[i].after == "" {
		i++
	}
	return l.parts[i].after
}

// complete tells what an event needs that the line does not have; each is said in
// the gateway's own words.
func (l *line) complete(status, time, request, method string) error {
	has := func(slots ...slot) bool {
		return slices.ContainsFunc(l.parts, func(p part) bool { return slices.Contains(slots, p.slot) })
	}
	switch {
	case !has(slotStatus):
		return fmt.Errorf("log_format does not log the status: add %s", status)
	case !has(slotEpoch, slotISO, slotLocal):
		return fmt.Errorf("log_format does not log the time: add %s", time)
	case !has(slotRequest, slotRequestURI, slotPath):
		return fmt.Errorf("log_format does not log the request: add %s", request)
	case !has(slotRequest, slotMethod):
		return fmt.Errorf("log_format does not log the method: add %s", method)
	}
	return nil
}
