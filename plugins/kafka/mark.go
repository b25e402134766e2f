package kafka

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/actiontrail/actiontrail/plugins"
)

// markVersion begins the value of a mark: the version byte, and as a uvarint the offset of the next
// record. Its key is the identity of the topic, a slash and the partition (docs/format/fetch-mark.md).
const markVersion = 1

var errMark = errors.New("the cursor has a mark that is damaged, or of a later version")

// place is a partition. Topic is the id that brokers gave it, in hex, so that a
// topic that is made anew is another one; its name where they give none.
type place struct {
	topic     string
	partition int32
}

func (p place) String() string { return p.topic + "/" + strconv.Itoa(int(p.partition)) }

func (p place) mark(next int64) plugins.Mark {
	return plugins.Mark{Key: p.String(), Value: binary.AppendUvarint([]byte{markVersion}, uint64(next))}
}

// readCursor gives the offset of the next record of each partition.
func readCursor(at plugins.Cursor) (map[place]int64, error) {
	all := map[place]int64{}
	for _, m := range at {
		i := strings.LastIndexByte(m.Key, '/')
		partition, err := strconv.ParseInt(m.Key[i+1:], 10, 32)
		if i <= 0 || err != nil || partition < 0 || len(m.Value) == 0 || m.Value[0] != markVersion {
			return nil, fmt.Errorf("mark %q: %w", m.Key, errMark)
		}
		next, n := binary.Uvarint(m.Value[1:])
		if n <= 0 || 1+n != len(m.Value) || next > 1<<62 {
			return nil, fmt.Errorf("mark %q: %w", m.Key, errMark)
		}
		all[place{m.Key[:i], int32(partition)}] = int64(next)
	}
	return all, nil
}
