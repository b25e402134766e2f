package host

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/plugins"
)

func TestChecksum(t *testing.T) {
	t.Parallel()
	p := program(t, testConfig{})
	p.Command = []string{copyOf(t, p.Command[0])}
	sum, err := sumOf(p.Command[0])
	if err != nil {
		t.Fatal(err)
	}
	p.SHA256 = sum
	if err := NewSource(p).Check(t.Context()); err != nil {
		t.Errorf("the right sum: %v", err)
	}
	if err := os.WriteFile(p.Command[0], []byte("#!/bin/sh\ntouch "+filepath.Join(t.TempDir(), "started")), 0o700); err != nil {
		t.Fatal(err)
	}
	wrong := (*ChecksumError)(nil)
	if err := NewSource(p).Open(t.Context(), nil); !errors.As(err, &wrong) || wrong.Want != sum || wrong.Is == sum {
		t.Errorf("another file: %v", err)
	}
	p.SHA256 = "abc"
	if err := NewSource(p).Check(t.Context()); err == nil || !strings.Contains(err.Error(), "64 hex digits") {
		t.Errorf("no sum at all: %v", err)
	}
}

func TestProgramsThatAreNoPlugins(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		command []string
		says    string
	}{
		{nil, "no command"},
		{[]string{"./not-there"}, "no such file"},
		{[]string{"true"}, "is no plugin"},
		{[]string{"sh", "-c", "echo the disk is on fire >&2; exit 1"}, "the disk is on fire"},
		{[]string{"sh", "-c", "echo '1|2|unix|/nowhere|grpc|'; exec sleep 60"}, "version"},
		{[]string{"sh", "-c", "echo '1|1|unix|/nowhere|grpc|'; exec sleep 60"}, "nowhere"},
	} {
		p := program(t, testConfig{})
		p.Command = c.command
		err := NewSource(p).Open(t.Context(), nil)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: %v", c.command, err)
		}
	}
}

func TestMistakesInTheConfiguration(t *testing.T) {
	t.Parallel()
	p := program(t, testConfig{})
	p.Config = []byte(`{"count":"many","colour":"red"}`)
	s := NewSource(p)
	for name, err := range map[string]error{"check": s.Check(t.Context()), "open": s.Open(t.Context(), nil)} {
		wrong := (*plugins.ConfigError)(nil)
		if !errors.As(err, &wrong) {
			t.Fatalf("%s: %v", name, err)
		}
		if len(wrong.Problems) != 2 || !reflect.DeepEqual(wrong.Problems[0].Path, []string{"colour"}) || wrong.Problems[1].Text != "a whole number is needed here, not a string" {
			t.Errorf("%s: %+v", name, wrong.Problems)
		}
	}
}

