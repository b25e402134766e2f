package local

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/internal/durable"
)

// Open opens the index of a folder, or makes it. What is found damaged is set
// aside and named in Stats; the rest is served, and the position is before what was lost.
func Open(cfg Config) (*Index, error) {
	if cfg.Dir == "" {
		return nil, errors.New("the index has no folder: set its dir")
	}
	if cfg.SegmentEvents < 0 || cfg.MemoryBytes < 0 || cfg.CutAfter < 0 || cfg.Retention < 0 {
		return nil, errors.New("a size or time of the index is negative")
	}
	if cfg.MemoryBytes > memoryParts*maxMemory {
		return nil, fmt.Errorf("the index may take %d bytes of memory at most: set it lower", int64(memoryParts*maxMemory))
	}
	if len(cfg.Classes) > maxClasses {
		return nil, fmt.Errorf("an index can have %d classes at most", maxClasses)
	}
	cfg.SegmentEvents = cmp.Or(cfg.SegmentEvents, 32_768)
	cfg.MemoryBytes = cmp.Or(cfg.MemoryBytes, 256<<20)
	cfg.CutAfter = cmp.Or(cfg.CutAfter, 6*time.Hour)
	cfg.mergedMost = cmp.Or(cfg.mergedMost, mergedMost)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.disk.write == nil {
		cfg.disk = realDisk()
	}
	if err := durable.MkdirAll(cfg.Dir); err != nil {
		return nil, fmt.Errorf("make the folder of the index: %w", err)
	}
	lock, err := durable.LockDir(cfg.Dir)
	if err != nil {
		return nil, err
	}
	x := &Index{cfg: cfg, lock: lock, told: map[expired]bool{}}
	if err := x.open(); err != nil {
		return nil, errors.Join(err, x.abandon())
	}
	x.startBuild()
	return x, nil
}

// abandon gives back what a failed open has taken.
func (x *Index) abandon() error {
	var err error
	if x.wal != nil {
		err = x.wal.close()
	}
	for _, s := range x.segments {
		s.release()
	}
	if x.codec != nil {
		err = errors.Join(err, x.codec.close())
	}
	return errors.Join(err, x.lock.Close())
}

func (x *Index) open() (err error) {
	if x.codec, err = newCodec(); err != nil {
		return err
	}
	docs, err := newDocWriter()
	if err != nil {
		return err
	}
	x.body = &body{docs: docs}
	if x.packer, err = newDocWriter(); err != nil {
		return err
	}
	if err := durable.RemoveTemporary(x.cfg.Dir); err != nil {
		return err
	}
	found, err := readManifest(x.cfg.Dir)
	if err != nil {
		return err
	}
	if found == nil {
		found = &manifest{WAL: 1, From: 1, Next: 1, Position: x.cfg.Begin.Clone()}
		if err := x.save(found, func() {}); err != nil {
			return err
		}
	}
	m := found.clone()
	changed := x.dropGoneDamage(m)
	c, err := x.openSegments(m)
	if err != nil {
		return err
	}
	changed = changed || c
	if err := x.findSalt(); err != nil {
		return err
	}
	x.manifest = m
	if err := x.removeStrays(m); err != nil {
		return err
	}
	return x.openWALs(m, changed)
}

// dropGoneDamage forgets damaged files that somebody has removed.
func (x *Index) dropGoneDamage(m *manifest) bool {
	n := len(m.Damaged)
	m.Damaged = slices.DeleteFunc(m.Damaged, func(d damageEntry) bool {
		for _, name := range []string{d.File, d.File + damagedSuffix} {
			if _, err := os.Lstat(filepath.Join(x.cfg.Dir, name)); !errors.Is(err, fs.ErrNotExist) {
				return false
			}
		}
		return !d.Missing
	})
	return len(m.Damaged) != n
}

// opening is how many segments are opened at a time.
const opening = 8

