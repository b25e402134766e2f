package host

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"sync"
	"syscall"

	"github.com/hashicorp/go-plugin/runner"
)

// child is the process of a plugin, as go-plugin starts it. It has a process group
// of its own, so that what it starts itself is ended with it and the signals of a
// terminal are the agent's alone; and the kernel ends it when the agent is gone.
type child struct {
	cmd            *exec.Cmd
	stdout, stderr io.ReadCloser

	mu       sync.Mutex
	pid      int  // 0: not started
	unwanted bool // it was ended before it could start
	gone     bool // it has ended, and its number may be another's
}

var _ runner.Runner = (*child)(nil)

// prepare takes the command with the environment that go-plugin has made for it.
func (c *child) prepare(cmd *exec.Cmd) (err error) {
	cmd.Stdin = nil
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if c.stdout, err = cmd.StdoutPipe(); err != nil {
		return err
	}
	c.stderr, err = cmd.StderrPipe()
	c.cmd = cmd
	return err
}

func (c *child) Start(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.unwanted {
		return context.Canceled
	}
	if err := c.cmd.Start(); err != nil {
		return err
	}
	c.pid = c.cmd.Process.Pid
	return nil
}

func (c *child) Wait(context.Context) error {
	err := c.cmd.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone = true
	return err
}

// kill ends the process and all that it started, at once.
func (c *child) kill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.pid == 0:
		c.unwanted = true
	case !c.gone:
		_ = syscall.Kill(-c.pid, syscall.SIGKILL) // that it has ended meanwhile is as well
	}
}

func (c *child) Kill(context.Context) error {
	c.kill()
	return nil
}

func (c *child) number() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pid
}

func (c *child) ID() string            { return strconv.Itoa(c.number()) }
func (c *child) Name() string          { return c.cmd.Path }
func (c *child) Stdout() io.ReadCloser { return c.stdout }
func (c *child) Stderr() io.ReadCloser { return c.stderr }

func (c *child) Diagnose(context.Context) string {
	return fmt.Sprintf("%s is no plugin, or one that was built for another machine: started as a plugin it must first write one line with its address to standard output", c.cmd.Path)
}

func (c *child) PluginToHost(network, address string) (string, string, error) {
	return network, address, nil
}

func (c *child) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}
