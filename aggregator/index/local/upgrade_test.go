package local

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	cmpdiff "github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
)

// A folder of version 1 is opened, answers, is written on, built, removed from
// by retention, checked and salvaged by this release, as if it had always been its own.
func TestUpgradeFromVersion1(t *testing.T) {
	var old struct {
		Position event.Position
		Events   []string
	}
	b, err := os.ReadFile(filepath.Join("testdata", "v1.json"))
	if err == nil {
		err = json.Unmarshal(b, &old)
	}
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	copyDir(t, filepath.Join("testdata", "v1"), dir)
	if head, err := os.ReadFile(filepath.Join(dir, manifestName)); err != nil || !strings.HasPrefix(string(head), manifestMagic+" 1 ") {
		t.Fatalf("testdata is not of version 1: %.30s, %v", head, err)
	}
	if r := mustCheck(t, dir); len(r.Problems) > 0 || r.Seq != old.Position.Seq {
		t.Fatalf("check of version 1: %+v", r)
	}
	known := map[string]event.Event{}
	decode := func(docs []string) (events []event.Event) {
		t.Helper()
		for _, doc := range docs {
			e, err := event.ParseJSON([]byte(doc))
			if err != nil {
				t.Fatal(err)
			}
			known[doc] = e
			events = append(events, e)
		}
		return events
	}
	oldEvents := decode(old.Events)
	now := testNow()
	cfg := Config{Dir: dir, SegmentEvents: 40, Retention: 4 * 24 * time.Hour, Classes: testClasses, Now: func() time.Time { return now }}
	for i := range cfg.Classes { // nothing goes before the time of this test
		cfg.Classes = slices.Clone(cfg.Classes)
		cfg.Classes[i].Retention = 30 * 24 * time.Hour
	}
	x := mustOpen(t, cfg)
	if diff := cmpdiff.Diff(old.Position, x.Position()); diff != "" {
		t.Fatalf("position (-want +got)\n%s", diff)
	}
	is := stream{{Lane: event.Lane{Account: "A", Agent: "old"}, Number: 1, Seq: old.Position.Seq, Events: oldEvents}}
	if !is.checkAnswers(t, "version 1", x, known) {
		t.Fatal("its answers are incomplete")
	}

	// Written on: what is there already is known, and what is new is stored beside it.
	more := newStream(20)
	next := event.Batch{Lane: event.Lane{Account: "A", Agent: "new", Source: "s", Key: "U"}, Number: 1, Seq: old.Position.Seq + 1, Snapshot: true}
	next.Events = append(next.Events, oldEvents[:20]...)
	for _, b := range more {
		for _, e := range b.Events {
			e.ID += "+"
			next.Events = append(next.Events, e)
			known[string(e.AppendJSON(nil))] = e
		}
	}
	if err := x.Write(t.Context(), []event.Batch{next}); err != nil {
		t.Fatal(err)
	}
	if err := cmp.Or(x.cut(), x.waitBuilt(t.Context())); err != nil {
		t.Fatal(err)
	}
	next.Events = next.Events[20:]
	is = append(is, next)
	check := func(what string) {
		t.Helper()
		if !is.checkAnswers(t, what, x, known) || len(x.Stats().Damaged) > 0 {
			t.Fatalf("%s: answers are incomplete: %q", what, x.Stats().Damaged)
		}
	}
	check("written on")
	mustClose(t, x)
	if r := mustCheck(t, dir); !r.OK() {
		t.Fatalf("check when written on: %+v", r)
	}
	if head, err := os.ReadFile(filepath.Join(dir, manifestName)); err != nil || !strings.HasPrefix(string(head), manifestMagic+" 2 ") {
		t.Fatalf("the manifest is not brought to version 2: %.30s, %v", head, err)
	}
	x = mustOpen(t, cfg)
	check("opened again")
	for range 3 { // merges, where there are some
		if err := cmp.Or(x.Flush(t.Context(), now), x.waitBuilt(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
	check("flushed")

	// A day goes, of the old events and of the new ones without a class.
	now = now.AddDate(0, 0, 2)
	if err := x.Flush(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	first := dayOf(now.AddDate(0, 0, -4).UnixNano())
	left := contents(t, x)
	if len(left) == len(known) || len(left) < len(known)/3 {
		t.Fatalf("%d events of %d are left", len(left), len(known))
	}
	for _, doc := range left {
		if e := known[doc]; dayOf(e.Time.Nanos) < first && cfg.Classes.Of(&e) == 0 {
			t.Fatalf("an event of %v is left", e.Time)
		}
	}
	mustClose(t, x)
}

// All events that can be read come back from the files of an index: those of a
// damaged segment, but for the blocks that are, those of one that was set aside,
// and those of WALs. They fill another index, once each.
func TestSalvage(t *testing.T) {
	s := newStream(60)
	dir := t.TempDir()
	x := mustOpen(t, Config{Dir: dir, SegmentEvents: 180})
	if err := s.follow(x, 2); err != nil {
		t.Fatal(err)
	}
	if err := x.waitBuilt(t.Context()); err != nil || len(x.current.times) == 0 {
		t.Fatalf("the test needs a WAL: %v", err)
	}
	mustClose(t, x)
	salvage := func() (docs []string, found []Salvaged) {
		t.Helper()
		to := mustOpen(t, Config{Dir: t.TempDir(), SegmentEvents: 50, Begin: s.position(1 << 60)})
		found, err := Salvage(t.Context(), dir, func(from index.SeqRange, events []event.Event) error {
			if from.First == 0 || from.Last < from.First {
				t.Errorf("events of %+v", from)
			}
			return to.Refill(t.Context(), []event.Batch{{Seq: from.First}, {Seq: from.Last, Events: events}})
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmpdiff.Diff(s.position(1<<60), to.Position()); diff != "" {
			t.Errorf("the position moved (-want +got)\n%s", diff)
		}
		if err := cmp.Or(to.waitBuilt(t.Context()), to.cut(), to.waitBuilt(t.Context())); err != nil {
			t.Fatal(err)
		}
		for _, seg := range to.segments {
			if seg.seqs.First == 0 {
				t.Errorf("%s came from %+v of the stream", seg.path, seg.seqs)
			}
		}
		docs = contents(t, to)
		mustClose(t, to)
		return docs, found
	}
	all, found := salvage()
	if diff := cmpdiff.Diff(s.docs(1<<60), all); diff != "" {
		t.Fatalf("of a whole index (-want +got)\n%s", diff)
	}
	for _, f := range found {
		if len(f.Problems) > 0 {
			t.Errorf("%+v", f)
		}
	}
	// One block of events is damaged, and another segment set aside for its dictionaries.
	segments, err := filepath.Glob(filepath.Join(dir, "*"+segmentSuffix))
	if err != nil {
		t.Fatal(err)
	}
	spoil := func(path string, at func(*footer) int64) {
		t.Helper()
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		foot, err := decodeFooter(b)
		if err != nil {
			t.Fatal(err)
		}
		b[at(foot)] ^= 1
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	spoil(segments[0], func(f *footer) int64 { return f.Docs.Offset + f.Docs.Length/2 })
	spoil(segments[1], func(f *footer) int64 { return f.Entries.Offset })
	x = mustOpen(t, Config{Dir: dir})
	questions(t, x, s[5].Events[0])
	mustClose(t, x)
	if aside, err := filepath.Glob(filepath.Join(dir, "*"+damagedSuffix)); err != nil || len(aside) == 0 {
		t.Fatalf("nothing was set aside: %v", err)
	}
	some, found := salvage()
	problems := 0
	for _, f := range found {
		problems += len(f.Problems)
	}
	missing := len(all) - len(some)
	if missing < 1 || missing > eventsPerBlock || problems != 1 {
		t.Errorf("%d of %d events are missing, %d problems: %+v", missing, len(all), problems, found)
	}
	for _, doc := range some {
		if !slices.Contains(all, doc) {
			t.Errorf("an event that was not there: %s", doc)
		}
	}
}
