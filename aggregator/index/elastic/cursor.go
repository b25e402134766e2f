package elastic

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"

	"github.com/actiontrail/actiontrail/aggregator/index"
)

// spot is where an event stands in the order of the answers: by time, then by id.
type spot struct {
	nanos int64
	id    string
}

// A cursor is a spot, written as base64url of: 1 version | i64 nanoseconds,
// big-endian | the id | u32 CRC-32C of these. It names no state of the cluster, so
// it never ends, and what is written behind it is found.
const cursorVersion = 1

func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

func (s spot) cursor() string {
	b := append(make([]byte, 0, 13+len(s.id)), cursorVersion)
	b = binary.BigEndian.AppendUint64(b, uint64(s.nanos))
	b = append(b, s.id...)
	b = binary.BigEndian.AppendUint32(b, checksum(b))
	return base64.RawURLEncoding.EncodeToString(b)
}

func parseCursor(text string) (spot, error) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) < 13 || b[0] != cursorVersion {
		return spot{}, index.ErrCursor
	}
	body := b[:len(b)-4]
	if checksum(body) != binary.BigEndian.Uint32(b[len(body):]) {
		return spot{}, index.ErrCursor
	}
	return spot{int64(binary.BigEndian.Uint64(body[1:])), string(body[9:])}, nil
}
