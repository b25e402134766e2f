package file

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
)

// markVersion begins the value of every mark; see docs/format/file-mark.md. Marks
// of version 1 are read too.
const markVersion = 2

// startKey is the mark that tells that the source has been started once. It is
// never removed: without it, a source that has met no file yet, or has outlived
// all of its files, would again take the files it finds for those of the first start.
const startKey = "start"

// overlapBytes is how many bytes before the offset are checked before more is read.
const overlapBytes = 64

// place is what a mark tells of a file.
type place struct {
	offset     int64  // of the first byte that is not read
	generation uint64 // grows with every truncation
	born       int64  // nanoseconds since 1970; 0: unknown
	overlap    uint32 // CRC-32C of the min(offset, overlapBytes) bytes before offset
	since      int64  // copies of this generation were made later than this, nanoseconds since 1970; 0: unknown
	known      int64  // the file was seen to have so many bytes in this generation; >= offset
	left       uint64 // how often it has left its path
	gone       bool   // it has left its path, and that has been told
	finished   bool   // it was read to its end, and nobody wrote to it any more: if it is gone, nothing is lost
	copy       bool   // it is a copy of another file, as whose its lines were read up to some offset
	skip       bool   // only what comes after the last line end before known counts
	file       string // the path by which the file was first matched
	where      string // where it was last, without symbolic links; empty: at file
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maxPath is PATH_MAX of Linux: a longer path in a mark is damage.
const maxPath = 4096

// Flags of a mark.
const (
	flagGone = 1 << iota
	flagFinished
	flagSkip
	flagCopy
	flagsEnd
)

func (p *place) encode() []byte {
	b := make([]byte, 0, 64+len(p.file)+len(p.where))
	b = append(b, markVersion)
	b = binary.AppendUvarint(b, uint64(p.offset))
	b = binary.AppendUvarint(b, p.generation)
	b = binary.AppendVarint(b, p.born)
	b = binary.LittleEndian.AppendUint32(b, p.overlap)
	b = append(b, bit(p.gone, flagGone)|bit(p.finished, flagFinished)|bit(p.skip, flagSkip)|bit(p.copy, flagCopy))
	b = binary.AppendVarint(b, p.since)
	b = binary.AppendUvarint(b, uint64(max(0, p.known-p.offset)))
	b = binary.AppendUvarint(b, p.left)
	b = append(b, p.file...)
	if p.where != "" {
		b = append(append(b, 0), p.where...)
	}
	return b
}

func bit(set bool, flag byte) byte {
	if set {
		return flag
	}
	return 0
}

var errDamaged = errors.New("the mark is damaged")

func decodePlace(b []byte) (place, error) {
	version, err := versionOf(b)
	if err != nil {
		return place{}, err
	}
	f := fields{rest: b[1:]}
	p := place{offset: f.size(), generation: f.uvarint(), born: f.varint()}
	if overlap := f.take(4); !f.damaged {
		p.overlap = binary.LittleEndian.Uint32(overlap)
	}
	p.known = p.offset
	if version > 1 {
		if b := f.take(1); !f.damaged {
			p.gone, p.finished, p.skip, p.copy = b[0]&flagGone != 0, b[0]&flagFinished != 0, b[0]&flagSkip != 0, b[0]&flagCopy != 0
			f.damaged = b[0] >= flagsEnd
		}
		p.since = f.varint()
		p.known += f.size()
		p.left = f.uvarint()
	}
	var two bool
	if p.file = string(f.rest); version > 1 {
		p.file, p.where, two = strings.Cut(p.file, "\x00")
	}
	// No path has a zero byte in it.
	if f.damaged || p.known < p.offset || len(p.file) > maxPath || len(p.where) > maxPath || two && p.where == "" || strings.Contains(p.file+p.where, "\x00") {
		return place{}, errDamaged
	}
	return p, nil
}

func versionOf(b []byte) (byte, error) {
	if len(b) == 0 {
		return 0, errors.New("the mark is empty")
	}
	if b[0] == 0 || b[0] > markVersion {
		return 0, fmt.Errorf("the mark has version %d, this agent reads versions 1 to %d: run the agent that wrote it, or a newer one", b[0], markVersion)
	}
	return b[0], nil
}

// encodeStart is the value of the mark of the source: no file that is met from
// now on begins with a generation below this.
func encodeStart(generation uint64) []byte {
	return binary.AppendUvarint([]byte{markVersion}, generation)
}

func decodeStart(b []byte) (uint64, error) {
	version, err := versionOf(b)
	if err != nil || version == 1 {
		return 0, err
	}
	f := fields{rest: b[1:]}
	generation := f.uvarint()
	if f.damaged || len(f.rest) > 0 {
		return 0, errDamaged
	}
	return generation, nil
}

// fields reads the numbers of a mark; once one is damaged, all that follow are zero.
type fields struct {
	rest    []byte
	damaged bool
}

func (f *fields) took(n int) {
	if n <= 0 {
		f.damaged, f.rest = true, nil
		return
	}
	f.rest = f.rest[n:]
}

func (f *fields) uvarint() uint64 {
	v, n := binary.Uvarint(f.rest)
	f.took(n)
	return v
}

func (f *fields) varint() int64 {
	v, n := binary.Varint(f.rest)
	f.took(n)
	return v
}

// size is a number that must not be negative as an int64.
func (f *fields) size() int64 {
	v := int64(f.uvarint())
	f.damaged = f.damaged || v < 0
	return v
}

func (f *fields) take(n int) []byte {
	if len(f.rest) < n {
		f.took(0)
		return nil
	}
	b := f.rest[:n]
	f.rest = f.rest[n:]
	return b
}
