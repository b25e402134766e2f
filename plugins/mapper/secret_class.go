package mapper

// Most values hold no secret and are looked at all the same: mayHoldSecret tells
// it of them by the kinds of their bytes alone.

// classes are not 0 for the bytes that secrets are made of, or that say of what
// follows that it is one: letters, but for a to f, of which ids are made; _ = % : " '
// and the space.
const classes = "" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
	"\x01\x00\x01\x00\x00\x01\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x01\x00\x00" +
	"\x00\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x00\x00\x00\x00\x01" +
	"\x00\x00\x00\x00\x00\x00\x00\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x00\x00\x00\x00\x00" +
	noClass + noClass + noClass + noClass

const noClass = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"

// mayHoldSecret tells whether it is worth to look for a secret in s: where it does
// not, neither looksSecret nor hidesSecret finds one in a text of leastSecret bytes
// or more.
func mayHoldSecret(s string) bool {
	if len(s) < leastSecret {
		return false
	}
	if len(s) < leastToken {
		return len(s) < 8 || marks(load(s, 0))|marks(load(s, len(s)-8)) != 0
	}
	return classOf(s) != 0
}

// marks is not 0 when one of eight bytes may be = or %.
func marks(x uint64) uint64 {
	equals, percent := x^'='*ones, x^'%'*ones
	return ((equals-ones)&^equals | (percent-ones)&^percent) & highs
}

// classOf is what there is in s, which has eight bytes or more.
func classOf(s string) (c byte) {
	for i := 0; i+8 < len(s); i += 8 {
		c |= class8(s[i : i+8])
	}
	return c | class8(s[len(s)-8:])
}

func class8(s string) byte {
	_ = s[7]
	return classes[s[0]] | classes[s[1]] | classes[s[2]] | classes[s[3]] | classes[s[4]] | classes[s[5]] | classes[s[6]] | classes[s[7]]
}
