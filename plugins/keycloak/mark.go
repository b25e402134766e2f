package keycloak

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"strconv"
	"time"
)

const (
	markVersion = 1
	// window is how long after another one an event may be stored whose time is before it.
	window = 2 * time.Minute
	// mostSeen is how many events of the window are remembered.
	mostSeen  = 4096
	seenBytes = 8
)

var errMark = errors.New("the cursor has a mark that is damaged, or of a later version")

type seen [seenBytes]byte

func hash(identity string, time int64) seen {
	sum := sha256.Sum256([]byte(strconv.FormatInt(time, 10) + " " + identity))
	return seen(sum[:])
}

// state is how far a feed was read, see docs/format/fetch-mark.md.
type state struct {
	last   int64 // time of the last event, in ms
	floor  int64 // all before was read
	count  uint64
	recent []recent // those since floor
	known  map[seen]bool
}

type recent struct {
	time int64
	seen seen
}

func (s *state) knows(e found) bool { return s.known[e.seen] }

func (s *state) take(e found) {
	if s.known == nil {
		s.known = map[seen]bool{}
	}
	s.count++
	s.last = max(s.last, e.time)
	s.known[e.seen] = true
	s.recent = append(s.recent, recent{e.time, e.seen})
}

// forget moves the floor: to window before the last event, or further where too many are behind it.
func (s *state) forget() {
	s.floor = max(s.floor, s.last-window.Milliseconds())
	slices.SortStableFunc(s.recent, func(a, b recent) int { return cmp.Compare(a.time, b.time) })
	if more := len(s.recent) - mostSeen; more > 0 {
		s.floor = max(s.floor, min(s.recent[more-1].time+1, s.last))
	}
	s.recent = slices.DeleteFunc(s.recent, func(r recent) bool {
		if r.time < s.floor {
			delete(s.known, r.seen)
		}
		return r.time < s.floor
	})
}

func (s *state) value() []byte {
	v := []byte{markVersion}
	v = binary.AppendUvarint(v, uint64(s.last))
	v = binary.AppendUvarint(v, uint64(s.floor))
	v = binary.AppendUvarint(v, s.count)
	for _, r := range s.recent {
		v = binary.AppendUvarint(v, uint64(r.time))
		v = append(v, r.seen[:]...)
	}
	return v
}

func (s *state) read(v []byte) error {
	if len(v) == 0 || v[0] != markVersion {
		return errMark
	}
	v = v[1:]
	wrong := false
	number := func() uint64 {
		n, read := binary.Uvarint(v)
		if read <= 0 || n > 1<<62 {
			wrong, v = true, nil
			return 0
		}
		v = v[read:]
		return n
	}
	s.last, s.floor, s.count, s.known = int64(number()), int64(number()), number(), map[seen]bool{}
	for len(v) > 0 {
		r := recent{time: int64(number())}
		if wrong || len(v) < seenBytes {
			return errMark
		}
		v = v[copy(r.seen[:], v):]
		s.recent = append(s.recent, r)
		s.known[r.seen] = true
	}
	if wrong {
		return errMark
	}
	return nil
}
