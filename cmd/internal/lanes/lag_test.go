package lanes

import (
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/plugins/file"
)

// The age of unread bytes is counted from the last moment at which the file was
// not that long yet.
func TestLag(t *testing.T) {
	start := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	at := func(second int) time.Time { return start.Add(time.Duration(second) * time.Second) }
	var l lag
	for _, step := range []struct {
		second       int
		size, offset int64
		since        int // second; -1: nothing waits
	}{
		{0, 100, 0, 0},     // met with old lines: since then at least
		{1, 100, 100, -1},  // read
		{60, 100, 100, -1}, // a minute of nothing
		{61, 150, 100, 60}, // written within the last second
		{62, 200, 100, 60},
		{63, 300, 100, 60},
		{64, 300, 150, 61}, // the first part is read
		{65, 300, 180, 61},
		{66, 300, 200, 62},
		{67, 400, 300, 66}, // 300 was its size until second 66
		{68, 50, 0, 68},    // truncated: these are new bytes
		{69, 50, 50, -1},
	} {
		bytes, since := l.look(at(step.second), []file.FileStatus{{ID: "1", Path: "/a", Size: step.size, Offset: step.offset, Lag: step.size - step.offset}})
		want := time.Time{}
		if step.since >= 0 {
			want = at(step.since)
		}
		if bytes != step.size-step.offset || !since.Equal(want) {
			t.Errorf("second %d: %d bytes since %s, want %d since %s", step.second, bytes, since.Format("05"), step.size-step.offset, want.Format("05"))
		}
	}
}

// Of several files the oldest bytes count; files that are gone are forgotten.
func TestLagOfManyFiles(t *testing.T) {
	start := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	var l lag
	l.look(start, []file.FileStatus{{ID: "1", Size: 5, Offset: 5}, {ID: "2", Size: 7, Offset: 7}})
	l.look(start.Add(time.Second), []file.FileStatus{{ID: "1", Size: 5, Offset: 5}, {ID: "2", Size: 9, Offset: 7, Lag: 2}})
	bytes, since := l.look(start.Add(2*time.Second), []file.FileStatus{{ID: "1", Size: 6, Offset: 5, Lag: 1}, {ID: "2", Size: 9, Offset: 7, Lag: 2}})
	if bytes != 3 || !since.Equal(start) {
		t.Errorf("%d bytes since %s", bytes, since)
	}
	if l.look(start.Add(3*time.Second), nil); len(l.files) != 0 {
		t.Errorf("%d files are remembered, none is there", len(l.files))
	}
}

// A file that is behind for long takes no more memory, and is never told younger than it is.
func TestLagIsBounded(t *testing.T) {
	start := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	const bytesPerSecond, readPerSecond = 100, 40
	g := &growth{met: start}
	for second := range int64(20_000) {
		now := start.Add(time.Duration(second) * time.Second)
		offset := second * readPerSecond
		g.look(now, second*bytesPerSecond, offset)
		if len(g.looks) > maxLooks {
			t.Fatalf("%d looks", len(g.looks))
		}
		written := start.Add(time.Duration(offset/bytesPerSecond) * time.Second)
		since := g.since(offset)
		if since.After(written.Add(time.Second)) {
			t.Fatalf("second %d: told since %s, written at %s", second, since, written)
		}
		if age, told := now.Sub(written), now.Sub(since); told > 2*age+10*time.Second {
			t.Fatalf("second %d: told %s, it is %s", second, told, age)
		}
	}
}
