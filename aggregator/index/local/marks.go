package local

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
)

// A mark stands for a value when the counts of many segments are added up, so
// that their texts need not be read and compared: the first 8 bytes,
// little-endian, of the SHA-256 of the salt and the value. The salt is the index's
// own and drawn at random: nobody can choose values whose marks are the same.
type salt [16]byte

const markSize = 8

func newSalt() (s salt, err error) {
	_, err = rand.Read(s[:])
	return s, err
}

// parseSalt reads what String wrote; false for anything else.
func parseSalt(text string) (s salt, ok bool) {
	if len(text) != 2*len(s) {
		return s, false
	}
	_, err := hex.Decode(s[:], []byte(text))
	return s, err == nil
}

func (s salt) String() string { return hex.EncodeToString(s[:]) }

// mark is the mark of a value.
func (s salt) mark(value []byte) uint64 {
	var buf [128]byte
	sum := sha256.Sum256(append(append(buf[:0], s[:]...), value...))
	return binary.LittleEndian.Uint64(sum[:])
}
