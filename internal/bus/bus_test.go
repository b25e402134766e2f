package bus_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/internal/bus/embedded"
	"github.com/actiontrail/actiontrail/internal/realtest"
)

const subject = "events.prod.gw-1.edge"

// start runs an embedded server on a folder and a connection to it.
func start(t *testing.T, dir string, listen string) (*embedded.Server, *bus.Conn) {
	t.Helper()
	s, err := embedded.Start(embedded.Config{Dir: dir, Listen: listen, MaxBytes: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	c, err := bus.Connect(bus.Config{Name: "test", Server: s})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return s, c
}

func ensure(t *testing.T, c *bus.Conn, cfg bus.StreamConfig) {
	t.Helper()
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = 32 << 20
	}
	if err := c.EnsureStream(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
}

func publish(t *testing.T, c *bus.Conn, to string, from, n int) {
	t.Helper()
	for i := from; i < from+n; i++ {
		if _, _, err := c.Publish(t.Context(), to, fmt.Sprint(to, "/", i), []byte(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
}

// collect reads n messages of a follower.
func collect(t *testing.T, f *bus.Follower, n int) (got []bus.Message) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for len(got) < n {
		m, err := f.Next(ctx)
		if err != nil {
			t.Fatalf("after %d of %d: %v", len(got), n, err)
		}
		got = append(got, m...)
	}
	return got
}

func TestPublishFollowRestart(t *testing.T) {
	dir := t.TempDir()
	s, c := start(t, dir, "")
	if _, _, err := c.Publish(t.Context(), subject, "x", nil); !errors.Is(err, bus.ErrNoStream) {
		t.Errorf("publish without a stream: %v, want bus.ErrNoStream", err)
	}
	ensure(t, c, bus.StreamConfig{})
	publish(t, c, subject, 1, 100)
	if _, again, err := c.Publish(t.Context(), subject, subject+"/100", []byte("100")); err != nil || !again {
		t.Errorf("second publish of an id: duplicate %v, %v", again, err)
	}
	for i, m := range collect(t, c.Follow(0), 100) {
		if m.Seq != uint64(i+1) || string(m.Data) != fmt.Sprint(i+1) || m.Subject != subject || m.Stored.IsZero() {
			t.Fatalf("message %d: seq %d %q %s", i, m.Seq, m.Data, m.Subject)
		}
	}
	c.Close()
	s.Close()
	_, c = start(t, dir, "")
	ensure(t, c, bus.StreamConfig{})
	if got := collect(t, c.Follow(60), 40); got[0].Seq != 61 {
		t.Errorf("after a restart the follower begins at %d, want 61", got[0].Seq)
	}
}

// A follower asked with deadlines all the time, as its flush needs, misses nothing and doubles nothing.
func TestFollowWithShortWaits(t *testing.T) {
	_, c := start(t, t.TempDir(), "")
	ensure(t, c, bus.StreamConfig{})
	const n = 300
	done := make(chan error, 1)
	go func() {
		for i := range n {
			if _, _, err := c.Publish(t.Context(), subject, fmt.Sprint(i), []byte(fmt.Sprint(i))); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	f := c.Follow(0)
	var got []bus.Message
	deadline := time.Now().Add(20 * time.Second)
	for len(got) < n && time.Now().Before(deadline) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		m, err := f.Next(ctx)
		cancel()
		if err != nil && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, bus.ErrHole) {
			t.Fatal(err)
		}
		got = append(got, m...)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if len(got) != n {
		t.Fatalf("%d messages, want %d", len(got), n)
	}
	for i, m := range got {
		if m.Seq != uint64(i+1) {
			t.Fatalf("message %d has seq %d", i, m.Seq)
		}
	}
}

func TestFollowerSurvivesTheServer(t *testing.T) {
	dir := t.TempDir()
	s, err := embedded.Start(embedded.Config{Dir: dir, Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	login := s.Login()
	c, err := bus.Connect(bus.Config{Name: "test", Servers: []string{"nats://" + s.Addr()}, Login: &login})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	waitFor(t, c.Connected)
	ensure(t, c, bus.StreamConfig{})
	publish(t, c, subject, 1, 10)
	f := c.Follow(0)
	collect(t, f, 10)
	s.Close()
	waitFor(t, func() bool { return !c.Connected() })
	if _, _, err := c.Publish(t.Context(), subject, "11", nil); !errors.Is(err, bus.ErrConnected) {
		t.Errorf("publish without a server: %v, want bus.ErrConnected", err)
	}
	if _, err := f.Next(t.Context()); !errors.Is(err, bus.ErrConnected) {
		t.Errorf("next without a server: %v, want bus.ErrConnected", err)
	}
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, c.Connected)
	publish(t, c, subject, 11, 10)
	if got := collect(t, f, 10); got[0].Seq != 11 {
		t.Errorf("goes on at seq %d, want 11", got[0].Seq)
	}
}

func TestLastNextPurge(t *testing.T) {
	_, c := start(t, t.TempDir(), "")
	ensure(t, c, bus.StreamConfig{})
	if _, err := c.Last(t.Context(), subject); !errors.Is(err, bus.ErrNone) {
		t.Errorf("last of an empty subject: %v, want bus.ErrNone", err)
	}
	publish(t, c, subject, 1, 5)
	publish(t, c, "events.prod.gw-2.edge", 1, 5)
	last, err := c.Last(t.Context(), subject)
	if err != nil || last.Seq != 5 || string(last.Data) != "5" {
		t.Fatalf("last: seq %d %q, %v", last.Seq, last.Data, err)
	}
	next, err := c.Next(t.Context(), "events.prod.gw-2.edge", 1)
	if err != nil || next.Seq != 6 {
		t.Fatalf("next of the other subject: seq %d, %v", next.Seq, err)
	}
	if err := c.Purge(t.Context(), subject, 5); err != nil {
		t.Fatal(err)
	}
	subjects, err := c.Subjects(t.Context())
	if err != nil || subjects[subject] != 1 || subjects["events.prod.gw-2.edge"] != 5 {
		t.Errorf("after the purge: %v, %v", subjects, err)
	}
	if last, err = c.Last(t.Context(), subject); err != nil || last.Seq != 5 {
		t.Errorf("the purge took the subject's last batch: seq %d, %v", last.Seq, err)
	}
}

func TestFullStreamPushesBack(t *testing.T) {
	_, c := start(t, t.TempDir(), "")
	ensure(t, c, bus.StreamConfig{MaxBytes: 1 << 20})
	big := bytes.Repeat([]byte("x"), 300<<10)
	var err error
	sent := 0
	for ; sent < 10 && err == nil; sent++ {
		_, _, err = c.Publish(t.Context(), subject, fmt.Sprint(sent), big)
	}
	if !errors.Is(err, bus.ErrFull) {
		t.Fatalf("after %d messages: %v, want bus.ErrFull", sent, err)
	}
	if err := c.Purge(t.Context(), subject, 3); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Publish(t.Context(), subject, fmt.Sprint(sent-1), big); err != nil {
		t.Errorf("the refused batch after a purge: %v", err)
	}
}

// A store that was lost and made anew begins above every follower's position.
func TestNewStreamBeginsAbovePositions(t *testing.T) {
	_, c := start(t, t.TempDir(), "")
	ensure(t, c, bus.StreamConfig{FirstSeq: 501})
	publish(t, c, subject, 1, 1)
	if got := collect(t, c.Follow(500), 1); got[0].Seq != 501 {
		t.Errorf("first seq %d, want 501", got[0].Seq)
	}
	ensure(t, c, bus.StreamConfig{FirstSeq: 9}) // an existing stream keeps its numbers
}

// Who is killed while it makes the stream goes on with that at its next start.
func TestStreamHalfMade(t *testing.T) {
	_, c := start(t, t.TempDir(), "")
	if err := c.MakeClosed(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Publish(t.Context(), subject, "1", []byte("1")); err == nil {
		t.Error("a stream that is not open took a batch")
	}
	ensure(t, c, bus.StreamConfig{FirstSeq: 501})
	publish(t, c, subject, 1, 1)
	if got := collect(t, c.Follow(500), 1); got[0].Seq != 501 {
		t.Errorf("first seq %d, want 501", got[0].Seq)
	}
}

func TestSubject(t *testing.T) {
	if _, err := bus.Subject("prod", "gw.1", "edge"); err == nil {
		t.Error("a dot in a name was taken")
	}
	s, err := bus.Subject("prod", "gw-1", "edge")
	if err != nil || s != subject {
		t.Errorf("%q, %v", s, err)
	}
	if a, g, n, ok := bus.SplitSubject(s); !ok || a != "prod" || g != "gw-1" || n != "edge" {
		t.Error(a, g, n, ok)
	}
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(realtest.Patience)
	for !ok() {
		select {
		case <-deadline:
			t.Fatal("waited in vain")
		case <-tick.C:
		}
	}
}

// NATS gives its store up when the disk is full. Once there is room the server is
// started again, and clients in this process come back to it by themselves.
func TestClientsSurviveARestartInProcess(t *testing.T) {
	s, c := start(t, t.TempDir(), "127.0.0.1:0")
	ensure(t, c, bus.StreamConfig{})
	publish(t, c, subject, 1, 3)
	addr := s.Addr()
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	if !s.Healthy() || s.Addr() != addr {
		t.Errorf("healthy %v at %s, was at %s", s.Healthy(), s.Addr(), addr)
	}
	waitFor(t, func() bool {
		_, _, err := c.Publish(t.Context(), subject, "4", []byte("4"))
		return err == nil
	})
	if got := collect(t, c.Follow(0), 4); string(got[3].Data) != "4" {
		t.Errorf("last message is %q", got[3].Data)
	}
	s.Close()
	if s.Healthy() {
		t.Error("healthy after Close")
	}
}

func TestStreamLargerThanTheServer(t *testing.T) {
	_, c := start(t, t.TempDir(), "")
	err := c.EnsureStream(t.Context(), bus.StreamConfig{MaxBytes: 1 << 40})
	if !errors.Is(err, bus.ErrNoRoom) {
		t.Errorf("error is %v", err)
	}
}
