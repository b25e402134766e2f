package sim

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"

	"github.com/actiontrail/actiontrail/agent/spool"
	"github.com/actiontrail/actiontrail/internal/wire"
)

// disk is the disk below one spool, with a real file on it. It fills up, fails,
// and loses at a power loss what was not synced. It lives longer than processes.
type disk struct {
	w           *world
	write, sync *site
	log         *lines // whose spool it is; nil: the aggregator's own

	mu       sync.Mutex
	unsynced map[string]int64 // path to the first byte that is not synced
	written  []int            // the line after each batch that is written and not synced
	synced   map[int]bool     // the lines after batches that are
}

func newDisk(w *world, name string, log *lines) *disk {
	return &disk{w: w, log: log, unsynced: map[string]int64{}, synced: map[int]bool{0: true},
		write: w.site(name+" disk write", chance{lost: 8, kept: 4, dieBefore: 3, dieAfter: 5}),
		sync:  w.site(name+" disk sync", chance{lost: 8, kept: 6, dieBefore: 4, dieAfter: 5})}
}

// of is the disk as a process sees it.
func (d *disk) of(p *process) spool.Disk { return processDisk{d, p} }

type processDisk struct {
	*disk
	p *process
}

func (d processDisk) WriteAt(f *os.File, b []byte, at int64) (int, error) {
	if d.p.dead() {
		return 0, errDead
	}
	d.note(f, b, at)
	switch d.write.draw() {
	case lost: // the disk is full before the first byte
		return 0, &os.PathError{Op: "write", Path: f.Name(), Err: syscall.ENOSPC}
	case kept: // or in the midst
		n, err := f.WriteAt(b[:d.write.intN(len(b))], at)
		if err == nil {
			err = &os.PathError{Op: "write", Path: f.Name(), Err: syscall.ENOSPC}
		}
		return n, err
	case dieBefore:
		d.p.kill()
		n, err := f.WriteAt(b[:d.write.intN(len(b))], at)
		if err == nil {
			err = errDead
		}
		return n, err
	case dieAfter:
		n, err := f.WriteAt(b, at)
		if err == nil {
			d.p.kill()
			err = errDead
		}
		return n, err
	}
	return f.WriteAt(b, at)
}

// note remembers what is written, and tells the judge what the batch stands for.
func (d *disk) note(f *os.File, b []byte, at int64) {
	const head = 8 // of a record, see docs/format/spool.md
	there := make([]byte, len(b))
	n, _ := f.ReadAt(there, at)
	again := n == len(b) && bytes.Equal(there, b) // what is on the disk already cannot be lost by it
	d.mu.Lock()
	if from, ok := d.unsynced[f.Name()]; !again && (!ok || at < from) {
		d.unsynced[f.Name()] = at
	}
	d.mu.Unlock()
	header, hash, err := wire.ReadHeader(b[head:])
	if err != nil {
		d.w.fail("spool", "what is written to the spool is no batch: %v", err)
		return
	}
	d.mu.Lock()
	for _, m := range header.Cursor {
		if m.Key == "line" {
			line, _ := strconv.Atoi(string(m.Value))
			d.written = append(d.written, line)
		}
	}
	d.mu.Unlock()
	if d.log != nil && !again {
		d.log.spooling(header.Lane, hash)
	}
}

func (d processDisk) Sync(f *os.File) error {
	if d.p.dead() {
		return errDead
	}
	switch d.sync.draw() {
	case lost: // full only now, or an I/O error: what was written may be gone
		d.mu.Lock()
		d.written = nil
		d.mu.Unlock()
		if d.sync.one(2) {
			return syscall.EIO
		}
		return syscall.ENOSPC
	case kept:
		d.done(f.Name())
		return syscall.EIO
	case dieBefore:
		d.p.kill()
		return errDead
	case dieAfter:
		d.done(f.Name())
		d.p.kill()
		return errDead
	}
	d.done(f.Name())
	return nil
}

func (d *disk) done(path string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.unsynced, path)
	for _, line := range d.written {
		d.synced[line] = true
	}
	d.written = nil
}

// safe tells whether a batch that ends before this line is on the disk.
func (d *disk) safe(line int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.synced[line]
}

// powerLoss cuts what was not synced at any byte, and may leave anything in it.
func (d *disk) powerLoss() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for path, from := range d.unsynced {
		data, err := os.ReadFile(path)
		if err != nil || int64(len(data)) <= from {
			continue // gone with the folder, or cut already
		}
		tail := data[from : from+int64(d.write.intN(int(int64(len(data))-from)+1))]
		switch d.write.intN(3) {
		case 0: // its length came to the disk before its bytes
			clear(tail[d.write.intN(len(tail)+1):])
		case 1:
			if len(tail) > 0 {
				tail[d.write.intN(len(tail))] ^= byte(1 << d.write.intN(8))
			}
		}
		d.w.trace("power loss cuts %s from %d to %d, synced were %d", path, len(data), from+int64(len(tail)), from)
		d.w.must(os.WriteFile(path, data[:from+int64(len(tail))], 0o640))
	}
	clear(d.unsynced)
}

// rot changes a byte of a record that was safe.
func (d *disk) rot(dir string) {
	names, err := filepath.Glob(filepath.Join(dir, "*.spool"))
	d.w.must(err)
	if len(names) == 0 {
		return
	}
	slices.Sort(names)
	path := names[d.write.intN(len(names))]
	data, err := os.ReadFile(path)
	d.w.must(err)
	if len(data) <= 8 {
		return
	}
	data[8+d.write.intN(len(data)-8)] ^= byte(1 << d.write.intN(8))
	d.w.must(os.WriteFile(path, data, 0o640))
}

// forget is told when the folder was replaced.
func (d *disk) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.unsynced)
}
