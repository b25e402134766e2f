package aggregator

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/event"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func openAgents(t *testing.T, path string) *Agents {
	t.Helper()
	a, err := OpenAgents(path)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// reason is why a lane's batch is refused; empty: it is taken.
func reason(t *testing.T, a *Agents, l event.Lane, stored time.Time) Reason {
	t.Helper()
	err := a.Check(l, stored)
	var why *Refusal
	if err != nil && !errors.As(err, &why) {
		t.Fatal(err)
	}
	if why == nil {
		return ""
	}
	return why.Reason
}

// A strict table takes what was enrolled, and nothing else; the reason says how to enrol it.
func TestStrict(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agents.json")
	a := openAgents(t, path)
	a.Strict = true
	err := a.Check(lane, noon)
	var why *Refusal
	if !errors.As(err, &why) || why.Reason != UnknownKey || !strings.Contains(err.Error(), "keys enroll gw-1 U1 --account prod") {
		t.Fatalf("unknown: %v", err)
	}
	// Another process, that of the keys command, enrols it.
	if err := openAgents(t, path).Enrol("prod", "gw-1", "U1", ByOperator, false, noon); err != nil {
		t.Fatal(err)
	}
	if why := reason(t, a, lane, noon); why != "" {
		t.Errorf("enrolled: %s", why)
	}
	other := lane
	other.Agent = "gw-2"
	if why := reason(t, a, other, noon); why != UnknownKey {
		t.Errorf("the key under another name: %q", why)
	}
}

// Revocation counts from its time on, by the clock of the stream: whoever reads
// a batch of before much later takes it, too.
func TestRevokedFromItsTimeOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agents.json")
	a, command := openAgents(t, path), openAgents(t, path)
	if err := command.Enrol("prod", "gw-1", "U1", ByOperator, false, noon); err != nil {
		t.Fatal(err)
	}
	if _, err := command.Revoke("prod", "gw-1", "", noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	for stored, want := range map[time.Time]Reason{noon: "", noon.Add(time.Hour - 1): "", noon.Add(time.Hour): RevokedKey, noon.Add(48 * time.Hour): RevokedKey} {
		if why := reason(t, a, lane, stored); why != want {
			t.Errorf("stored at %s: %q, want %q", stored, why, want)
		}
	}
	// Not by first use either does the name become free again, nor the key good.
	if err := command.Enrol("prod", "gw-1", "U1", ByOperator, true, noon.Add(2*time.Hour)); err == nil || !strings.Contains(err.Error(), "was revoked") {
		t.Errorf("enrolled again: %v", err)
	}
	next := lane
	next.Key = "U2"
	if why := reason(t, a, next, noon.Add(2*time.Hour)); why != UnknownKey {
		t.Errorf("another key by first use: %q", why)
	}
	if err := command.Enrol("prod", "gw-1", "U2", ByOperator, false, noon.Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if why := reason(t, a, next, noon.Add(2*time.Hour)); why != "" {
		t.Errorf("the new key: %q", why)
	}
	if _, err := command.Revoke("prod", "gw-9", "", noon); !errors.Is(err, ErrNotEnrolled) {
		t.Errorf("revoke nobody: %v", err)
	}
}

// Two keys at a time, while one takes over from the other; one is revoked alone.
func TestRotation(t *testing.T) {
	a := openAgents(t, filepath.Join(t.TempDir(), "agents.json"))
	next := lane
	next.Key = "U2"
	if err := a.Enrol("prod", "gw-1", "U1", ByOperator, false, noon); err != nil {
		t.Fatal(err)
	}
	if err := a.Enrol("prod", "gw-1", "U2", ByOperator, false, noon); !errors.Is(err, ErrEnrolled) {
		t.Errorf("a second key without being asked for: %v", err)
	}
	if err := a.Enrol("prod", "gw-1", "U2", ByOperator, true, noon); err != nil {
		t.Fatal(err)
	}
	if one, two := reason(t, a, lane, noon), reason(t, a, next, noon); one != "" || two != "" {
		t.Errorf("both keys: %q %q", one, two)
	}
	if revoked, err := a.Revoke("prod", "gw-1", "U1", noon); err != nil || len(revoked) != 1 || revoked[0].Key != "U1" {
		t.Fatal(revoked, err)
	}
	if one, two := reason(t, a, lane, noon), reason(t, a, next, noon); one != RevokedKey || two != "" {
		t.Errorf("after the revocation: %q %q", one, two)
	}
}

// Many processes change the table at once; no change is lost.
func TestChangesOfManyProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agents.json")
	const processes, each = 4, 10
	var all sync.WaitGroup
	for p := range processes {
		a := openAgents(t, path)
		all.Go(func() {
			for i := range each {
				if err := a.Check(event.Lane{Account: "prod", Agent: fmt.Sprintf("gw-%d-%d", p, i), Key: "U1"}, noon); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	table, err := openAgents(t, path).List()
	if err != nil || len(table) != processes*each {
		t.Errorf("%d agents in the table, %v; want %d", len(table), err, processes*each)
	}
}

// The first form of the file is read, and written anew at the next change.
func TestFirstForm(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agents.json")
	if err := os.WriteFile(path, []byte(`{"prod/gw-1": "U1", "prod/aggregator": "U0"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	a := openAgents(t, path)
	other := lane
	other.Key = "U2"
	if one, two := reason(t, a, lane, noon), reason(t, a, other, noon); one != "" || two != UnknownKey {
		t.Errorf("%q %q", one, two)
	}
	if err := a.Enrol("prod", "gw-3", "U3", ByOperator, false, noon); err != nil {
		t.Fatal(err)
	}
	table, err := openAgents(t, path).List()
	want := []Enrolment{{"prod", "aggregator", "U0", ByFirstUse, time.Time{}, time.Time{}}, {"prod", "gw-1", "U1", ByFirstUse, time.Time{}, time.Time{}}, {"prod", "gw-3", "U3", ByOperator, noon, time.Time{}}}
	if err != nil || !cmp.Equal(table, want) {
		t.Error(err, cmp.Diff(want, table))
	}
}

func TestTableOfAnotherVersion(t *testing.T) {
	for _, text := range []string{`{"version": 2, "agents": []}`, `{"version": 1, "agents": [{"account": "prod", "agent": "a.b", "key": "U1"}]}`, `{"version": 1, "agents": [], "more": 1}`,
		`{"version": 1, "agents": []} {}`, `{"version": 1, "agents": [{"account": "p", "agent": "a", "key": "U1"}, {"account": "p", "agent": "a", "key": "U1"}]}`, `{"a": "U1"}`, `[]`, ``} {
		if table, err := parseAgents([]byte(text)); err == nil {
			t.Errorf("%s is %+v", text, table)
		}
	}
}

// What can be read is written as it was, and reads the same again.
func FuzzParseAgents(f *testing.F) {
	f.Add([]byte(`{"prod/gw-1": "U1"}`))
	f.Add([]byte(`{"version": 1, "agents": [{"account": "prod", "agent": "gw-1", "key": "U1", "how": "operator", "enrolled": "2026-11-21T12:00:00Z", "revoked": "2026-11-22T12:00:00Z"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		table, err := parseAgents(data)
		if err != nil {
			return
		}
		text, err := formatAgents(table)
		if err != nil {
			return // a time beyond the year 9999
		}
		again, err := parseAgents(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if more, err := formatAgents(again); err != nil || !bytes.Equal(text, more) {
			t.Errorf("%s\nbecame\n%s, %v", text, more, err)
		}
	})
}
