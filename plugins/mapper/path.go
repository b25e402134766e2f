package mapper

import (
	"math/bits"
	"strings"
)

// maxSegments is how many segments of a path are looked at; what is longer takes no route.
const maxSegments = 64

// path is a request's path, cut at its slashes, then decoded, in that order: an
// encoded slash stays inside its segment. Empty and dot segments are resolved as
// servers do, or /v1/./orders would escape the rules for /v1/orders.
type path struct {
	segments []string // decoded
	raw      []string // the same, as they were sent
	tooLong  bool
	encoded  bool // something may have been decoded
	plain    bool // all of it is of the bytes that isPlain knows
	secret   bool // a segment looks like a secret as it was sent, resolved ones too

	sent        string   // all of it up to the end of the last segment; empty when the segments do not stand there one after the other
	all, allRaw []string // what segments and raw begin in
	scratch     []byte
}

// split cuts s, which may lack its first slash. Its strings live until the next split.
func (p *path) split(s string) {
	p.segments, p.raw, p.scratch, p.tooLong, p.secret = p.all[:0], p.allRaw[:0], p.scratch[:0], false, false
	p.plain = isPlain(s)
	p.encoded = !p.plain && strings.IndexByte(s, '%') >= 0
	p.sent = ""
	if !p.encoded {
		p.sent = s
	}
	last, assigns := 0, !p.plain && strings.IndexByte(s, '=') >= 0
	for from := 0; from < len(s); {
		i := slashAt(s, from)
		raw := s[from:i]
		if (assigns || len(raw) >= leastToken && mayHoldSecret(raw)) && looksSecret(raw) {
			p.secret = true
		}
		if raw != "" && raw[0] != '.' && !p.encoded && len(p.segments) < maxSegments { // nearly always
			p.segments, last = append(p.segments, raw), i
		} else if p.take(raw) {
			last = i
		} else if from > 0 {
			p.sent = ""
		}
		from = i + 1
	}
	if p.sent != "" {
		p.sent = p.sent[:last]
	}
	p.all, p.allRaw = p.segments, p.raw
	if !p.encoded {
		p.raw = p.segments // nothing was decoded
	}
}

// take adds a segment, or does what it says. It tells whether it was added.
func (p *path) take(raw string) bool {
	segment := raw
	if p.encoded {
		segment = p.decode(raw)
		p.secret = p.secret || len(segment) >= leastSecret && looksSecret(segment)
	}
	switch {
	case p.tooLong || segment == "" || segment == ".":
		return false
	case segment == "..":
		if n := len(p.segments); n > 0 {
			p.segments, p.raw = p.segments[:n-1], p.raw[:min(n-1, len(p.raw))]
		}
		return false
	case len(p.segments) == maxSegments:
		p.tooLong = true
		return false
	}
	p.segments = append(p.segments, segment)
	if p.encoded {
		p.raw = append(p.raw, raw)
	}
	return true
}

// slashAt is the index of the first slash from s[i] on, or of the end.
func slashAt(s string, i int) int {
	for ; i+8 <= len(s); i += 8 {
		x := load(s, i) ^ '/'*ones
		if zero := (x - ones) &^ x & highs; zero != 0 {
			return i + bits.TrailingZeros64(zero)>>3
		}
	}
	for ; i < len(s) && s[i] != '/'; i++ {
	}
	return i
}

// captured is what stands at a place; a tail may be empty.
func (p *path) captured(at *spot) string {
	switch {
	case at.at >= len(p.segments):
		return ""
	case at.mixed != nil:
		value, _ := at.mixed.part(p.segments[at.at], at.part)
		return value
	case at.tail:
		return p.from(at.at)
	}
	return p.segments[at.at]
}

// isSeen tells whether split has looked for secrets in s, which stands at a place,
// and found none.
func (p *path) isSeen(at *spot, s string) bool {
	if at.mixed != nil || p.secret || p.encoded {
		return false
	}
	return !at.tail || p.isClean(s)
}

// isClean tells that there is no secret in s, which is made of whole segments with
// slashes between. split has looked into each of them, and what crosses a slash has
// a byte in it that is not plain, or is the secret part of an AWS key.
func (p *path) isClean(s string) bool {
	return p.plain && !p.secret && (len(s) < awsSecret || !holdsAWSSecret(s))
}

// isPlain tells whether s is of letters, digits, - . / _ and others behind @ in
// ASCII: it has no % and no =, nor what makes a secret of two words (endsInSecret).
func isPlain(s string) bool {
	if len(s) < 8 {
		for i := range len(s) {
			if plainIn8(uint64(s[i])|'/'*(ones-1)) != highs {
				return false
			}
		}
		return true
	}
	all := plainIn8(load(s, len(s)-8))
	for i := 0; i+8 < len(s); i += 8 {
		all &= plainIn8(load(s, i))
	}
	return all == highs
}

// plainIn8 has the highest bit set of each of eight bytes that is plain: - to 9, or
// @ to DEL.
func plainIn8(x uint64) uint64 {
	low := x &^ highs
	digits := (low + (0x80-'-')*ones) &^ (low + (0x80-'9'-1)*ones)
	return (digits | x<<1) & highs &^ x
}

// from is all from the segment at i on.
func (p *path) from(i int) string {
	if p.sent == "" {
		return strings.Join(p.segments[i:], "/")
	}
	n := -1
	for _, s := range p.segments[i:] {
		n += len(s) + 1
	}
	return p.sent[len(p.sent)-n:]
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
