package sim

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/actiontrail/actiontrail/agent"
	"github.com/actiontrail/actiontrail/aggregator"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/internal/wire"
	"github.com/actiontrail/actiontrail/plugins"
)

// judge sees everything that is stored in the stream, and holds the rules. What
// the stream was given is compared with the logs, and each sink with the stream.
type judge struct {
	w *world

	mu      sync.Mutex
	batches []*stored // in the order of the stream, each once
	at      map[uint64]*stored
	seqs    map[event.Hash][]uint64  // all places of a batch
	lanes   map[event.Lane][]*stored // by number, from 1
	facts   map[event.Hash]facts
	forged  map[event.Hash]bool
	lost    map[*stored]bool
	gaps    map[gap]bool       // that the index has met
	again   map[*stored]uint64 // where else a batch stands that had been purged from its place by then
	gone    map[*stored]bool   // purged from the stream when the index was brought back from a copy that lacks it
	homes   map[event.Lane]int // the machine on which a lane was begun
}

// stored is a batch, as it first came into the stream.
type stored struct {
	event.Batch
	subject string
}

// facts are what a batch has to tell of its source besides its lines.
type facts struct {
	start bool
	jumps int
}

type gap struct {
	lane     event.Lane
	from, to uint64
	seq      uint64
}

func newJudge(w *world) *judge {
	return &judge{w: w, at: map[uint64]*stored{}, seqs: map[event.Hash][]uint64{}, lanes: map[event.Lane][]*stored{}, facts: map[event.Hash]facts{}, forged: map[event.Hash]bool{},
		lost: map[*stored]bool{}, gaps: map[gap]bool{}, homes: map[event.Lane]int{}, gone: map[*stored]bool{}, again: map[*stored]uint64{}}
}

// mean notes what a batch stands for before it is written. It is written again until that is known to have gone well.
func (j *judge) mean(hash event.Hash, f facts) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, ok := j.facts[hash]; !ok {
		j.facts[hash] = f
	}
}

// home sees that a lane stays on the machine on which it was begun.
func (j *judge) home(lane event.Lane, machine int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if was, ok := j.homes[lane]; ok && was != machine {
		j.w.fail("epochs", "%s was begun on machine %d and goes on on machine %d", lane, was, machine)
	}
	j.homes[lane] = machine
}

func (j *judge) stored(m bus.Message) {
	batch, err := wire.Open(m.Data)
	if err != nil {
		return // garbage, and there on purpose
	}
	batch.Seq = m.Seq
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.forged[batch.Hash] {
		return
	}
	j.seqs[batch.Hash] = append(j.seqs[batch.Hash], m.Seq)
	lane := j.lanes[batch.Lane]
	switch n := batch.Number; {
	case n > uint64(len(lane))+1:
		j.w.fail("numbers", "batch %d of %s comes after batch %d", n, batch.Lane, len(lane))
	case n <= uint64(len(lane)):
		if first := lane[n-1]; first.Hash != batch.Hash {
			j.w.fail("batch unchanged", "batch %d of %s came with %d events, and then again with %d others", n, batch.Lane, len(first.Events), len(batch.Events))
		}
	default:
		if n > 1 && batch.Prev != lane[n-2].Hash {
			j.w.fail("numbers", "batch %d of %s is not chained to the one before", n, batch.Lane)
		}
		j.w.trace("seq %d: batch %d of %s", m.Seq, n, batch.Lane)
		one := &stored{batch, m.Subject}
		j.batches = append(j.batches, one)
		j.at[m.Seq] = one
		j.lanes[batch.Lane] = append(lane, one)
	}
}

// batchAt names the batch that first came under a seq.
func (j *judge) batchAt(seq uint64) (event.Lane, uint64, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	b, ok := j.at[seq]
	if !ok {
		return event.Lane{}, 0, false
	}
	return b.Lane, b.Number, true
}

// loses is told what the stream has lost by a fault that is not ours.
func (j *judge) loses(lane event.Lane, number uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lost[j.lanes[lane][number-1]] = true
}

