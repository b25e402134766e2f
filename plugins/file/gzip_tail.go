package file

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/actiontrail/actiontrail/plugins"
)

// A log that is compressed after it was rotated is another file of the same
// lines. What had not been read of the log when it went is read there, under the
// identity of the log; offsets are those of what was compressed.

// patience is how many times as long as for other files nobody must have written
// to a gzip file that ends too early before the rest counts as lost.
const patience = 12

// zipped is of a tail whose lines are in a gzip file.
type zipped struct {
	r       *unzipped
	done    int64 // size of the file when it was read to its end; 0: it was not
	waiting bool  // it ends too early
	giveUp  bool  // it has been waited for long enough
	refused bool  // it does not hold what was read of the log
	moved   bool  // its mark has to move
}

// zipKey begins the key of the mark of a gzip file.
const zipKey = "gz-"

func zipMarkKey(n inode) string {
	return zipKey + strconv.FormatUint(n.dev, 10) + "-" + strconv.FormatUint(n.ino, 10)
}

// zipMark is the mark of a gzip file: how much of it is done with, and the
// identity under which its lines are read.
func zipMark(n inode, done int64, id string) plugins.Mark {
	return plugins.Mark{Key: zipMarkKey(n), Value: append(binary.AppendUvarint([]byte{1}, uint64(done)), id...)}
}

func parseZipMark(m plugins.Mark) (n inode, done int64, id string, err error) {
	n, err = parseFileID(strings.TrimPrefix(m.Key, zipKey) + "-" + noHash)
	if err != nil {
		return n, 0, "", err
	}
	if len(m.Value) == 0 || m.Value[0] != 1 {
		return n, 0, "", errors.New("the mark is of another version: run the agent that wrote it, or a newer one")
	}
	size, k := binary.Uvarint(m.Value[1:])
	if k <= 0 || int64(size) < 0 {
		return n, 0, "", errors.New("the mark is damaged")
	}
	id = string(m.Value[1+k:])
	_, err = parseFileID(id)
	return n, int64(size), id, err
}

// zipPlace is where the lines of a log are that was compressed.
type zipPlace struct {
	inode inode
	done  int64
}

// zips is the gzip files of a cursor, by the identity of what is in them.
func (s *Source) zips(at plugins.Cursor) (map[string]zipPlace, error) {
	zips := map[string]zipPlace{}
	for _, m := range at {
		if !strings.HasPrefix(m.Key, zipKey) {
			continue
		}
		n, done, id, err := parseZipMark(m)
		if err != nil {
			return nil, fmt.Errorf("mark of file %s: %w", m.Key, err)
		}
		if zips[id] = (zipPlace{n, done}); at.Value(id) == nil {
			s.next = append(s.next, plugins.Mark{Key: m.Key}) // of a log that is gone
		}
	}
	return zips, nil
}

// rezip makes t a tail of a gzip file.
func (s *Source) rezip(t *tail, n inode) {
	t.close()
	if s.byInode[t.inode] == t {
		delete(s.byInode, t.inode)
	}
	t.zip, t.inode, s.byInode[n] = &zipped{}, n, t
	t.scanned, t.final = t.offset, false
}

func zipName(path string) bool { return strings.EqualFold(filepath.Ext(path), ".gz") }

func withoutZip(path string) string { return path[:len(path)-len(".gz")] }

// readZip is read for gzip files.
func (s *Source) readZip(t *tail) error {
	n := len(s.page.records)
	err := t.readZip(s.page)
	for i := n; i < len(s.page.records); i++ {
		s.count(&s.page.records[i])
	}
	return err
}

func (t *tail) readZip(p *page) error {
	z := t.zip
	if z.done > 0 && z.done == t.size {
		t.ready = false
		return nil
	}
	if err := t.openZip(p); err != nil {
		return err
	}
	if t.id == "" {
		if err := t.identifyZip(p); err != nil || t.id == "" {
			return err
		}
	}
	if t.skip {
		t.skip = false
		t.doneZip()
		return nil
	}
	z.r.setPin(t.offset - int64(t.before()))
	err := t.take(z.r, p)
	switch {
	case errors.Is(err, errFar):
		return nil
	case errors.Is(err, errChanged) && z.r.broken == nil && t.ownZip():
		t.close()
		t.rewind()
		return nil
	case errors.Is(err, errChanged) && z.r.broken == nil:
		z.refused = true
		t.ready = false
		return errReplaced
	case err != nil && !errors.Is(err, errChanged):
		return err
	}
	if t.ready && err == nil || z.r.broken != nil && !p.room() {
		return nil
	}
	t.endZip(p)
	return nil
}

