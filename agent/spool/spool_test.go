package spool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nkeys"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/durable"
	"github.com/actiontrail/actiontrail/internal/wire"
	"github.com/actiontrail/actiontrail/plugins"
)

// lane seals batches for a spool.
type lane struct {
	t    *testing.T
	key  nkeys.KeyPair
	pub  string
	size int // bytes of padding in each event
}

func newLane(t *testing.T) *lane {
	key, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	pub, err := key.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	return &lane{t: t, key: key, pub: pub}
}

// seal makes the batch that follows the spool's last one.
func (l *lane) seal(s *Spool) []byte {
	l.t.Helper()
	last := s.Last()
	e := wire.NewEncoder()
	pad := make([]byte, l.size)
	random := rand.New(rand.NewPCG(last.Number, 1)) // does not compress
	for i := range pad {
		pad[i] = byte(' ' + random.IntN(90))
	}
	e.Add(&event.Event{ID: fmt.Sprint("e", last.Number+1), Name: "Test", Raw: string(pad)})
	h := wire.Header{Lane: event.Lane{Account: "prod", Agent: "gw-1", Source: "edge", Key: l.pub, Epoch: s.Epoch()},
		Number: last.Number + 1, Prev: last.Hash, Snapshot: s.WantsSnapshot(),
		Cursor: []wire.Mark{{Key: "file", Value: fmt.Appendf(nil, "after %d", last.Number+1)}}}
	message, _, err := e.Seal(h, l.key)
	if err != nil {
		l.t.Fatal(err)
	}
	return message
}

func (l *lane) fill(s *Spool, n int) (messages [][]byte) {
	l.t.Helper()
	for range n {
		m := l.seal(s)
		if err := s.Append(m, false); err != nil {
			l.t.Fatal(err)
		}
		messages = append(messages, m)
	}
	return messages
}

func open(t *testing.T, dir string) *Spool {
	t.Helper()
	return openAs(t, Config{Dir: dir, Machine: "m1"})
}

func openAs(t *testing.T, cfg Config) *Spool {
	t.Helper()
	s, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// rest takes what is pending, in order.
func rest(t *testing.T, s *Spool) (all [][]byte) {
	t.Helper()
	for {
		if n, _ := s.Pending(); n == 0 {
			return all
		}
		b, err := s.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, bytes.Clone(b.Message))
		if err := s.Release(); err != nil {
			t.Fatal(err)
		}
	}
}

// offsets are those of the records of a segment.
func offsets(t *testing.T, g *segment) (all []int64) {
	t.Helper()
	for off := int64(headSize); off < g.end; {
		message, err := readRecord(g.f, off, g.end, nil)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, off)
		off += recordHead + int64(len(message))
	}
	return all
}

func same(a, b [][]byte) bool {
	return slices.EqualFunc(a, b, func(x, y []byte) bool { return string(x) == string(y) })
}

func TestAppendAndReopen(t *testing.T) {
	dir, l := t.TempDir(), newLane(t)
	s := open(t, dir)
	if s.Cursor() != nil || s.Last().Number != 0 {
		t.Fatal("a new spool is not empty")
	}
	want := l.fill(s, 5)
	epoch := s.Epoch()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	if s.Epoch() != epoch || s.Last().Number != 5 || string(s.Cursor().Value("file")) != "after 5" || len(s.Damage()) > 0 {
		t.Fatalf("epoch %d, last %v, cursor %v, damage %v", s.Epoch(), s.Last(), s.Cursor(), s.Damage())
	}
	want = append(want, l.fill(s, 2)...)
	if got := rest(t, s); !same(got, want) {
		t.Errorf("%d batches come back, want %d, the same bytes", len(got), len(want))
	}
}

func TestTwoProcesses(t *testing.T) {
	dir := t.TempDir()
	open(t, dir)
	if _, err := Open(Config{Dir: dir}); !errors.Is(err, durable.ErrLocked) {
		t.Errorf("a second open: %v, want ErrLocked", err)
	}
}

func TestNextWaits(t *testing.T) {
	s := open(t, t.TempDir())
	got := make(chan error, 1)
	go func() {
		_, err := s.Next(t.Context())
		got <- err
	}()
	newLane(t).fill(s, 1)
	if err := <-got; err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Release(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("next of an empty spool: %v", err)
	}
}

