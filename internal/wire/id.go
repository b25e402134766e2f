package wire

import "strconv"

// Ids are half of what is left of a batch once it is compressed: what is written
// in hex travels as bytes, if it comes back exactly as it was.

const hexDigits = "0123456789abcdef"

// hexValue is the value of a lower-case hex digit, 0xff of anything else.
var hexValue = func() (t [256]byte) {
	for i := range t {
		t[i] = 0xff
	}
	for i := range hexDigits {
		t[hexDigits[i]] = byte(i)
	}
	return t
}()

// hexPair is a byte as two lower-case hex digits.
var hexPair = func() (t [256][2]byte) {
	for i := range t {
		t[i] = [2]byte{hexDigits[i>>4], hexDigits[i&15]}
	}
	return t
}()

// parseHex reads 32 lower-case hex digits; false for anything else of this length.
func parseHex(id *[16]byte, s string) bool {
	_ = s[31]
	var bad byte
	for i := range id {
		hi, lo := hexValue[s[2*i]], hexValue[s[2*i+1]]
		bad |= hi | lo
		id[i] = hi<<4 | lo&15
	}
	return bad < 16
}

// uuidAt is where the two digits of each byte stand in a UUID.
var uuidAt = [16]int{0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34}

// parseUUID reads a UUID of lower-case digits; false for any other 36 bytes.
func parseUUID(id *[16]byte, s string) bool {
	if s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return false
	}
	_ = s[35]
	var bad byte
	for i, at := range uuidAt {
		hi, lo := hexValue[s[at]], hexValue[s[at+1]]
		bad |= hi | lo
		id[i] = hi<<4 | lo&15
	}
	return bad < 16
}

func appendHex(b, id []byte) []byte {
	for _, c := range id {
		b = append(b, hexPair[c][0], hexPair[c][1])
	}
	return b
}

func appendUUID(b, id []byte) []byte {
	b = append(appendHex(b, id[:4]), '-')
	b = append(appendHex(b, id[4:6]), '-')
	b = append(appendHex(b, id[6:8]), '-')
	b = append(appendHex(b, id[8:10]), '-')
	return appendHex(b, id[10:16])
}

// parseIPv4 reads an address into id[:4]; false for anything else of 7 to 15
// bytes, leading zeros included.
func parseIPv4(id *[16]byte, s string) bool {
	if s[0]-'0' > 9 {
		return false
	}
	part, digits, n := 0, 0, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c-'0' < 10:
			if digits > 0 && n == 0 {
				return false
			}
			n = 10*n + int(c-'0')
			if digits++; n > 255 {
				return false
			}
		case c == '.' && digits > 0 && part < 3:
			id[part] = byte(n)
			part, digits, n = part+1, 0, 0
		default:
			return false
		}
	}
	id[3] = byte(n)
	return part == 3 && digits > 0
}

func appendIPv4(b, id []byte) []byte {
	b = append(strconv.AppendUint(b, uint64(id[0]), 10), '.')
	b = append(strconv.AppendUint(b, uint64(id[1]), 10), '.')
	b = append(strconv.AppendUint(b, uint64(id[2]), 10), '.')
	return strconv.AppendUint(b, uint64(id[3]), 10)
}
