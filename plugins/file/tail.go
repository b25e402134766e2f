package file

import (
	"cmp"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/actiontrail/actiontrail/plugins"
)

// tail is one file that is followed, from when it is first met until it is gone.
type tail struct {
	place
	rules   *rules         // nil: those of lines of UTF-8
	zip     *zipped        // nil: the file is as it is
	refused map[inode]bool // gzip files that are not of this log
	inode   inode
	byPath  bool   // inode is made of the path
	id      string // "" until the first line is complete
	was     string // the identity before the first line changed, or before it was complete; its mark is still there
	path    string // where the file is now, or was last
	real    string // where path leads, if it is a symbolic link; or where the file was when the agent ended
	fd      *os.File
	open    *int // descriptors that the source holds; counts fd

	taking
	ready bool  // there may be more to read
	final bool  // what is left will not be completed: the end of the file ends its last line
	after *tail // the file that had this name before: it is read first
	turn  uint64

	// What is not certain.
	unsure   bool     // not looked at since Open: whatever happened while the agent was down is possible
	verify   bool     // written to without growing: the first line is to be compared again
	reopen   bool     // the path may lead to another file than fd (only byPath)
	old      *os.File // fd before that
	fresh    bool     // nothing has been read of it: it may be a copy
	copyOf   *tail    // it begins like this one, of this generation: wait for what becomes of them
	copyAt   uint64
	judged   int64     // so many bytes of it are like the original
	rest     *os.File  // holds what is left of this generation
	inCopy   bool      // rest is a copy
	copyPath string    // where it was
	looked   int       // after how many scans the copy was looked for in vain
	lookedAt time.Time // the last of them
	copied   inode     // the last copy of it whose lines are known

	facts []plugins.Record // to be told

	// As of the last scan.
	matched  bool      // found by a glob
	away     bool      // no longer where it was first matched
	missing  time.Time // since when it is nowhere; zero: it is there
	size     int64
	modified time.Time
	grown    time.Time // when size or modified last changed
	err      error
	retry    bool // the path led elsewhere: look again after the next scan

	dirty   bool   // the mark has to move
	sent    []byte // value of the mark last handed out
	durable bool   // the agent keeps it, or there is none
}

var (
	// errReplaced says that another file has taken the path since the last scan.
	errReplaced = errors.New("the path now leads to another file")
	// errChanged says that what was read is no longer what the file holds.
	errChanged = errors.New("the file was truncated or rewritten")
)

// key is the key of the mark, or "" while there is none.
func (t *tail) key() string {
	if t.id != "" {
		return t.id
	}
	return t.was
}

// meet gives a file without an identity a mark.
func (t *tail) meet() {
	if t.dirty = true; t.key() == "" {
		t.was = metID(t.inode)
	}
}