// openSegments opens the segments of the manifest. One that is damaged is taken
// out of it, and its file set aside.
func (x *Index) openSegments(m *manifest) (changed bool, err error) {
	type opened struct {
		s   *segment
		err error
	}
	found := make([]opened, len(m.Segments))
	var g errgroup.Group
	g.SetLimit(opening)
	for i, e := range m.Segments {
		g.Go(func() error {
			found[i].s, found[i].err = openSegment(x.codec, filepath.Join(x.cfg.Dir, e.File))
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return false, err
	}
	for i, e := range m.Segments { // so that all that are open are given back
		if s := found[i].s; s != nil {
			s.seqs, s.class = e.Seqs, e.Class
			x.segments = append(x.segments, s)
		}
	}
	entries := m.Segments
	m.Segments = nil
	for i, e := range entries {
		s, err := found[i].s, found[i].err
		var bad *damageError
		switch {
		case err == nil && (s.foot.Events != e.Events || s.size() != e.Bytes):
			bad = &damageError{s, "it is another file than the manifest names"}
			x.segments = slices.DeleteFunc(x.segments, func(o *segment) bool { return o == s })
			s.release()
		case err == nil:
			m.Segments = append(m.Segments, e)
			continue
		case errors.Is(err, fs.ErrNotExist):
			m.Damaged = append(m.Damaged, damageEntry{File: e.File, Reason: fmt.Sprintf("the file with %d events is missing", e.Events), Missing: true, Lost: e.Seqs, Gone: e.Seqs == index.SeqRange{}})
			changed = true
			continue
		case !errors.As(err, &bad):
			return changed, fmt.Errorf("open segment %s: %w", filepath.Join(x.cfg.Dir, e.File), err)
		}
		m.Damaged = append(m.Damaged, damageEntry{File: e.File, Reason: lostReason(bad.reason, e.Events), Lost: e.Seqs, Gone: e.Seqs == index.SeqRange{}})
		changed = true
	}
	return changed, nil
}

// findSalt takes the salt of the newest segment, so that all have the same; an index without one gets one.
func (x *Index) findSalt() (err error) {
	for _, s := range slices.Backward(x.segments) {
		if s.salted {
			x.salt = s.salt
			return nil
		}
	}
	x.salt, err = newSalt()
	return err
}

// removeStrays removes what a crash left over, and moves damaged segments aside.
func (x *Index) removeStrays(m *manifest) error {
	files, err := filepath.Glob(filepath.Join(x.cfg.Dir, "*"+segmentSuffix))
	if err != nil {
		return err
	}
	for _, path := range files {
		name := filepath.Base(path)
		switch {
		case slices.ContainsFunc(m.Segments, func(e segmentEntry) bool { return e.File == name }):
		case slices.ContainsFunc(m.Damaged, func(d damageEntry) bool { return d.File == name }):
			err = errors.Join(err, os.Rename(path, path+damagedSuffix))
		default:
			err = errors.Join(err, os.Remove(path))
		}
	}
	return err
}

// openWALs reads the WALs that are not in segments into memories, and has the newest one ready to be written.
func (x *Index) openWALs(m *manifest, changed bool) error {
	numbers, err := x.walNumbers()
	if err != nil {
		return err
	}
	for len(numbers) > 0 && numbers[0] < m.WAL { // in segments: a crash came before they were removed
		if err := x.removeWAL(m, numbers[0]); err != nil {
			return err
		}
		numbers = numbers[1:]
	}
	x.position = m.Position.Clone()
	newest, end := m.WAL, int64(0)
	if len(numbers) > 0 {
		newest = max(newest, numbers[len(numbers)-1])
	}
	whole := true // nothing is lost up to here that the position may not be moved past
	var newestWAL walInfo
	var last *memory
	for n := m.WAL; len(numbers) > 0 && n <= newest; n++ {
		w, err := x.replay(n, numbers, &whole, m)
		if err != nil {
			return err
		}
		changed = changed || len(w.damage) > 0
		newestWAL, end, last = w.walInfo, w.end, w.memory
		x.full = append(x.full, w.memory)
	}
	if whole && last != nil && newestWAL.version == walVersion {
		x.full = x.full[:len(x.full)-1]
		x.current = last
		x.wal, err = openWAL(x.cfg.disk, x.cfg.Dir, newest, newestWAL.mark, end)
	} else {
		// Behind damage the position does not say what is there: a new WAL begins with it.
		// What an older release wrote is not written on.
		if last != nil {
			newest++
		}
		if !whole {
			m.From, m.Position = newest, x.position.Clone()
			changed = true
		}
		x.wal, err = createWAL(x.cfg.disk, x.cfg.Dir, newest, end)
		x.current = newMemory(x.codec, newest)
	}
	if err != nil {
		return err
	}
	x.current.walBytes.Store(x.wal.end)
	if x.current.first.IsZero() {
		x.current.first = x.cfg.Now()
	}
	if changed {
		return x.save(m, func() {})
	}
	return nil
}

func (x *Index) walNumbers() ([]uint64, error) {
	files, err := filepath.Glob(filepath.Join(x.cfg.Dir, "*"+walSuffix))
	if err != nil {
		return nil, err
	}
	var numbers []uint64
	for _, path := range files {
		n, err := strconv.ParseUint(strings.TrimSuffix(filepath.Base(path), walSuffix), 10, 64)
		if err != nil || walName(n) != filepath.Base(path) {
			return nil, fmt.Errorf("%s is not a file of this index: move it away", path)
		}
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	return numbers, nil
}
