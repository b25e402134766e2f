package aggregator

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/event"
)

// Two tables become one, whoever merges first: all keys, and of two revocations the earlier one.
func TestMergeOfAgents(t *testing.T) {
	at := func(n int) time.Time { return time.Date(2026, 11, 21, n, 0, 0, 0, time.UTC) }
	table := func(change func(*Agents)) *Agents {
		a, err := OpenAgents(filepath.Join(t.TempDir(), "agents.json"))
		if err != nil {
			t.Fatal(err)
		}
		change(a)
		return a
	}
	enrol := func(a *Agents, agent, key string, n int) {
		if err := a.Enrol("prod", agent, key, ByOperator, true, at(n)); err != nil {
			t.Fatal(err)
		}
	}
	revoke := func(a *Agents, agent string, n int) {
		if _, err := a.Revoke("prod", agent, "", at(n)); err != nil {
			t.Fatal(err)
		}
	}
	make2 := func() (one, two *Agents) {
		return table(func(a *Agents) { enrol(a, "gw-1", "UA", 1); enrol(a, "gw-2", "UB", 2); revoke(a, "gw-1", 9) }),
			table(func(a *Agents) { enrol(a, "gw-1", "UA", 3); enrol(a, "gw-1", "UC", 4); revoke(a, "gw-1", 8) })
	}
	merge := func(into, from *Agents) string {
		text, err := from.Text()
		if err != nil {
			t.Fatal(err)
		}
		all, err := into.Merge(text)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := into.Merge(all); err != nil || string(again) != string(all) {
			t.Errorf("merged again it is\n%s%v", again, err)
		}
		return string(all)
	}
	one, two := make2()
	there := merge(one, two)
	one, two = make2()
	back := merge(two, one)
	if diff := cmp.Diff(there, back); diff != "" {
		t.Errorf("who merges first makes a difference:\n%s", diff)
	}
	list, err := two.List()
	if err != nil {
		t.Fatal(err)
	}
	want := []Enrolment{{"prod", "gw-1", "UA", ByOperator, at(1), at(8)}, {"prod", "gw-1", "UC", ByOperator, at(4), at(8)}, {"prod", "gw-2", "UB", ByOperator, at(2), time.Time{}}}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Errorf("merged (-want +got):\n%s", diff)
	}
	if _, err := two.Merge([]byte("damaged")); err == nil {
		t.Error("a damaged table is merged")
	}
}

// A key is refused, or enrolled by its first batch, only when no other aggregator knows better.
func TestAgentsAreLearnt(t *testing.T) {
	a, err := OpenAgents(filepath.Join(t.TempDir(), "agents.json"))
	if err != nil {
		t.Fatal(err)
	}
	asked, away := 0, error(nil)
	a.Strict = true
	a.Learn = func() error {
		if asked++; away != nil {
			return away
		}
		return a.Enrol("prod", "gw-1", "UA", ByOperator, true, time.Unix(1, 0))
	}
	lane := event.Lane{Account: "prod", Agent: "gw-1", Source: "edge", Key: "UA", Epoch: 1}
	away = errors.New("NATS is away")
	if err, why := a.Check(lane, time.Unix(9, 0)), (*Refusal)(nil); err == nil || errors.As(err, &why) {
		t.Errorf("while nobody can be asked: %v", err)
	}
	away = nil
	for range 2 {
		if err := a.Check(lane, time.Unix(9, 0)); err != nil {
			t.Error(err)
		}
	}
	if asked != 2 {
		t.Errorf("asked %d times", asked)
	}
	lane.Key = "UB"
	if err, why := a.Check(lane, time.Unix(9, 0)), (*Refusal)(nil); !errors.As(err, &why) || why.Reason != UnknownKey {
		t.Errorf("a key that nobody knows: %v", err)
	}
}
