package mapper

import (
	"errors"
	"fmt"
	"strings"
)

// readCombined reads a line of nginx's log format "combined", which is also
// Apache's, and of the formats that go on after it with quoted fields ("main"
// adds X-Forwarded-For):
//
//	$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"
//
// Before the address may stand the virtual host, as in Apache's vhost_combined.
// nginx writes a quote as \x22 and a backslash as \x5C, Apache as \" and \\.
func (m *Mapper) readCombined(line []byte) error {
	q := &m.request
	s := view(line)
	peer, rest, ok := cut(s, ' ')
	if !ok || peer == "" {
		return notCombined("address")
	}
	q.peer = dash(peer)
	if !strings.HasPrefix(rest, "- ") { // the name of RFC 1413, which nobody has
		if rest, ok = q.virtualHost(rest); !ok {
			return notCombined("user")
		}
	}
	rest = rest[len("- "):]
	// A user may hold spaces and brackets: the time is the last [ before the first quote.
	quote := strings.IndexByte(rest, '"')
	if quote < 0 {
		return notCombined("request")
	}
	open := strings.LastIndex(rest[:quote], " [")
	if open < 0 {
		return notCombined("time")
	}
	user, stamp := rest[:open], strings.TrimSuffix(rest[open+2:quote], "] ")
	q.user = q.unescape(dash(user))
	var err error
	if q.time, err = m.clock.local(stamp); err != nil {
		return fmt.Errorf("combined format: %w", err)
	}
	request, rest, ok := q.quoted(rest[quote:])
	if !ok {
		return notCombined("request")
	}
	q.setRequestLine(request)
	if len(rest) < 5 || rest[0] != ' ' || rest[4] != ' ' {
		return notCombined("status")
	}
	if q.status, ok = status(rest[1:4]); !ok {
		return notCombined("status")
	}
	size, rest, more := cut(rest[5:], ' ')
	if size != "-" {
		if q.bytes, ok = whole(size); !ok {
			return notCombined("size")
		}
	}
	if !more {
		return nil // Apache's "common"
	}
	if q.referer, rest, ok = q.quoted(rest); !ok {
		return notCombined("referer")
	}
	q.referer = dash(q.referer)
	if q.userAgent, rest, ok = q.quoted(strings.TrimPrefix(rest, " ")); !ok {
		return notCombined("user agent")
	}
	q.userAgent = dash(q.userAgent)
	if rest = strings.TrimPrefix(rest, " "); strings.HasPrefix(rest, `"`) {
		if q.forwarded, _, ok = q.quoted(rest); !ok {
			return notCombined("field after the user agent")
		}
		q.forwarded = dash(q.forwarded)
	}
	return nil
}

// virtualHost takes what was read as the address for the host that it is, when
// an address follows; rest goes on behind that.
func (q *request) virtualHost(rest string) (string, bool) {
	peer, after, ok := cut(rest, ' ')
	if _, address := parseAddress(peer); !ok || !address || !strings.HasPrefix(after, "- ") {
		return "", false
	}
	q.host, q.peer = q.peer, peer
	return after, true
}

func notCombined(what string) error {
	return errors.New("not in the combined format: its " + what + " is missing or wrong")
}

// quoted takes a field in quotes from the beginning of s.
func (q *request) quoted(s string) (value, rest string, ok bool) {
	if s == "" || s[0] != '"' {
		return "", "", false
	}
	s = s[1:]
	end := strings.IndexByte(s, '"')
	if end < 0 {
		return "", "", false
	}
	for escaped(s[:end]) { // Apache's \"
		next := strings.IndexByte(s[end+1:], '"')
		if next < 0 {
			return "", "", false
		}
		end += 1 + next
	}
	return q.unescape(s[:end]), s[end+1:], true
}

// escaped tells whether s ends in the first half of an escape.
func escaped(s string) bool {
	n := 0
	for n < len(s) && s[len(s)-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}

// unescape turns \xHH, \" and \\ back; anything else after a backslash stays as it is.
func (q *request) unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	from := len(q.scratch)
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c != '\\' || i+1 == len(s) {
			q.scratch = append(q.scratch, c)
			continue
		}
		switch next := s[i+1]; {
		case next == '"' || next == '\\':
			q.scratch = append(q.scratch, next)
			i++
		case next == 'x' && i+3 < len(s) && hexValue(s[i+2]) < 16 && hexValue(s[i+3]) < 16:
			q.scratch = append(q.scratch, hexValue(s[i+2])<<4|hexValue(s[i+3]))
			i += 3
		default:
			q.scratch = append(q.scratch, c)
		}
	}
	return view(q.scratch[from:])
}

// hexValue is the value of a hex digit; above 15 when c is none.
func hexValue(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return 0xff
}

// status reads a status of three digits.
func status(s string) (int, bool) {
	if len(s) != 3 {
		return 0, false
	}
	n, ok := whole(s)
	return int(n), ok
}

// whole reads a decimal number without sign.
func whole(s string) (n int64, ok bool) {
	if s == "" || len(s) > 18 {
		return 0, false
	}
	for i := range len(s) {
		c := s[i] - '0'
		if c > 9 {
			return 0, false
		}
		n = n*10 + int64(c)
	}
	return n, true
}

// skipSpace is the index of the first byte at or after i that is not JSON's white space.
func skipSpace(b []byte, i int) int {
	for i < len(b) && b[i] <= ' ' && (b[i] == ' ' || b[i] == '\t' || b[i] == '\r' || b[i] == '\n') {
		i++
	}
	return i
}
