package embedded_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/internal/bus/embedded"
	"github.com/actiontrail/actiontrail/internal/realtest"
)

// On a disk without a byte left the server starts again, and purging makes the
// room that the next batch needs: no reserve has to be kept for that.
func TestPurgeOnAFullDisk(t *testing.T) {
	const subject = "events.prod.gw-1.edge"
	dir := realtest.SmallDisk(t, "48m")
	server, err := embedded.Start(embedded.Config{Dir: dir, MaxBytes: 96 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	conn, err := bus.Connect(bus.Config{Name: "test", Server: server})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	if err := conn.EnsureStream(t.Context(), bus.StreamConfig{MaxBytes: 96 << 20}); err != nil {
		t.Fatal(err)
	}
	publish := func(n int) error {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		_, _, err := conn.Publish(ctx, subject, fmt.Sprint(n), bytes.Repeat([]byte("x"), 300<<10))
		return err
	}
	n := uint64(0)
	for ; n < 100; n++ {
		if err := publish(int(n)); err != nil {
			t.Fatal(err)
		}
	}
	realtest.Fill(t, dir)
	for publish(int(n)) == nil {
		n++
	}
	if err := server.Restart(); err != nil {
		t.Fatalf("a start on a full disk: %v", err)
	}
	realtest.Until(t, 20*time.Second, "the stream to be there again", func() bool {
		state, err := conn.State(t.Context())
		return err == nil && state.Messages == n
	})
	if err := conn.Purge(t.Context(), subject, n/2); err != nil {
		t.Fatalf("a purge on a full disk: %v", err)
	}
	realtest.Until(t, 20*time.Second, "a publish into the room that the purge has made", func() bool { return publish(int(n)) == nil })
	if !server.Healthy() {
		t.Error("the server is not healthy")
	}
}
