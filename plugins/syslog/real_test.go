package syslog

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/internal/access"
	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/plugins"
)

// The test binary is its own receiver, which can be killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("SYSLOG_RECEIVER"); dir != "" {
		if err := receive(dir, os.Getenv("SYSLOG_ADDR")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// taken is what a receiver keeps of a read, in a line.
type taken struct {
	Records []string
	Offsets []int64
	Next    plugins.Cursor
}

// receive reads, and keeps records and cursor together as the spool of an agent does.
func receive(dir, addr string) error {
	var at plugins.Cursor
	for _, r := range kept(dir) {
		at = at.Merge(r.Next)
	}
	s, err := New(Config{TCP: addr, TLS: &access.TLS{Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}})
	if err != nil {
		return err
	}
	ctx := context.Background()
	if err := s.Open(ctx, at); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(dir, "kept"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	for {
		b, err := s.Read(ctx)
		if err != nil {
			return err
		}
		r := taken{Next: b.Next}
		for _, x := range b.Records {
			r.Records, r.Offsets = append(r.Records, string(x.Data)), append(r.Offsets, x.Pos.Offset)
		}
		text, err := json.Marshal(r)
		if err != nil {
			return err
		}
		if _, err := f.Write(append(text, '\n')); err != nil {
			return err
		}
		if err := f.Sync(); err != nil {
			return err
		}
		at = at.Merge(b.Next)
		if err := s.Committed(ctx, at); err != nil {
			return err
		}
	}
}

// kept is what a receiver has kept; a line that is not whole was never there.
func kept(dir string) (all []taken) {
	text, _ := os.ReadFile(filepath.Join(dir, "kept"))
	lines := bufio.NewScanner(strings.NewReader(string(text)))
	lines.Buffer(nil, 1<<30)
	for lines.Scan() {
		var r taken
		if json.Unmarshal(lines.Bytes(), &r) == nil {
			all = append(all, r)
		}
	}
	return all
}

// Debian's rsyslog sends over TLS while the receiver is killed again and again. What came between is not
// lost: nothing is under way when it is killed, and rsyslog keeps the rest. Of a batch whose connection broke
// it may send what had come once more; syslog has nothing to tell that by.
func TestRsyslog(t *testing.T) {
	authority := realtest.NewAuthority(t)
	dir := t.TempDir()
	cert, key := authority.Sign(t, "receiver", time.Now().Add(time.Hour))
	realtest.Replace(t, dir, "cert.pem", cert)
	realtest.Replace(t, dir, "key.pem", key)
	addr := realtest.FreeAddr(t)
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	log, _ := realtest.StartRsyslog(t, "receiver", host, port, realtest.Replace(t, dir, "ca.pem", authority.PEM))
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	receiver := realtest.Start(t, []string{"SYSLOG_RECEIVER=" + dir, "SYSLOG_ADDR=" + addr}, self)
	f, err := os.OpenFile(log, os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const rounds, lines = 3, 700
	came := func() int {
		lines := map[string]bool{}
		for _, r := range kept(dir) {
			for _, text := range r.Records {
				lines[text[strings.Index(text, "{")+1:]] = true
			}
		}
		return len(lines)
	}
	for round := range rounds {
		var text strings.Builder
		for i := range lines {
			fmt.Fprintf(&text, "{\"round\":%d,\"line\":%d,\"pad\":\"%s\"}\n", round, i, strings.Repeat("x", i%200))
		}
		if _, err := f.WriteString(text.String()); err != nil {
			t.Fatal(err)
		}
		if round > 0 {
			receiver.Again() // rsyslog has waited
		}
		realtest.Until(t, realtest.Patience, "the lines", func() bool { return came() >= (round+1)*lines })
		receiver.Kill()
	}
	times, next := map[string]int{}, int64(0)
	for _, r := range kept(dir) {
		for i, text := range r.Records {
			if r.Offsets[i] != next {
				t.Fatalf("record %d has the number %d", next, r.Offsets[i])
			}
			next++
			if !strings.HasPrefix(text, "<134>1 ") {
				t.Fatalf("%q is not RFC 5424", text)
			}
			times[text[strings.Index(text, "{"):]]++ // more than once where rsyslog sent what was before a break again
		}
	}
	if len(times) != rounds*lines {
		t.Errorf("%d lines came of %d", len(times), rounds*lines)
	}
}
