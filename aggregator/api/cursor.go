package api

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"hash/fnv"
	"strings"
	"time"
)

// A cursor is where a page ended together with what the page was of, so that
// the next one is of the same instants although now has moved on, also where the
// query says now:
//
//	version 2 | flags (1: ascending) | from, to: i64be ns | FNV-1a 64 of the query | now: i64be ns | the index's Next | CRC-32C of all before
//
// in unpadded URL base64. The checksum tells a cursor that was cut or mistyped.
// Version 1 has no now.
const cursorVersion = 2

const (
	cursorFixed = 2 + 8 + 8 + 8
	cursorNow   = 8
)

type cursor struct {
	window
	ascending bool
	query     uint64
	now       time.Time // zero in version 1
	after     string
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func queryHash(query string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(query))
	return h.Sum64()
}

func (c cursor) String() string {
	b := make([]byte, 0, cursorFixed+cursorNow+len(c.after)+4)
	b = append(b, cursorVersion, 0)
	if c.now.IsZero() {
		b[0] = 1
	}
	if c.ascending {
		b[1] = 1
	}
	b = binary.BigEndian.AppendUint64(b, uint64(c.from.UnixNano()))
	b = binary.BigEndian.AppendUint64(b, uint64(c.to.UnixNano()))
	b = binary.BigEndian.AppendUint64(b, c.query)
	if !c.now.IsZero() {
		b = binary.BigEndian.AppendUint64(b, uint64(c.now.UnixNano()))
	}
	b = append(b, c.after...)
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	return base64.RawURLEncoding.EncodeToString(b)
}

func parseCursor(s string) (cursor, error) {
	wrong := problemParameter("cursor", "it is not a cursor of this server", "send the cursor of the page before unchanged, or none for the first page")
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) < cursorFixed+4 || strings.ContainsAny(s, "\r\n") { // base64 skips line ends
		return cursor{}, wrong
	}
	body, sum := b[:len(b)-4], binary.BigEndian.Uint32(b[len(b)-4:])
	if crc32.Checksum(body, castagnoli) != sum || body[0] < 1 || body[0] > cursorVersion || body[1] > 1 {
		return cursor{}, wrong
	}
	instant := func(b []byte) time.Time { return time.Unix(0, int64(binary.BigEndian.Uint64(b))).UTC() }
	c := cursor{
		window:    window{instant(body[2:]), instant(body[10:])},
		ascending: body[1] == 1,
		query:     binary.BigEndian.Uint64(body[18:]),
	}
	rest := body[cursorFixed:]
	if body[0] > 1 {
		if len(rest) < cursorNow {
			return cursor{}, wrong
		}
		c.now, rest = instant(rest), rest[cursorNow:]
	}
	c.after = string(rest)
	return c, nil
}
