package file

import (
	"errors"
	"io"

	"golang.org/x/sys/unix"
)

// A log that is truncated while its writer writes on at its old place has a hole
// at its head: NUL bytes where the kernel has no blocks, gigabytes of them perhaps.

// hole is how many bytes of b, of which at are before the place to be read, lie
// before the end of a hole; 0: there is none. b begins at the head of the file or in a hole.
func (t *tail) hole(b []byte, at int) int {
	unit := t.form.unit
	if !t.form.inHole(b[:at], t.offset) {
		return 0
	}
	n := nulls(b[at:])
	if n -= n % unit; n == 0 {
		return 0
	}
	return at + n
}

// skipHole moves to the first byte after from that is not NUL. While there is
// none, nothing moves: what is NUL may yet be written.
func (t *tail) skipHole(r io.ReaderAt, p *page, from int64) error {
	from = max(from, t.form.hole)
	if s, ok := r.(io.Seeker); ok {
		data, err := s.Seek(from, unix.SEEK_DATA)
		switch {
		case errors.Is(err, unix.ENXIO): // nothing but hole
			t.ready = false
			return nil
		case err == nil:
			from = data
		}
	}
	room := p.buf[p.used:]
	for stop := from + scanBytes; from < stop; {
		n, err := r.ReadAt(room[:min(len(room), pageBytes)], from)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		zero := nulls(room[:n])
		from += int64(zero)
		if zero < n {
			t.offset = from - from%int64(t.form.unit)
			t.scanned, t.dirty = t.offset, true
			return t.note(r)
		}
		if err != nil {
			t.ready = false
			break
		}
	}
	t.form.hole = from
	return nil
}