// restored notes what an index that was brought back can have no more.
func (j *judge) restored(after uint64, messages []bus.Message) {
	held := map[event.Hash]uint64{} // the first place where it still stands
	for _, m := range messages {
		if _, hash, err := wire.ReadHeader(m.Data); err == nil && held[hash] == 0 {
			held[hash] = m.Seq
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, b := range j.batches {
		switch at := held[b.Hash]; {
		case b.Seq <= after || j.lost[b]:
		case at == 0:
			j.gone[b] = true
		default:
			j.again[b] = at
		}
	}
}

// gap is told what the index finds missing.
func (j *judge) gap(lane event.Lane, from, to, seq uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.gaps[gap{lane, from, to, seq}] = true
}

// purging looks at a purge before it is done.
func (j *judge) purging(subject string, before uint64, messages []bus.Message) {
	floor := j.w.index.position().Seq
	var away []*delivery
	for _, d := range j.w.deliveries() {
		if seq, holds := d.holds(); holds {
			floor = min(floor, seq)
		} else {
			away = append(away, d)
		}
	}
	for _, d := range j.w.sends {
		floor = min(floor, d.holds())
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	snapshot, kept := false, false
	for _, m := range messages {
		b := j.at[m.Seq]
		if m.Subject != subject || b == nil {
			continue
		}
		if m.Seq >= before {
			kept = kept || b.Snapshot
			continue
		}
		snapshot = snapshot || b.Snapshot
		for _, d := range away {
			d.excuse(b, m.Seq)
		}
		if m.Seq > floor {
			j.w.fail("purge", "batch %d of %s at seq %d is purged, but some sink has come only to seq %d", b.Number, b.Lane, m.Seq, floor)
		}
	}
	if snapshot && !kept {
		j.w.fail("purge", "a purge below %d takes the last snapshot of %s", before, subject)
	}
}

// judgeStream compares what came into the stream with the logs.
func (j *judge) judgeStream() {
	ids := map[string]int{}
	next := map[string]int64{}
	for _, b := range j.batches {
		starts, jumps := 0, 0
		for i := range b.Events {
			e := &b.Events[i]
			if ids[e.ID]++; ids[e.ID] == 2 {
				j.w.fail("nothing twice", "the stream has event %s (%s) twice", e.ID, e.Name)
			}
			switch l := j.w.logs[e.Origin.Source]; {
			case l == nil:
			case e.Name == plugins.SourceStarted:
				starts++
			case e.Name == plugins.ClockJumped:
				jumps++
			default:
				j.judgeLine(l, e, next)
			}
		}
		if f := j.facts[b.Hash]; j.w.logs[b.Lane.Source] != nil && (f.jumps != jumps || f.start != (starts == 1) || starts > 1) {
			j.w.fail("evidence", "batch %d of %s tells %d starts and %d jumps of the clock; there were %+v", b.Number, b.Lane, starts, jumps, f)
		}
		j.w.counts.add(&j.w.counts.events, len(b.Events))
	}
	for name, l := range j.w.logs {
		if got := next[name]; got < int64(l.n) {
			j.w.fail("nothing lost", "%s has %d lines, %d came into the stream", name, l.n, got)
		}
		j.w.counts.add(&j.w.counts.lines, l.n)
	}
}

func (j *judge) judgeLine(l *lines, e *event.Event, next map[string]int64) {
	at := e.Origin.Offset
	base := event.NewIDBase(l.key(), l.name, l.file, 0)
	switch want := next[l.name]; {
	case e.Name != fmt.Sprintf("%s line %d", l.name, at), e.ID != base.ID(at):
		j.w.fail("nothing lost", "line %d of %s came as %q with id %s", at, l.name, e.Name, e.ID)
	case at < want:
		j.w.fail("nothing twice", "line %d of %s came again after line %d", at, l.name, want-1)
	case at > want:
		j.w.fail("nothing lost", "after line %d of %s came line %d", want-1, l.name, at)
	}
	next[l.name] = max(next[l.name], at+1)
}

// judgeIndex compares the index with the stream: all of each batch, once, in
// order, but for gaps that were met.
func (j *judge) judgeIndex(x *index) {
	at := 0
	for _, b := range j.inOrderOf(x) {
		if at+len(b.Events) > len(x.events) {
			j.w.fail("nothing lost", "the index ends before batch %d of %s", b.Number, b.Lane)
			return
		}
		for i := range b.Events {
			if got := &x.events[at+i]; got.ID != b.Events[i].ID {
				j.w.fail("nothing lost", "the index has %s of batch %d where %s of batch %d of %s should stand", got.Name, got.Origin.Batch, b.Events[i].Name, b.Number, b.Lane)
				return
			}
		}
		at += len(b.Events)
	}
	if at < len(x.events) {
		e := &x.events[at]
		j.w.fail("nothing twice", "the index goes on after the last batch: %s of batch %d", e.Name, e.Origin.Batch)
	}
}

// inOrderOf are the batches that the index should have: all that are not in one of its gaps.
func (j *judge) inOrderOf(x *index) (all []*stored) {
	has := map[[2]uint64]bool{}
	for i := range x.events {
		has[[2]uint64{x.events[i].Origin.Epoch, x.events[i].Origin.Batch}] = true
	}
	for _, b := range j.batches {
		if j.gone[b] && !has[[2]uint64{b.Lane.Epoch, b.Number}] {
			continue
		}
		missing := false
		for g := range j.gaps {
			missing = missing || g.lane == b.Lane && g.from <= b.Number && b.Number <= g.to
		}
		if missing && !has[[2]uint64{b.Lane.Epoch, b.Number}] {
			if !j.lost[b] && !j.gone[b] {
				j.w.fail("gaps", "the index takes batch %d of %s for missing", b.Number, b.Lane)
			}
			continue
		}
		if j.lost[b] {
			j.w.fail("gaps", "batch %d of %s is lost, and the index has met no gap", b.Number, b.Lane)
		}
		all = append(all, b)
	}
	slices.SortStableFunc(all, func(a, b *stored) int { return cmp.Compare(j.seq(a), j.seq(b)) })
	return all
}

// seq is where the index that was brought back found a batch: of one that was
// sent twice, the first may have been purged.
func (j *judge) seq(b *stored) uint64 {
	if at, ok := j.again[b]; ok {
		return at
	}
	return b.Seq
}

// judgeFindings looks at what the aggregator tells of itself: each finding once.
func (j *judge) judgeFindings(q *aggregator.Quarantine) {
	told := map[string]int{}
	var gaps []*event.Event
	for _, b := range j.batches {
		for i := range b.Events {
			if e := &b.Events[i]; e.Origin.Source == aggregator.SystemSource {
				told[e.Name+" "+e.ResourceName]++
				if e.Name == "BatchGap" {
					gaps = append(gaps, e)
				}
			}
		}
	}
	agents := map[string]bool{}
	for _, b := range j.batches {
		agents[b.Lane.Agent] = true
	}
	want := map[string]int{}
	for name := range agents {
		want["AgentEnrolled "+name] = 1
	}
	want["BatchRefused "+nobody] = j.w.garbage
	for _, a := range j.w.agents {
		want["AgentConflict "+a.name] = a.forks
	}
	for g := range j.gaps {
		want["BatchGap "+g.lane.Agent]++
		n := 0
		for _, e := range gaps {
			all := string(e.RequestParameters)
			if strings.Contains(all, fmt.Sprintf(`"epoch":"%d"`, g.lane.Epoch)) && strings.Contains(all, fmt.Sprintf(`"from":"%d"`, g.from)) &&
				strings.Contains(all, fmt.Sprintf(`"to":"%d"`, g.to)) && strings.Contains(all, fmt.Sprintf(`"source":"%s"`, g.lane.Source)) {
				n++
			}
		}
		if n > 1 || n < 1 && !j.w.restored {
			j.w.fail("told once", "the index lacks batches %d to %d of %s: that is told %d times", g.from, g.to, g.lane, n)
		}
		j.w.counts.add(&j.w.counts.gaps, 1)
	}
	for name, n := range want {
		// An index that was brought back from a copy meets agents anew, and gaps that
		// are below the last finding that was told: those are not told.
		if told[name] != n && !j.w.restored {
			j.w.fail("told once", "%s is told %d times, want %d", name, told[name], n)
		}
	}
	for name, n := range told {
		// A batch that the restored index lacks, and that comes once more behind later
		// ones, cannot be told from a fork.
		if want[name] == 0 && !(j.w.restored && strings.HasPrefix(name, "AgentConflict ")) {
			j.w.fail("told once", "%s is told %d times, and never happened", name, n)
		}
	}
	forks := 0
	for _, a := range j.w.agents {
		forks += a.forks
	}
	if kept, err := q.List(); err != nil || len(kept) < j.w.garbage+forks || len(kept) > j.w.garbage+forks && !j.w.restored {
		j.w.fail("told once", "quarantine has %d batches (%v), want %d", len(kept), err, j.w.garbage+forks)
	}
}

// key is the public key that signs the source's batches.
func (l *lines) key() string {
	for _, a := range l.w.agents {
		for _, own := range a.logs {
			if own == l {
				return a.key.Public
			}
		}
	}
	return agent.Key{}.Public
}