// ownZip tells whether the gzip file was met as such.
func (t *tail) ownZip() bool {
	n, err := parseFileID(t.id)
	return err == nil && n == t.inode
}

// departedTo tells whether the inode of a log that is not open has been given to
// another file, and the log goes on in a gzip file.
func (s *Source) departedTo(t *tail, m seen, folders map[string][]seen) bool {
	if t.fd != nil || t.zip != nil || t.id == "" || t.born == 0 || m.info == nil {
		return false
	}
	born, still := bornAt(m.path, t.inode)
	return still && born != 0 && born != t.born && s.adopt(t, folders)
}

// room tells whether one more record fits.
func (p *page) room() bool { return len(p.records) < plugins.MaxRecords }

// endZip is what is done where there is no more.
func (t *tail) endZip(p *page) {
	z := t.zip
	t.ready = false
	if z.waiting = z.r.broken != nil && z.r.cutShort() && !z.giveUp; z.waiting {
		return
	}
	if z.r.broken != nil {
		p.records = append(p.records, plugins.Record{
			Pos:      plugins.Position{File: t.file, FileID: t.id, Generation: t.generation, Offset: t.offset},
			Evidence: &plugins.Evidence{Name: plugins.SourceGap, From: z.r.doubtful(t.offset), To: -1, Why: z.r.why(t.path)},
		})
	}
	t.doneZip()
}

func (t *tail) doneZip() {
	t.zip.done, t.zip.moved, t.zip.giveUp = t.size, true, false
	t.dirty, t.ready, t.finished, t.known = true, false, true, t.offset
	t.close()
}

func (t *tail) openZip(p *page) error {
	z := t.zip
	if t.fd == nil {
		fd, err := os.OpenFile(t.path, os.O_RDONLY|unix.O_NONBLOCK, 0)
		if err != nil {
			return err
		}
		info, err := fd.Stat()
		if err == nil && !t.byPath && inodeOf(info) != t.inode {
			err = errReplaced
		}
		if err != nil {
			fd.Close()
			return err
		}
		t.fd = fd
		*t.open++
		z.r = newUnzipped(fd, p.widest()+overlapBytes, &t.final)
	} else if z.waiting && !z.giveUp { // it has grown
		z.r.restart()
	}
	z.waiting = false
	return nil
}

// identifyZip finds the identity; of a file that breaks before its first line has
// ended, it is made of what there is of that.
func (t *tail) identifyZip(p *page) error {
	z := t.zip
	head, whole, err := readHead(z.r, t.rules.headEnd())
	if err != nil {
		return err
	}
	if !whole && z.r.broken != nil && z.r.cutShort() && !z.giveUp {
		z.waiting, t.ready = true, false
		return nil
	}
	t.id, z.moved = fileID(t.inode, head), true
	return nil
}

// sniff is what is known of a gzip file that is not read yet.
type sniff struct {
	size     int64
	modified time.Time
	since    time.Time // it is like this
	hash     string    // of the identity; "": its first line is not complete
}

const maxSniffs = 4096

// sniffed looks at the beginning of a gzip file, once for as long as it does not change.
func (s *Source) sniffed(f seen) sniff {
	n := s.inodeOf(f.path, f.info)
	had, ok := s.sniffs[n]
	if ok && had.size == f.info.Size() && had.modified.Equal(f.info.ModTime()) {
		return had
	}
	now := sniff{size: f.info.Size(), modified: f.info.ModTime(), since: s.scanned}
	if !ok && now.modified.Before(now.since) {
		now.since = now.modified
	}
	if fd, err := os.Open(f.path); err == nil {
		var final bool
		u := newUnzipped(fd, 0, &final)
		if head, whole, err := readHead(u, s.rules.headEnd()); err == nil && (whole || final && len(head) > 0) {
			now.hash = hashOf(fileID(inode{}, head))
		}
		fd.Close()
	}
	if len(s.sniffs) > maxSniffs { // of files that are long gone, most of them
		clear(s.sniffs)
	}
	s.sniffs[n] = now
	return now
}

