package bench

import (
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/bench/gauge"
)

// setting is a number from the environment.
func setting(b *testing.B, name string, otherwise int) int {
	b.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		b.Fatalf("%s=%s is not a number above 0", name, text)
	}
	return n
}

// meter adds up what the measured parts of a benchmark took.
type meter struct {
	b    *testing.B
	cpu  float64 // seconds, user and system
	wall time.Duration

	cpuAt  float64
	wallAt time.Time
}

// newMeter makes a meter. The benchmark's own clock stands until start.
func newMeter(b *testing.B) *meter {
	b.Helper()
	b.StopTimer()
	return &meter{b: b}
}

func (m *meter) start() {
	m.b.StartTimer()
	m.cpuAt, m.wallAt = cpuSeconds(m.b), time.Now()
}

func (m *meter) stop() {
	m.cpu += cpuSeconds(m.b) - m.cpuAt
	m.wall += time.Since(m.wallAt)
	m.b.StopTimer()
}

func cpuSeconds(b *testing.B) float64 {
	b.Helper()
	s, err := gauge.CPU()
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func threadSeconds(b *testing.B) float64 {
	b.Helper()
	s, err := gauge.Thread()
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func folderBytes(b *testing.B, dir string) int64 {
	b.Helper()
	n, err := gauge.Folder(dir)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// forgetPeak gives unused memory back and lets the peak be counted anew, so that
// it is that of what follows and not of what made its input.
func forgetPeak(b *testing.B) {
	b.Helper()
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		b.Logf("the peak of memory is that of the whole process: %v", err)
	}
}

// memory is what the process has in memory now, and had at most, in MiB. The
// benchmarks link everything, so this is some MiB more than a program needs.
func memory(b *testing.B) (now, peak float64) {
	b.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		var kib float64
		switch key, value, _ := strings.Cut(line, ":"); key {
		case "VmRSS", "VmHWM":
			if _, err := fmt.Sscan(value, &kib); err != nil {
				b.Fatal(err)
			}
			if key == "VmRSS" {
				now = kib / 1024
			} else {
				peak = kib / 1024
			}
		}
	}
	return now, peak
}
