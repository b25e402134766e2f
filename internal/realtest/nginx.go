package realtest

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Nginx is a real nginx that answers every request with 200 and writes a JSON access log.
type Nginx struct {
	Addr string
	Log  string // path of the access log; rotated ones have .1, .2, … behind it
	proc *Process
	next int
}

// StartNginx starts nginx; logOptions stand behind the format of access_log, as "buffer=64k flush=1s".
func StartNginx(t *testing.T, logOptions string) *Nginx {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	n := &Nginx{Addr: FreeAddr(t), Log: filepath.Join(dir, "access.log")}
	n.proc = startNginx(t, dir, 2, n.Addr, fmt.Sprintf(`
  log_format audit escape=json '{"time_iso8601":"$time_iso8601","msec":"$msec","remote_addr":"$remote_addr","remote_user":"$remote_user",'
    '"request_id":"$request_id","request_method":"$request_method","host":"$host","request_uri":"$request_uri","status":$status,'
    '"body_bytes_sent":$body_bytes_sent,"request_length":$request_length,"request_time":$request_time,"http_user_agent":"$http_user_agent","http_referer":"$http_referer"}';
  access_log %s audit %s;
  keepalive_requests 1000000;
  server { listen %s; location / { return 200 "ok\n"; } }
`, n.Log, logOptions, n.Addr))
	return n
}

// Rotate renames the log and has nginx open a new one, as logrotate does: until
// the workers have heard it they write to the renamed file.
func (n *Nginx) Rotate(t *testing.T) {
	t.Helper()
	n.next++
	if err := os.Rename(n.Log, fmt.Sprint(n.Log, ".", n.next)); err != nil {
		t.Fatal(err)
	}
	n.proc.Signal(syscall.SIGUSR1)
	Until(t, 10*time.Second, "nginx to open a new log", func() bool { _, err := os.Stat(n.Log); return err == nil })
}

// Quit ends nginx after it has written what it had buffered.
func (n *Nginx) Quit(t *testing.T) {
	t.Helper()
	n.proc.Signal(syscall.SIGQUIT)
	if err := n.proc.Wait(); err != nil {
		t.Fatalf("nginx: %v", err)
	}
}

// Files are the log and the rotated ones.
func (n *Nginx) Files(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(n.Log + "*")
	if err != nil {
		t.Fatal(err)
	}
	return files
}
