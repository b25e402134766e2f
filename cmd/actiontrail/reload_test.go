package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/file"
	"github.com/actiontrail/actiontrail/internal/realtest"
)

// Trails change while the server runs: one is added, one filtered in another way,
// one taken away. A bad file changes nothing and says where it is wrong. What
// needs a restart is said.
func TestReload(t *testing.T) {
	b := newBox(t, "")
	trail := func(name, where string) string {
		return fmt.Sprintf("trail %q {\n  where = %q\n  deliver \"file\" {\n    path = %q\n    roll { max_age = \"1h\" }\n  }\n}\n", name, where, filepath.Join(b.dir, name))
	}
	verify := func(name string) archive.Report {
		t.Helper()
		bucket, err := file.New(filepath.Join(b.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		r, err := archive.Verify(t.Context(), bucket, archive.VerifyOptions{})
		if err != nil || !r.OK() {
			t.Errorf("trail %s: %v, %v", name, r.Problems, err)
		}
		return r
	}
	b.configureTrails(trail("first", "") + trail("second", ""))
	b.start()
	b.write(300)
	b.indexed()
	realtest.Until(t, realtest.Patience, "the second trail to have scanned all", func() bool { return pending(b.trail("second")) >= 300 })

	b.configureTrails(trail("first", "") + trail("second", "eventRW: Write") + trail("third", "serviceName: Nobody"))
	realtest.Until(t, realtest.Patience, "the third trail", func() bool { return b.trail("third").State == api.TrailStatusStateRunning })
	realtest.Until(t, realtest.Patience, "the other filter", func() bool { return b.trail("second").Where == "eventRW: Write" })
	if r := verify("second"); r.Events < 300 || r.Filters[0].Filter != "" { // sealed before the filter changed, long before its time
		t.Errorf("the second trail sealed %d events with %+v", r.Events, r.Filters)
	}
	if pending(b.trail("first")) < 300 { // it was not touched
		t.Errorf("the first trail is %+v", b.trail("first"))
	}

	b.configureTrails(trail("first", "eventRWW: Write"))
	b.server.Signal(syscall.SIGHUP)
	realtest.Until(t, realtest.Patience, "the mistake in the status", func() bool {
		return strings.Contains(b.configuration().LastError, `an event has no field "eventRWW"`)
	})
	if s := b.configuration(); !strings.Contains(s.LastError, "actiontrail.hcl:9:") {
		t.Errorf("the mistake is told without its place: %s", s.LastError)
	}
	for _, name := range []string{"first", "second", "third"} {
		if b.trail(name).Name == "" {
			t.Errorf("trail %s is gone after a mistake", name)
		}
	}
	realtest.Until(t, realtest.Patience, "the refusal in the audit", func() bool { return b.total("eventName: ConfigurationRefused") == 1 })

	// Two trails in one bucket, one after the other: no mistake that the files alone show.
	b.configureTrails(trail("first", "") + strings.Replace(trail("fourth", ""), filepath.Join(b.dir, "fourth"), filepath.Join(b.dir, "third"), 1))
	realtest.Until(t, realtest.Patience, "the foreign bucket in the status", func() bool {
		return strings.Contains(b.configuration().LastError, "it holds the archive of trail third")
	})
	if b.trail("third").Name == "" || b.trail("fourth").Name != "" {
		t.Error("a foreign bucket changes the trails")
	}

	b.configureTrails("api { listen = \"127.0.0.1:1\" }\n" + trail("first", ""))
	realtest.Until(t, realtest.Patience, "two trails to be gone", func() bool { return b.trail("second").Name == "" && b.trail("third").Name == "" })
	if s := b.configuration(); s.LastError != "" || len(s.NeedsRestart) != 1 || s.NeedsRestart[0] != "api" {
		t.Errorf("configuration is %+v", s)
	}
	b.write(10)
	b.indexed()
	verify("first")
	verify("second")
	for query, want := range map[string]int{"eventName: CreateTrail": 3, "eventName: UpdateTrail": 1, "eventName: DeleteTrail": 2} {
		realtest.Until(t, realtest.Patience, query, func() bool { return b.total(query) >= want })
		if n := b.total(query); n != want {
			t.Errorf("%s: %d, want %d", query, n, want)
		}
	}
}

// pending are the events that a trail has taken and not sealed.
func pending(s api.TrailStatus) (n uint64) {
	for _, d := range s.Deliver {
		n += d.PendingEvents
	}
	return n
}

// configuration asks what became of the configuration.
func (b *box) configuration() api.ConfigurationStatus {
	var s api.Status
	if code, body := b.get("/api/v1/status", nil); code != http.StatusOK || json.Unmarshal([]byte(body), &s) != nil {
		return api.ConfigurationStatus{}
	}
	return s.Configuration
}
