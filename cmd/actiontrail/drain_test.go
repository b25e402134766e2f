package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/internal/wire"
)

// An agent whose disk goes with its machine: told to stop, it first reads what is
// there and waits until NATS has it. Its name is that of the machine.
func TestDrain(t *testing.T) {
	const lines = 200_000
	addr, _ := realtest.StartNATS(t)
	conn, err := bus.Connect(bus.Config{Name: "test", Servers: []string{"nats://" + addr}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	realtest.Until(t, realtest.Patience, "the stream", func() bool {
		return conn.EnsureStream(t.Context(), bus.StreamConfig{MaxBytes: 1 << 30}) == nil
	})
	dir := t.TempDir()
	log := filepath.Join(dir, "access.log")
	if err := os.WriteFile(log, bytes.Repeat([]byte(combinedLine), lines), 0o600); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "agent.hcl")
	text := fmt.Sprintf("agent {\n  account = \"prod\"\n  nats {\n    servers = [\"nats://%s\"]\n  }\n}\nsource \"file\" \"edge\" {\n  paths = [%q]\n  format = \"nginx\"\n}\n", addr, log)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	agent := realtest.Start(t, []string{asProgram + "=1"}, os.Args[0], "agent", "--config", config, "--data", filepath.Join(dir, "data"), "--name", "node-1.example", "--drain", "1m")
	const subject = "events.prod.node-1-example.edge"
	realtest.Until(t, realtest.Patience, "the first batch", func() bool {
		_, err := conn.Last(t.Context(), subject)
		return err == nil
	})
	agent.Signal(syscall.SIGTERM)
	if err := agent.Wait(); err != nil {
		t.Errorf("the agent ended with %v", err)
	}
	events := 0
	for seq := uint64(1); ; {
		m, err := conn.Next(t.Context(), subject, seq)
		if errors.Is(err, bus.ErrNone) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		h, _, err := wire.ReadHeader(m.Data)
		if err != nil {
			t.Fatal(err)
		}
		events, seq = events+h.Count, m.Seq+1
	}
	if events != lines+1 { // and the evidence of the start
		t.Errorf("%d events in the stream, %d lines in the log", events, lines)
	}
}

const combinedLine = `192.0.2.7 - - [21/Nov/2026:10:00:00 +0000] "GET /v1/instances HTTP/1.1" 200 512 "-" "curl/8"` + "\n"
