package file

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// tail is one file that is followed, from when it is first met until it is gone.
type tail struct {
	place
	rules   *rules // nil: those of lines of UTF-8
	inode   inode
	id      string         // "" until the first line is complete
	was     string         // the identity before the first line changed, or before it was complete; its mark is still there
	zip     *zipped        // nil: the file is as it is
	refused map[inode]bool // gzip files that are not of this log
	path    string         // where the file is now, or was last
	fd      *os.File

	taking
	ready   bool  // there may be more to read
	final   bool  // what is left will not be completed: the end of the file ends its last line
	fromEnd bool  // was there at the very first start, and only what comes later counts
	after   *tail // the file that had this name before: it is read first

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

// open opens the file and checks that it is the one that the mark speaks of.
func (t *tail) open() error {
	// Without O_NONBLOCK a pipe that has just taken the path would hold us for ever.
	fd, err := os.OpenFile(t.path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	info, err := fd.Stat()
	if err == nil && inodeOf(info) != t.inode {
		err = errReplaced
	}
	if err == nil && t.id != "" {
		var same bool
		if same, err = t.recognises(fd); err == nil && !same {
			t.rewind()
		}
	}
	if err == nil && t.fromEnd {
		err = t.skip(fd, info)
	}
	if err != nil {
		fd.Close()
		return err
	}
	t.fd = fd
	return nil
}

func (t *tail) close() {
	if t.fd != nil {
		t.fd.Close() // only read from: there is nothing to lose
		t.fd = nil
	}
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
	if whole && hashOf(fileID(t.inode, head)) == hashOf(t.id) {
		return true, nil
	}
	return t.offset > 0 && beginsAs(head, t.id), nil
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
	if t.offset > 0 { // else no record has been read of this generation
		t.generation++
	}
	t.offset, t.overlap = 0, 0
	t.taking = taking{average: t.average}
	t.fromEnd, t.ready = false, true
	t.dirty = t.was != ""
	if t.matched {
		t.file = t.path // an inode used again: the new file has a name of its own
	}
}

// skip moves to after the last complete line. A line that is half written at the
// first start is read whole.
func (t *tail) skip(r io.ReaderAt, info fs.FileInfo) error {
	f, err := t.rules.formOf(r)
	if err != nil {
		return err
	}
	b := make([]byte, 64<<10)
	for end := info.Size(); end > 0; {
		from := max(0, end-int64(len(b)))
		n, err := r.ReadAt(b[:end-from], from)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if i := f.lastEnd(b[:n], from); i >= 0 {
			t.offset = from + int64(i+len(f.end))
			t.scanned = t.offset
			t.fromEnd, t.dirty = false, true
			return t.note(r)
		}
		if end = from; from > 0 {
			end += int64(len(f.end)) - 1 // a line end may lie across
		}
	}
	t.fromEnd = false
	return nil
}

// note reads the bytes before the offset for the next check.
func (t *tail) note(r io.ReaderAt) error {
	var b [overlapBytes]byte
	n := t.before()
	if _, err := r.ReadAt(b[:n], t.offset-int64(n)); err != nil {
		if errors.Is(err, io.EOF) {
			return errChanged
		}
		return err
	}
	t.overlap = crc32.Checksum(b[:n], castagnoli)
	return nil
}

// before is how many bytes before the offset are checked.
func (t *tail) before() int { return int(min(t.offset, overlapBytes)) }

// read moves lines to the page: it opens, identifies and takes.
func (t *tail) read(p *page) error {
	if t.zip != nil {
		return t.readZip(p)
	}
	if t.fd == nil {
		if err := t.open(); err != nil {
			return err
		}
	}
	if t.id == "" {
		if err := t.identify(t.fd, p); err != nil {
			return fmt.Errorf("read the first line: %w", err)
		}
		if t.id == "" {
			if t.was == "" {
				t.was, t.dirty = metID(t.inode), true
			}
			t.ready = false
			return nil
		}
	}
	err := t.take(t.fd, p)
	if t.only > 0 && t.offset >= t.only {
		t.only, t.ready = 0, true // and what has come after it
	}
	if errors.Is(err, errChanged) {
		t.rewind()
		return nil
	}
	return err
}
