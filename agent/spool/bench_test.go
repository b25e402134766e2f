package spool

import (
	"math/rand/v2"
	"testing"

	"github.com/nats-io/nkeys"
	"golang.org/x/sys/unix"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/wire"
)

// BenchmarkAppend is what the spool adds to the agent's path: a batch of the size
// of 1,000 events of 80 bytes is sealed, written, synced, taken out again and
// released. It prints the CPU seconds for a million events, fsync included.
func BenchmarkAppend(b *testing.B) {
	key, err := nkeys.CreateUser()
	if err != nil {
		b.Fatal(err)
	}
	public, err := key.PublicKey()
	if err != nil {
		b.Fatal(err)
	}
	s, err := Open(Config{Dir: b.TempDir(), Machine: "m1"})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	const events = 1000
	random := rand.New(rand.NewPCG(1, 2))
	body := make([]byte, 80*events) // does not compress, as a body that is compressed already
	for i := range body {
		body[i] = byte(' ' + random.IntN(90))
	}
	one, encoder := event.Event{ID: "1", Raw: string(body)}, wire.NewEncoder()
	began := cpu(b)
	for b.Loop() {
		last := s.Last()
		encoder.Add(&one)
		message, _, err := encoder.Seal(wire.Header{Lane: event.Lane{Account: "prod", Agent: "gw-1", Source: "edge", Key: public, Epoch: s.Epoch()},
			Number: last.Number + 1, Prev: last.Hash, Snapshot: true, Cursor: []wire.Mark{{Key: "file", Value: make([]byte, 60)}}}, key)
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Append(message, false); err != nil {
			b.Fatal(err)
		}
		if _, err := s.Next(b.Context()); err != nil {
			b.Fatal(err)
		}
		if err := s.Release(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric((cpu(b)-began)/float64(b.N)/events*1e6, "cpu-s/Mevents")
}

func cpu(b *testing.B) float64 {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
}
