package spool

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// durably is how many batches are on the disk.
func durably(t *testing.T, s *Spool) uint64 {
	t.Helper()
	_, n, err := s.Durable()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// await waits until so many batches are on the disk.
func await(t *testing.T, s *Spool, n uint64) {
	t.Helper()
	for {
		changed := s.Changed()
		if durably(t, s) >= n {
			return
		}
		<-changed
	}
}

// What is appended while a sync runs shares the next one, and until a batch's
// sync has ended it is neither published nor counted as durable.
func TestSyncIsGrouped(t *testing.T) {
	began, end := make(chan int), make(chan struct{})
	syncs := 0
	l := newLane(t)
	s := openAs(t, Config{Dir: t.TempDir(), Machine: "m1", Disk: syncDisk(func(*os.File) error {
		syncs++
		began <- syncs
		<-end
		return nil
	})})
	l.fill(s, 1)
	<-began
	l.fill(s, 3)
	if n := durably(t, s); n != 0 {
		t.Errorf("%d batches are durable during the first sync", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a batch is given before it is on the disk: %v", err)
	}
	end <- struct{}{}
	if n := <-began; n != 2 {
		t.Fatalf("sync %d", n)
	}
	if n := durably(t, s); n != 1 {
		t.Errorf("%d batches are durable after the first sync, want 1", n)
	}
	end <- struct{}{}
	await(t, s, 4)
}

// With SyncEvery syncs are that far apart, and batches wait for them.
func TestSyncEvery(t *testing.T) {
	l, dir := newLane(t), t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		syncs := 0
		s := openAs(t, Config{Dir: dir, Machine: "m1", SyncEvery: 200 * time.Millisecond, Disk: syncDisk(func(*os.File) error { syncs++; return nil })})
		l.t = t
		began := time.Now()
		for i := range 100 {
			l.fill(s, 1)
			synctest.Wait()
			if n := durably(t, s); i > 0 && i < 20 && n != 1 {
				t.Fatalf("%d batches are durable after %s", n, time.Since(began))
			}
			<-time.After(10 * time.Millisecond)
		}
		await(t, s, 100)
		if syncs != 6 {
			t.Errorf("%d syncs within %s", syncs, time.Since(began))
		}
		s.Close()
	})
}

// A batch that more follow shares its sync with them; one that nothing follows takes
// along at once what waits.
func TestGathers(t *testing.T) {
	l, dir := newLane(t), t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		syncs := 0
		s := openAs(t, Config{Dir: dir, Machine: "m1", Disk: syncDisk(func(*os.File) error { syncs++; return nil })})
		defer s.Close()
		l.t = t
		appended := func(more bool, want uint64) {
			t.Helper()
			if err := s.Append(l.seal(s), more); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if n := durably(t, s); n != want {
				t.Errorf("%d batches are durable, want %d", n, want)
			}
		}
		after := func(wait time.Duration, want uint64) {
			t.Helper()
			<-time.After(wait)
			synctest.Wait()
			if n := durably(t, s); n != want {
				t.Errorf("%d batches are durable after %s, want %d", n, wait, want)
			}
		}
		appended(true, 0)
		after(GatherFor/2, 0)
		appended(true, 0)
		after(GatherFor/2, 2)
		appended(true, 2)
		appended(false, 4)
		appended(false, 5)
		after(2*GatherFor, 5)
		appended(true, 5)
		after(GatherFor, 6)
		if syncs != 4 {
			t.Errorf("%d syncs, want 4", syncs)
		}
	})
}

