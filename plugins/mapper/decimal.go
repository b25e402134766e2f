package mapper

import (
	"fmt"

	"github.com/actiontrail/actiontrail/event"
)

// cutPoint is a number without its fraction, and the fraction. Numbers are so short
// that a call takes longer than to look at each byte.
func cutPoint(s string) (whole, fraction string) {
	for i := range len(s) {
		if s[i] == '.' {
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// decimal reads a number with a fraction as a whole number of the unit that is
// 10^-scale of it; digits beyond that are cut off. given is how many digits the
// fraction has.
func decimal(s string, scale int) (n int64, given int, ok bool) {
	before, fraction, _ := cut(s, '.')
	if n, ok = whole(before); !ok || len(before)+scale > 18 {
		return 0, 0, false
	}
	for i := range max(scale, len(fraction)) {
		digit := byte(0)
		if i < len(fraction) {
			if digit = fraction[i] - '0'; digit > 9 {
				return 0, 0, false
			}
		}
		if i < scale {
			n = n*10 + int64(digit)
		}
	}
	return n, len(fraction), true
}

// millis reads milliseconds since 1970.
func millis(s string) (event.Time, error) {
	const latest = 9_000_000_000 * 1e9
	n, given, ok := decimal(s, 5)
	if !ok || n > latest/10 {
		return event.Time{}, fmt.Errorf("time %q is not a number of milliseconds", s)
	}
	return event.Unix(n*10, uint8(3+min(given, 5))), nil
}

// setMillis sets the duration from milliseconds; what is no number leaves it unknown.
func (q *request) setMillis(s string) {
	if n, _, ok := decimal(s, 3); ok {
		q.duration = n
	}
}

// setSize sets the bytes of the response; what is no number leaves them unknown.
func (q *request) setSize(s string) {
	if n, ok := whole(s); ok {
		q.bytes = n
	}
}

// setStatus takes a status; false when it is none.
func (q *request) setStatus(s string) bool {
	n, ok := whole(s)
	if !ok || n > 999 {
		return false
	}
	q.status = int(n)
	return true
}

// setMethod takes a method.
func (q *request) setMethod(s string) {
	if isMethod(s) {
		q.method = s
	}
}

// setHeaders takes what an event tells of the request's headers.
func (q *request) setHeaders() {
	q.userAgent, q.referer, q.forwarded = q.sent("http_user_agent"), q.sent("http_referer"), q.sent("http_x_forwarded_for")
	if host := q.sent("http_host"); host != "" {
		q.host = host
	}
}
