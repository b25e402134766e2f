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

// ParseTime reads one end of a time range: RFC 3339, a day, or date math such
// as now-7d/d, in UTC. What is rounded is rounded down, or with up to the end of
// the unit, and so is a day.
func ParseTime(s string, now time.Time, up bool) (time.Time, error) {
	s = strings.ReplaceAll(s, " ", "+") // what a plus becomes that was not percent-encoded
	var t time.Time
	var err error
	switch day, dayErr := time.Parse(time.DateOnly, s); {
	case dayErr == nil:
		t = day
		if up {
			t = day.AddDate(0, 0, 1)
		}
	case strings.HasPrefix(s, "now"):
		t, err = dateMath(s[len("now"):], now.UTC(), up)
	default:
		if t, err = time.Parse(time.RFC3339, s); err != nil {
			err = fmt.Errorf("%q is not a time", s)
		}
	}
	if err != nil {
		return time.Time{}, err
	}
	if t.Before(minInstant) || !t.Before(maxInstant) {
		return time.Time{}, fmt.Errorf("%q is out of range (years 1678 to 2261)", s)
	}
	return t.UTC(), nil
}

// dateMath applies steps like +1h, -7d and /d to t, in UTC; weeks begin on Monday.
func dateMath(steps string, t time.Time, up bool) (time.Time, error) {
	wrong := func() (time.Time, error) {
		return time.Time{}, fmt.Errorf("%q is not date math", "now"+steps)
	}
	for rest := steps; rest != ""; {
		op := rest[0]
		rest = rest[1:]
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		n := 1
		if digits > 0 {
			var err error
			if n, err = strconv.Atoi(rest[:digits]); err != nil || n > 1_000_000_000 {
				return time.Time{}, fmt.Errorf("%q has a number that is too large", "now"+steps)
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
			var floor time.Time
			if floor, ok = roundDown(t, unit); ok {
				t = floor
				if up {
					t, _ = shift(floor, 1, unit)
				}
			}
		}
		if !ok {
			return wrong()
		}
		if t.Before(minInstant) || !t.Before(maxInstant) {
			return time.Time{}, fmt.Errorf("%q is out of range (years 1678 to 2261)", "now"+steps)
		}
	}
	return t, nil
}

func shift(t time.Time, n int, unit byte) (time.Time, bool) {
	switch unit {
	case 'y':
		return t.AddDate(n, 0, 0), true
	case 'M':
		return t.AddDate(0, n, 0), true
	case 'w', 'd', 'h', 'H', 'm', 's':
		// In seconds, not as a Duration, which holds 292 years only.
		return time.Unix(t.Unix()+int64(n)*UnitSeconds(unit), int64(t.Nanosecond())).UTC(), true
	}
	return t, false
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
