package bus

import (
	"errors"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/actiontrail/actiontrail/internal/realtest"
)

// What is told is in the stream of a receiver once, and an error while there is none.
func TestTell(t *testing.T) {
	addr, _ := realtest.StartNATS(t)
	c, err := Connect(Config{Name: "test", Servers: []string{"nats://" + addr}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	realtest.Until(t, realtest.Patience, "a connection", c.Connected)
	if err := c.Tell(t.Context(), "audit.objects", "1", []byte("a")); !errors.Is(err, ErrNobody) {
		t.Fatalf("without a stream it gives %v", err)
	}
	s, err := c.js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "AUDIT", Subjects: []string{"audit.>"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"1", "2", "2", "1", "3"} {
		if err := c.Tell(t.Context(), "audit.objects", id, []byte("body "+id)); err != nil {
			t.Fatal(err)
		}
	}
	info, err := s.Info(t.Context())
	if err != nil || info.State.Msgs != 3 {
		t.Fatalf("the stream has %+v, %v", info.State, err)
	}
	for seq, want := range map[uint64]string{1: "body 1", 2: "body 2", 3: "body 3"} {
		m, err := s.GetMsg(t.Context(), seq)
		if err != nil || string(m.Data) != want || m.Header.Get("Nats-Msg-Id") != want[5:] {
			t.Errorf("message %d is %+v, %v", seq, m, err)
		}
	}
	for _, subject := range []string{"", "a b", "a.*", "a.>", "events.prod.x.y", "agents.a.b", "$JS.API.INFO", "_INBOX.x", ".a", "a.", "a..b", "recover.x"} {
		if err := c.Tell(t.Context(), subject, "1", nil); err == nil || errors.Is(err, ErrNobody) {
			t.Errorf("the subject %q gives %v", subject, err)
		}
	}
}
