package local

import (
	"encoding/base64"
	"encoding/binary"

	"github.com/actiontrail/actiontrail/aggregator/index"
)

// place is where an event stands in the order of the answers: by time, then by id.
type place struct {
	nanos int64
	id    string
}

// A cursor is a place, written as base64url of: 1 version | i64 nanoseconds,
// big-endian | the id | u32 CRC-32C of these.
const cursorVersion = 1

func (p place) cursor() string {
	b := append(make([]byte, 0, 13+len(p.id)), cursorVersion)
	b = binary.BigEndian.AppendUint64(b, uint64(p.nanos))
	b = append(b, p.id...)
	b = binary.BigEndian.AppendUint32(b, checksum(b))
	return base64.RawURLEncoding.EncodeToString(b)
}

func parseCursor(s string) (place, error) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) < 13 || b[0] != cursorVersion {
		return place{}, index.ErrCursor
	}
	body := b[:len(b)-4]
	if checksum(body) != binary.BigEndian.Uint32(b[len(body):]) {
		return place{}, index.ErrCursor
	}
	return place{int64(binary.BigEndian.Uint64(body[1:])), string(body[9:])}, nil
}
