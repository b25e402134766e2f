package local

import (
	"os"

	"github.com/actiontrail/actiontrail/internal/durable"
)

// spillAt is how many bytes a spill holds in memory before it takes a file.
const spillAt = 8 << 20

// spill holds a section that is made while others are written: in memory as long
// as it is small, then in a file that has no name, so that nothing is left of it.
type spill struct {
	disk disk
	dir  string
	b    []byte
	f    *os.File
	size int64 // of all
}

func (s *spill) add(b []byte) error {
	s.b = append(s.b, b...)
	s.size += int64(len(b))
	if len(s.b) < spillAt {
		return nil
	}
	if s.f == nil {
		f, err := os.CreateTemp(s.dir, ".spill.*"+durable.TemporarySuffix)
		if err != nil {
			return err
		}
		s.f = f
		if err := os.Remove(f.Name()); err != nil {
			return err
		}
	}
	_, err := s.disk.write(s.f, s.b, s.size-int64(len(s.b)))
	s.b = s.b[:0]
	return err
}

// each gives all that was added to put, in order.
func (s *spill) each(put func(b []byte) error) error {
	rest := s.size - int64(len(s.b))
	buf := make([]byte, min(rest, 256<<10))
	for at := int64(0); at < rest; {
		n, err := s.f.ReadAt(buf[:min(rest-at, int64(len(buf)))], at)
		if n == 0 {
			return err // there is one when nothing was read
		}
		if err := put(buf[:n]); err != nil {
			return err
		}
		at += int64(n)
	}
	return put(s.b)
}

func (s *spill) close() error {
	if s.f == nil {
		return nil
	}
	f := s.f
	s.f = nil
	return f.Close()
}
