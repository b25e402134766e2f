package dispatch

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/event"
)

func write(t *testing.T, d *Delivery, batches ...event.Batch) {
	t.Helper()
	if err := d.Write(context.Background(), batches); err != nil {
		t.Fatal(err)
	}
}

func same(t *testing.T, what string, want, got []string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// What a trail matches is delivered once, in order; the position follows once it is noted.
func TestDelivers(t *testing.T) {
	s, l, to := newSite(t), newLane(), &receiver{away: -1}
	s.filter = "eventRW: Write"
	s.stops = func(seq uint64) (time.Time, bool) { return s.now, seq == 3 }
	d := s.open(&into{to: to})
	one, two, stopped, four := l.next(3), l.next(0), l.next(4), l.next(2)
	write(t, d, one, two)
	write(t, d, two, stopped, four) // a batch may come again
	same(t, "delivered", []string{"1-1", "4-1"}, to.held)
	if at := d.Position().Seq; at != 0 {
		t.Errorf("the position is %d before anything was noted", at)
	}
	if err := s.flush(d, noteEvery-1); err != nil || d.Position().Seq != 0 {
		t.Errorf("noted before it is time: %d, %v", d.Position().Seq, err)
	}
	if err := s.flush(d, 1); err != nil || d.Position().Seq != 4 {
		t.Errorf("the position is %d, %v", d.Position().Seq, err)
	}
	if x := d.Status(); x.Events != 2 || x.Pending != 0 || x.LastDelivery.IsZero() || x.Throughput.Events != 2 {
		t.Errorf("status %+v", x)
	}
	again := s.open(&into{to: to})
	write(t, again, four, l.next(2))
	same(t, "delivered after a restart", []string{"1-1", "4-1", "5-1"}, to.held)
	if x := again.Status(); x.Events != 3 {
		t.Errorf("%d events were delivered since the beginning, want 3", x.Events)
	}
}

// A clock that was set back keeps nothing waiting.
func TestClockSetBack(t *testing.T) {
	s, l := newSite(t), newLane()
	d := s.open(&into{to: &receiver{away: -1}})
	write(t, d, l.next(1))
	if err := s.flush(d, -time.Hour); err != nil || d.Position().Seq != 1 {
		t.Errorf("the position is %d, %v", d.Position().Seq, err)
	}
}

// After an error only what is in doubt comes again, also in a new process.
func TestErrorInTheMiddle(t *testing.T) {
	for _, where := range []string{"same process", "new process"} {
		t.Run(where, func(t *testing.T) {
			s, l, to := newSite(t), newLane(), &receiver{away: writeEvents + 10}
			d := s.open(&into{to: to})
			one, two := l.next(writeEvents), l.next(30)
			if err := d.Write(context.Background(), []event.Batch{one, two}); !errors.Is(err, errAway) {
				t.Fatalf("error %v", err)
			}
			if at := d.Position().Seq; at != 1 {
				t.Fatalf("the position is %d: the first batch was delivered", at)
			}
			if where == "new process" {
				d = s.open(&into{to: to})
			}
			to.away = -1
			write(t, d, two)
			want := append(append(ids(one), ids(two)[:10]...), ids(two)...)
			same(t, "delivered", want, to.held)
		})
	}
}

// A sink that looks at its receiver has each event once, wherever it is cut off.
func TestResumes(t *testing.T) {
	for away := range 25 {
		s, l, to := newSite(t), newLane(), &receiver{away: -1}
		d := s.open(&resuming{into: into{to: to}})
		batches := []event.Batch{l.next(5), l.next(5), l.next(5), l.next(5)}
		write(t, d, batches[0])
		if err := s.flush(d, noteEvery); err != nil {
			t.Fatal(err)
		}
		to.away = away
		err := d.Write(context.Background(), batches[1:])
		if away < 15 != errors.Is(err, errAway) {
			t.Fatalf("away after %d: %v", away, err)
		}
		to.away = -1
		if away%2 == 0 {
			d = s.open(&resuming{into: into{to: to}}) // a crash: what was delivered last is noted nowhere
		}
		from := slices.IndexFunc(batches, func(b event.Batch) bool { return b.Seq > d.Position().Seq })
		write(t, d, batches[from:]...)
		same(t, "delivered", ids(batches...), to.held)
	}
}

// Before anything is delivered a place is marked, so that a crash after the first
// write finds what it wrote. Marks of another place mean nothing.
func TestFirstMark(t *testing.T) {
	s, l, to := newSite(t), newLane(), &receiver{away: -1, held: []string{"of others"}}
	b := l.next(3)
	write(t, s.open(&resuming{into: into{to: to}}), b)
	write(t, s.open(&resuming{into: into{to: to}}), b)
	same(t, "delivered", append([]string{"of others"}, ids(b)...), to.held)

	s.place = "test elsewhere"
	elsewhere := &receiver{away: -1, held: []string{"1-0", "1-1"}}
	d := s.open(&resuming{into: into{to: elsewhere}})
	if d.mark != nil {
		t.Errorf("mark %q of another place", d.mark)
	}
	write(t, d, b)
	same(t, "delivered elsewhere", append([]string{"1-0", "1-1"}, ids(b)...), elsewhere.held)
}

// What was sent counts once it is settled; if that fails, or never comes, all of it comes again.
func TestSettles(t *testing.T) {
	s, l, to := newSite(t), newLane(), &receiver{}
	out := &settling{into: into{to: to}}
	d := s.open(out)
	one, two := l.next(2), l.next(2)
	write(t, d, one)
	if err := s.flush(d, settleEvery-1); err != nil || out.settles != 0 || d.Position().Seq != 0 {
		t.Fatalf("settled %d times, position %d, %v", out.settles, d.Position().Seq, err)
	}
	if err := s.flush(d, 1); err != nil || out.settles != 1 || d.Position().Seq != 1 {
		t.Fatalf("settled %d times, position %d, %v", out.settles, d.Position().Seq, err)
	}
	write(t, d, two)
	out.fails = true
	if err := d.Seal(context.Background()); !errors.Is(err, errAway) || d.Position().Seq != 1 {
		t.Fatalf("position %d, %v", d.Position().Seq, err)
	}
	out.fails = false
	write(t, d, two)
	if err := d.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	same(t, "delivered", ids(one, two), to.held)
	if x := s.open(out); x.Position().Seq != 2 {
		t.Errorf("the position is %d after the end", x.Position().Seq)
	}
}

// Batches without a match move the position, and settle nothing.
func TestNothingMatches(t *testing.T) {
	s, l := newSite(t), newLane()
	s.filter = "eventName: Nothing"
	out := &settling{into: into{to: &receiver{}}}
	d := s.open(out)
	write(t, d, l.next(3))
	if err := s.flush(d, noteEvery); err != nil || d.Position().Seq != 1 || out.settles != 0 {
		t.Errorf("position %d, settled %d times, %v", d.Position().Seq, out.settles, err)
	}
}

// What is owed comes with the filter of then.
func TestPays(t *testing.T) {
	s, l, to := newSite(t), newLane(), &receiver{away: -1}
	s.filter = "eventRW: Write"
	d := s.open(&into{to: to})
	for _, filter := range []string{"eventRW: Read", "eventRW: Write", ""} {
		if err := d.Pay(context.Background(), archive.Payment{Filter: filter}, []event.Batch{l.next(2)}); err != nil {
			t.Fatal(err)
		}
	}
	same(t, "delivered", []string{"1-0", "2-1", "3-0", "3-1"}, to.held)
	if err := d.Pay(context.Background(), archive.Payment{Filter: "(("}, []event.Batch{l.next(2)}); err == nil {
		t.Error("a filter that cannot be read is taken")
	}
}

// Refused events hold nothing back, are kept once, and told of once; about the
// audit's own word of it nothing is told.
func TestRefused(t *testing.T) {
	s, l, to := newSite(t), newLane(), &receiver{away: -1, spoilt: "1-1"}
	b := l.next(3)
	write(t, s.open(&into{to: to}), b)
	d := s.open(&into{to: to}) // a crash: the batch comes again
	write(t, d, b)
	same(t, "delivered", []string{"1-0", "1-2", "1-0", "1-2"}, to.held)
	if x := d.Status(); x.Refused != 1 || x.LastRefused != "too strange" || x.Events != 2 {
		t.Errorf("status %+v", x)
	}
	want := []Refusal{{Events: 1, First: "1-1", Reason: "too strange", File: filepath.Join(s.dir, "refused", "all.test.ndjson")}}
	if diff := cmp.Diff(want, s.told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	word := l.next(1)
	word.Events[0].Name, to.spoilt = RefusedEvent, "2-0"
	write(t, d, word)
	if x := d.Status(); x.Refused != 2 || len(s.told) != 1 {
		t.Errorf("%d refused, told %d times", x.Refused, len(s.told))
	}
	text, err := os.ReadFile(want[0].File)
	if err != nil || strings.Count(string(text), "\n") != 2 || !strings.HasPrefix(string(text), `{"time":"2026-11-22T06:00:00Z","reason":"too strange","event":{"eventId":"1-1",`) {
		t.Errorf("kept is %s, %v", text, err)
	}
}

// A line that a crash has cut off is made anew.
func TestTornRefusal(t *testing.T) {
	s, l, to := newSite(t), newLane(), &receiver{away: -1, spoilt: "1-0"}
	b := l.next(1)
	write(t, s.open(&into{to: to}), b)
	file := filepath.Join(s.dir, "refused", "all.test.ndjson")
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if err := os.WriteFile(file, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		write(t, s.open(&into{to: to}), b)
		if now, err := os.ReadFile(file); err != nil || string(now) != string(whole) {
			t.Fatalf("cut at %d: %q, %v", n, now, err)
		}
	}
}

// A delivery whose note is damaged says what to do, and delivers nothing.
func TestDamagedNote(t *testing.T) {
	s := newSite(t)
	d := s.open(&into{to: &receiver{away: -1}})
	write(t, d, newLane().next(1))
	if err := d.Seal(context.Background()); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(s.file())
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", string(good[:len(good)/2]), strings.Replace(string(good), `"version": 1`, `"version": 2`, 1), strings.Replace(string(good), `"trail"`, `"trial"`, 1)} {
		if err := os.WriteFile(s.file(), []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(d.cfg)
		if err == nil || !strings.Contains(err.Error(), s.file()) || !strings.Contains(err.Error(), "put back a copy") {
			t.Errorf("%q: error %v", bad, err)
		}
	}
}

// FuzzNote: whatever is in the file, it is refused or means the same when it is written again.
func FuzzNote(f *testing.F) {
	f.Add([]byte(`{"version":1,"trail":"all","delivery":"kafka","place":"kafka k:9092/audit","position":{"seq":7,"lanes":[{"account":"prod","agent":"gw-1","source":"edge","key":"K","epoch":1,"number":3,"hash":"` +
		strings.Repeat("ab", 32) + `","recent":"abababababababab"}]},"mark":"Nw==","events":9,"lastDelivery":"2026-11-22T06:00:00Z"}`))
	file := filepath.Join(f.TempDir(), "note.json")
	f.Fuzz(func(t *testing.T, data []byte) {
		n, err := parseNote(data)
		if err != nil {
			return
		}
		if err := writeNote(file, &n); err != nil {
			t.Fatal(err)
		}
		again, err := readNote(file)
		if err != nil {
			t.Fatal(err)
		}
		for lane, at := range n.Position.Lanes {
			at.Recent = at.Recent[max(0, len(at.Recent)-notedHashes):]
			n.Position.Lanes[lane] = at
		}
		if diff := cmp.Diff(n.Position, again.Position); diff != "" || n.Events != again.Events || string(n.Mark) != string(again.Mark) {
			t.Error(diff)
		}
	})
}