// wantedZip tells whether a gzip file that a glob finds is to be read as a log of
// its own: it is complete, and no log that is followed seems to be in it.
func (s *Source) wantedZip(f seen) bool {
	if s.byInode[s.inodeOf(f.path, f.info)] != nil {
		return true
	}
	if !s.config.Compressed {
		return false
	}
	n := s.sniffed(f)
	return s.scanned.Sub(n.since) >= s.quiet && (n.hash == "" || s.original(f, n) == nil)
}

// original is the log that f, a gzip file, seems to hold.
func (s *Source) original(f seen, n sniff) *tail {
	for _, t := range s.tails {
		if t.zip == nil && t.id != "" && hashOf(t.id) == n.hash && t.zippedAs(f) {
			return t
		}
	}
	return nil
}

// zippedAs tells whether a gzip file may hold t by its name and age.
func (t *tail) zippedAs(f seen) bool {
	stem := filepath.Base(withoutZip(f.path))
	return (stem == filepath.Base(t.path) || rotatedName(filepath.Base(t.file), stem)) && (t.born == 0 || f.info.ModTime().UnixNano() >= t.born)
}

// adopt looks for the gzip file of a log that is found nowhere, and goes on there.
func (s *Source) adopt(t *tail, folders map[string][]seen) bool {
	if t.zip != nil || t.id == "" {
		return false
	}
	for _, dir := range []string{filepath.Dir(t.path), filepath.Dir(t.file)} {
		for _, f := range s.list(dir, folders) {
			n := s.inodeOf(f.path, f.info)
			if !zipName(f.path) || s.byInode[n] != nil || t.refused[n] || !t.zippedAs(f) || s.sniffed(f).hash != hashOf(t.id) {
				continue
			}
			s.rezip(t, n)
			t.path, t.away, t.missing = f.path, f.path != t.file, time.Time{}
			t.size, t.modified, t.grown = f.info.Size(), f.info.ModTime(), s.scanned
			t.ready, t.zip.moved, t.dirty = true, true, true
			return true
		}
	}
	return false
}

// refuse lets go of a gzip file that is not that of t.
func (s *Source) refuse(t *tail) {
	if t.refused == nil {
		t.refused = map[inode]bool{}
	}
	t.refused[t.inode] = true
	t.close()
	delete(s.byInode, t.inode)
	s.next = append(s.next, plugins.Mark{Key: zipMarkKey(t.inode)})
	n, err := parseFileID(t.id)
	if t.inode = (inode{}); err == nil && s.byInode[n] == nil {
		t.inode, s.byInode[n] = n, t
	}
	t.zip, t.path, t.missing, t.ready, t.retry = nil, t.file, s.scanned, false, false
	s.rescan = true
}

// unmetZips is the logs that were made, rotated away and compressed while nobody
// looked: they belong between those that were known and those that are there now.
func (s *Source) unmetZips(left []*tail, folders map[string][]seen) []*tail {
	var unmet []*tail
	for _, t := range left {
		if t.born == 0 {
			continue
		}
		for _, f := range s.list(filepath.Dir(t.file), folders) {
			if !zipName(f.path) || s.byInode[s.inodeOf(f.path, f.info)] != nil || s.excluded(f.path) || t.refused[s.inodeOf(f.path, f.info)] ||
				!rotatedName(filepath.Base(t.file), filepath.Base(withoutZip(f.path))) || f.info.ModTime().UnixNano() <= t.born {
				continue
			}
			n := s.sniffed(f)
			if n.hash == "" || n.hash == hashOf(t.key()) || s.original(f, n) != nil || s.scanned.Sub(n.since) < s.quiet {
				continue
			}
			if u := s.newTail(f, t.file); u != nil && !containsInode(unmet, u.inode) {
				u.away, u.born = true, f.info.ModTime().UnixNano()
				unmet = append(unmet, u)
			}
		}
	}
	return unmet
}

func containsInode(tails []*tail, n inode) bool {
	for _, t := range tails {
		if t.inode == n {
			return true
		}
	}
	return false
}

// settleZip looks after a gzip file that ends too early.
func (s *Source) settleZip(t *tail, now time.Time) {
	if t.zip.waiting && now.Sub(t.grown) >= s.quiet*patience {
		t.ready, t.zip.giveUp = true, true
	}
}