// A crash at any byte of the last record loses that record and nothing else.
func TestTornTail(t *testing.T) {
	dir, l := t.TempDir(), newLane(t)
	s := open(t, dir)
	l.fill(s, 3)
	path := s.segments[0].path
	whole, last := s.segments[0].end, offsets(t, s.segments[0])[2]
	s.Close()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := last; cut < whole; cut += 7 {
		if err := os.WriteFile(path, data[:cut], 0o640); err != nil {
			t.Fatal(err)
		}
		s := open(t, dir)
		if s.Last().Number != 2 || len(s.Damage()) > 0 || string(s.Cursor().Value("file")) != "after 2" {
			t.Fatalf("cut at %d of %d: last %d, damage %v", cut, whole, s.Last().Number, s.Damage())
		}
		l.fill(s, 1)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, dir)
		if s.Last().Number != 3 || len(s.Damage()) > 0 {
			t.Fatalf("cut at %d, appended, reopened: last %d, damage %v", cut, s.Last().Number, s.Damage())
		}
		s.Close()
	}
}

// A flipped bit is found and named; what was good before it is kept, what follows is set aside.
func TestFlippedBit(t *testing.T) {
	dir, l := t.TempDir(), newLane(t)
	s := open(t, dir)
	l.fill(s, 4)
	places := offsets(t, s.segments[0])
	path, second, third := s.segments[0].path, places[1], places[2]
	s.Close()
	clean, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for off := second; off < third; off += 11 {
		data := slices.Clone(clean)
		data[off] ^= 4
		if err := os.WriteFile(path, data, 0o640); err != nil {
			t.Fatal(err)
		}
		s := open(t, dir)
		if s.Last().Number != 1 || len(s.Damage()) != 1 || !strings.Contains(s.Damage()[0], filepath.Base(path)) {
			t.Fatalf("bit flipped at %d: last %d, damage %q", off, s.Last().Number, s.Damage())
		}
		s.Close()
		aside, err := filepath.Glob(filepath.Join(dir, "*"+damagedSuffix))
		if err != nil || len(aside) != 1 {
			t.Fatalf("set aside: %v, %v", aside, err)
		}
		if kept, err := os.ReadFile(aside[0]); err != nil || string(kept) != string(data[second:]) {
			t.Fatalf("the damaged end was not kept: %v", err)
		}
		os.Remove(aside[0])
	}
}

func TestOtherVersion(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, segmentName(0)), []byte("ATSP\x63\x00\x00\x00"), 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Config{Dir: dir}); err == nil || !strings.Contains(err.Error(), "version 99") {
		t.Errorf("a segment of version 99: %v", err)
	}
}

// Acknowledged segments go, the newest stays with the cursor, and each begins with a snapshot.
func TestSegmentsGo(t *testing.T) {
	dir, l := t.TempDir(), newLane(t)
	l.size = 1 << 20
	s := open(t, dir)
	l.fill(s, 20)
	if len(s.segments) < 2 {
		t.Fatalf("%d segments", len(s.segments))
	}
	for _, g := range s.segments {
		message, err := readRecord(g.f, headSize, g.end, nil)
		if err != nil {
			t.Fatal(err)
		}
		if h, _, err := wire.ReadHeader(message); err != nil || !h.Snapshot {
			t.Errorf("%s does not begin with a snapshot", g.path)
		}
	}
	rest(t, s)
	files, err := filepath.Glob(filepath.Join(dir, "*"+segmentSuffix))
	if err != nil || len(files) != 1 {
		t.Fatalf("%d files left: %v", len(files), err)
	}
	s.Close()
	s = open(t, dir)
	if s.Last().Number != 20 || string(s.Cursor().Value("file")) != "after 20" {
		t.Errorf("last %d, cursor %v", s.Last().Number, s.Cursor())
	}
}

