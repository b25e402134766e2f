package local

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"

	"github.com/actiontrail/actiontrail/internal/durable"
)

// A WAL file begins with
//
//	4 magic "ATWL" | u32 version | u64 number | u64 end of the WAL before | 8 marker of its records | u32 CRC-32C of these
//
// and records follow. The end of the WAL before tells how much of it counts: a
// WAL is left for a new one also when a write or a sync of it has failed, and
// what stands behind that end was never acknowledged.
const (
	walMagic   = "ATWL"
	walVersion = 2 // 1 is read too, but not written on
	walHead    = 36
	walSuffix  = ".wal"
)

func walName(number uint64) string { return fmt.Sprintf("%010d%s", number, walSuffix) }

// disk are the system calls that tests let fail.
type disk struct {
	write     func(f *os.File, b []byte, at int64) (int, error)
	sync      func(f *os.File) error
	writeFile func(path string, data []byte) error
	remove    func(path string) error
}

func realDisk() disk {
	return disk{
		write:     func(f *os.File, b []byte, at int64) (int, error) { return f.WriteAt(b, at) },
		sync:      durable.Sync,
		writeFile: durable.WriteFile,
		remove:    os.Remove,
	}
}

// wal is the file that takes what is written now.
type wal struct {
	disk   disk
	f      *os.File
	number uint64
	mark   marker
	end    int64 // of the last record that is durable
	broken error // why nothing more may be written to it
}

func walHeader(number uint64, before int64, mark marker) []byte {
	b := append(make([]byte, 0, walHead), walMagic...)
	b = binary.LittleEndian.AppendUint32(b, walVersion)
	b = binary.LittleEndian.AppendUint64(b, number)
	b = binary.LittleEndian.AppendUint64(b, uint64(before))
	b = append(b, mark[:]...)
	return binary.LittleEndian.AppendUint32(b, checksum(b))
}

// createWAL makes a WAL that follows one which counts up to before.
func createWAL(d disk, dir string, number uint64, before int64) (*wal, error) {
	var mark marker
	if _, err := rand.Read(mark[:]); err != nil {
		return nil, err
	}
	if err := d.writeFile(filepath.Join(dir, walName(number)), walHeader(number, before, mark)); err != nil {
		return nil, err
	}
	return openWAL(d, dir, number, mark, walHead)
}

// openWAL opens a WAL to write on behind end; what stands there is cut off.
func openWAL(d disk, dir string, number uint64, mark marker, end int64) (*wal, error) {
	f, err := os.OpenFile(filepath.Join(dir, walName(number)), os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	w := &wal{disk: d, f: f, number: number, mark: mark, end: end}
	if err = f.Truncate(end); err == nil {
		err = f.Sync()
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return w, nil
}

// append writes records, and returns when they are durable. After an error it
// is not known what reached the disk, and the WAL takes nothing more.
func (w *wal) append(records []byte) error {
	if w.broken != nil {
		return w.broken
	}
	_, err := w.disk.write(w.f, records, w.end)
	if err == nil {
		err = w.disk.sync(w.f)
	}
	if err != nil {
		w.broken = fmt.Errorf("write %s: %w", filepath.Base(w.f.Name()), err)
		return w.broken
	}
	w.end += int64(len(records))
	return nil
}

func (w *wal) close() error { return w.f.Close() }

// walInfo is the header of a WAL.
type walInfo struct {
	version uint32
	before  int64 // how much of the WAL before it counts
	mark    marker
	whole   bool // the header can be read
}

// readWALHead reads the header of a WAL. A damaged one is not whole; an unknown
// version is an error, because another release can read the file.
func readWALHead(b []byte, number uint64) (walInfo, error) {
	if len(b) < walHead || string(b[:4]) != walMagic || checksum(b[:walHead-4]) != binary.LittleEndian.Uint32(b[walHead-4:]) {
		return walInfo{}, nil
	}
	version := binary.LittleEndian.Uint32(b[4:])
	if version < 1 || version > walVersion {
		return walInfo{}, fmt.Errorf("WAL %s has version %d; this release reads versions 1 to %d", walName(number), version, walVersion)
	}
	if binary.LittleEndian.Uint64(b[8:]) != number {
		return walInfo{}, nil
	}
	return walInfo{version: version, before: int64(binary.LittleEndian.Uint64(b[16:])), mark: marker(b[24:]), whole: true}, nil
}

// replayed is what readWAL found.
type replayed struct {
	walInfo
	end    int64    // of the last record
	damage []string // what cannot be read, with the reason
}

// readWAL gives the records of a WAL file to take; whole is false behind the
// first damage: what was lost there may belong to any lane, so the position must
// stay before it. end is how much of the file counts; -1 for the newest WAL, at
// whose end a torn record is no damage: it was never acknowledged.
func readWAL(c *codec, b []byte, number uint64, end int64, take func(rec record, whole bool) error) (out replayed, err error) {
	if out.walInfo, err = readWALHead(b, number); err != nil {
		return out, err
	}
	newest := end < 0
	if newest {
		end = int64(len(b))
	}
	if !out.whole {
		out.damage = append(out.damage, "its head cannot be read")
		out.version = walVersion
		if len(b) >= walHead+markerSize {
			out.mark = marker(b[walHead:])
		}
	}
	if missing := end - int64(len(b)); missing > 0 {
		defer func() { // at its end: the records that are there are whole
			out.damage = append(out.damage, fmt.Sprintf("its last %d bytes are missing", missing))
		}()
		end = int64(len(b))
	}
	b = b[:end]
	off := min(walHead, len(b))
	out.end = int64(off)
	for off < len(b) {
		rec, size, err := nextRecord(c, b[off:], out.walInfo)
		if err != nil {
			next := findRecord(c, b, off+1, out.walInfo)
			if next < 0 {
				if !newest {
					out.damage = append(out.damage, fmt.Sprintf("bytes %d to %d: %v", off, len(b), err))
				}
				return out, nil
			}
			out.damage = append(out.damage, fmt.Sprintf("bytes %d to %d: %v", off, next, err))
			off = next
			continue
		}
		if err := take(rec, len(out.damage) == 0); err != nil {
			out.damage = append(out.damage, fmt.Sprintf("bytes %d to %d: %v", off, off+size, err))
		}
		off += size
		out.end = int64(off)
	}
	return out, nil
}

func nextRecord(c *codec, b []byte, info walInfo) (record, int, error) {
	packed, size, err := cutRecord(b, info.mark)
	if err != nil {
		return record{}, 0, err
	}
	rec, err := decodeBody(c, packed, info.version)
	return rec, size, err
}

// findRecord is where the next readable record begins, or -1.
func findRecord(c *codec, b []byte, from int, info walInfo) int {
	for from < len(b) {
		i := bytes.Index(b[from:], info.mark[:])
		if i < 0 {
			return -1
		}
		if _, _, err := nextRecord(c, b[from+i:], info); err == nil {
			return from + i
		}
		from += i + 1
	}
	return -1
}
