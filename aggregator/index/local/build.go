package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// startBuild has the full memories built in the background, if that is not being done.
func (x *Index) startBuild() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.building != nil || len(x.full) == 0 || x.closed {
		return
	}
	done := make(chan struct{})
	x.building, x.buildErr = done, nil
	go func() {
		err := errors.New("the build did not end")
		defer func() {
			x.mu.Lock()
			x.building, x.buildErr = nil, err
			x.mu.Unlock()
			close(done)
		}()
		err = x.buildAll()
	}()
}

// buildAll builds the full memories, the oldest first, until there are none or one fails.
func (x *Index) buildAll() error {
	for {
		x.mu.RLock()
		full, closed := x.full, x.closed
		x.mu.RUnlock()
		if len(full) == 0 || closed {
			return nil
		}
		if err := x.build(full[0]); err != nil {
			return err
		}
	}
}

// waitBuilt waits until no full memory is left, and starts a build that has failed anew.
func (x *Index) waitBuilt(ctx context.Context) error {
	for tried := false; ; {
		x.mu.RLock()
		n, building, err := len(x.full), x.building, x.buildErr
		x.mu.RUnlock()
		switch {
		case n == 0:
			return nil
		case building == nil && tried && err != nil:
			return err
		case building == nil:
			x.startBuild()
			tried = true
			continue
		}
		select {
		case <-building:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// build makes the segments of the oldest full memory, one for each day of a class, and
// replaces the memory by them. When it fails the memory and its WAL stay.
func (x *Index) build(m *memory) error {
	number := m.number // the writer may have the memory for another WAL as soon as it is spent
	var made []*segment
	days := m.sort(&x.sorting)
	for src := days.nextDay(); src != nil; src = days.nextDay() {
		x.mu.Lock()
		path := filepath.Join(x.cfg.Dir, segmentName(src.day, x.takeNumber()))
		x.mu.Unlock()
		s, err := x.writeSegment(path, src)
		if err != nil {
			return errors.Join(fmt.Errorf("build segment %s: %w", filepath.Base(path), err), x.discard(made...))
		}
		s.seqs, s.class, s.made = m.seqs, x.cfg.Classes.Name(src.class), x.flushedAt()
		made = append(made, s)
	}
	x.saving.Lock()
	defer x.saving.Unlock()
	x.mu.RLock()
	next := x.manifest.clone()
	x.mu.RUnlock()
	next.WAL = number + 1
	if number >= next.From {
		next.From, next.Position = number+1, m.position
	}
	for _, s := range made {
		next.Segments = append(next.Segments, s.entry())
	}
	err := x.save(next, func() {
		x.segments = append(x.segments[:len(x.segments):len(x.segments)], made...)
		x.full = x.full[1:]
		x.spent = m
	})
	if err != nil {
		return errors.Join(err, x.discard(made...))
	}
	return x.removeWAL(next, number)
}

// removeWAL removes a WAL whose events are in segments; a damaged one is kept aside.
func (x *Index) removeWAL(m *manifest, number uint64) error {
	path := filepath.Join(x.cfg.Dir, walName(number))
	for _, d := range m.Damaged {
		if d.File == filepath.Base(path) {
			return os.Rename(path, path+damagedSuffix)
		}
	}
	if err := x.cfg.disk.remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

const (
	damagedSuffix = ".damaged"
	retryBuild    = 5 * time.Second
)
