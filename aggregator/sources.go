package aggregator

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/actiontrail/actiontrail/event"
)

// SourceStatus is what the index's follower has seen of one source of an agent.
// The counts are those since the start of this process; a batch that had to be
// read again, after a sink failed, counts again.
type SourceStatus struct {
	Account, Agent, Source string
	Epoch, LastBatch       uint64    // the newest
	LastSeq                uint64    // of that batch; 0: it came before this process
	StoredAt               time.Time // when the stream took it; zero: the same
	Events                 uint64
	Unparsed               uint64
	Gaps                   uint64
	Quarantined            uint64
}

// sourceName is a source across its epochs, and across keys that claim its name.
type sourceName struct{ account, agent, source string }

func nameOf(l event.Lane) sourceName { return sourceName{l.Account, l.Agent, l.Source} }

// count changes the counts of a lane's source.
func (f *Follower) count(l event.Lane, change func(*SourceStatus)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.sources == nil {
		f.sources = map[sourceName]SourceStatus{}
	}
	s := f.sources[nameOf(l)]
	change(&s)
	f.sources[nameOf(l)] = s
}

// counted notes a batch that is passed to the sink.
func (f *Follower) counted(b *event.Batch, stored time.Time) {
	unparsed := 0
	for i := range b.Events {
		if b.Events[i].Name == event.NameUnparsed {
			unparsed++
		}
	}
	f.count(b.Lane, func(s *SourceStatus) {
		s.Epoch, s.LastBatch, s.LastSeq, s.StoredAt = b.Lane.Epoch, b.Number, b.Seq, stored
		s.Events += uint64(len(b.Events))
		s.Unparsed += uint64(unparsed)
	})
}

// Sources are all sources that the sink knows, by account, agent and name.
func (f *Follower) Sources() []SourceStatus {
	f.mu.Lock()
	all := maps.Clone(f.sources)
	f.mu.Unlock()
	if all == nil {
		all = map[sourceName]SourceStatus{}
	}
	// Epochs are drawn and have no order. Each begins with a snapshot, whose place
	// in the stream tells which one is the newest.
	newest := map[sourceName]uint64{}
	for lane, last := range f.Sink.Position().Lanes {
		name := nameOf(lane)
		s := all[name]
		snapshot, known := newest[name]
		if s.LastSeq == 0 && (!known || last.Snapshot > snapshot) {
			newest[name] = last.Snapshot
			s.Epoch, s.LastBatch = lane.Epoch, last.Number
		}
		all[name] = s
	}
	list := make([]SourceStatus, 0, len(all))
	for name, s := range all {
		s.Account, s.Agent, s.Source = name.account, name.agent, name.source
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b SourceStatus) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Agent, b.Agent), cmp.Compare(a.Source, b.Source))
	})
	return list
}
