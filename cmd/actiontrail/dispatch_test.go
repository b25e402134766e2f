package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/plugins"
)

// appender is the sink of the plugin that this test binary is: it appends lines to a file.
type appender struct {
	File string `json:"file"`
	// Once has it read what the file holds at its first Write, so that nothing is there twice.
	Once bool `json:"once"`
	// Refuse is the name of a user whose events it never takes.
	Refuse string `json:"refuse"`
	// Gate is a file without which it takes nothing.
	Gate string `json:"gate"`

	known map[string]bool
}

func newAppender(config []byte) (plugins.Sink, error) {
	a := &appender{}
	if err := plugins.DecodeConfig(config, a); err != nil {
		return nil, err
	}
	if a.File == "" {
		return nil, &plugins.ConfigError{Problems: []plugins.Problem{{Path: []string{"file"}, Text: "a file is needed"}}}
	}
	return a, nil
}

func (a *appender) Write(ctx context.Context, events []event.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if a.Gate != "" {
		if _, err := os.Stat(a.Gate); err != nil {
			return errors.New("the gate is closed")
		}
	}
	if a.Once && a.known == nil {
		a.known = map[string]bool{}
		ids, err := appended(a.File)
		if err != nil {
			return err
		}
		for _, id := range ids {
			a.known[id] = true
		}
	}
	refused := map[int]error{}
	var text []byte
	for i := range events {
		switch e := &events[i]; {
		case a.Refuse != "" && e.Identity.UserName == a.Refuse:
			refused[i] = fmt.Errorf("nothing of %s is taken", a.Refuse)
		case a.Once && a.known[e.ID]:
		default:
			if a.Once {
				a.known[e.ID] = true
			}
			text = append(e.AppendJSON(text), '\n')
		}
	}
	f, err := os.OpenFile(a.File, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Write(text); err != nil { // one call: a kill leaves all of it, or nothing
		return err
	}
	if len(refused) > 0 {
		return &plugins.BatchError{Refused: refused}
	}
	return nil
}

// appended are the ids of the events in a file, as often as they are there.
func appended(file string) ([]string, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var ids []string
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for err == nil && lines.Scan() {
		var e struct{ EventID string }
		err = json.Unmarshal(lines.Bytes(), &e)
		ids = append(ids, e.EventID)
	}
	return ids, err
}

// sent checks deliveries against what the index has: the ids of all events of the
// log, in any order; once says that none may be there twice.
func (b *box) sent(what string, once bool, held func() ([]string, error), but ...string) {
	b.t.Helper()
	b.indexed()
	want := map[string]bool{}
	for line := range strings.Lines(b.export(lineEvents)) {
		var e struct{ EventID string }
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			b.t.Fatal(err)
		}
		want[e.EventID] = true
	}
	for _, id := range but {
		delete(want, id)
	}
	var ids []string
	missing := 0
	realtest.Until(b.t, realtest.Patience, fmt.Sprintf("%d events in %s", len(want), what), func() bool {
		var err error
		if ids, err = held(); err != nil {
			b.t.Fatalf("%s: %v", what, err)
		}
		there := map[string]bool{}
		for _, id := range ids {
			there[id] = true
		}
		missing = 0
		for id := range want {
			if !there[id] {
				missing++
			}
		}
		return missing == 0
	})
	repeats, seen := 0, map[string]bool{}
	for _, id := range ids {
		switch {
		case !want[id]:
			b.t.Errorf("%s has event %s, which is not of the log, or was refused", what, id)
		case seen[id]:
			repeats++
		}
		seen[id] = true
	}
	b.t.Logf("%s: %d events, %d of them came again", what, len(want), repeats)
	if once && repeats > 0 {
		b.t.Errorf("%s has %d events twice", what, repeats)
	}
}

// export is all events that match, a canonical line each.
func (b *box) export(query string) string {
	b.t.Helper()
	code, text := b.get("/api/v1/export", map[string][]string{"query": {query}, "format": {"ndjson"}})
	if code != 200 {
		b.t.Fatalf("export: %d %s", code, text)
	}
	return text
}

// asPlugin is the command of the plugin that this test binary is.
func asPlugin(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("command = [%q]", self)
}

