package aggregator

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/bus"
)

func openQuarantine(t *testing.T, dir string) *Quarantine {
	t.Helper()
	q, err := OpenQuarantine(dir)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func refusedAt(seq uint64, data string) bus.Message {
	return bus.Message{Subject: "events.prod.gw-1.edge", Seq: seq, Data: []byte(data), Stored: storedAt(seq)}
}

// stats are the numbers that status pages show.
func stats(q *Quarantine) string {
	count, bytes, last := q.Stats()
	return fmt.Sprintf("%d of %d bytes, last %d %s", count, bytes, last.Seq, last.Reason)
}

// A batch that is found wrong again, in this process or after a restart, is kept once.
func TestQuarantineWrittenTwice(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "quarantine")
	for range 2 {
		q := openQuarantine(t, dir)
		for range 2 {
			if err := q.Write(refusedAt(12, "what came"), &Refusal{BadSignature, errors.New("of nobody")}); err != nil {
				t.Fatal(err)
			}
			same(t, "stats", "1 of 9 bytes, last 12 bad signature", stats(q))
		}
	}
	kept, err := os.ReadFile(filepath.Join(dir, "00000000000000000012.batch"))
	if err != nil || string(kept) != "what came" {
		t.Errorf("%q, %v", kept, err)
	}
}

// List and Stats tell the same before and after a restart, oldest first.
func TestQuarantineLists(t *testing.T) {
	dir := t.TempDir()
	q := openQuarantine(t, dir)
	same(t, "stats of none", "0 of 0 bytes, last 0 ", stats(q))
	for _, seq := range []uint64{9, 10, 100} {
		if err := q.Write(refusedAt(seq, strings.Repeat("x", int(seq))), &Refusal{Forked, fmt.Errorf("why %d", seq)}); err != nil {
			t.Fatal(err)
		}
	}
	var want []Quarantined
	for _, seq := range []uint64{9, 10, 100} {
		want = append(want, Quarantined{fmt.Sprintf("%020d", seq), seq, "events.prod.gw-1.edge", storedAt(seq), Forked, fmt.Sprintf("why %d", seq), int(seq), nil})
	}
	for range 2 {
		got, err := q.List()
		if err != nil {
			t.Fatal(err)
		}
		same(t, "list", want, got)
		same(t, "stats", "3 of 119 bytes, last 100 fork", stats(q))
		if _, _, last := q.Stats(); !last.Stored.Equal(storedAt(100)) || last.Stored.Location() != time.UTC {
			t.Errorf("the last one was stored at %s", last.Stored)
		}
		q = openQuarantine(t, dir)
	}
}

// A crash between the two files, or within one of them, leaves a batch that is
// not counted; it is met again, and then it is complete.
func TestQuarantineCrash(t *testing.T) {
	dir := t.TempDir()
	for name, data := range map[string]string{
		"00000000000000000007.batch":              "seven",
		".00000000000000000007.json.123.tmp":      `{"seq":7,`,
		".00000000000000000008.batch.4444444.tmp": "eig",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	q := openQuarantine(t, dir)
	same(t, "stats after the crash", "0 of 0 bytes, last 0 ", stats(q))
	for seq, data := range map[uint64]string{7: "seven", 8: "eight"} {
		if err := q.Write(refusedAt(seq, data), &Refusal{NotABatch, errors.New("no")}); err != nil {
			t.Fatal(err)
		}
	}
	q = openQuarantine(t, dir)
	same(t, "stats after both came again", "2 of 10 bytes, last 8 not a batch", stats(q))
	names, err := fs.Glob(os.DirFS(dir), "*")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "files", []string{"00000000000000000007.batch", "00000000000000000007.json", "00000000000000000008.batch", "00000000000000000008.json"}, names)
	for name, want := range map[string]string{"00000000000000000007.batch": "seven", "00000000000000000008.batch": "eight"} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// What could not be written is an error, and not counted.
func TestQuarantineDiskError(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "quarantine")
	q := openQuarantine(t, dir)
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	why := &Refusal{NotABatch, errors.New("no")}
	if err := q.Write(refusedAt(1, "x"), why); err == nil || !strings.HasPrefix(err.Error(), "quarantine: ") {
		t.Errorf("%v", err)
	}
	same(t, "stats", "0 of 0 bytes, last 0 ", stats(q))
	if err := os.Mkdir(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := q.Write(refusedAt(1, "x"), why); err != nil {
		t.Error(err)
	}
	same(t, "stats with a disk again", "1 of 1 bytes, last 1 not a batch", stats(q))
}

// A note that cannot be read is an error that names it: the count would be wrong without.
func TestQuarantineDamaged(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "00000000000000000001.json"), []byte(`{"seq":`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenQuarantine(dir); err == nil || !strings.Contains(err.Error(), "00000000000000000001.json") {
		t.Errorf("%v", err)
	}
}

// An event that the index cannot store is kept once, beside the batches, and reported.
func TestQuarantineKeepsEvents(t *testing.T) {
	dir := t.TempDir()
	r := index.Refused{Seq: 12, Lane: event.Lane{Account: "prod", Agent: "gw-1", Source: "edge"}, ID: "e-1", Event: []byte(`{"eventId":"e-1"}`), Reason: "too long"}
	sum := sha256.Sum256(r.Event)
	for i := range 2 {
		q := openQuarantine(t, dir)
		kept, err := q.KeepEvent(r, storedAt(12))
		if err != nil || kept != (i == 0) {
			t.Fatalf("kept %v, %v the %d. time", kept, err, i+1)
		}
		same(t, "stats", "1 of 17 bytes, last 12 not indexable", stats(q))
		all, err := q.List()
		if err != nil {
			t.Fatal(err)
		}
		same(t, "list", []Quarantined{{fmt.Sprintf("%020d-%x", 12, sum[:8]), 12, "events.prod.gw-1.edge", storedAt(12), IndexRefused, "event e-1: too long", 17, nil}}, all)
	}
	other := r
	other.Event = []byte(`{"eventId":"e-2"}`)
	q := openQuarantine(t, dir)
	if kept, err := q.KeepEvent(other, storedAt(12)); err != nil || !kept {
		t.Fatalf("another event of the batch: kept %v, %v", kept, err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.event"))
	if err != nil || len(files) != 2 {
		t.Errorf("events in quarantine: %v, %v", files, err)
	}
	if err := q.Write(refusedAt(12, "the batch"), &Refusal{BadBody, errors.New("why")}); err != nil {
		t.Fatal(err)
	}
	same(t, "stats", "3 of 43 bytes, last 12 undecodable body", stats(q))
}
