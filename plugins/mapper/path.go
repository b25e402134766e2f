package mapper

import "strings"

// maxSegments is how many segments of a path are looked at; what is longer takes no route.
const maxSegments = 64

// path is a request's path, cut at its slashes, then decoded, in that order: an
// encoded slash stays inside its segment. Empty and dot segments are resolved as
// servers do, or /v1/./orders would escape the rules for /v1/orders.
type path struct {
	segments []string // decoded
	raw      []string // the same, as they were sent
	tooLong  bool
	secret   bool // a segment looks like a secret as it was sent, resolved ones too

	all, allRaw []string // what segments and raw begin in
	scratch     []byte
}

// split cuts s, which may lack its first slash. Its strings live until the next split.
func (p *path) split(s string) {
	segments, raws := p.all[:0], p.allRaw[:0]
	p.scratch, p.tooLong, p.secret = p.scratch[:0], false, false
	encoded := strings.IndexByte(s, '%') >= 0
	for from, i := 0, 0; i <= len(s); i++ {
		if i < len(s) && s[i] != '/' {
			continue
		}
		raw := s[from:i]
		from = i + 1
		segment := raw
		if encoded {
			segment = p.decode(raw)
		}
		if len(raw) >= leastSecret && looksSecret(raw) {
			p.secret = true
		}
		switch {
		case p.tooLong:
		case segment == "" || segment == ".":
		case segment == "..":
			if n := len(segments); n > 0 {
				segments, raws = segments[:n-1], raws[:n-1]
			}
		case len(segments) == maxSegments:
			p.tooLong = true
		default:
			segments, raws = append(segments, segment), append(raws, raw)
		}
	}
	p.segments, p.raw, p.all, p.allRaw = segments, raws, segments, raws
}

// from is the segment at i, or with tail all from there on.
func (p *path) from(i int, tail bool) string {
	if !tail {
		return p.segments[i]
	}
	return strings.Join(p.segments[i:], "/")
}

// decode undoes percent-encoding; what is not well encoded stays as it is.
func (p *path) decode(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	from := len(p.scratch)
	p.scratch = appendUnescaped(p.scratch, s, false)
	return view(p.scratch[from:])
}

// appendUnescaped undoes percent-encoding, and in a query the plus for a space.
func appendUnescaped(b []byte, s string, plus bool) []byte {
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '%' && i+2 < len(s) && hexValue(s[i+1]) < 16 && hexValue(s[i+2]) < 16:
			b = append(b, hexValue(s[i+1])<<4|hexValue(s[i+2]))
			i += 2
		case c == '+' && plus:
			b = append(b, ' ')
		default:
			b = append(b, c)
		}
	}
	return b
}
