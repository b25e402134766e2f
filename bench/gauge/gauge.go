// Package gauge reads what a process has taken so far: CPU, disk, times.
package gauge

import (
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// CPU is the seconds that this process has taken, user and system.
func CPU() (float64, error) {
	var u unix.Rusage
	err := unix.Getrusage(unix.RUSAGE_SELF, &u)
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9, err
}

// Thread is the CPU seconds of this thread. The caller locks its goroutine to it.
func Thread() (float64, error) {
	var t unix.Timespec
	err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t)
	return float64(t.Nano()) / 1e9, err
}

// Folder is the size of all files below a folder, in bytes.
func Folder(dir string) (n int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			n += info.Size()
		}
		return err
	})
	return n, err
}

// Quantiles are those of times, in milliseconds.
type Quantiles struct{ P50, P99, Max float64 }

// QuantilesOf takes at least one time, in any order.
func QuantilesOf(times []time.Duration) Quantiles {
	sorted := slices.Sorted(slices.Values(times))
	at := func(q float64) float64 { return sorted[int(q*float64(len(sorted)-1))].Seconds() * 1e3 }
	return Quantiles{at(0.5), at(0.99), at(1)}
}
