package aggregator

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/event"
)

// The first key of a name owns it, also after a restart.
func TestFirstKeyOwnsTheName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agents.json")
	for range 2 {
		a, err := OpenAgents(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Check(lane, time.Time{}); err != nil {
			t.Fatal(err)
		}
		other := lane
		other.Key = "U2"
		var why *Refusal
		if err := a.Check(other, time.Time{}); !errors.As(err, &why) || why.Reason != UnknownKey {
			t.Errorf("another key under the name: %v", err)
		}
		other.Agent = "gw-2"
		if err := a.Check(other, time.Time{}); err != nil {
			t.Errorf("another name: %v", err)
		}
	}
}

// An agent that could not be written down is not enrolled, and that is no refusal.
func TestEnrolmentIsDurable(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	a, err := OpenAgents(filepath.Join(dir, "agents.json"))
	if err != nil {
		t.Fatal(err)
	}
	var why *Refusal
	if err := a.Check(lane, time.Time{}); err == nil || errors.As(err, &why) {
		t.Fatalf("no folder: %v", err)
	}
	if err := os.Mkdir(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := a.Check(event.Lane{Account: lane.Account, Agent: lane.Agent, Key: "U9"}, time.Time{}); err != nil {
		t.Errorf("the failed enrolment left its key behind: %v", err)
	}
}

func TestAgentsDamaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agents.json")
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenAgents(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Error(err)
	}
}
