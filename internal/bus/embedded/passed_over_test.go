package embedded_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/internal/bus/embedded"
)

// opened is a server in a folder, and a connection to its stream.
func opened(t *testing.T, dir string, cfg bus.StreamConfig) (*embedded.Server, *bus.Conn) {
	t.Helper()
	server, err := embedded.Start(embedded.Config{Dir: dir, MaxBytes: cfg.MaxBytes})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	conn, err := bus.Connect(bus.Config{Name: "test", Server: server})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	if err := conn.EnsureStream(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	return server, conn
}

// readTo is the stream for followers who have read up to position.
func readTo(position uint64) bus.StreamConfig {
	return bus.StreamConfig{MaxBytes: 8 << 20, FirstSeq: position + 1}
}

// stored publishes a batch and tells its seq.
func stored(t *testing.T, conn *bus.Conn, id string) uint64 {
	t.Helper()
	seq, _, err := conn.Publish(t.Context(), subject, id, []byte(id))
	if err != nil {
		t.Fatal(err)
	}
	return seq
}

// A server that was killed between the two files which say what a stream is like does
// not recover it. The batches in it are still there, for those who have yet to read them.
func TestStreamPassedOver(t *testing.T) {
	for what, spoil := range map[string]func(sum string) error{
		"no checksum":         os.Remove,
		"checksum of another": func(sum string) error { return os.WriteFile(sum, []byte("0000000000000000"), 0o600) },
	} {
		t.Run(what, func(t *testing.T) {
			dir := t.TempDir()
			server, conn := opened(t, dir, readTo(0))
			for _, id := range []string{"1", "2", "3"} {
				stored(t, conn, id)
			}
			for range 2 { // after the first time it is recovered as any other
				server.Close()
				if what != "" {
					if err := spoil(filepath.Join(dir, "jetstream", "CORE", "streams", bus.StreamName, "meta.sum")); err != nil {
						t.Fatal(err)
					}
					what = ""
				}
				server, conn = opened(t, dir, readTo(3)) // as far as the index has read
				if m, err := conn.Next(t.Context(), subject, 1); err != nil || m.Seq != 1 || string(m.Data) != "1" {
					t.Fatalf("the first batch is %+v, %v", m, err)
				}
				if state, err := conn.State(t.Context()); err != nil || state.LastSeq != 3 || state.Messages != 3 {
					t.Fatalf("the stream is %+v, %v", state, err)
				}
			}
			if seq := stored(t, conn, "4"); seq != 4 {
				t.Errorf("the next batch has seq %d", seq)
			}
		})
	}
}

// A store that was lost and made anew begins above all positions, also when the
// server is killed before anything is stored in it.
func TestEmptyStreamKeepsItsPlace(t *testing.T) {
	dir := t.TempDir()
	server, _ := opened(t, dir, readTo(500))
	server.Close()
	server, conn := opened(t, dir, readTo(500))
	if seq := stored(t, conn, "1"); seq != 501 {
		t.Errorf("the first batch has seq %d, want 501", seq)
	}
	server.Close()
	_, conn = opened(t, dir, readTo(0))
	if m, err := conn.Next(context.Background(), subject, 1); err != nil || m.Seq != 501 {
		t.Errorf("%+v, %v", m, err)
	}
}
