package httpsource

import (
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/actiontrail/actiontrail/plugins"
)

// The marks of a cursor, see docs/format/http-mark.md.
const (
	markVersion = 1
	placeKey    = "n"  // the instance, and the number of the next record
	keyPrefix   = "k/" // and the hash of an Idempotency-Key
)

// instanceBytes is how long an instance is; in a FileID it is in hex.
const instanceBytes = 16

// state is a cursor.
type state struct {
	instance string   // drawn when the source was first opened, in hex
	next     int64    // number of the next record
	keys     []*known // oldest first
}

// known is a request that had a key.
type known struct {
	key   keyHash
	order uint64 // a later one has a greater one
	body  bodyHash
	taken int // records, from the first one
	total int
}

type (
	keyHash  [16]byte
	bodyHash [16]byte
)

var errMark = errors.New("the cursor has a mark that is damaged, or of a later version")

func drawInstance() (string, error) {
	var b [instanceBytes]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", fmt.Errorf("draw an instance: %w", err)
	}
	return hex.EncodeToString(b[:]), nil
}

func readState(at plugins.Cursor) (state, error) {
	var s state
	for _, m := range at {
		hash, isKey := strings.CutPrefix(m.Key, keyPrefix)
		var err error
		switch {
		case isKey:
			var k known
			k, err = readKnown(hash, m.Value)
			s.keys = append(s.keys, &k)
		case m.Key == placeKey:
			s.instance, s.next, err = readPlace(m.Value)
		default:
			err = errMark
		}
		if err != nil {
			return state{}, fmt.Errorf("mark %q: %w", m.Key, err)
		}
	}
	if s.instance == "" && len(s.keys) > 0 {
		return state{}, fmt.Errorf("keys and no place: %w", errMark)
	}
	slices.SortFunc(s.keys, func(a, b *known) int { return cmp.Compare(a.order, b.order) })
	return s, nil
}

func placeMark(instance string, next int64) plugins.Mark {
	v := append(make([]byte, 0, 1+instanceBytes+binary.MaxVarintLen64), markVersion)
	raw, _ := hex.DecodeString(instance) // it was made by EncodeToString
	v = append(v, raw...)
	return plugins.Mark{Key: placeKey, Value: binary.AppendUvarint(v, uint64(next))}
}

func readPlace(v []byte) (instance string, next int64, err error) {
	if len(v) < 1+instanceBytes || v[0] != markVersion {
		return "", 0, errMark
	}
	n, read := binary.Uvarint(v[1+instanceBytes:])
	if read <= 0 || 1+instanceBytes+read != len(v) || n > 1<<62 {
		return "", 0, errMark
	}
	return hex.EncodeToString(v[1 : 1+instanceBytes]), int64(n), nil
}

func (k keyHash) mark() string { return keyPrefix + hex.EncodeToString(k[:]) }

func (k *known) value() []byte {
	v := append(make([]byte, 0, 40), markVersion)
	v = binary.AppendUvarint(v, k.order)
	v = append(v, k.body[:]...)
	v = binary.AppendUvarint(v, uint64(k.taken))
	return binary.AppendUvarint(v, uint64(k.total))
}

func readKnown(hash string, v []byte) (known, error) {
	var k known
	if n, err := hex.Decode(k.key[:], []byte(hash[:min(len(hash), 2*len(k.key))])); err != nil || n != len(k.key) || len(hash) != 2*n {
		return known{}, errMark
	}
	if len(v) == 0 || v[0] != markVersion {
		return known{}, errMark
	}
	v = v[1:]
	number := func() uint64 {
		n, read := binary.Uvarint(v)
		if read <= 0 {
			v = nil
			return 1 << 63
		}
		v = v[read:]
		return n
	}
	k.order = number()
	if len(v) < len(k.body) {
		return known{}, errMark
	}
	v = v[copy(k.body[:], v):]
	taken := number()
	total := number()
	if len(v) != 0 || k.order >= 1<<63 || taken > total || total > 1<<31 {
		return known{}, errMark
	}
	k.taken, k.total = int(taken), int(total)
	return k, nil
}
