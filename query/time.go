package query

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Instants outside these do not fit in nanoseconds since 1970.
var (
	minInstant = time.Date(1678, 1, 1, 0, 0, 0, 0, time.UTC)
	maxInstant = time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC)
)

// ParseTime reads one end of a time range: a time, a day or a longer unit, or
// date math such as now-7d/d, in UTC. What is rounded is rounded down, or with
// up to the end of the unit, and so is a day.
func ParseTime(s string, now time.Time, up bool) (time.Time, error) {
	s = strings.ReplaceAll(s, " ", "+") // what a plus becomes that was not percent-encoded
	from, to, err := readTime(s, now)
	if up {
		from = to
	}
	if err == nil && !from.Before(maxInstant) {
		err = outOfRange(s)
	}
	if err != nil {
		return time.Time{}, err
	}
	return from, nil
}

// readTime reads a time. What stands for a while, as a day does, begins at from
// and ends before to; an instant has both the same.
func readTime(s string, now time.Time) (from, to time.Time, err error) {
	steps, math := strings.CutPrefix(s, "now")
	base := now.UTC()
	if !math {
		var text string
		text, steps, math = strings.Cut(s, "||")
		if base, to, err = absolute(text); err != nil || !math {
			return base, to, err
		}
	}
	if from, err = dateMath(s, steps, base, false); err == nil {
		to, err = dateMath(s, steps, base, true)
	}
	return from, to, err
}

// isDateMath tells whether the text is one for readTime that absolute does not know.
func isDateMath(s string) bool { return strings.HasPrefix(s, "now") || strings.Contains(s, "||") }

// layouts are the forms of an absolute time, and the unit for which it stands; without a zone it is UTC.
var layouts = [...]struct {
	layout string
	unit   byte
}{
	{time.DateOnly, 'd'}, {time.RFC3339, 0}, {"2006-01-02T15:04:05", 0}, {"2006-01-02T15:04Z07:00", 'm'}, {"2006-01-02T15:04", 'm'},
	{"2006-01-02T15", 'h'}, {"2006-01", 'M'}, {"2006", 'y'},
}

// absolute reads a time without date math, as readTime does.
func absolute(s string) (from, to time.Time, err error) {
	for _, form := range layouts {
		if from, err = time.Parse(form.layout, s); err != nil {
			continue
		}
		from = from.UTC()
		to = from
		if form.unit != 0 {
			to, _ = shift(from, 1, form.unit)
		}
		if from.Before(minInstant) || to.After(maxInstant) {
			return from, to, outOfRange(s)
		}
		return from, to, nil
	}
	return from, to, fmt.Errorf("%q is not a time", Cut(s))
}

func outOfRange(s string) error {
	return fmt.Errorf("%q is out of range (years 1678 to 2261)", Cut(s))
}

// dateMath applies the steps of s, like +1h, -7d and /d, to t, in UTC; weeks
// begin on Monday. With up it is the end of what the steps round to.
func dateMath(s, steps string, t time.Time, up bool) (time.Time, error) {
	wrong := func() (time.Time, error) {
		return time.Time{}, fmt.Errorf("%q is not date math", Cut(s))
	}
	rounded := false
	for rest := steps; rest != ""; {
		op := rest[0]
		rest = rest[1:]
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		n := 1
		if digits > 0 {
			var err error
			if n, err = strconv.Atoi(rest[:digits]); err != nil || n > 1_000_000_000 {
				return time.Time{}, fmt.Errorf("%q has a number that is too large", Cut(s))
			}
		}
		rest = rest[digits:]
		if rest == "" {
			return wrong()
		}
		unit := rest[0]
		rest = rest[1:]
		ok := false
		switch {
		case op == '+':
			t, ok = shift(t, n, unit)
		case op == '-':
			t, ok = shift(t, -n, unit)
		case op == '/' && digits == 0:
			if up && rounded {
				t = t.Add(-1) // the end is not part of what it ends
			}
			if t, ok = roundDown(t, unit); ok && up {
				t, _ = shift(t, 1, unit)
			}
			rounded = true
		}
		if !ok {
			return wrong()
		}
		if t.Before(minInstant) || t.After(maxInstant) || t.Equal(maxInstant) && !up {
			return time.Time{}, outOfRange(s)
		}
	}
	return t, nil
}

func shift(t time.Time, n int, unit byte) (time.Time, bool) {
	switch unit {
	case 'y':
		return shiftMonths(t, 12*n), true
	case 'M':
		return shiftMonths(t, n), true
	case 'w', 'd', 'h', 'H', 'm', 's':
		// In seconds, not as a Duration, which holds 292 years only.
		return time.Unix(t.Unix()+int64(n)*UnitSeconds(unit), int64(t.Nanosecond())).UTC(), true
	}
	return t, false
}

// shiftMonths moves t by months. A month has no day after its last: a month after 31 January is 28 February.
func shiftMonths(t time.Time, n int) time.Time {
	out := t.AddDate(0, n, 0)
	if out.Day() != t.Day() {
		out = out.AddDate(0, 0, -out.Day())
	}
	return out
}

// UnitSeconds is the length of a unit of time: s, m, h or H, d, w.
func UnitSeconds(unit byte) int64 {
	switch unit {
	case 'w':
		return 7 * 24 * 3600
	case 'd':
		return 24 * 3600
	case 'h', 'H':
		return 3600
	case 'm':
		return 60
	}
	return 1
}

func roundDown(t time.Time, unit byte) (time.Time, bool) {
	year, month, day := t.Date()
	switch unit {
	case 'y':
		return time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC), true
	case 'M':
		return time.Date(year, month, 1, 0, 0, 0, 0, time.UTC), true
	case 'w':
		return time.Date(year, month, day-(int(t.Weekday())+6)%7, 0, 0, 0, 0, time.UTC), true
	case 'd':
		return time.Date(year, month, day, 0, 0, 0, 0, time.UTC), true
	case 'h', 'H':
		return time.Date(year, month, day, t.Hour(), 0, 0, 0, time.UTC), true
	case 'm':
		return time.Date(year, month, day, t.Hour(), t.Minute(), 0, 0, time.UTC), true
	case 's':
		return t.Truncate(time.Second), true
	}
	return t, false
}
