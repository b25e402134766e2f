package spool

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
)

// A segment file is a head and records, little-endian:
//
//	head    "ATSP", u32 version
//	record  u32 length n of the message, u32 CRC-32C of the length and the message, n bytes: the message
//
// docs/format/spool.md says the same for readers of other languages.
const (
	magic      = "ATSP"
	version    = 1
	headSize   = 8
	recordHead = 8
	maxRecord  = 64 << 20
)

// castagnoli is never changed.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func appendHead(b []byte) []byte {
	return binary.LittleEndian.AppendUint32(append(b, magic...), version)
}

func checkHead(b []byte) error {
	if len(b) < headSize || string(b[:4]) != magic {
		return errors.New("is not a spool segment")
	}
	if v := binary.LittleEndian.Uint32(b[4:]); v != version {
		return fmt.Errorf("has format version %d, this actiontrail reads %d: use the release that wrote it", v, version)
	}
	return nil
}

// appendRecord appends a record around a message.
func appendRecord(b, message []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(message)))
	b = binary.LittleEndian.AppendUint32(b, checksum(b[len(b)-4:], message))
	return append(b, message...)
}

func checksum(length, message []byte) uint32 {
	return crc32.Update(crc32.Checksum(length, castagnoli), castagnoli, message)
}

var (
	errTorn   = errors.New("record is cut short")
	errDamage = errors.New("checksum does not match")
)

// readRecord reads the message of the record at off, into buf if it is large
// enough. io.EOF: the segment ends here; errTorn: it ends within the record;
// errDamage: its bytes are not those written.
func readRecord(r io.ReaderAt, off, end int64, buf []byte) ([]byte, error) {
	if off == end {
		return nil, io.EOF
	}
	var head [recordHead]byte
	if end-off < recordHead {
		return nil, errTorn
	}
	if _, err := r.ReadAt(head[:], off); err != nil {
		return nil, err
	}
	n := int64(binary.LittleEndian.Uint32(head[:]))
	if n > maxRecord {
		return nil, errDamage
	}
	if n > end-off-recordHead {
		return nil, errTorn
	}
	message := slices.Grow(buf[:0], int(n))[:n]
	if _, err := r.ReadAt(message, off+recordHead); err != nil {
		return nil, err
	}
	if checksum(head[:4], message) != binary.LittleEndian.Uint32(head[4:]) {
		return nil, errDamage
	}
	return message, nil
}
