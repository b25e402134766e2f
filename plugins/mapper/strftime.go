package mapper

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/event"
)

// timeForm reads time stamps of a form that is given as C's strftime has it, with
// two additions of Envoy: %s is the seconds since 1970, %f a fraction of a second,
// %3f one of three digits.
type timeForm struct{ steps []timeStep }

// timeStep is a directive, or text to be there as it is.
type timeStep struct {
	verb  byte   // 0: text
	width int    // of %f
	text  string // in place of a verb
}

// timeParts are what was read of a stamp.
type timeParts struct {
	year, month, day     int64
	hour, minute, second int64
	nanos                int64
	digits               int // of the fraction
	epoch                int64
	offset               int64 // seconds east of UTC
	zoned, counted       bool  // offset, epoch were there
	afternoon            bool
}

var shortMonths = [...]string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}

// parseTimeForm reads a form, and checks that it makes a time.
func parseTimeForm(s string) (*timeForm, error) {
	f := &timeForm{}
	seen := map[byte]bool{}
	for s != "" {
		n := strings.IndexByte(s, '%')
		if n != 0 {
			if n < 0 {
				n = len(s)
			}
			f.literal(s[:n])
			s = s[n:]
			continue
		}
		if len(s) < 2 {
			return nil, errors.New("it ends in a single %")
		}
		verb, width := s[1], 9
		s = s[2:]
		if verb >= '1' && verb <= '9' && s != "" && s[0] == 'f' {
			verb, width, s = 'f', int(verb-'0'), s[1:]
		}
		switch verb {
		case '%':
			f.literal("%")
			continue
		case 'F':
			s = "%Y-%m-%d" + s
			continue
		case 'T':
			s = "%H:%M:%S" + s
			continue
		case 'R':
			s = "%H:%M" + s
			continue
		case 'D':
			s = "%m/%d/%y" + s
			continue
		case 'Y', 'y', 'm', 'd', 'H', 'I', 'M', 'S', 'f', 's', 'z':
		case 'e':
			verb = 'd'
		case 'b', 'h':
			verb = 'b'
		case 'B', 'a', 'A', 'Z', 'p':
		default:
			return nil, fmt.Errorf("%%%c is not understood: use %%Y %%m %%d %%b %%H %%M %%S %%f %%z or %%s", verb)
		}
		seen[verb] = true
		f.steps = append(f.steps, timeStep{verb: verb, width: width})
	}
	day := (seen['Y'] || seen['y']) && (seen['m'] || seen['b'] || seen['B']) && seen['d']
	clock := (seen['H'] || seen['I'] && seen['p']) && seen['M'] && seen['S']
	if !seen['s'] && (!day || !clock) {
		return nil, errors.New("it makes no time: it needs %s, or a day with its year and a time of day with seconds")
	}
	return f, nil
}

func (f *timeForm) literal(s string) {
	if n := len(f.steps); n > 0 && f.steps[n-1].verb == 0 {
		f.steps[n-1].text += s
		return
	}
	f.steps = append(f.steps, timeStep{text: s})
}

// read reads a stamp from the beginning of s; one without a zone is in the given one.
func (f *timeForm) read(s string, in *time.Location) (t event.Time, rest string, ok bool) {
	var p timeParts
	for i := range f.steps {
		if s, ok = p.step(&f.steps[i], s); !ok {
			return event.Time{}, "", false
		}
	}
	t, ok = p.time(in)
	return t, s, ok
}

// step reads one part of the stamp.
func (p *timeParts) step(st *timeStep, s string) (rest string, ok bool) {
	switch st.verb {
	case 0:
		return strings.CutPrefix(s, st.text)
	case 'Y':
		return digitsInto(&p.year, s, 4)
	case 'y':
		rest, ok = digitsInto(&p.year, s, 2)
		if p.year += 1900; p.year < 1969 {
			p.year += 100
		}
		return rest, ok
	case 'm':
		return digitsInto(&p.month, s, 2)
	case 'd':
		if strings.HasPrefix(s, " ") && len(s) > 1 { // %e
			return digitsInto(&p.day, s[1:], 1)
		}
		return digitsInto(&p.day, s, 2)
	case 'H', 'I':
		return digitsInto(&p.hour, s, 2)
	case 'M':
		return digitsInto(&p.minute, s, 2)
	case 'S':
		return digitsInto(&p.second, s, 2)
	case 'f':
		rest, ok = digitsInto(&p.nanos, s, st.width)
		p.digits = st.width
		for range 9 - st.width {
			p.nanos *= 10
		}
		return rest, ok
	case 's':
		n := 0
		for n < len(s) && n < 12 && s[n]-'0' <= 9 {
			n++
		}
		p.counted = true
		return digitsInto(&p.epoch, s, n)
	case 'b':
		for i, name := range shortMonths {
			if strings.HasPrefix(s, name) {
				p.month = int64(i + 1)
				return s[len(name):], true
			}
		}
		return s, false
	case 'B':
		for i := range shortMonths {
			if rest, ok = strings.CutPrefix(s, time.Month(i+1).String()); ok {
				p.month = int64(i + 1)
				return rest, true
			}
		}
		return s, false
	case 'z':
		n := min(len(s), 5)
		if n == 5 && s[3] == ':' {
			n = min(len(s), 6)
		}
		if strings.HasPrefix(s, "Z") {
			n = 1
		}
		p.offset, p.zoned = zone(s[:n])
		return s[n:], p.zoned
	case 'Z':
		for _, name := range [...]string{"UTC", "GMT"} {
			if rest, ok = strings.CutPrefix(s, name); ok {
				p.zoned = true
				return rest, true
			}
		}
		return s, false
	case 'p':
		p.afternoon = strings.HasPrefix(s, "PM")
		if p.afternoon || strings.HasPrefix(s, "AM") {
			p.hour %= 12 // of %I, which stands before it
			if p.afternoon {
				p.hour += 12
			}
			return s[2:], true
		}
		return s, false
	}
	n := 0 // %a, %A: the day of the week says nothing more
	for n < len(s) && isLetter(s[n]) {
		n++
	}
	return s[n:], n > 0
}

// time is what the parts make, in UTC.
func (p *timeParts) time(in *time.Location) (event.Time, bool) {
	at := p.epoch
	if !p.counted {
		if p.year < 1678 || p.year > 2261 || p.month < 1 || p.month > 12 || p.day < 1 || p.day > 31 || p.hour > 23 || p.minute > 59 || p.second > 60 {
			return event.Time{}, false
		}
		if p.zoned {
			in = time.UTC
		}
		day := time.Date(int(p.year), time.Month(p.month), int(p.day), int(p.hour), int(p.minute), int(p.second), 0, in)
		at = day.Unix() - p.offset
	}
	if at > 9_000_000_000 {
		return event.Time{}, false
	}
	return event.Unix(at*1e9+p.nanos, uint8(p.digits)), true
}

// digitsInto reads just n digits from the beginning of s.
func digitsInto(to *int64, s string, n int) (rest string, ok bool) {
	if len(s) < n {
		return s, false
	}
	*to, ok = whole(s[:n])
	return s[n:], ok
}
