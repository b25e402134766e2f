package mapper

import (
	"errors"
	"fmt"
	"time"

	"github.com/actiontrail/actiontrail/event"
)

// clock reads the time stamps of access logs. It remembers the last day it read:
// lines of a log mostly share it.
type clock struct {
	day   string // as it is written
	start int64  // seconds since 1970 of that day's beginning, as if its zone were UTC
	kept  [16]byte

	second     string // since 1970, as it is written: the one before
	at         int64
	keptSecond [18]byte
}

// stamps are the forms of its time that a record gives.
type stamps struct{ epoch, iso, local string }

// pick reads the most exact of them.
func (c *clock) pick(s *stamps, zone *time.Location) (event.Time, error) {
	switch {
	case s.epoch != "":
		return c.epoch(s.epoch)
	case s.iso != "":
		return c.iso(s.iso, zone)
	case s.local != "":
		return c.local(s.local)
	}
	return event.Time{}, errors.New("not a request: it has neither msec, time_iso8601 nor time_local")
}

// epoch reads seconds since 1970 with a fraction.
func (c *clock) epoch(s string) (event.Time, error) {
	var fraction string
	if n := len(c.second); n > 0 && n < len(s) && s[n] == '.' && s[:n] == c.second {
		fraction = s[n+1:]
	} else {
		var seconds string
		seconds, fraction = cutPoint(s)
		n, ok := whole(seconds)
		if !ok || n > 9_000_000_000 {
			return event.Time{}, fmt.Errorf("time %q is not a number of seconds", s)
		}
		c.at, c.second = n, view(c.keptSecond[:copy(c.keptSecond[:], seconds)])
	}
	if len(fraction) > 9 {
		return event.Time{}, fmt.Errorf("time %q is not a number of seconds", s)
	}
	nanos, unit := c.at*1e9, int64(1e8)
	for i := range len(fraction) {
		d := fraction[i] - '0'
		if d > 9 {
			return event.Time{}, fmt.Errorf("time %q is not a number of seconds", s)
		}
		nanos += int64(d) * unit
		unit /= 10
	}
	return event.Unix(nanos, uint8(len(fraction))), nil
}

// local reads 21/Nov/2026:01:26:57 +0000.
func (c *clock) local(s string) (event.Time, error) {
	wrong := func() (event.Time, error) {
		return event.Time{}, fmt.Errorf("time %q is not like 21/Nov/2026:01:26:57 +0000", s)
	}
	if len(s) != 26 || s[11] != ':' || s[20] != ' ' {
		return wrong()
	}
	if !c.toDay(s[:11], "02/Jan/2006") {
		return wrong()
	}
	seconds, ok := ofDay(s[12:20])
	offset, zoned := zone(s[21:])
	if !ok || !zoned {
		return wrong()
	}
	return event.Unix((c.start+seconds-offset)*1e9, 0), nil
}

// zoneless reads 21/Nov/2026:01:26:57.404, in this zone.
func (c *clock) zoneless(s string, in *time.Location) (event.Time, error) {
	if len(s) < 20 || s[11] != ':' || !c.toDay(s[:11], "02/Jan/2006") {
		return event.Time{}, fmt.Errorf("time %q is not like 21/Nov/2026:01:26:57.404", s)
	}
	seconds, ok := ofDay(s[12:20])
	fraction := int64(0)
	digits := len(s) - 20
	if digits > 0 {
		digits--
		fraction, ok = fractionOf(s[20:], ok)
	}
	if !ok {
		return event.Time{}, fmt.Errorf("time %q is not like 21/Nov/2026:01:26:57.404", s)
	}
	return event.Unix(c.in(seconds, in)*1e9+fraction, uint8(digits)), nil
}

// in is the moment, in seconds since 1970, at which it is so late on the clock's
// day in a zone.
func (c *clock) in(seconds int64, zone *time.Location) int64 {
	if zone == time.UTC {
		return c.start + seconds
	}
	y, m, d := time.Unix(c.start, 0).UTC().Date()
	return time.Date(y, m, d, 0, 0, int(seconds), 0, zone).Unix()
}

// fractionOf reads .404 as nanoseconds.
func fractionOf(s string, ok bool) (int64, bool) {
	digits := s[1:]
	if !ok || s[0] != '.' || len(digits) > 9 {
		return 0, false
	}
	n, ok := whole(digits)
	for range 9 - len(digits) {
		n *= 10
	}
	return n, ok
}

// iso reads RFC 3339; a stamp without a zone is in the source's.
func (c *clock) iso(s string, in *time.Location) (event.Time, error) {
	return c.dated(s, time.DateOnly, in)
}

// slashed reads 2026/11/21 01:26:57.404, in the source's zone.
func (c *clock) slashed(s string, in *time.Location) (event.Time, error) {
	return c.dated(s, "2006/01/02", in)
}

// dated reads a day in this layout of ten characters, the time of day, and perhaps a zone.
func (c *clock) dated(s, layout string, in *time.Location) (event.Time, error) {
	wrong := func() (event.Time, error) {
		return event.Time{}, fmt.Errorf("time %q is not RFC 3339", s)
	}
	if len(s) < 19 || s[10] != 'T' && s[10] != ' ' || !c.toDay(s[:10], layout) {
		return wrong()
	}
	seconds, ok := ofDay(s[11:19])
	if !ok {
		return wrong()
	}
	var nanos int64
	digits, rest := 0, s[19:]
	if rest != "" && (rest[0] == '.' || rest[0] == ',') {
		unit := int64(1e8)
		i := 1
		for ; i < len(rest) && rest[i]-'0' <= 9; i++ {
			nanos += int64(rest[i]-'0') * unit
			unit /= 10
		}
		digits, rest = min(i-1, 9), rest[i:]
	}
	at := c.start + seconds
	switch offset, zoned := zone(rest); {
	case rest == "":
		at = c.in(seconds, in)
	case zoned:
		at -= offset
	default:
		return wrong()
	}
	return event.Unix(at*1e9+nanos, uint8(digits)), nil
}

// toDay moves the clock to this day.
func (c *clock) toDay(s, layout string) bool {
	if s == c.day {
		return true
	}
	d, err := time.Parse(layout, s)
	if err != nil || d.Year() < 1678 || d.Year() > 2261 {
		return false
	}
	c.day, c.start = view(c.kept[:copy(c.kept[:], s)]), d.Unix()
	return true
}

// ofDay reads 01:26:57 as seconds. A leap second is the next one.
func ofDay(s string) (int64, bool) {
	h, ok1 := two(s)
	m, ok2 := two(s[3:])
	sec, ok3 := two(s[6:])
	return h*3600 + m*60 + sec, ok1 && ok2 && ok3 && s[2] == ':' && s[5] == ':' && h < 24 && m < 60 && sec <= 60
}

// zone reads Z, +0000 or +00:00 as seconds east of UTC.
func zone(s string) (int64, bool) {
	if s == "Z" || s == "z" {
		return 0, true
	}
	if len(s) == 6 && s[3] == ':' {
		s = s[:3] + s[4:]
	}
	if len(s) != 5 || s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	h, ok1 := two(s[1:])
	m, ok2 := two(s[3:])
	offset := h*3600 + m*60
	if s[0] == '-' {
		offset = -offset
	}
	return offset, ok1 && ok2 && h < 24 && m < 60
}

func two(s string) (int64, bool) {
	a, b := s[0]-'0', s[1]-'0'
	return int64(a)*10 + int64(b), a <= 9 && b <= 9
}
