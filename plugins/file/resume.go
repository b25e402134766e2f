package file

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/actiontrail/actiontrail/plugins"
)

// resume makes the tails of a cursor.
func (s *Source) resume(at plugins.Cursor) error {
	zips, err := s.zips(at)
	if err != nil {
		return err
	}
	var tails []*tail
	for _, m := range at {
		if m.Key == startKey {
			generation, err := decodeStart(m.Value)
			if err != nil {
				return fmt.Errorf("mark %s: %w", startKey, err)
			}
			s.generation = generation
			continue
		}
		if strings.HasPrefix(m.Key, zipKey) {
			continue
		}
		t, err := s.tailOf(m)
		if err != nil {
			return fmt.Errorf("mark of file %s: %w", m.Key, err)
		}
		if z, ok := zips[m.Key]; ok {
			t.inode, t.zip = z.inode, &zipped{done: z.done}
		}
		tails = append(tails, t)
	}
	if s.config.Identity == IdentityPath {
		s.byPaths(tails)
	} else {
		s.byInodes(tails)
	}
	for _, t := range tails {
		if other := s.byInode[t.inode]; other != nil && other.born != t.born { // the younger one has the inode; the other may have been compressed
			if other.born > t.born {
				t, other = other, t
			}
			other.inode = inode{}
			s.tails = append(slices.DeleteFunc(s.tails, func(o *tail) bool { return o == other || o == t }), other)
		} else if other != nil { // one inode is one file: the other mark is of one that is long gone
			if other.generation > t.generation {
				t, other = other, t
			}
			if other.missed(); len(other.facts) > 0 {
				t.facts = append(t.facts, other.facts...)
				t.dirty = true
			}
			s.next = append(s.next, plugins.Mark{Key: other.key()})
			s.tails = slices.DeleteFunc(s.tails, func(o *tail) bool { return o == other || o == t })
		}
		s.tails, s.byInode[t.inode] = append(s.tails, t), t
	}
	return nil
}

func (s *Source) tailOf(m plugins.Mark) (*tail, error) {
	n, err := parseFileID(m.Key)
	if err != nil {
		return nil, err
	}
	p, err := decodePlace(m.Value)
	if err != nil {
		return nil, err
	}
	t := &tail{
		place: p, rules: &s.rules, inode: n, id: m.Key, path: p.file, real: p.where, open: &s.open, taking: taking{scanned: p.offset},
		ready: true, unsure: true, fresh: p.offset == 0, sent: m.Value, durable: true,
	}
	if hashOf(m.Key) == noHash || t.offset == 0 { // after a truncation the key is that of the generation before
		t.id, t.was = "", m.Key
	}
	return t, nil
}

// last is where the file was last.
func (t *tail) last() string { return cmp.Or(t.where, t.file) }

// byInodes finds the inodes of marks that were made when a device had another
// number, as it may after a restart of the machine, or when files were told
// apart by their paths. The keys stay: they are the identities of the records.
func (s *Source) byInodes(tails []*tail) {
	type move struct {
		dir string
		dev uint64
	}
	renumbered := map[move]uint64{}
	folders := map[string][]seen{}
	for _, t := range tails {
		if t.zip != nil {
			continue
		}
		info, err := os.Stat(t.last())
		if t.inode.dev == 0 { // was told apart by its path
			if err == nil {
				t.inode, t.born = inodeOf(info), 0
			}
			continue
		}
		if err == nil && inodeOf(info) == t.inode {
			continue
		}
		dir := filepath.Dir(t.last())
		if f, ok := s.search(t, dir, folders); ok && inodeOf(f.info).dev != t.inode.dev {
			renumbered[move{dir, t.inode.dev}] = inodeOf(f.info).dev
		}
	}
	for _, t := range tails {
		// Once one file shows that the device is the same, it is so for all in the folder.
		if dev, ok := renumbered[move{filepath.Dir(t.last()), t.inode.dev}]; ok {
			t.inode.dev = dev
		}
	}
}

// byPaths tells files apart by where they are now.
func (s *Source) byPaths(tails []*tail) {
	folders := map[string][]seen{}
	for _, t := range tails {
		if t.byPath = true; t.zip != nil {
			continue
		}
		if t.inode.dev != 0 {
			if info, err := os.Stat(t.last()); err != nil || inodeOf(info) != t.inode {
				if f, ok := s.search(t, filepath.Dir(t.last()), folders); ok {
					t.path, t.real, t.where = f.path, "", f.path
				}
			}
			t.born, t.since = 0, 0
		}
		t.inode = pathInode(t.last())
	}
}

// search looks in a folder for the file of a mark: the number of its inode, and all else that is known of it.
func (s *Source) search(t *tail, dir string, folders map[string][]seen) (seen, bool) {
	for _, f := range s.list(dir, folders) {
		if inodeOf(f.info).ino == t.inode.ino && t.proven(f) {
			return f, true
		}
	}
	return seen{}, false
}

// proven tells whether f is the file of the mark, whatever the number of its device.
func (t *tail) proven(f seen) bool {
	fd, err := os.Open(f.path)
	if err != nil {
		return false
	}
	defer fd.Close()
	born := bornOf(fd)
	if t.born != 0 && born != 0 && born != t.born {
		return false
	}
	if t.key() == metID(t.inode) {
		return born != 0 && born == t.born
	}
	same, err := t.holds(fd)
	return err == nil && same
}
