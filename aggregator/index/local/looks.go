package local

import "strings"

// looksLikeID tells whether a value is a UUID or a run of hexadecimal digits, as
// digests and numbers drawn at random are. When only one event of a segment has
// such a value, the segment keeps a hash of it, and no key.
func looksLikeID(s []byte) bool {
	if len(s) < minID {
		return false
	}
	if len(s) == uuidSize && s[8] == '-' {
		return s[13] == '-' && s[18] == '-' && s[23] == '-' && isHex(s[:8]) && isHex(s[9:13]) && isHex(s[14:18]) && isHex(s[19:23]) && isHex(s[24:])
	}
	return isHex(s)
}

// isHex tells whether all are hexadecimal digits, of either case.
func isHex(s []byte) bool {
	for _, c := range s {
		if c-'0' > 9 && c|0x20-'a' > 5 {
			return false
		}
	}
	return true
}

const (
	minID    = 16 // digits
	uuidSize = 36
)

// uuidDash tells whether a UUID has a dash there.
func uuidDash(i int) bool { return i == 8 || i == 13 || i == 18 || i == 23 }

func idByte(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' || c == '-'
}

// likeID tells whether something that looks like an id could be like the parts, as query.Wildcard has it.
func likeID(parts []string) bool {
	hex := true
	for _, p := range parts {
		for i := range len(p) {
			if !idByte(p[i]) {
				return false
			}
		}
		hex = hex && !strings.Contains(p, "-")
	}
	if hex {
		return true
	}
	first, last := parts[0], parts[len(parts)-1]
	if len(first)+len(last) > uuidSize {
		return false
	}
	for i := range len(first) {
		if uuidDash(i) != (first[i] == '-') {
			return false
		}
	}
	for i := range len(last) {
		if uuidDash(uuidSize-len(last)+i) != (last[i] == '-') {
			return false
		}
	}
	return true
}
