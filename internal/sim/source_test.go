package sim

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
)

// wideMarks is how many marks a wide cursor has besides the place: too many to
// travel with each batch.
const wideMarks = 70

// lines is a log of n numbered lines, and the source that reads it. Its cursor is
// the number of the next line; a wide one has marks of what was read besides.
// Each Read spoils the bytes of the one before.
type lines struct {
	w    *world
	name string // of the source
	file string // its identity
	n    int
	wide bool
	disk *disk
	pace *site
	jump *site
	p    *process // that reads now

	machine int // on which it is read

	// Of the machine's clock: how far it is off.
	off time.Duration

	at   int
	last [][]byte

	mu        sync.Mutex
	committed int           // the source was told that so much is safe
	excused   bool          // the spool was lost or replaced since: reading lines again is right
	started   bool          // this life was told that its first batch is safe
	telling   bool          // this run tells of the start with its first batch
	spooled   event.Hash    // of the batch written last, which may be written again: within this run, or before its source is opened
	told      facts         // of that batch
	before    time.Duration // off, when records were last read in this run; valid with read
	read      bool
	jumps     int // seen in this run, not spooled yet
}

func (l *lines) Open(_ context.Context, at plugins.Cursor) error {
	l.at = 0
	if v := at.Value("line"); v != nil {
		var err error
		if l.at, err = strconv.Atoi(string(v)); err != nil {
			return err
		}
	}
	if l.wide {
		for i := range wideMarks {
			if got, want := string(at.Value(mark(i))), lastOf(i, l.at); got != want {
				l.w.fail("cursor", "%s is opened at line %d with mark %d at %q, want %q", l.name, l.at, i, got, want)
			}
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.w.trace("%s is opened at line %d", l.name, l.at)
	if l.at < l.committed && !l.excused {
		l.w.fail("cursor", "%s is opened at line %d, but it was told that everything before line %d is safe", l.name, l.at, l.committed)
	}
	if l.excused {
		l.committed = l.at
	}
	l.excused, l.read, l.jumps, l.telling = false, false, 0, !l.started
	l.spooled = event.Hash{} // a run that starts within the same millisecond makes its first batch as the one before did
	return nil
}

func mark(i int) string { return fmt.Sprintf("mark %02d", i) }

// lastOf is what mark i stands at when the source is at a line.
func lastOf(i, line int) string {
	last := line - 1
	if last < 0 {
		return ""
	}
	last -= (last - i%wideMarks + wideMarks) % wideMarks
	if last < 0 {
		return ""
	}
	return strconv.Itoa(last)
}

func (l *lines) Read(ctx context.Context) (plugins.Batch, error) {
	for _, b := range l.last {
		clear(b)
	}
	l.last = nil
	if l.pace.one(3) {
		if err := wait(ctx, time.Duration(l.pace.intN(2000))*time.Millisecond); err != nil {
			return plugins.Batch{}, err
		}
	}
	if l.at == l.n { // the log ends when the faults do
		select {
		case <-ctx.Done():
			return plugins.Batch{}, ctx.Err()
		case <-l.w.calm:
		}
		return plugins.Batch{}, io.EOF
	}
	var b plugins.Batch
	from := l.at
	for range min(1+l.pace.intN(12), l.n-l.at) {
		data := fmt.Appendf(nil, "%s line %d", l.name, l.at)
		l.last = append(l.last, data)
		b.Records = append(b.Records, plugins.Record{Data: data, Pos: plugins.Position{File: "log", FileID: l.file, Offset: int64(l.at)}})
		l.at++
	}
	b.Next = plugins.Cursor{{Key: "line", Value: []byte(strconv.Itoa(l.at))}}
	if l.wide {
		moved := map[int]int{}
		for line := from; line < l.at; line++ {
			moved[line%wideMarks] = line
		}
		for i, line := range moved {
			b.Next = append(b.Next, plugins.Mark{Key: mark(i), Value: []byte(strconv.Itoa(line))})
		}
	}
	l.setClock()
	return b, nil
}

// setClock sets the machine's clock now and then, by more or less than what is told.
func (l *lines) setClock() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.jump.draw() != none {
		switch l.jump.intN(5) {
		case 0:
			l.off -= time.Duration(2+l.jump.intN(5000)) * time.Second
		case 1:
			l.off += time.Duration(2+l.jump.intN(5000)) * time.Second
		case 2, 3: // a machine without a clock of its own begins at the same time at every start
			l.off = time.Until(time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC))
		default:
			l.off += 300 * time.Millisecond
		}
	}
	if d := l.off - l.before; l.read && d.Abs() >= time.Second {
		l.jumps++
	}
	l.before, l.read = l.off, true
}

// now is what the machine's clock shows.
func (l *lines) now() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Now().Add(l.off)
}

// spooling is called before a batch is written: what it has to tell is known here.
func (l *lines) spooling(lane event.Lane, hash event.Hash) {
	l.mu.Lock()
	if hash != l.spooled {
		l.spooled, l.told = hash, facts{start: l.telling, jumps: l.jumps}
		l.telling, l.jumps = false, 0
	}
	f := l.told
	l.mu.Unlock()
	l.w.judge.mean(hash, f)
	l.w.judge.home(lane, l.machine)
}

// replaced tells that the spool is not what it was.
func (l *lines) replaced() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.excused = true
}

func (l *lines) Committed(_ context.Context, at plugins.Cursor) error {
	if l.p.dead() {
		return errDead
	}
	line := 0
	if v := at.Value("line"); v != nil {
		line, _ = strconv.Atoi(string(v))
	}
	l.mu.Lock()
	if line > l.committed {
		l.committed = line
	}
	l.started = true
	l.mu.Unlock()
	l.w.trace("%s is told that everything before line %d is safe", l.name, line)
	if !l.disk.safe(line) {
		l.w.fail("committed", "%s was told that everything before line %d is safe; no batch up to there is synced", l.name, line)
	}
	if l.pace.one(200) && !l.w.isCalm() {
		l.w.counts.fault(l.w, "agent dies at commit", "")
		l.p.kill()
		return errDead
	}
	return nil
}

func (l *lines) Close() error { return nil }

// timeOf is the time of a line: some of the day before the world began and some of
// the day after; each eleventh tells of something long ago.
func timeOf(line int64) time.Time {
	at := began.Add(time.Duration(line-70) * 9 * time.Minute)
	if line%11 == 10 {
		at = at.Add(-30 * time.Hour)
	}
	return at
}

// lineMapper names the event after the line; the strings alias the record.
type lineMapper struct{}

func (lineMapper) Map(r *plugins.Record, e *event.Event) error {
	e.Name = unsafeString(r.Data)
	e.Type, e.RW = event.TypeAPICall, event.Write
	if r.Pos.Offset%3 == 0 {
		e.RW = event.Read
	}
	e.Time = event.At(timeOf(r.Pos.Offset), 0)
	return nil
}

func (lineMapper) Unparsed(*plugins.Record, error, *event.Event) {}

func (lineMapper) Evidence(r *plugins.Record, e *event.Event) { e.Name = r.Evidence.Name }