// After a sync that failed the spool stops, what was not on the disk is cut off,
// and the next Open goes on before it.
func TestFailedSync(t *testing.T) {
	dir, l := t.TempDir(), newLane(t)
	broken := errors.New("the disk is broken")
	var fails atomic.Bool
	s := openAs(t, Config{Dir: dir, Machine: "m1", Disk: syncDisk(func(*os.File) error {
		if fails.Load() {
			return broken
		}
		return nil
	})})
	l.fill(s, 2)
	await(t, s, 2)
	fails.Store(true)
	changed := s.Changed()
	m := l.seal(s)
	if err := s.Append(m, false); err != nil {
		t.Fatal(err)
	}
	<-changed
	if _, _, err := s.Durable(); !errors.Is(err, broken) {
		t.Errorf("durable: %v", err)
	}
	if _, err := s.Next(t.Context()); !errors.Is(err, broken) {
		t.Errorf("next: %v", err)
	}
	if err := s.Append(l.seal(s), false); !errors.Is(err, broken) || errors.Is(err, ErrNoSpace) {
		t.Errorf("append: %v", err)
	}
	s.Close()
	s = open(t, dir)
	if s.Last().Number != 2 || len(s.Damage()) > 0 || string(s.Cursor().Value("file")) != "after 2" {
		t.Errorf("last %d, cursor %v, damage %v", s.Last().Number, s.Cursor(), s.Damage())
	}
	l.fill(s, 1)
}

// A process that was killed between the write and the sync leaves a whole record
// that may not be on the disk: it is synced before it is published.
func TestOpenSyncs(t *testing.T) {
	dir, l := t.TempDir(), newLane(t)
	s := open(t, dir)
	l.fill(s, 3)
	s.Close()
	syncs := 0
	s = openAs(t, Config{Dir: dir, Machine: "m1", Disk: syncDisk(func(*os.File) error { syncs++; return nil })})
	if syncs != 1 || durably(t, s) != 3 {
		t.Errorf("%d syncs, %d batches durable", syncs, durably(t, s))
	}
}

// An older segment is on the disk before a newer one begins: only the end of the newest may be torn.
func TestSyncBeforeNewSegment(t *testing.T) {
	l := newLane(t)
	l.size = 4 << 20
	var files []string
	s := openAs(t, Config{Dir: t.TempDir(), Machine: "m1", SyncEvery: time.Hour, Disk: syncDisk(func(f *os.File) error {
		files = append(files, filepath.Base(f.Name()))
		return nil
	})})
	l.fill(s, 1)
	await(t, s, 1) // the next sync by time would come in an hour
	l.fill(s, 2)
	if n := durably(t, s); len(files) != 2 || n != 2 || files[1] != segmentName(0) {
		t.Errorf("synced %v, %d batches durable", files, n)
	}
}

// syncDisk is a disk with a sync of its own.
type syncDisk func(*os.File) error

func (d syncDisk) WriteAt(f *os.File, b []byte, at int64) (int, error) { return f.WriteAt(b, at) }
func (d syncDisk) Sync(f *os.File) error                               { return d(f) }

// forgetful is a disk whose failed sync drops what it was to write, as Linux may: the
// next sync succeeds without it.
type forgetful struct {
	fail  bool
	dirty map[int64]bool // offsets of writes
	safe  map[int64]bool // of those that a sync has brought to the disk
}

func (d *forgetful) WriteAt(f *os.File, b []byte, at int64) (int, error) {
	d.dirty[at] = true
	return f.WriteAt(b, at)
}

func (d *forgetful) Sync(*os.File) error {
	dirty := d.dirty
	d.dirty = map[int64]bool{}
	if d.fail {
		return errors.New("input/output error")
	}
	maps.Copy(d.safe, dirty)
	return nil
}

// A record whose sync did not come before the end of its process is on the disk when
// Open says so, even where a sync of an earlier Open has failed.
func TestOpenTrustsNoSecondSync(t *testing.T) {
	disk := &forgetful{dirty: map[int64]bool{}, safe: map[int64]bool{}}
	cfg := Config{Dir: t.TempDir(), Machine: "m1", SyncEvery: time.Hour, Disk: disk}
	l := newLane(t)
	s := openAs(t, cfg)
	l.fill(s, 1)
	await(t, s, 1)
	l.fill(s, 1)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if len(disk.dirty) != 1 || len(disk.safe) != 1 {
		t.Fatalf("%d records wait for their sync, %d had it; want one of each", len(disk.dirty), len(disk.safe))
	}
	disk.fail = true
	if s, err := Open(cfg); err == nil {
		t.Fatal(s.Close(), "opened although the sync failed")
	}
	disk.fail = false
	s = openAs(t, cfg)
	if n := durably(t, s); n != 2 {
		t.Fatalf("%d batches are durable", n)
	}
	if len(disk.safe) != 2 {
		t.Errorf("%d of 2 records were written and then synced", len(disk.safe))
	}
}
