package aggregator

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// What cannot be taken in says so, and names that are no entries reach no file.
func TestRetryRefuses(t *testing.T) {
	dir := t.TempDir()
	q := openQuarantine(t, filepath.Join(dir, "quarantine"))
	if err := q.Write(refusedAt(12, "no batch"), &Refusal{NotABatch, errors.New("no magic")}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "a.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	agents, err := OpenAgents(filepath.Join(dir, "agents.json"))
	if err != nil {
		t.Fatal(err)
	}
	r := Retrier{Quarantine: q, Agents: agents}
	for name, want := range map[string]error{"": ErrNotQuarantined, "../a": ErrNotQuarantined, "a/../a": ErrNotQuarantined, "13": ErrNotQuarantined, "00000000000000000012": ErrRefusedAgain} {
		if _, err := r.Retry(context.Background(), name); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", name, err, want)
		}
	}
	if count, _, _ := q.Stats(); count != 1 {
		t.Errorf("%d in quarantine after a retry that was refused", count)
	}
}
