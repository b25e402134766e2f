package file

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// markVersion begins the value of every mark; see docs/format/file-mark.md.
const markVersion = 1

// startKey is the mark that tells that the source has been started once. It is
// never removed: without it, a source that has met no file yet, or has outlived
// all of its files, would again take the files it finds for those of the first start.
const startKey = "start"

// overlapBytes is how many bytes before the offset are checked before more is read.
const overlapBytes = 64

// place is what a mark tells of a file.
type place struct {
	offset     int64  // of the first byte that is not read
	generation uint64 // truncations seen
	born       int64  // nanoseconds since 1970; 0: unknown
	overlap    uint32 // CRC-32C of the min(offset, overlapBytes) bytes before offset
	file       string // the path by which the file was first matched
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maxPath is PATH_MAX of Linux: a longer path in a mark is damage.
const maxPath = 4096

func (p *place) encode() []byte {
	b := make([]byte, 0, 48+len(p.file))
	b = append(b, markVersion)
	b = binary.AppendUvarint(b, uint64(p.offset))
	b = binary.AppendUvarint(b, p.generation)
	b = binary.AppendVarint(b, p.born)
	b = binary.LittleEndian.AppendUint32(b, p.overlap)
	return append(b, p.file...)
}

func decodePlace(b []byte) (place, error) {
	if len(b) == 0 {
		return place{}, errors.New("the mark is empty")
	}
	if b[0] != markVersion {
		return place{}, fmt.Errorf("the mark has version %d, this agent reads version %d: run the agent that wrote it, or a newer one", b[0], markVersion)
	}
	damaged := errors.New("the mark is damaged")
	b = b[1:]
	offset, n := binary.Uvarint(b)
	if n <= 0 || int64(offset) < 0 {
		return place{}, damaged
	}
	b = b[n:]
	generation, n := binary.Uvarint(b)
	if n <= 0 {
		return place{}, damaged
	}
	b = b[n:]
	born, n := binary.Varint(b)
	if n <= 0 || len(b) < n+4 || len(b) > n+4+maxPath {
		return place{}, damaged
	}
	b = b[n:]
	return place{int64(offset), generation, born, binary.LittleEndian.Uint32(b), string(b[4:])}, nil
}
