package index

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
)

// A cursor names a place in the order of the answers, by time and then by id:
// base64url of 1 version | i64 nanoseconds since 1970, big-endian | the id | u32
// CRC-32C of these. It names no state of an engine, so it never ends, and what is
// written behind it is found.
const cursorVersion = 1

// Cursor writes the place of an event as Page.Next does.
func Cursor(nanos int64, id string) string {
	b := append(make([]byte, 0, 13+len(id)), cursorVersion)
	b = binary.BigEndian.AppendUint64(b, uint64(nanos))
	b = append(b, id...)
	b = binary.BigEndian.AppendUint32(b, checksum(b))
	return base64.RawURLEncoding.EncodeToString(b)
}

// ParseCursor reads what Cursor wrote, and only that: one place has one text. The
// error is ErrCursor.
func ParseCursor(text string) (nanos int64, id string, err error) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) < 13 || b[0] != cursorVersion {
		return 0, "", ErrCursor
	}
	body := b[:len(b)-4]
	if checksum(body) != binary.BigEndian.Uint32(b[len(body):]) {
		return 0, "", ErrCursor
	}
	nanos, id = int64(binary.BigEndian.Uint64(body[1:])), string(body[9:])
	// Base64 has several texts for the same bytes: spare bits at the end, line ends within.
	if Cursor(nanos, id) != text {
		return 0, "", ErrCursor
	}
	return nanos, id, nil
}

func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }
