package push

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/actiontrail/actiontrail/plugins"
)

// The mark of a cursor, see docs/format/push-mark.md.
const (
	markVersion = 1
	placeKey    = "n" // the instance, and the number of the next record
)

// InstanceBytes is how long an instance is; in a FileID it is in hex.
const InstanceBytes = 16

// ErrMark is told of a cursor that cannot be read.
var ErrMark = errors.New("the cursor has a mark that is damaged, or of a later version")

func drawInstance() (string, error) {
	var b [InstanceBytes]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", fmt.Errorf("draw an instance: %w", err)
	}
	return hex.EncodeToString(b[:]), nil
}

func readState(at plugins.Cursor, other func(key string, v []byte) error) (instance string, next int64, err error) {
	for _, m := range at {
		switch {
		case m.Key == placeKey:
			instance, next, err = readPlace(m.Value)
		case other != nil:
			err = other(m.Key, m.Value)
		default:
			err = ErrMark
		}
		if err != nil {
			return "", 0, fmt.Errorf("mark %q: %w", m.Key, err)
		}
	}
	if instance == "" && len(at) > 0 {
		return "", 0, fmt.Errorf("marks and no place: %w", ErrMark)
	}
	return instance, next, nil
}

func placeMark(instance string, next int64) plugins.Mark {
	v := append(make([]byte, 0, 1+InstanceBytes+binary.MaxVarintLen64), markVersion)
	raw, _ := hex.DecodeString(instance) // it was made by EncodeToString
	v = append(v, raw...)
	return plugins.Mark{Key: placeKey, Value: binary.AppendUvarint(v, uint64(next))}
}

func readPlace(v []byte) (instance string, next int64, err error) {
	if len(v) < 1+InstanceBytes || v[0] != markVersion {
		return "", 0, ErrMark
	}
	n, read := binary.Uvarint(v[1+InstanceBytes:])
	if read <= 0 || 1+InstanceBytes+read != len(v) || n > 1<<62 {
		return "", 0, ErrMark
	}
	return hex.EncodeToString(v[1 : 1+InstanceBytes]), int64(n), nil
}
