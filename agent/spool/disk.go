package spool

import (
	"os"

	"github.com/actiontrail/actiontrail/internal/durable"
)

// Disk takes the bytes of segments. A test's is full, fails or is torn.
type Disk interface {
	WriteAt(f *os.File, b []byte, at int64) (int, error)
	// Sync makes all that was written to the file durable. After an error it is unknown what is.
	Sync(f *os.File) error
}

// systemDisk is the machine's.
type systemDisk struct{}

func (systemDisk) WriteAt(f *os.File, b []byte, at int64) (int, error) { return f.WriteAt(b, at) }
func (systemDisk) Sync(f *os.File) error                               { return durable.Sync(f) }
