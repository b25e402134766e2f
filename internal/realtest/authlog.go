package realtest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Authlog is a syslog daemon for programs that it starts itself: each runs in a mount
// namespace of its own, in which /dev/log is the daemon's. Making that needs root.
type Authlog struct {
	dir   string
	setup string
	mu    sync.Mutex
	lines []string
}

// StartAuthlog runs until the test ends. programs are those that have to be here.
func StartAuthlog(t *testing.T, programs ...string) *Authlog {
	t.Helper()
	var err error
	for _, name := range append(programs, "unshare") {
		if _, e := exec.LookPath(name); e != nil {
			err = e
		}
	}
	if err == nil && os.Getuid() != 0 {
		err = errors.New("a mount namespace needs root")
	}
	Part(t, strings.Join(programs, ", "), err)
	a := &Authlog{dir: t.TempDir()}
	for d := a.dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) { // sshd's unprivileged half and other users look into it
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	socket := filepath.Join(a.dir, "log")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := os.Chmod(socket, 0o666); err != nil {
		t.Fatal(err)
	}
	a.setup = configured(t, a.dir, "setup", fmt.Sprintf(`
set -e
d=%[1]s/dev
mkdir -p $d /run/sshd
mount -t tmpfs tmpfs $d
for n in null zero full random urandom tty; do touch $d/$n; mount --bind /dev/$n $d/$n; done
mkdir $d/pts $d/shm
mount --bind /dev/pts $d/pts
ln -s pts/ptmx $d/ptmx
ln -s /proc/self/fd $d/fd
ln -s %[1]s/log $d/log
mount --rbind $d /dev
exec "$@"
`, a.dir))
	go a.receive(conn)
	return a
}

// receive keeps what programs write. As syslog daemons do, it takes the priority off
// and puts the host's name in.
func (a *Authlog) receive(conn *net.UnixConn) {
	b := make([]byte, 64<<10)
	for {
		n, err := conn.Read(b)
		if err != nil {
			return // the test has ended
		}
		_, text, _ := strings.Cut(strings.TrimRight(string(b[:n]), "\x00\n"), ">")
		const stamp = len("Nov 21 01:26:57 ")
		if len(text) < stamp {
			continue
		}
		a.mu.Lock()
		a.lines = append(a.lines, text[:stamp]+"host-1 "+text[stamp:])
		a.mu.Unlock()
	}
}

// Lines are those of this program that came until now.
func (a *Authlog) Lines(program string) (lines []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, line := range a.lines {
		if rest := line[strings.Index(line, "host-1 ")+len("host-1 "):]; strings.HasPrefix(rest, program+":") || strings.HasPrefix(rest, program+"[") {
			lines = append(lines, line)
		}
	}
	return lines
}

// Run runs a program to its end, and tells whether it succeeded.
func (a *Authlog) Run(t *testing.T, args ...string) bool {
	t.Helper()
	cmd := exec.Command("unshare", append([]string{"--mount", "sh", a.setup}, args...)...)
	cmd.Dir = "/"
	out, err := cmd.CombinedOutput()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		t.Fatalf("%v: %s", err, out)
	}
	t.Logf("%s: %v %s", args, err, out)
	return err == nil
}

// SSHD is an OpenSSH server of Debian that lets root in with a key, by way of PAM.
type SSHD struct {
	*Process
	host, port, key, askpass string
}

// SSHD starts one that writes to a.
func (a *Authlog) SSHD(t *testing.T) *SSHD {
	t.Helper()
	addr := FreeAddr(t)
	host, port, _ := net.SplitHostPort(addr)
	s := &SSHD{host: host, port: port, key: filepath.Join(a.dir, "key"), askpass: filepath.Join(a.dir, "askpass")}
	for _, name := range []string{"key", "host"} {
		if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(a.dir, name)).CombinedOutput(); err != nil {
			t.Fatalf("ssh-keygen: %v: %s", err, out)
		}
	}
	if err := os.WriteFile(s.askpass, []byte("#!/bin/sh\necho a-wrong-password\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	conf := configured(t, a.dir, "sshd.conf", fmt.Sprintf(`
ListenAddress %s
Port %s
HostKey %s/host
AuthorizedKeysFile %s.pub
StrictModes no
PermitRootLogin yes
UsePAM yes
PidFile none
KbdInteractiveAuthentication no
PasswordAuthentication yes
UseDNS no
`, host, port, a.dir, s.key))
	sshd, err := exec.LookPath("sshd")
	if err != nil {
		t.Fatal(err)
	}
	s.Process = Start(t, nil, "unshare", "--mount", "sh", a.setup, sshd, "-D", "-f", conf)
	listens(t, addr)
	return s
}

// Login signs in: with the key that is known, or with a wrong password. It tells
// whether the server let it in.
func (s *SSHD) Login(t *testing.T, user string, byKey bool) bool {
	t.Helper()
	args := []string{"-q", "-F", "none", "-p", s.port, "-l", user, "-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no"}
	if byKey {
		args = append(args, "-i", s.key, "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes")
	} else {
		args = append(args, "-o", "PubkeyAuthentication=no", "-o", "NumberOfPasswordPrompts=1")
	}
	cmd := exec.Command("ssh", append(args, s.host, "true")...)
	cmd.Env = append(os.Environ(), "SSH_ASKPASS="+s.askpass, "SSH_ASKPASS_REQUIRE=force", "SSH_AUTH_SOCK=")
	out, err := cmd.CombinedOutput()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		t.Fatalf("ssh: %v: %s", err, out)
	}
	return err == nil
}
