package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nkeys"

	"github.com/actiontrail/actiontrail/aggregator"
	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/file"
	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/internal/wire"
)

// An agent sends with a key that nobody has enrolled. Once it is, its batches are
// taken in again: each line is in the index and in the archive once, also when the
// process ended before it could note that.
func TestQuarantineIsTakenInAgain(t *testing.T) {
	b := newBox(t, "")
	const edge = "origin.source: edge or additionalEventData.quarantined.source: edge"
	b.configure(edge)
	b.start()
	b.write(50)
	b.indexed()
	table := filepath.Join(b.data, aggregatorFolder, agentsName)
	before, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	var enrolled struct{ Agents []aggregator.Enrolment }
	if err := json.Unmarshal(before, &enrolled); err != nil {
		t.Fatal(err)
	}
	own := ""
	for _, e := range enrolled.Agents {
		if e.Agent == "gw-1" {
			own = e.Key
		}
	}
	pair, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	other, err := pair.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	replaceFile(t, table, strings.ReplaceAll(string(before), own, other))

	b.write(100)
	var list api.QuarantineList
	listed := func() api.QuarantineList {
		var now api.QuarantineList
		if err := json.Unmarshal([]byte(b.command(newQuarantineCommand(), "list", "-o", "json")), &now); err != nil {
			t.Fatal(err)
		}
		return now
	}
	realtest.Until(t, realtest.Patience, "all batches in quarantine", func() bool {
		list = listed()
		return b.quarantined(list) == 100
	})
	if out, code := b.run("quarantine", "retry", list.Entries[0].ID, "--server", "http://"+b.addr); code == 0 || !strings.Contains(out, "unknown key") {
		t.Errorf("a key that is still unknown: exit code %d\n%s", code, out)
	}
	replaceFile(t, table, string(before))
	b.write(50)
	realtest.Until(t, realtest.Patience, "what comes later", func() bool { return b.total(lineEvents) == 100 })

	out, code := b.run("quarantine", "retry", "--all", "--server", "http://"+b.addr)
	if code != 0 || strings.Count(out, "events are taken in") != list.Total {
		t.Fatalf("retry --all: exit code %d\n%s", code, out)
	}
	bucket, err := file.New(b.archive())
	if err != nil {
		t.Fatal(err)
	}
	delivered := func() {
		t.Helper()
		var r archive.Report
		realtest.Until(t, realtest.Patience, "all lines in index and archive", func() bool {
			r, err = archive.Verify(t.Context(), bucket, archive.VerifyOptions{})
			n := b.total(edge)
			return err == nil && n > 200 && r.Events == uint64(n)
		})
		if n := b.total("(" + edge + ") and not eventName: SourceStarted"); !r.OK() || n != 200 {
			t.Errorf("%d events of 200 lines; problems %v", n, r.Problems)
		}
	}
	delivered()
	for _, e := range listed().Entries {
		if e.TakenIn.IsZero() || e.TakenInEvents == 0 || e.KnownEvents != 0 {
			t.Errorf("an entry that was taken in: %+v", e)
		}
	}
	if n := b.total("additionalEventData.quarantined.agent: gw-1 and origin.source: system"); n != 100 {
		t.Errorf("%d events tell where they were read, of 100", n)
	}

	// The process ended behind the last event of each, before it could note that.
	for _, e := range list.Entries {
		note := filepath.Join(b.data, aggregatorFolder, "quarantine", e.ID+".retry")
		var r aggregator.Retry
		if data, err := os.ReadFile(note); err != nil || json.Unmarshal(data, &r) != nil {
			t.Fatal(err)
		}
		replaceFile(t, note, fmt.Sprintf(`{"began": %q, "events": %d, "known": 0}`, r.Began.Format("2006-01-02T15:04:05.000Z07:00"), r.Events))
	}
	if out, code := b.run("quarantine", "retry", "--all", "--server", "http://"+b.addr); code != 0 || strings.Count(out, ": 0 events are taken in") != list.Total {
		t.Errorf("again: exit code %d\n%s", code, out)
	}
	delivered()
	if out, code := b.run("quarantine", "retry", "--server", "http://"+b.addr); code != exitUsage {
		t.Errorf("without entries: exit code %d\n%s", code, out)
	}
}

func replaceFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// quarantined is how many events these batches have.
func (b *box) quarantined(list api.QuarantineList) (n int) {
	b.t.Helper()
	for _, e := range list.Entries {
		data, err := os.ReadFile(filepath.Join(b.data, aggregatorFolder, "quarantine", e.ID+".batch"))
		if err != nil {
			b.t.Fatal(err)
		}
		batch, err := wire.Open(data)
		if err != nil {
			b.t.Fatal(err)
		}
		n += len(batch.Events)
	}
	return n
}
