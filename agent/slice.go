package agent

import (
	"errors"
	"slices"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/wire"
	"github.com/actiontrail/actiontrail/plugins"
)

// slice makes events of records, one after the other, and collects them. A large
// read is cut in two, and two slices work at the same time.
type slice struct {
	lane    *Lane
	mapper  Mapper
	encoder *wire.Encoder
	event   event.Event
	kinds   interface{ Kinds() event.Kinds } // the mapper, if it knows kinds

	counts counts // of the last add
}

func newSlice(l *Lane, m Mapper) slice {
	s := slice{lane: l, mapper: m, encoder: wire.NewEncoder()}
	s.kinds, _ = m.(interface{ Kinds() event.Kinds })
	return s
}

// counts are how many of some records have no event, or one of a kind of its own.
type counts struct{ ignored, unparsed, gaps uint64 }

func (c counts) plus(d counts) counts {
	return counts{c.ignored + d.ignored, c.unparsed + d.unparsed, c.gaps + d.gaps}
}

// add maps records into the batch. They die with the next read: Settle copies what
// the encoder needs of them.
func (s *slice) add(records []plugins.Record, observed event.Time) {
	s.counts = counts{}
	for i := range records {
		r := &records[i]
		if r.Evidence != nil {
			if r.Evidence.Name == plugins.SourceGap {
				s.counts.gaps++
			}
			s.tell(r, observed)
			continue
		}
		s.event = event.Event{Origin: event.Origin{Observed: observed}}
		var kinds event.Kinds
		var err error
		if r.Fault != "" {
			err = errors.New(r.Fault)
		} else {
			if err = s.mapper.Map(r, &s.event); err == nil && s.kinds != nil {
				kinds = s.kinds.Kinds()
			}
		}
		if errors.Is(err, plugins.ErrIgnored) {
			s.counts.ignored++
			continue
		}
		if err != nil {
			s.counts.unparsed++
			s.event = event.Event{}
			s.mapper.Unparsed(r, err, &s.event)
		}
		s.stamp(r, observed, kinds)
	}
	s.encoder.Settle()
}

// unmapped is how many events no route of the mapper names.
func (s *slice) unmapped() uint64 {
	if m, ok := s.mapper.(interface{ Unmapped() uint64 }); ok {
		return m.Unmapped()
	}
	return 0
}

// recognised are the dialects that the mapper found its records to be of.
func (s *slice) recognised() []plugins.Recognised {
	if m, ok := s.mapper.(interface{ Recognised() []plugins.Recognised }); ok {
		return m.Recognised()
	}
	return nil
}

// joinRecognised adds what two mappers of a lane found.
func joinRecognised(all, more []plugins.Recognised) []plugins.Recognised {
	for _, r := range more {
		if i := slices.IndexFunc(all, func(a plugins.Recognised) bool { return a.Format == r.Format }); i >= 0 {
			all[i].Records += r.Records
		} else {
			all = append(all, r)
		}
	}
	return all
}

// stamp gives the event its origin, and adds it to the batch. A record that is an
// audit event of another system keeps the id that it has there; any other gets the
// one of its place, which its readers derive.
func (s *slice) stamp(r *plugins.Record, observed event.Time, kinds event.Kinds) {
	e := &s.event
	if e.Time.IsZero() {
		e.Time = observed
	}
	s.place(r, observed)
	if e.ID == "" && !wire.Derivable(s.lane.Name, r.Pos.FileID) {
		base := event.NewIDBase(s.lane.Key.Public, s.lane.Name, r.Pos.FileID, r.Pos.Generation)
		e.ID = base.ID(r.Pos.Offset)
	}
	s.encoder.AddRecord(r.Data, r.Pos.Generation, e, kinds)
}

// tell adds the event of what a source, or the lane, tells of itself.
func (s *slice) tell(r *plugins.Record, observed event.Time) {
	s.event = event.Event{}
	s.mapper.Evidence(r, &s.event)
	base := event.NewIDBase(s.lane.Key.Public, s.lane.Name, r.Pos.FileID+"/"+r.Evidence.Name, r.Pos.Generation)
	s.event.ID, s.event.Time = base.ID(r.Pos.Offset), observed
	s.place(r, observed)
	s.encoder.Add(&s.event)
}

// place says where the event comes from.
func (s *slice) place(r *plugins.Record, observed event.Time) {
	o := &s.event.Origin
	o.File, o.FileID, o.Offset, o.Length, o.Observed = r.Pos.File, r.Pos.FileID, r.Pos.Offset, r.Pos.Length, observed
}