// A trail into a sink that is no archive: the server is killed again and again, and
// each event is there; once where the sink knows what it has. A refused one is kept
// and told of.
func TestDispatch(t *testing.T) {
	b := newBox(t, "")
	once, often := filepath.Join(b.dir, "once.ndjson"), filepath.Join(b.dir, "often.ndjson")
	b.configureTrails(fmt.Sprintf(`trail "all" {
  where = %[1]q
  deliver "plugin" {
    name = "once"
    %[2]s
    config {
      file   = %[3]q
      once   = true
      refuse = "u3"
    }
  }
  deliver "plugin" {
    name = "often"
    %[2]s
    config { file = %[4]q }
  }
}
`, lineEvents, asPlugin(t), once, often))
	b.start()
	for round := range 6 {
		b.write(100)
		before, err := appended(often)
		if err != nil {
			t.Fatal(err)
		}
		if round%2 == 0 {
			realtest.Until(t, realtest.Patience, "events to be sent", func() bool {
				now, err := appended(often)
				return err == nil && len(now) > len(before)
			})
		}
		b.server.Kill()
		b.server.Again()
		b.ready()
	}
	b.write(50)
	var refused []string
	b.indexed()
	for line := range strings.Lines(b.export("userIdentity.userName: u3 and " + lineEvents)) {
		var e struct{ EventID string }
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		refused = append(refused, e.EventID)
	}
	b.sent("once", true, func() ([]string, error) { return appended(once) }, refused...)
	b.sent("often", false, func() ([]string, error) { return appended(often) })

	var d api.Delivery
	realtest.Until(t, realtest.Patience, "the refused events in the status", func() bool {
		d = b.trail("all").Deliver[0]
		return int(d.RefusedEvents) == len(refused)
	})
	if d.LastRefused != "nothing of u3 is taken" || d.Kind != "plugin" || d.State != api.DeliveryStateRunning || len(refused) == 0 {
		t.Errorf("status %+v", d)
	}
	text, err := os.ReadFile(d.RefusedFile)
	if err != nil || strings.Count(string(text), "\n") != len(refused) {
		t.Errorf("%d lines of refused events, want %d, %v", strings.Count(string(text), "\n"), len(refused), err)
	}
	realtest.Until(t, realtest.Patience, "the audit to tell of it", func() bool {
		return b.total(`eventName: EventsRefused and errorMessage: "nothing of u3 is taken" and resourceName: all`) > 0
	})
	out, _, err := runClient(t, "trail", "backfill", "all", "--from", "1d", "--delivery", "once", "--server", "http://"+b.addr)
	if err == nil || !strings.Contains(err.Error(), "archives nothing that could be filled") {
		t.Errorf("backfill: %s, %v", out, err)
	}
}

// What only the program knows is told where it is written; a trail without an archive has nothing that is for archives.
func TestDispatchMistakes(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		"deliver \"plugin\" {\n" + asPlugin(t) + "\nconfig { file = \"\" }\n}":                                                      "a.hcl:4:",
		"deliver \"plugin\" {\n" + asPlugin(t) + "\nconfig { fiel = \"x\" }\n}":                                                     "a.hcl:4:",
		"deliver \"plugin\" {\n" + asPlugin(t) + "\nbackfill = \"1d\"\nconfig { file = \"x\" }\n}":                                  "archives nothing that could be filled",
		"deliver \"plugin\" {\n" + asPlugin(t) + "\nconfig { file = \"x\" }\n}\nnotify \"webhook\" { url = \"https://h.example\" }": "tells of objects",
		"deliver \"plugin\" { command = [] }":                                                                                       "a plugin needs a program",
		"deliver \"plugin\" {\n" + asPlugin(t) + "\nlayout = \"hive\"\n}":                                                           `"layout"`,
		"deliver \"kafak\" { x = 1 }":                                                                                               "unknown kind of delivery",
		"deliver \"plugin\" {\n command = [\"/nowhere\"]\nsha256 = \"12\"\n}":                                                       "is not a SHA-256",
	} {
		file := filepath.Join(dir, "a.hcl")
		if err := os.WriteFile(file, []byte("trail \"t\" {\n"+text+"\n}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, note, err := runClient(t, "validate", file)
		if exitCode(err) != exitUsage || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "a.hcl:") {
			t.Errorf("%s\nvalidate says %v %s, want %s", text, err, note, want)
		}
	}
}
