package aggregator

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/internal/durable"
)

// verificationVersion is the version of the files of a Verifications.
const verificationVersion = 1

// Verification is a check of an archive from its first seal to its last.
type Verification struct {
	Began  time.Time       `json:"began"`
	Ended  time.Time       `json:"ended,omitzero"` // zero: it goes on
	Done   int             `json:"-"`              // objects that were checked
	Of     int             `json:"-"`              // objects that the seals name; 0: they are not read yet
	Report *archive.Report `json:"report,omitempty"`
	Error  string          `json:"error,omitempty"` // why there is no report
}

type verificationFile struct {
	Version int `json:"version"`
	Verification
}

// Verifications check archives in the background, one archive by one check at a
// time, and keep the last check of each in a file of its own
// (docs/format/verifications.md), so that a restart forgets nothing but what was going on.
type Verifications struct {
	dir    string
	now    func() time.Time
	ctx    context.Context
	cancel context.CancelFunc
	checks sync.WaitGroup

	mu   sync.Mutex
	last map[string]Verification // by archive: the one that goes on, or the last one
}

// NewVerifications keeps its files in a folder, which it makes when there is something to keep.
func NewVerifications(dir string, now func() time.Time) *Verifications {
	v := &Verifications{dir: dir, now: now, last: map[string]Verification{}}
	v.ctx, v.cancel = context.WithCancel(context.Background())
	return v
}

// Close interrupts the checks that go on, and waits until they have ended.
func (v *Verifications) Close() {
	v.cancel()
	v.checks.Wait()
}

// Start begins a check of an archive, unless one goes on: false. check is called in
// the background and tells progress how many objects of how many it has read; ended,
// when it has ended and is kept, before Last shows that.
func (v *Verifications) Start(name string, check func(ctx context.Context, progress func(done, of int)) (archive.Report, error), ended func(Verification)) (bool, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.ctx.Err() != nil {
		return false, errors.New("the server is stopping")
	}
	if one, ok := v.last[name]; ok && one.Ended.IsZero() {
		return false, nil
	}
	began := Verification{Began: v.now().UTC().Truncate(time.Millisecond)}
	v.last[name] = began
	v.checks.Go(func() {
		report, err := check(v.ctx, func(done, of int) {
			v.set(name, func(one *Verification) { one.Done, one.Of = done, of })
		})
		one := began
		one.Ended = v.now().UTC().Truncate(time.Millisecond)
		if one.Report = &report; err != nil {
			one.Report, one.Error = nil, err.Error()
		}
		if v.ctx.Err() != nil {
			one.Error = "it was interrupted by the stop of the server"
		}
		if err := v.keep(name, one); err != nil {
			one.Error = fmt.Sprintf("the report cannot be kept: %v", err)
		}
		ended(one)
		v.set(name, func(x *Verification) { *x = one })
	})
	return true, nil
}

func (v *Verifications) set(name string, change func(*Verification)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	one := v.last[name]
	change(&one)
	v.last[name] = one
}

func (v *Verifications) keep(name string, one Verification) error {
	if err := durable.MkdirAll(v.dir); err != nil {
		return err
	}
	return writeKept(v.path(name), verificationFile{verificationVersion, one}, nil)
}

func (v *Verifications) path(name string) string { return filepath.Join(v.dir, name+".json") }

// Last is the check of an archive that goes on, or the last one; false: there was none.
func (v *Verifications) Last(name string) (Verification, bool, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if one, ok := v.last[name]; ok {
		return one, true, nil
	}
	data, err := os.ReadFile(v.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return Verification{}, false, nil
	}
	var file verificationFile
	if err == nil {
		err = decodeKept(data, &file, &file.Version, verificationVersion)
	}
	if err != nil {
		return Verification{}, false, fmt.Errorf("last check of archive %s: %s: %w; remove the file and check again", name, v.path(name), err)
	}
	v.last[name] = file.Verification
	return file.Verification, true, nil
}
