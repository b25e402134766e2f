package bus_test

import (
	"errors"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/internal/realtest"
)

type heard struct{ account, agent, report string }

// hear gives what a connection hears.
func hear(t *testing.T, c *bus.Conn) <-chan heard {
	t.Helper()
	all := make(chan heard, 100)
	stop, err := c.HearReports(func(account, agent string, report []byte) { all <- heard{account, agent, string(report)} })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return all
}

func next(t *testing.T, all <-chan heard) heard {
	t.Helper()
	select {
	case h := <-all:
		return h
	case <-time.After(realtest.Patience):
		t.Fatal("no report came")
		return heard{}
	}
}

// Reports go around the stream to whoever listens, each under its own name.
func TestReportsAreHeard(t *testing.T) {
	_, c := start(t, t.TempDir(), "")
	ensure(t, c, bus.StreamConfig{})
	all := hear(t, c)
	for _, want := range []heard{{"prod", "gw-1", "a"}, {"prod", "gw-2", "b"}, {"test", "gw-1", "c"}} {
		if err := c.SendReport(t.Context(), want.account, want.agent, []byte(want.report)); err != nil {
			t.Fatal(err)
		}
		if got := next(t, all); got != want {
			t.Errorf("heard %v, want %v", got, want)
		}
	}
	if s, err := c.State(t.Context()); err != nil || s.Messages != 0 {
		t.Errorf("the stream holds %d messages, %v: want none", s.Messages, err)
	}
	if err := c.SendReport(t.Context(), "prod", "gw.1", nil); err == nil {
		t.Error("a name of two parts is sent")
	}
}

// Without a server a report fails at once; when it is back, both sides go on by themselves.
func TestReportsSurviveTheServer(t *testing.T) {
	s, c := start(t, t.TempDir(), "127.0.0.1:0")
	all := hear(t, c)
	login := s.Login()
	sender, err := bus.Connect(bus.Config{Name: "sender", Servers: []string{"nats://" + s.Addr()}, Login: &login})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sender.Close)
	s.Close()
	realtest.Until(t, realtest.Patience, "the connection to break", func() bool { return !sender.Connected() })
	if err := sender.SendReport(t.Context(), "prod", "gw-1", []byte("lost")); !errors.Is(err, bus.ErrConnected) {
		t.Errorf("without a server: %v", err)
	}
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	realtest.Until(t, realtest.Patience, "both connections", func() bool { return sender.Connected() && c.Connected() })
	realtest.Until(t, realtest.Patience, "a report to be heard again", func() bool {
		if err := sender.SendReport(t.Context(), "prod", "gw-1", []byte("back")); err != nil {
			return false
		}
		select {
		case got := <-all:
			return got == heard{"prod", "gw-1", "back"}
		default:
			return false
		}
	})
}

// What the server has when the hearing stops is heard, and nothing after that.
func TestHearingEnds(t *testing.T) {
	s, c := start(t, t.TempDir(), "")
	sender, err := bus.Connect(bus.Config{Name: "sender", Server: s})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sender.Close)
	n := 0 // of one goroutine at a time, and none when the hearing has stopped
	stop, err := c.HearReports(func(string, string, []byte) { n++ })
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SendReport(t.Context(), "prod", "gw-1", nil); err != nil { // the server knows the subscription by then
		t.Fatal(err)
	}
	const reports = 100
	for range reports {
		if err := sender.SendReport(t.Context(), "prod", "gw-1", nil); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	if n != reports+1 {
		t.Errorf("%d reports heard of %d", n, reports+1)
	}
	if err := sender.SendReport(t.Context(), "prod", "gw-1", nil); err != nil {
		t.Fatal(err)
	}
	stop() // again does nothing
	if n != reports+1 {
		t.Error("a report is heard after the end")
	}
}
