package embedded_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/internal/bus/embedded"
	"github.com/actiontrail/actiontrail/internal/realtest"
)

const subject = "events.prod.gw-1.edge"

// filling is a server in a folder, a connection to its stream, and what publishes
// 300 KiB under a number.
func filling(t *testing.T, dir string, maxBytes int64) (*embedded.Server, *bus.Conn, func(n int) error) {
	t.Helper()
	server, conn := opened(t, dir, bus.StreamConfig{MaxBytes: maxBytes})
	return server, conn, func(n int) error {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		_, _, err := conn.Publish(ctx, subject, fmt.Sprint(n), bytes.Repeat([]byte("x"), 300<<10))
		return err
	}
}

// A stream whose write failed takes nothing any more, also when there is room
// again: the server must say so, and be well after a restart, with all that it acknowledged.
func TestStreamThatFailedOnAFullDisk(t *testing.T) {
	dir := realtest.SmallDisk(t, "32m")
	server, conn, publish := filling(t, dir, 64<<20)
	if !server.Healthy() {
		t.Fatal("a new server is not healthy")
	}
	acknowledged := 0
	for ; acknowledged < 3; acknowledged++ {
		if err := publish(acknowledged); err != nil {
			t.Fatal(err)
		}
	}
	ballast := realtest.Fill(t, dir)
	for publish(acknowledged) == nil {
		acknowledged++
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if server.Healthy() {
		t.Error("a server whose stream has failed is healthy")
	}
	if err := server.Restart(); err != nil {
		t.Fatal(err)
	}
	realtest.Until(t, realtest.Patience, "a publish after the restart", func() bool { return publish(acknowledged) == nil })
	if !server.Healthy() {
		t.Error("after the restart the server is not healthy")
	}
	state, err := conn.State(t.Context())
	if err != nil || state.Messages != uint64(acknowledged)+1 {
		t.Errorf("%d messages, %v; %d were acknowledged", state.Messages, err, acknowledged+1)
	}
}
