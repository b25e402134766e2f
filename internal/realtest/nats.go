package realtest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// StartNATS builds the nats-server of this module's go.mod and runs it as a
// process of its own, with JetStream and sync_interval: always. It includes these
// files in its configuration.
func StartNATS(t testing.TB, include ...string) (addr string, p *Process) {
	t.Helper()
	dir := t.TempDir()
	binary := filepath.Join(dir, "nats-server")
	build := exec.Command("go", "build", "-o", binary, "github.com/nats-io/nats-server/v2")
	out, err := build.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, out)
	}
	Part(t, "nats-server", err)
	addr = FreeAddr(t)
	conf := fmt.Sprintf("listen: %s\nmax_payload: 8MB\njetstream { store_dir: %q, sync_interval: always, max_file_store: 4GB }\n", addr, filepath.Join(dir, "store"))
	for _, name := range include {
		relative, err := filepath.Rel(dir, name) // the server takes no other path
		if err != nil {
			t.Fatal(err)
		}
		conf += fmt.Sprintf("include %q\n", relative)
	}
	file := filepath.Join(dir, "nats.conf")
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	p = Start(t, nil, binary, "-c", file)
	Until(t, 20*time.Second, "nats-server to listen", func() bool {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return addr, p
}
