package event

import (
	"fmt"
	"time"
)

// Time is an instant in UTC together with how many digits of a second its
// source gave, so that canonical JSON returns what was read. The zero Time is absent.
type Time struct {
	Nanos  int64 // since 1970-01-01T00:00:00Z
	Digits uint8 // 0 to 9 digits of a fraction
	set    bool
}

// At is the time at t with this many digits of a second; what lies below them is cut off.
func At(t time.Time, digits uint8) Time { return Unix(t.UnixNano(), digits) }

// Unix is the time this many nanoseconds after the epoch, cut to digits.
func Unix(nanos int64, digits uint8) Time {
	digits = min(digits, 9)
	unit, rest := pow10[9-digits], int64(0)
	if digits == 3 { // as most have: to divide by a constant is faster
		rest = nanos % 1e6
	} else {
		rest = nanos % unit
	}
	if rest < 0 {
		rest += unit
	}
	return Time{nanos - rest, digits, true}
}

var pow10 = [10]int64{1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9}

// IsZero tells whether the time is absent.
func (t Time) IsZero() bool { return !t.set }

// Std is the time as the standard library has it, in UTC.
func (t Time) Std() time.Time { return time.Unix(0, t.Nanos).UTC() }

// ParseTime reads RFC 3339, keeps the digits of the fraction (nine at most) and turns the zone to UTC.
func ParseTime(s string) (Time, error) {
	u, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return Time{}, fmt.Errorf("time %q is not RFC 3339", s)
	}
	if u.Year() < 1678 || u.Year() > 2261 {
		return Time{}, fmt.Errorf("time %q is out of range (1678 to 2261)", s)
	}
	digits := 0
	if len(s) > 20 && (s[19] == '.' || s[19] == ',') {
		for i := 20; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
			digits++
		}
	}
	return Unix(u.UnixNano(), uint8(min(digits, 9))), nil
}

// Append appends the time as RFC 3339 in UTC with its digits; nothing when absent.
func (t Time) Append(b []byte) []byte {
	if !t.set {
		return b
	}
	u := t.Std()
	year, month, day := u.Date()
	hour, minute, second := u.Clock()
	b = pad(b, year, 4)
	b = append(b, '-')
	b = pad(b, int(month), 2)
	b = append(b, '-')
	b = pad(b, day, 2)
	b = append(b, 'T')
	b = pad(b, hour, 2)
	b = append(b, ':')
	b = pad(b, minute, 2)
	b = append(b, ':')
	b = pad(b, second, 2)
	if t.Digits > 0 {
		b = append(b, '.')
		b = pad(b, u.Nanosecond()/int(pow10[9-t.Digits]), int(t.Digits))
	}
	return append(b, 'Z')
}

func (t Time) String() string { return string(t.Append(nil)) }

// pad appends n with leading zeros to this width.
func pad(b []byte, n, width int) []byte {
	var digits [10]byte
	for i := width - 1; i >= 0; i-- {
		digits[i] = byte('0' + n%10)
		n /= 10
	}
	return append(b, digits[:width]...)
}
