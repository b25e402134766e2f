package indextest

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/actiontrail/actiontrail/event"
)

// Lanes makes numbered and chained batches, as a stream would give them.
type Lanes struct {
	seq  uint64
	last map[event.Lane]event.Batch
}

// Batch is the next batch of the agent's lane.
func (l *Lanes) Batch(agent string, events ...event.Event) event.Batch {
	if l.last == nil {
		l.last = map[event.Lane]event.Batch{}
	}
	lane := event.Lane{Account: "A", Agent: agent, Source: "gateway", Key: "U" + agent, Epoch: 7}
	before := l.last[lane]
	l.seq++
	b := event.Batch{Lane: lane, Number: before.Number + 1, Prev: before.Hash, Seq: l.seq, Snapshot: before.Number%5 == 0, Events: events}
	in := binary.BigEndian.AppendUint64(before.Hash[:], b.Number)
	b.Hash = sha256.Sum256(append(in, fmt.Sprint(agent, len(events))...))
	l.last[lane] = b
	return b
}
