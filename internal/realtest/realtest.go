// Package realtest starts the real parts that tests run against: nginx, HAProxy, an
// external NATS server, a store that speaks S3, Loki, an OpenTelemetry collector, sshd, PostgreSQL, and programs of this module. A part that is not on the
// machine skips the test, unless REAL=all is set, as it is in make check: there
// it fails the test. Each part prints a line, which make check collects.
package realtest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Part tells that a real part runs, or skips the test when it is absent.
func Part(t testing.TB, name string, err error) {
	t.Helper()
	if err == nil {
		fmt.Printf("real part: %s ran\n", name)
		return
	}
	fmt.Printf("real part: %s absent\n", name)
	if os.Getenv("REAL") == "all" {
		t.Fatalf("%s is not here, and REAL=all asks for it: %v; make deps installs it", name, err)
	}
	t.Skipf("%s is not here: %v; make deps installs it", name, err)
}

// Patience is how long a test waits for what takes a moment: so long that it only
// ends a test that hangs, on the busiest machine.
const Patience = 3 * time.Minute

// Until waits for a condition that a process outside of this one brings about.
func Until(t testing.TB, patience time.Duration, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("waited %s in vain for %s", patience, what)
		case <-tick.C:
		}
	}
}

// FreeAddr is a loopback address that nobody listens on now.
func FreeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// Process is a program that runs beside the test. Its output goes to a file, which is printed when the test fails.
type Process struct {
	t    testing.TB
	cmd  *exec.Cmd
	args []string
	env  []string
	out  string
	done chan error
}

// Start runs a program until the test ends.
func Start(t testing.TB, env []string, args ...string) *Process {
	t.Helper()
	p := &Process{t: t, args: args, env: env, out: filepath.Join(t.TempDir(), "output")}
	p.Again()
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			if b, err := os.ReadFile(p.out); err == nil {
				t.Logf("%s:\n%s", strings.Join(p.args, " "), b[max(0, len(b)-8000):])
			}
		}
	})
	return p
}

// Again starts the program anew, after it has ended.
func (p *Process) Again() {
	p.t.Helper()
	f, err := os.OpenFile(p.out, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		p.t.Fatal(err)
	}
	defer f.Close()
	p.cmd = exec.Command(p.args[0], p.args[1:]...)
	p.cmd.Env = append(os.Environ(), p.env...)
	p.cmd.Stdout, p.cmd.Stderr = f, f
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	done, cmd := make(chan error, 1), p.cmd
	p.done = done
	go func() { done <- cmd.Wait() }()
}

// Kill ends the program at once, as kill -9 does, and waits until it is gone.
func (p *Process) Kill() {
	p.Signal(syscall.SIGKILL)
	p.Wait()
}

// Output is what the program has written so far, from all its starts.
func (p *Process) Output() string {
	b, err := os.ReadFile(p.out)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(b)
}

// Signal sends a signal; to a program that has ended it does nothing.
func (p *Process) Signal(s syscall.Signal) { p.cmd.Process.Signal(s) }

// Wait waits for the end of the program, and gives its exit status as an error.
func (p *Process) Wait() error {
	err := <-p.done
	p.done <- err
	return err
}

// Ended tells whether the program has ended, and with what.
func (p *Process) Ended() (bool, error) {
	select {
	case err := <-p.done:
		p.done <- err
		return true, err
	default:
		return false, nil
	}
}