// openFile opens the file and checks that it is the one that the mark speaks of:
// errChanged when it is not.
func (t *tail) openFile() error {
	// Without O_NONBLOCK a pipe that has just taken the path would hold us for ever.
	fd, err := os.OpenFile(t.path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	info, err := fd.Stat()
	if err == nil && (!info.Mode().IsRegular() || !t.byPath && inodeOf(info) != t.inode) {
		err = errReplaced
	}
	if err == nil {
		err = t.compare(fd, info)
	}
	if err == nil && t.skip {
		err = t.skipTo(fd, info)
	}
	if err != nil && !errors.Is(err, errChanged) {
		fd.Close()
		return err
	}
	t.fd = fd
	*t.open++
	return err
}

// compare is errChanged if the file is not what it was, as far as its beginning and its age tell.
func (t *tail) compare(fd *os.File, info fs.FileInfo) error {
	if !t.byPath && t.born != 0 {
		if born := bornOf(fd); born != 0 && born != t.born {
			return errChanged // the inode was given to another
		}
	}
	if t.id == "" {
		if t.offset == 0 && info.Size() < t.known && !t.skip {
			return errChanged
		}
		return nil
	}
	same, err := t.recognises(fd)
	if err == nil && !same {
		err = errChanged
	}
	return err
}

func (t *tail) close() {
	if t.fd != nil {
		t.fd.Close() // only read from: there is nothing to lose
		t.fd = nil
		*t.open--
	}
	for _, fd := range []*os.File{t.rest, t.old} {
		if fd != nil {
			fd.Close()
		}
	}
	t.rest, t.old = nil, nil
	if t.zip != nil {
		t.zip.r = nil
	}
}

// recognises tells whether the first line is that of the identity. A half line
// that was read as the last of its file counts as far as it was read.
func (t *tail) recognises(r io.ReaderAt) (bool, error) {
	head, whole, err := readHead(r, t.rules.headEnd())
	if err != nil {
		return false, err
	}
	hash := hashOf(t.key())
	if whole && headHash(head) == hash {
		return true, nil
	}
	return t.offset > 0 && beginsAs(head, t.key()), nil
}

// holds tells whether r is the file as far as it was read: the first line, and the bytes before the offset.
func (t *tail) holds(r io.ReaderAt) (bool, error) {
	same, err := t.recognises(r)
	if err != nil || !same {
		return false, err
	}
	sum, err := overlapAt(r, t.offset)
	if errors.Is(err, errChanged) {
		return false, nil
	}
	return sum == t.overlap, err
}

// identify finds the identity; it stays "" while the first line is not complete.
func (t *tail) identify(r io.ReaderAt, p *page) error {
	head, whole, err := readHead(r, t.rules.headEnd())
	if err != nil {
		return err
	}
	if !whole {
		head, err = t.halfHead(r, p, head)
	}
	if whole || len(head) > 0 {
		t.id = fileID(t.inode, head)
	}
	return err
}

// rewind starts a new generation of the file. The mark moves at once, under the
// old identity until the new one is known, so that the truncation is remembered
// even if the file grows past the old offset before it is read.
func (t *tail) rewind() {
	if t.id != "" {
		t.was, t.id = t.id, ""
	}
	if t.offset > 0 || len(t.facts) > 0 { // else nothing has been told of this generation
		t.generation++
	}
	t.offset, t.overlap, t.known = 0, 0, 0
	t.taking = taking{average: t.average}
	t.skip, t.finished, t.final, t.unsure, t.verify = false, false, false, false, false
	t.ready, t.fresh, t.looked = true, t.byPath, 0
	if t.old != nil {
		t.old.Close()
		t.old = nil
	}
	t.dirty = t.was != ""
	if t.fd != nil && !t.byPath {
		t.born = bornOf(t.fd)
	}
	if t.matched {
		t.file = t.path // an inode used again: the new file has a name of its own
	}
}

// skipTo moves to after the last line that was complete when the file was met. A
// line that was half written then is read whole.
func (t *tail) skipTo(r io.ReaderAt, info fs.FileInfo) error {
	end := t.known
	if info.Size() < end {
		end = 0 // truncated since
	}
	start, err := lineStart(r, end, t.rules)
	if err != nil {
		return err
	}
	if t.skip = false; start == 0 {
		return nil
	}
	t.offset, t.scanned, t.dirty = start, start, true
	return t.note(r)
}

// lineStart is the last start of a line at or before end.
func lineStart(r io.ReaderAt, end int64, u *rules) (int64, error) {
	f, err := u.formOf(r)
	if err != nil {
		return 0, err
	}
	b := make([]byte, 64<<10)
	for end > 0 {
		from := max(0, end-int64(len(b)))
		n, err := r.ReadAt(b[:end-from], from)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		if i := f.lastEnd(b[:n], from); i >= 0 {
			return from + int64(i+len(f.end)), nil
		}
		if end = from; from > 0 {
			end += int64(len(f.end)) - 1 // a line end may lie across
		}
	}
	return 0, nil
}

// note reads the bytes before the offset for the next check.
func (t *tail) note(r io.ReaderAt) (err error) {
	t.overlap, err = overlapAt(r, t.offset)
	return err
}

// overlapAt is the checksum of the bytes before an offset; errChanged where the file is shorter.
func overlapAt(r io.ReaderAt, offset int64) (uint32, error) {
	var b [overlapBytes]byte
	n := min(offset, overlapBytes)
	if _, err := r.ReadAt(b[:n], offset-n); err != nil {
		if errors.Is(err, io.EOF) {
			return 0, errChanged
		}
		return 0, err
	}
	return crc32.Checksum(b[:n], castagnoli), nil
}

// before is how many bytes before the offset are checked.
func (t *tail) before() int { return int(min(t.offset, overlapBytes)) }

// prepare opens and identifies; then there is something to take lines of, or nothing yet.
func (t *tail) prepare(p *page) (bool, error) {
	if t.rest != nil {
		return true, nil
	}
	if t.looked > 0 {
		return false, errChanged
	}
	if t.reopen && t.fd != nil {
		t.old, t.fd = t.fd, nil
		*t.open--
	}
	t.reopen = false
	if t.fd == nil {
		if err := t.openFile(); err != nil {
			return false, err
		}
		if t.old != nil {
			t.old.Close()
			t.old = nil
		}
	} else if t.verify && t.id != "" {
		if same, err := t.recognises(t.fd); err != nil {
			return false, err
		} else if !same {
			return false, errChanged
		}
	}
	t.verify = false
	if t.id == "" {
		if err := t.identify(t.fd, p); err != nil {
			return false, fmt.Errorf("read the first line: %w", err)
		}
		if t.id == "" {
			if t.was == "" {
				t.meet()
			}
			t.ready = false
		}
	}
	return t.id != "", nil
}

// read moves lines to the page. At the end of the file it may have to tell what was
// cut off there, for which there must be room.
func (t *tail) read(p *page, room func() bool) error {
	from := io.ReaderAt(t.fd)
	if t.rest != nil {
		from = t.rest
	}
	before, records, used, text := *t, len(p.records), p.used, len(p.text)
	if err := t.take(from, p); err != nil {
		return err
	}
	if before.offset == 0 { // there was nothing before it to tell that it is still the file that was identified
		if same, err := t.recognises(from); err != nil || !same {
			*t, p.records, p.used, p.text = before, p.records[:records], used, p.text[:text]
			return cmp.Or(err, errChanged)
		}
	}
	if t.only > 0 && t.offset >= t.only {
		t.only, t.ready = 0, true // and what has come after it
	}
	t.unsure = false
	t.known = max(t.known, t.offset)
	if t.rest != nil {
		return nil
	}
	if t.ready { // so much there is, and it may be gone before it is read
		if info, err := t.fd.Stat(); err == nil {
			t.known = max(t.known, info.Size())
		}
		return nil
	}
	end := max(t.end, t.offset)
	if end < t.known {
		if t.ready = !room(); t.ready {
			return nil
		}
		t.tell(t.generation, end, plugins.Evidence{Name: plugins.SourceGap, From: end, To: t.known, Why: "the end of the file was cut off before it was read"})
	}
	t.known = end
	return nil
}
