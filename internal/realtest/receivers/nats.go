package receivers

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/actiontrail/actiontrail/internal/realtest"
)

// NATSStream is a stream of JetStream on a server elsewhere.
type NATSStream struct {
	name string
	js   jetstream.JetStream
}

// MakeNATSStream makes a stream that takes subjects.
func MakeNATSStream(t testing.TB, addr, name string, subjects ...string) *NATSStream {
	t.Helper()
	conn, err := nats.Connect("nats://"+addr, nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err == nil {
		_, err = js.CreateStream(t.Context(), jetstream.StreamConfig{Name: name, Subjects: subjects, Duplicates: 100 * time.Millisecond}) // so that it hardly helps
	}
	if err != nil {
		t.Fatal(err)
	}
	return &NATSStream{name, js}
}

// Messages are the bodies of all that it has.
func (s *NATSStream) Messages() (all [][]byte, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), realtest.Patience)
	defer cancel()
	stream, err := s.js.Stream(ctx, s.name)
	if err != nil {
		return nil, err
	}
	consumer, err := stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{})
	if err != nil {
		return nil, err
	}
	for left := stream.CachedInfo().State.Msgs; left > 0; left-- {
		m, err := consumer.Next()
		if err != nil {
			return nil, err
		}
		all = append(all, m.Data())
	}
	return all, nil
}
