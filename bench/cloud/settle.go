package cloud

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
)

// Settle has the embedded index of a folder turn its memory into segments, and
// waits until no WAL holds an event any more.
func Settle(ctx context.Context, x index.Index, dir string) error {
	const head = 4 << 10 // a WAL without events is smaller, one of a batch larger
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		size, err := walBytes(dir)
		if err != nil || size <= head {
			return err
		}
		if err := x.Flush(ctx, time.Now().Add(day)); err != nil { // everything is too old for the memory
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// walBytes is the size of all WALs. They are removed by the index meanwhile.
func walBytes(dir string) (n int64, err error) {
	wals, err := filepath.Glob(filepath.Join(dir, "*.wal"))
	if err != nil {
		return 0, err
	}
	for _, w := range wals {
		info, err := os.Stat(w)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return 0, err
		}
		n += info.Size()
	}
	return n, nil
}
