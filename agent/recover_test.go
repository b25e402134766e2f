package agent

import (
	"context"
	"log/slog"
	"testing"

	"github.com/actiontrail/actiontrail/agent/spool"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/internal/wire"
)

// ended is a stream whose subject ends with this message.
type ended struct{ last []byte }

func (s ended) Publish(context.Context, string, string, []byte) (uint64, bool, error) {
	return 0, false, bus.ErrConnected
}
func (s ended) Last(context.Context, string) (bus.Message, error) {
	return bus.Message{Seq: 9, Data: s.last}, nil
}
func (s ended) Next(context.Context, string, uint64) (bus.Message, error) {
	return bus.Message{}, bus.ErrNone
}

func batchOf(t *testing.T, key Key, epoch, number uint64, prev event.Hash, line string) ([]byte, event.Hash) {
	t.Helper()
	e := wire.NewEncoder()
	e.Add(&event.Event{ID: line, Name: line})
	message, hash, err := e.Seal(wire.Header{Lane: event.Lane{Account: "a", Agent: "b", Source: "c", Key: key.Public, Epoch: epoch}, Number: number, Prev: prev,
		Snapshot: true, Cursor: []wire.Mark{{Key: "line", Value: []byte(line)}}}, key)
	if err != nil {
		t.Fatal(err)
	}
	return message, hash
}

// What the stream has is released, what it lacks is sent from the spool and not
// read again, and nothing is sent that is older than what the stream has.
func TestRecoverMeetsTheStream(t *testing.T) {
	key, err := LoadKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	before, beforeHash := batchOf(t, key, 7, 3, event.Hash{}, "3")
	other, _ := batchOf(t, key, 8, 5, event.Hash{1}, "9")
	for name, test := range map[string]struct {
		last    []byte
		machine string
		spooled int // batches after batch 3 of epoch 7
		pending uint64
		line    string
	}{
		"the spool follows the stream":                          {before, "m", 2, 2, "5"},
		"the folder was moved, and follows the stream":          {before, "other", 2, 2, "5"},
		"the folder was moved, and the stream has gone on":      {other, "other", 2, 0, "9"},
		"an epoch was begun after the stream, and has no batch": {before, "m", 0, 0, "3"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := spool.Config{Dir: t.TempDir(), Machine: "m"}
			queue, err := spool.Open(cfg)
			if err != nil {
				t.Fatal(err)
			}
			if err := queue.NewEpoch(spool.Link{Epoch: 7, Number: 3, Hash: beforeHash}, nil); err != nil {
				t.Fatal(err)
			}
			for i := range test.spooled {
				last := queue.Last()
				message, _ := batchOf(t, key, queue.Epoch(), last.Number+1, last.Hash, string(rune('4'+i)))
				if err := queue.Append(message, false); err != nil {
					t.Fatal(err)
				}
			}
			if err := queue.Close(); err != nil {
				t.Fatal(err)
			}
			cfg.Machine = test.machine
			if queue, err = spool.Open(cfg); err != nil {
				t.Fatal(err)
			}
			defer queue.Close()
			lane := &Lane{Account: "a", Agent: "b", Name: "c", Key: key, Stream: ended{test.last}, Log: slog.New(slog.DiscardHandler)}
			at, err := lane.recover(t.Context(), "events.a.b.c", queue)
			if err != nil {
				t.Fatal(err)
			}
			if pending, _ := queue.Pending(); pending != test.pending || string(at.Value("line")) != test.line {
				t.Errorf("%d batches to send, reading on at line %s; want %d and %s", pending, at.Value("line"), test.pending, test.line)
			}
		})
	}
}

// held is a stream that has these messages of the subject, the first under seq 1.
type held [][]byte

func (s held) Publish(context.Context, string, string, []byte) (uint64, bool, error) {
	return 0, false, bus.ErrConnected
}
func (s held) Last(context.Context, string) (bus.Message, error) {
	return bus.Message{Seq: uint64(len(s)), Data: s[len(s)-1]}, nil
}
func (s held) Next(_ context.Context, _ string, seq uint64) (bus.Message, error) {
	if seq > uint64(len(s)) {
		return bus.Message{}, bus.ErrNone
	}
	return bus.Message{Seq: seq, Data: s[seq-1]}, nil
}

// A publish that was given up can arrive late, as the last message of the subject: an
// old batch once more. A spool that has lost its batches goes on behind the newest
// one all the same, and not behind that.
func TestRecoverPassesOverLateResends(t *testing.T) {
	key, err := LoadKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	one, oneHash := batchOf(t, key, 7, 1, event.Hash{}, "1")
	two, twoHash := batchOf(t, key, 7, 2, oneHash, "2")
	three, threeHash := batchOf(t, key, 7, 3, twoHash, "3")
	next, _ := batchOf(t, key, 8, 1, threeHash, "4")
	for name, test := range map[string]struct {
		stream held
		line   string
	}{
		"of this epoch":     {held{one, two, three, two}, "3"},
		"amid the others":   {held{one, two, one, three, one, two}, "3"},
		"of the one before": {held{one, two, three, next, three}, "4"},
	} {
		t.Run(name, func(t *testing.T) {
			queue, err := spool.Open(spool.Config{Dir: t.TempDir(), Machine: "m"})
			if err != nil {
				t.Fatal(err)
			}
			defer queue.Close()
			l := &Lane{Account: "a", Agent: "b", Name: "c", Key: key, Stream: test.stream, Log: slog.New(slog.DiscardHandler)}
			at, err := l.recover(t.Context(), "events.a.b.c", queue)
			if err != nil || string(at.Value("line")) != test.line {
				t.Errorf("goes on after line %s, want %s (%v)", at.Value("line"), test.line, err)
			}
		})
	}
}
