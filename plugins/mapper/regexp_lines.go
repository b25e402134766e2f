package mapper

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Bounds of a regular expression: of its text, of how many there are, and of a
// line. RE2 takes time in proportion to both, whatever a line holds.
const (
	maxPattern  = 8 << 10
	maxPatterns = 8
	maxMatched  = 64 << 10
)

// regexpLines reads the lines of any program by regular expressions (RE2), whose
// named groups say what is what. log_format has one a line, of which the first that
// fits a whole line counts. Before them may stand how the time is written, and the
// unit of the duration:
//
//	time %d.%m.%Y %H:%M:%S
//	duration ms
//	(?P<time>\S+ \S+) (?P<user>\S+) "(?P<request>[^"]*)" (?P<status>\d+) (?P<tenant>\S+)
//
// A group whose name has no meaning is a field for rules: fields.tenant.
type regexpLines struct {
	patterns []groupPattern
	meant    meant
}

// groupPattern is an expression, and what its groups are.
type groupPattern struct {
	*regexp.Regexp
	groups []lineGroup
}

type lineGroup struct {
	index int
	name  string
	means meaning
	known bool // means says something
}

func newRegexpLines(opt *Options) (reader, error) {
	if strings.TrimSpace(opt.LogFormat) == "" {
		return nil, errors.New("log_format is needed: a regular expression (RE2) with named groups, like (?P<time>\\S+) (?P<address>\\S+) \"(?P<request>[^\"]*)\" (?P<status>\\d+)")
	}
	r := &regexpLines{}
	for _, text := range strings.Split(opt.LogFormat, "\n") {
		text = strings.TrimSpace(text)
		name, how, _ := strings.Cut(text, " ")
		switch k, known := meaningOf(name); {
		case text == "" || text[0] == '#':
		case known:
			if len(r.patterns) > 0 {
				return nil, fmt.Errorf("log_format: %q stands behind an expression: put it before them", shorten(text))
			}
			if err := r.meant.written(k, strings.TrimSpace(how)); err != nil {
				return nil, err
			}
		default:
			p, err := newGroupPattern(text)
			if err != nil {
				return nil, fmt.Errorf("log_format: %w", err)
			}
			if r.patterns = append(r.patterns, p); len(r.patterns) > maxPatterns {
				return nil, fmt.Errorf("log_format has more than %d expressions: cut the log into several sources", maxPatterns)
			}
			if err := r.meant.check(p.has); err != nil {
				return nil, fmt.Errorf("%w, as the name of a group", err)
			}
		}
	}
	if len(r.patterns) == 0 {
		return nil, errors.New("log_format has no expression")
	}
	return r.read, nil
}

func newGroupPattern(text string) (groupPattern, error) {
	if len(text) > maxPattern {
		return groupPattern{}, fmt.Errorf("an expression has %d bytes; at most %d", len(text), maxPattern)
	}
	if _, err := regexp.Compile(text); err != nil { // by itself, so that no parenthesis of it closes ours
		return groupPattern{}, err
	}
	x, err := regexp.Compile(`\A(?:` + text + `)\z`)
	if err != nil {
		return groupPattern{}, err
	}
	p := groupPattern{Regexp: x}
	for i, name := range x.SubexpNames() {
		if name == "" {
			continue
		}
		if x.SubexpIndex(name) != i {
			return groupPattern{}, fmt.Errorf("two groups have the name %s", name)
		}
		k, known := meaningOf(name)
		p.groups = append(p.groups, lineGroup{i, name, k, known})
	}
	if len(p.groups) == 0 {
		return groupPattern{}, errors.New("an expression has no named groups, like (?P<status>\\d+)")
	}
	return p, nil
}

// has tells whether a group has this meaning.
func (p *groupPattern) has(k meaning) bool {
	for _, g := range p.groups {
		if g.known && g.means == k {
			return true
		}
	}
	return false
}

func (r *regexpLines) read(m *Mapper, record []byte) error {
	if len(record) > maxMatched {
		return fmt.Errorf("the line has %d bytes; at most %d are matched", len(record), maxMatched)
	}
	line, q := view(record), &m.request
	for i := range r.patterns {
		p := &r.patterns[i]
		at := p.FindStringSubmatchIndex(line)
		if at == nil {
			continue
		}
		clear(r.meant.text[:])
		for _, g := range p.groups {
			from, to := at[2*g.index], at[2*g.index+1]
			if from < 0 {
				continue
			}
			switch value := line[from:to]; {
			case g.known:
				r.meant.text[g.means] = value
			case dash(value) != "":
				q.fields = append(q.fields, field{g.name, value})
			}
		}
		return m.settleMeant(&r.meant)
	}
	return errors.New("the line fits none of the regular expressions of its log_format")
}
