package bucket

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/plugins"
)

// The marks of a cursor, see docs/format/fetch-mark.md.
const (
	markVersion  = 1
	currentKey   = "@"  // the object that is being read
	dayPrefix    = "d/" // and a folder of a day: which of its objects were read
	closedPrefix = "c/" // and the folder of a month: of which days all was read
	otherPrefix  = "o/" // and any other folder: its objects were read up to one
	nameBytes    = 8
)

var errMark = errors.New("the cursor has a mark that is damaged, or of a later version")

type nameHash [nameBytes]byte

// state is a cursor: what was read.
type state struct {
	current string // the object that is being read; "": none is
	index   int64  // of its next record
	days    map[string]map[nameHash]bool
	closed  map[string]uint32 // of the folder of a month: bit n for day n
	others  map[string]string // the greatest name that was read
}

func readState(at plugins.Cursor) (*state, error) {
	s := &state{days: map[string]map[nameHash]bool{}, closed: map[string]uint32{}, others: map[string]string{}}
	for _, m := range at {
		if err := s.read(m.Key, m.Value); err != nil {
			return nil, fmt.Errorf("mark %q: %w", m.Key, err)
		}
	}
	return s, nil
}

func (s *state) read(key string, v []byte) error {
	if len(v) == 0 || v[0] != markVersion {
		return errMark
	}
	v = v[1:]
	if key == currentKey {
		n, read := binary.Uvarint(v)
		if read <= 0 || n > 1<<62 || read == len(v) {
			return errMark
		}
		s.current, s.index = string(v[read:]), int64(n)
		return nil
	}
	for prefix, take := range map[string]func(folder string) error{
		closedPrefix: func(f string) error {
			if len(v) != 4 {
				return errMark
			}
			s.closed[f] = binary.BigEndian.Uint32(v)
			return nil
		},
		otherPrefix: func(f string) error { s.others[f] = string(v); return nil },
		dayPrefix: func(f string) error {
			if _, _, dated := dayOf(f); !dated || len(v)%nameBytes != 0 {
				return errMark
			}
			names := map[nameHash]bool{}
			for ; len(v) > 0; v = v[nameBytes:] {
				names[nameHash(v)] = true
			}
			s.days[f] = names
			return nil
		},
	} {
		if folder, ok := strings.CutPrefix(key, prefix); ok {
			return take(folder)
		}
	}
	return errMark
}

// dayOf cuts the folder of a day, …/us-east-1/2026/01/31/, into that of its month and the day.
func dayOf(folder string) (month string, day int, ok bool) {
	if m := regexp.MustCompile(`^((?:.*/)?\d{4}/(?:0[1-9]|1[0-2])/)(0[1-9]|[12]\d|3[01])/$`).FindStringSubmatch(folder); m != nil {
		day, err := strconv.Atoi(m[2])
		return m[1], day, err == nil
	}
	return "", 0, false
}

func hashName(name string) nameHash {
	sum := sha256.Sum256([]byte(name))
	return nameHash(sum[:])
}

// done tells whether an object was read.
func (s *state) done(key string) bool {
	folder, name := path.Split(key)
	month, day, dated := dayOf(folder)
	if !dated {
		last, any := s.others[folder]
		return any && name <= last
	}
	return s.closed[month]>>day&1 == 1 || s.days[folder][hashName(name)]
}

// at moves the cursor within an object.
func (s *state) at(key string, index int64) plugins.Cursor {
	s.current, s.index = key, index
	v := binary.AppendUvarint([]byte{markVersion}, uint64(index))
	return plugins.Cursor{{Key: currentKey, Value: append(v, key...)}}
}

// finish moves the cursor behind an object.
func (s *state) finish(key string) plugins.Cursor {
	var moved plugins.Cursor
	if s.current != "" {
		moved = append(moved, plugins.Mark{Key: currentKey})
	}
	s.current, s.index = "", 0
	folder, name := path.Split(key)
	if _, _, dated := dayOf(folder); !dated {
		if name > s.others[folder] {
			s.others[folder] = name
		}
		return append(moved, plugins.Mark{Key: otherPrefix + folder, Value: append([]byte{markVersion}, s.others[folder]...)})
	}
	if s.days[folder] == nil {
		s.days[folder] = map[nameHash]bool{}
	}
	s.days[folder][hashName(name)] = true
	return append(moved, plugins.Mark{Key: dayPrefix + folder, Value: namesValue(s.days[folder])})
}

func namesValue(names map[nameHash]bool) []byte {
	all := make([]nameHash, 0, len(names))
	for n := range names {
		all = append(all, n)
	}
	slices.SortFunc(all, func(a, b nameHash) int { return slices.Compare(a[:], b[:]) })
	v := append(make([]byte, 0, 1+len(all)*nameBytes), markVersion)
	for _, n := range all {
		v = append(v, n[:]...)
	}
	return v
}

// close closes the days before one, all of whose objects were read: which ones they were need not be kept.
func (s *state) close(before time.Time) plugins.Cursor {
	var moved plugins.Cursor
	limit := before.UTC().Format("2006/01/02/")
	months := map[string]bool{}
	for folder := range s.days {
		if folder[len(folder)-len(limit):] >= limit {
			continue
		}
		month, day, _ := dayOf(folder)
		delete(s.days, folder)
		s.closed[month] |= 1 << day
		months[month] = true
		moved = append(moved, plugins.Mark{Key: dayPrefix + folder})
	}
	for month := range months {
		moved = append(moved, plugins.Mark{Key: closedPrefix + month, Value: binary.BigEndian.AppendUint32([]byte{markVersion}, s.closed[month])})
	}
	return moved
}

// fileID is the identity of an object, wherever its bucket is.
func fileID(key string) string {
	sum := sha256.Sum256([]byte(key))
	return "bucket/" + hex.EncodeToString(sum[:16])
}
