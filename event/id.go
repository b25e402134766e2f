package event

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strconv"
)

// IDBase makes the ids of the records of one file in one generation. An id is a
// pure function of where the record was read, never of the clock and never of
// anything a client chose, so that reading a record again gives the same id.
type IDBase [32]byte

// NewIDBase is the base for records of a file: key is the agent's public key,
// source the configured name, fileID the identity of the file (device, inode,
// hash of the first complete line), generation the truncations seen.
func NewIDBase(key, source, fileID string, generation uint64) IDBase {
	b := make([]byte, 0, 256)
	for _, s := range []string{"actiontrail event v1", key, source, fileID, strconv.FormatUint(generation, 10)} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	return sha256.Sum256(b)
}

// ID is the id of the record at this offset: a UUID of version 8 (RFC 9562, made of a hash).
func (b *IDBase) ID(offset int64) string { return FormatUUID(b.UUID(offset)) }

// UUID is ID before it is written in its canonical form.
func (b *IDBase) UUID(offset int64) [16]byte {
	var in [40]byte
	copy(in[:], b[:])
	binary.BigEndian.PutUint64(in[32:], uint64(offset))
	h := sha256.Sum256(in[:])
	h[6] = h[6]&0x0f | 0x80
	h[8] = h[8]&0x3f | 0x80
	return [16]byte(h[:16])
}

// FormatUUID writes a UUID in its canonical lower-case form.
func FormatUUID(u [16]byte) string {
	var s [36]byte
	hex.Encode(s[0:8], u[0:4])
	s[8] = '-'
	hex.Encode(s[9:13], u[4:6])
	s[13] = '-'
	hex.Encode(s[14:18], u[6:8])
	s[18] = '-'
	hex.Encode(s[19:23], u[8:10])
	s[23] = '-'
	hex.Encode(s[24:36], u[10:16])
	return string(s[:])
}

// ParseUUID is the inverse of FormatUUID: false for anything that FormatUUID would not write.
func ParseUUID(s string) (u [16]byte, ok bool) {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return u, false
	}
	k := 0
	for i := 0; i < 36; i += 2 {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			i++
		}
		hi, lo := nibble(s[i]), nibble(s[i+1])
		if hi|lo > 15 {
			return u, false
		}
		u[k] = hi<<4 | lo
		k++
	}
	return u, true
}

// nibble is the value of a lower-case hex digit, or 0xff.
func nibble(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	}
	return 0xff
}
