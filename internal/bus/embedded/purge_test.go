package embedded_test

import (
	"testing"

	"github.com/actiontrail/actiontrail/internal/realtest"
)

// On a disk without a byte left the server starts again, and purging makes the
// room that the next batch needs: no reserve has to be kept for that.
func TestPurgeOnAFullDisk(t *testing.T) {
	dir := realtest.SmallDisk(t, "48m")
	server, conn, publish := filling(t, dir, 96<<20)
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
	realtest.Until(t, realtest.Patience, "the stream to be there again", func() bool {
		state, err := conn.State(t.Context())
		return err == nil && state.Messages == n
	})
	if err := conn.Purge(t.Context(), subject, n/2); err != nil {
		t.Fatalf("a purge on a full disk: %v", err)
	}
	realtest.Until(t, realtest.Patience, "a publish into the room that the purge has made", func() bool { return publish(int(n)) == nil })
	if !server.Healthy() {
		t.Error("the server is not healthy")
	}
}
