package bus_test

import (
	"errors"
	"testing"

	"github.com/actiontrail/actiontrail/internal/bus"
)

func TestCheckpoints(t *testing.T) {
	dir := t.TempDir()
	server, c := start(t, dir, "")
	const log = "actiontrail/prod/all/file v1.?"
	if _, _, err := c.Checkpoint(t.Context(), log); !errors.Is(err, bus.ErrNone) {
		t.Errorf("before there is any: %v", err)
	}
	if err := c.KeepCheckpoint(t.Context(), log, []byte("one"), 0); err != nil {
		t.Fatal(err)
	}
	if err := c.KeepCheckpoint(t.Context(), log, []byte("other"), 0); !errors.Is(err, bus.ErrOvertaken) {
		t.Errorf("made twice: %v", err)
	}
	note, first, err := c.Checkpoint(t.Context(), log)
	if err != nil || string(note) != "one" {
		t.Fatalf("%q, %v", note, err)
	}
	if err := c.KeepCheckpoint(t.Context(), log, []byte("two"), first); err != nil {
		t.Fatal(err)
	}
	if err := c.KeepCheckpoint(t.Context(), log, []byte("other"), first); !errors.Is(err, bus.ErrOvertaken) {
		t.Errorf("replaced by one who did not see the newest: %v", err)
	}
	if _, _, err := c.Checkpoint(t.Context(), log+"x"); !errors.Is(err, bus.ErrNone) {
		t.Errorf("of another log: %v", err)
	}
	c.Close()
	server.Close()
	_, c = start(t, dir, "")
	if note, _, err := c.Checkpoint(t.Context(), log); err != nil || string(note) != "two" {
		t.Errorf("after a restart: %q, %v", note, err)
	}
}
