package file

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/klauspost/compress/gzip"
)

// unzipped reads what a gzip file holds at any offset, best from one offset on to
// later ones: it keeps what was read last, and begins anew for what was before
// that. It never holds the whole.
type unzipped struct {
	fd     *os.File
	in     *bufio.Reader
	zip    *gzip.Reader
	member bool   // within a member
	began  int64  // where that member begins
	window []byte // the bytes from offset from on
	from   int64
	pinned []byte // the bytes from pin on, as far as they have left the window
	pin    int64
	keep   int   // how many bytes from pin on are kept
	broken error // why there is no more, although there should be

	final *bool // set when the end is reached: what is left will not be completed
}

// errFar says that the offset was not reached yet: to be tried again, after others had their turn.
var errFar = errors.New("not unzipped so far yet")

func newUnzipped(fd *os.File, keep int, final *bool) *unzipped {
	u := &unzipped{fd: fd, keep: keep, final: final}
	u.restart()
	return u
}

func (u *unzipped) restart() {
	in := io.NewSectionReader(u.fd, 0, 1<<62)
	if u.in == nil {
		u.in = bufio.NewReaderSize(in, 64<<10)
	}
	u.in.Reset(in)
	u.window, u.from, u.pinned, u.member, u.broken = u.window[:0], 0, u.pinned[:0], false, nil
}

// setPin says that what is at pin, and keep bytes from there on, may be read again.
func (u *unzipped) setPin(pin int64) {
	if pin != u.pin {
		u.pin, u.pinned = pin, u.pinned[:0]
	}
}

// ReadAt implements io.ReaderAt. At the end, and where the file is broken, it is io.EOF.
func (u *unzipped) ReadAt(b []byte, at int64) (int, error) {
	n := 0
	if at < u.from {
		if at < u.pin || at > u.pin+int64(len(u.pinned)) || u.pin+int64(len(u.pinned)) < min(u.from, at+int64(len(b))) {
			u.restart()
			u.pinned = u.pinned[:0]
		} else {
			n = copy(b, u.pinned[at-u.pin:])
		}
	}
	for unzipped := 0; ; {
		u.drop(at + int64(n))
		if end := u.from + int64(len(u.window)); end >= at+int64(len(b)) {
			break
		}
		if unzipped > scanBytes && u.from+int64(len(u.window)) <= at {
			return 0, errFar
		}
		m, err := u.more()
		if unzipped += m; err != nil {
			if !errors.Is(err, io.EOF) {
				return 0, err
			}
			break
		}
	}
	if skip := at + int64(n) - u.from; skip < int64(len(u.window)) && skip >= 0 {
		n += copy(b[n:], u.window[skip:])
	}
	if n < len(b) {
		*u.final = u.broken == nil
		return n, io.EOF
	}
	return n, nil
}

// drop lets go of the window before an offset, but for what is pinned.
func (u *unzipped) drop(to int64) {
	n := int(min(to-u.from, int64(len(u.window))))
	if n <= 0 {
		return
	}
	gone := u.window[:n]
	if next := u.pin + int64(len(u.pinned)); next >= u.from && next < u.from+int64(n) && len(u.pinned) < u.keep {
		part := gone[next-u.from:]
		u.pinned = append(u.pinned, part[:min(len(part), u.keep-len(u.pinned))]...)
	}
	u.window = slices.Delete(u.window, 0, n)
	u.from += int64(n)
}

// more adds to the window; io.EOF at the end. An error of the disk is returned, one
// of what the file holds is kept as broken.
func (u *unzipped) more() (int, error) {
	if u.broken != nil {
		return 0, io.EOF
	}
	if !u.member {
		next, err := u.in.Peek(1)
		if errors.Is(err, io.EOF) || len(next) > 0 && next[0] == 0 && u.zip != nil { // some pad with NUL bytes
			return 0, io.EOF
		}
		if u.zip == nil {
			u.zip, err = gzip.NewReader(u.in)
		} else {
			err = u.zip.Reset(u.in)
		}
		if err != nil {
			u.zip = nil
			return 0, u.fail(err)
		}
		u.zip.Multistream(false)
		u.member, u.began = true, u.from+int64(len(u.window))
	}
	const step = 64 << 10
	u.window = slices.Grow(u.window, step)
	n, err := u.zip.Read(u.window[len(u.window) : len(u.window)+step])
	u.window = u.window[:len(u.window)+n]
	if errors.Is(err, io.EOF) {
		u.member, err = false, nil
	}
	if err != nil {
		return n, u.fail(err)
	}
	return n, nil
}

func (u *unzipped) fail(err error) error {
	var disk *os.PathError
	if errors.As(err, &disk) {
		return err
	}
	u.broken = err
	return io.EOF
}

// cutShort tells whether the file only ends too early: it may still be written.
func (u *unzipped) cutShort() bool {
	return errors.Is(u.broken, io.ErrUnexpectedEOF)
}

// doubtful is from which offset on what the file holds is not what it was, if
// everything up to offset at was read.
func (u *unzipped) doubtful(at int64) int64 {
	if errors.Is(u.broken, gzip.ErrChecksum) {
		return min(at, u.began)
	}
	return at
}

// why tells people what is wrong with the file.
func (u *unzipped) why(path string) string {
	if u.cutShort() {
		return fmt.Sprintf("%s ends too early: what should follow was lost before it could be read", path)
	}
	if errors.Is(u.broken, gzip.ErrChecksum) {
		return path + " is damaged (wrong checksum): its lines may not be what they were"
	}
	return fmt.Sprintf("%s is damaged (%v): what follows cannot be read", path, u.broken)
}