func TestFull(t *testing.T) {
	l := newLane(t)
	l.size = 1 << 10
	s := openAs(t, Config{Dir: t.TempDir(), MaxBytes: 4 << 10})
	var err error
	for range 10 {
		if err = s.Append(l.seal(s), false); err != nil {
			break
		}
	}
	if !errors.Is(err, ErrFull) {
		t.Fatalf("%v, want ErrFull", err)
	}
	changed := s.Changed()
	if _, err := s.Next(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Release(); err != nil {
		t.Fatal(err)
	}
	<-changed
	if err := s.Append(l.seal(s), false); err != nil {
		t.Errorf("after a release: %v", err)
	}
}

// A batch that does not follow is a mistake of the caller, not of the disk.
func TestOutOfOrder(t *testing.T) {
	s, l := open(t, t.TempDir()), newLane(t)
	m := l.seal(s)
	l.fill(s, 1)
	if err := s.Append(m, false); err == nil || errors.Is(err, ErrNoSpace) {
		t.Errorf("batch 1 twice: %v", err)
	}
}

// A folder that comes to another machine begins a new epoch, chained to the old
// one, and still publishes what waits in it.
func TestOtherMachine(t *testing.T) {
	dir, l := t.TempDir(), newLane(t)
	s := open(t, dir)
	want := l.fill(s, 3)
	old, last := s.Epoch(), s.Last()
	s.Close()
	s = openAs(t, Config{Dir: dir, Machine: "m2"})
	if s.Epoch() == old || s.Last() != (Link{s.Epoch(), 0, last.Hash}) {
		t.Fatalf("epoch %d after %d, last %v", s.Epoch(), old, s.Last())
	}
	want = append(want, l.fill(s, 1)...)
	epoch := s.Epoch()
	s.Close()
	s = openAs(t, Config{Dir: dir, Machine: "m2"})
	if s.Epoch() != epoch || s.Last().Number != 1 {
		t.Errorf("reopened: epoch %d, last %v, want %d", s.Epoch(), s.Last(), epoch)
	}
	if got := rest(t, s); !same(got, want) {
		t.Errorf("%d batches wait, want %d", len(got), len(want))
	}
}

// Sent releases what the stream has, and knows the hash of a batch that is kept.
func TestSent(t *testing.T) {
	dir, l := t.TempDir(), newLane(t)
	s := open(t, dir)
	messages := l.fill(s, 6)
	_, want, err := wire.ReadHeader(messages[3])
	if err != nil {
		t.Fatal(err)
	}
	hash, found, err := s.Sent(s.Epoch(), 4)
	if err != nil || !found || hash != want {
		t.Fatalf("hash %s found %v, %v", hash, found, err)
	}
	if got := rest(t, s); !same(got, messages[4:]) {
		t.Errorf("%d batches wait after 4 of 6 were sent", len(got))
	}
	if _, found, err := s.Sent(s.Epoch(), 9); err != nil || found {
		t.Errorf("batch 9: found %v, %v", found, err)
	}
	if _, found, err := s.Sent(s.Epoch()+1, 1); err != nil || found {
		t.Errorf("another epoch: found %v, %v", found, err)
	}
}

// A write that fails leaves no half record behind, and the same batch goes in once there is room.
func TestFailedWrite(t *testing.T) {
	dir, l := t.TempDir(), newLane(t)
	s := open(t, dir)
	l.fill(s, 2)
	await(t, s, 2) // no sync is under way when the file is exchanged
	m := l.seal(s)
	g := s.segments[0]
	readOnly, err := os.Open(g.path)
	if err != nil {
		t.Fatal(err)
	}
	writable := g.f
	g.f = readOnly
	if err := s.Append(m, false); !errors.Is(err, ErrNoSpace) {
		t.Fatalf("append to a file that takes no writes: %v", err)
	}
	g.f = writable
	readOnly.Close()
	if _, err := writable.WriteAt([]byte("half a record"), g.end); err != nil { // what a full disk may have taken
		t.Fatal(err)
	}
	if err := s.Append(m, false); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if s = open(t, dir); s.Last().Number != 3 || len(s.Damage()) > 0 {
		t.Errorf("last %d, damage %v", s.Last().Number, s.Damage())
	}
}

func TestCursorMerges(t *testing.T) {
	a := plugins.Cursor{{Key: "a", Value: []byte("1")}, {Key: "b", Value: []byte("1")}}
	got := a.Merge(plugins.Cursor{{Key: "b", Value: []byte("2")}, {Key: "a"}, {Key: "c", Value: []byte("3")}})
	want := plugins.Cursor{{Key: "b", Value: []byte("2")}, {Key: "c", Value: []byte("3")}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", got, want)
	}
}
