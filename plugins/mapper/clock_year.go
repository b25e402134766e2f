package mapper

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/event"
)

var errNoYear = errors.New("its time has no year, and when it was read is not known: have the stamps written as 2026-11-21T01:26:57")

// yearless reads Nov 21 01:26:57, the stamp of RFC 3164, from the beginning of s,
// in this zone. Its year is the last one in which that is not after the time at
// which the record was read; a clock may be a day ahead.
func (c *clock) yearless(s string, in *time.Location, read event.Time) (at event.Time, rest string, err error) {
	if len(s) < 15 || s[3] != ' ' {
		return event.Time{}, "", fmt.Errorf("time %q is not like Nov 21 01:26:57", shorten(s))
	}
	name, after := s[:3], strings.TrimPrefix(s[4:], " ")
	day, after, _ := cut(after, ' ')
	month := strings.Index("JanFebMarAprMayJunJulAugSepOctNovDec", name)
	n, ok := whole(day)
	if month < 0 || month%3 != 0 || !ok || n < 1 || n > 31 || len(after) < 9 || after[8] != ' ' {
		return event.Time{}, "", fmt.Errorf("time %q is not like Nov 21 01:26:57", shorten(s))
	}
	seconds, ok := ofDay(after)
	if !ok {
		return event.Time{}, "", fmt.Errorf("time %q is not like Nov 21 01:26:57", shorten(s))
	}
	if read.IsZero() {
		return event.Time{}, "", errNoYear
	}
	latest := time.Unix(0, read.Nanos).Add(24 * time.Hour)
	year := latest.In(in).Year()
	for y := year; y > year-9; y-- { // of eight years at least one has a February 29
		d := time.Date(y, time.Month(month/3+1), int(n), 0, 0, 0, 0, in)
		t := time.Date(y, time.Month(month/3+1), int(n), 0, 0, int(seconds), 0, in)
		if d.Day() == int(n) && !t.After(latest) {
			return event.Unix(t.Unix()*1e9, 0), after[9:], nil
		}
	}
	return event.Time{}, "", fmt.Errorf("time %q is of no year", shorten(s))
}