// What the source itself says is an error of Open and Read, and no reason to start it again.
func TestErrorsOfTheSource(t *testing.T) {
	t.Parallel()
	if err := NewSource(program(t, testConfig{Fails: "open"})).Open(t.Context(), nil); err == nil || err.Error() != "to Open: the door is locked" {
		t.Errorf("open: %v", err)
	}
	for _, c := range []struct {
		config testConfig
		says   string
	}{
		{testConfig{Fails: "read"}, "read: the page is torn"},
		{testConfig{Breaks: "mark"}, "without a mark"},
		{testConfig{Breaks: "id"}, "has no id"},
		{testConfig{Batch: plugins.MaxRecords + 1}, "a batch of 1001 records"},
	} {
		s := NewSource(program(t, c.config))
		if err := s.Open(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		var err error
		for err == nil {
			_, err = s.Read(t.Context())
		}
		if !strings.Contains(err.Error(), c.says) || s.Status().Starts != 1 {
			t.Errorf("%+v: %v, %d starts", c.config, err, s.Status().Starts)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A program that never comes up is tried with patience, and ends with Close.
func TestCrashInOpen(t *testing.T) {
	t.Parallel()
	var log realtest.Logged
	p := program(t, testConfig{Crashes: true})
	p.Log = slog.New(slog.NewTextHandler(&log, nil))
	err := NewSource(p).Open(t.Context(), nil)
	if !errors.Is(err, errGone) {
		t.Errorf("open: %v", err)
	}
	if text := log.String(); !strings.Contains(text, `level=ERROR msg="panic: it was not to be"`) {
		t.Errorf("the log does not tell of the panic:\n%s", text)
	}
}

// Close goes through Committed, and a new process learns what the one before was told.
func TestCommitted(t *testing.T) {
	t.Parallel()
	told := filepath.Join(t.TempDir(), "told")
	s := NewSource(program(t, testConfig{Told: told}))
	if err := s.Open(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	says := func(what string) func() bool {
		return func() bool {
			b, err := os.ReadFile(told)
			return err == nil && strings.Contains(string(b), what)
		}
	}
	if err := s.Committed(t.Context(), plugins.Cursor{{Key: "n", Value: []byte("97")}}); err != nil {
		t.Fatal(err)
	}
	realtest.Until(t, realtest.Patience, "the plugin to be told", says("open 0\ncommitted 97\n"))
	if err := os.Truncate(told, 0); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid(s), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	realtest.Until(t, realtest.Patience, "another process", func() bool {
		ctx, stop := context.WithTimeout(t.Context(), time.Millisecond)
		defer stop()
		if _, err := s.Read(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		return s.Status().Starts == 2
	})
	realtest.Until(t, realtest.Patience, "the next process to be told", says("committed 97\n"))
	if err := s.Committed(t.Context(), plugins.Cursor{{Key: "n", Value: []byte("194")}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if !says("committed 194\nclose\n")() {
		b, _ := os.ReadFile(told)
		t.Errorf("told in the end:\n%s", b)
	}
}

// A process that is stopped gives no sign of life, and does not hold up Close.
func TestFrozenPlugin(t *testing.T) {
	t.Parallel()
	p := program(t, testConfig{})
	p.Patience = time.Second
	started, err := p.start(t.Context())
	if err != nil {
		p.Patience = 20 * time.Second // a busy machine
		if started, err = p.start(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.Patience = time.Second
	}
	if err := started.alive(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(started.child.number(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	realtest.Until(t, realtest.Patience, "it to give no sign of life", func() bool { return started.alive(t.Context()) != nil })
	started.end()
	if !started.child.gone {
		t.Error("it has not gone")
	}
}

// The kernel ends the plugin of an agent that was killed.
func TestOrphan(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	agent := exec.Command(self)
	agent.Env = append(os.Environ(), "HOST_TEST_AGENT=1")
	out, err := agent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := agent.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 32)
	n, err := out.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	plugin, err := strconv.Atoi(strings.TrimSpace(string(line[:n])))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(plugin, 0); err != nil {
		t.Fatalf("the plugin does not run: %v", err)
	}
	if err := agent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, out)
	_ = agent.Wait()
	realtest.Until(t, realtest.Patience, "the plugin to end", func() bool { return ended(plugin) })
}

// ended tells whether a process is gone, or a zombie that nobody waits for.
func ended(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return true
	}
	_, rest, _ := bytes.Cut(stat, []byte(") "))
	return len(rest) > 0 && (rest[0] == 'Z' || rest[0] == 'X')
}

func TestOutput(t *testing.T) {
	var log realtest.Logged
	o := &output{log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))}
	text := `{"time":"2026-01-01T00:00:00Z","level":"WARN","msg":"half full","used":7}` + "\n" +
		`{"@level":"debug","@message":"hello","@timestamp":"x"}` + "\n\nplain\r\n{\"not\": \"a record\"}\n" + strings.Repeat("y", 2*maxOutput) + "\npanic: no\n\tat once\n"
	for len(text) > 0 { // in pieces
		n := min(7, len(text))
		if m, err := io.WriteString(o, text[:n]); m != n || err != nil {
			t.Fatal(m, err)
		}
		text = text[n:]
	}
	want := `level=WARN msg="half full" used=7
level=DEBUG msg=hello
level=INFO msg=plain
level=INFO msg="{\"not\": \"a record\"}"
level=INFO msg=` + strings.Repeat("y", maxOutput) + `
level=ERROR msg="panic: no"
level=ERROR msg="\tat once"
`
	if got := log.String(); got != want {
		t.Errorf("the log is\n%s", got)
	}
	if o.words() != "\tat once" {
		t.Errorf("last words %q", o.words())
	}
}

func TestCloseWithoutOpen(t *testing.T) {
	s := NewSource(program(t, testConfig{}))
	if _, err := s.Read(context.Background()); !errors.Is(err, errNotOpen) {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
