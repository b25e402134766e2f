package archive

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/actiontrail/actiontrail/event"
)

const (
	idShards = 256
	// idsInMemory is how many ids are kept before they go to files: 20 bytes each.
	idsInMemory = 1 << 20
	idBytes     = 20
)

// eventID is an event's id and where it was seen. Ids that are no UUIDs are hashed.
type eventID struct {
	id     [16]byte
	object uint32 // its number, shifted by one; the lowest bit tells that the id is hashed
}

func newEventID(id string, object int) eventID {
	if u, ok := event.ParseUUID(id); ok {
		return eventID{u, uint32(object) << 1}
	}
	h := sha256.Sum256([]byte(id))
	return eventID{[16]byte(h[:16]), uint32(object)<<1 | 1}
}

func (e eventID) index() int { return int(e.object >> 1) }

func (e eventID) String() string {
	if e.object&1 == 1 {
		return fmt.Sprintf("whose id has the SHA-256 %x…", e.id)
	}
	return event.FormatUUID(e.id)
}

// idSet finds the ids that come twice, in bounded memory: what is too much for
// it is divided among files, each of which fits.
type idSet struct {
	limit  int    // of ids in memory
	temp   string // folder for the files; "": the system's
	mem    []eventID
	dir    string // of the files, once there are any
	shards []*os.File
	out    []*bufio.Writer
}

func (s *idSet) add(ids []eventID) error {
	s.mem = append(s.mem, ids...)
	if len(s.mem) < s.limit {
		return nil
	}
	return s.spill()
}

func (s *idSet) spill() error {
	if s.dir == "" {
		dir, err := os.MkdirTemp(s.temp, "actiontrail-verify-*")
		if err != nil {
			return fmt.Errorf("keep the ids of events aside: %w", err)
		}
		s.dir = dir
		for i := range idShards {
			f, err := os.Create(filepath.Join(dir, fmt.Sprint(i)))
			if err != nil {
				return fmt.Errorf("keep the ids of events aside: %w", err)
			}
			s.shards = append(s.shards, f)
			s.out = append(s.out, bufio.NewWriter(f))
		}
	}
	for _, e := range s.mem {
		var b [idBytes]byte
		copy(b[:], e.id[:])
		binary.LittleEndian.PutUint32(b[16:], e.object)
		// The last byte is spread evenly in UUIDs of every version; the first one may be a time.
		if _, err := s.out[e.id[15]].Write(b[:]); err != nil {
			return fmt.Errorf("keep the ids of events aside: %w", err)
		}
	}
	s.mem = s.mem[:0]
	return nil
}

// twice calls found for each id that was added before.
func (s *idSet) twice(found func(first, second eventID)) error {
	if s.dir == "" {
		sortTwice(s.mem, found)
		return nil
	}
	if err := s.spill(); err != nil {
		return err
	}
	for i, f := range s.shards {
		if err := s.out[i].Flush(); err != nil {
			return fmt.Errorf("keep the ids of events aside: %w", err)
		}
		ids, err := readIDs(f)
		if err != nil {
			return fmt.Errorf("read the ids of events: %w", err)
		}
		sortTwice(ids, found)
	}
	return nil
}

func sortTwice(ids []eventID, found func(first, second eventID)) {
	slices.SortFunc(ids, func(x, y eventID) int {
		return cmp.Or(bytes.Compare(x.id[:], y.id[:]), cmp.Compare(x.object, y.object))
	})
	for i := 1; i < len(ids); i++ {
		if ids[i-1].id == ids[i].id {
			found(ids[i-1], ids[i])
		}
	}
}

func readIDs(f *os.File) ([]eventID, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	data, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	ids := make([]eventID, 0, len(data)/idBytes)
	for ; len(data) >= idBytes; data = data[idBytes:] {
		ids = append(ids, eventID{[16]byte(data[:16]), binary.LittleEndian.Uint32(data[16:])})
	}
	return ids, nil
}

// close removes the files.
func (s *idSet) close() error {
	if s.dir == "" {
		return nil
	}
	var err error
	for _, f := range s.shards {
		err = errors.Join(err, f.Close())
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}
