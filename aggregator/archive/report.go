package archive

import (
	"time"

	"github.com/actiontrail/actiontrail/event"
)

// Report is what Verify found.
type Report struct {
	Trail     string     `json:"trail"`
	Seals     uint64     `json:"seals"`
	LastSeal  uint64     `json:"lastSeal"`
	Head      event.Hash `json:"head"` // SHA-256 of the last seal: kept elsewhere, it shows whether the end was cut off later
	From      time.Time  `json:"from"` // time of the first seal
	To        time.Time  `json:"to"`   // time of the last seal
	FirstTime time.Time  `json:"firstEventTime,omitzero"`
	LastTime  time.Time  `json:"lastEventTime,omitzero"`
	Objects   uint64     `json:"objects"` // checked and found whole
	Events    uint64     `json:"events"`  // in them, but for those that are closed
	// Closed objects are encrypted for somebody else: their stored bytes are right.
	Closed       uint64 `json:"closedObjects,omitempty"`
	ClosedEvents uint64 `json:"closedEvents,omitempty"` // that they have, as was sealed
	Bytes        uint64 `json:"bytes"`                  // of them, as stored
	// Expired objects are gone, as was sealed that they would be.
	Expired       uint64 `json:"expiredObjects,omitempty"`
	ExpiredEvents uint64 `json:"expiredEvents,omitempty"`
	// Tiered objects are in the archive tier of the store, and were not read: they are there, with the length that was sealed.
	Tiered       uint64 `json:"tieredObjects,omitempty"`
	TieredEvents uint64 `json:"tieredEvents,omitempty"`
	// LocksUnchecked tells that the seals name locks, and that this bucket has none to look at.
	LocksUnchecked bool           `json:"locksUnchecked,omitempty"`
	Scanned        uint64         `json:"scanned"` // events that the filters looked at
	Filters        []FilterSpan   `json:"filters"`
	Paid           []PaidSpan     `json:"paid,omitempty"`      // what was owed and paid from the index
	Stopped        []StoppedSpan  `json:"stopped,omitempty"`   // when somebody had stopped the trail: what came then is not in the archive
	Backfills      []BackfillSpan `json:"backfills,omitempty"` // what was brought later
	Lanes          []LaneReport   `json:"lanes"`
	Agents         []Agent        `json:"agents"`
	Log            *LogReport     `json:"log,omitempty"`     // absent: the seals are no log
	Digests        *DigestReport  `json:"digests,omitempty"` // absent: there are none
	Pending        []string       `json:"pending"`           // objects of a last seal so young that they may still be on their way
	Problems       []Problem      `json:"problems"`
	Unlisted       int            `json:"unlistedProblems,omitempty"` // problems beyond the first 10,000
}

// FilterSpan is a filter and the seals that were made with it.
type FilterSpan struct {
	From   uint64 `json:"fromSeal"`
	To     uint64 `json:"toSeal"`
	Filter string `json:"filter"`
}

// PaidSpan is what a trail owed from one time on, and the seals by which it was paid.
type PaidSpan struct {
	From  uint64    `json:"fromSeal"`
	To    uint64    `json:"toSeal"`
	Since time.Time `json:"since"`
	Lost  uint64    `json:"lost"` // events that the index no longer had
}

// StoppedSpan is a time in which the trail was stopped, and the seals of it.
type StoppedSpan struct {
	From   uint64    `json:"fromSeal"`
	To     uint64    `json:"toSeal"`
	Since  time.Time `json:"since"`
	Until  time.Time `json:"until"`  // of the last of these seals
	Seq    SeqRange  `json:"seq"`    // the part of the stream
	Events uint64    `json:"events"` // that came and were passed over
}

// BackfillSpan is a backfill, and the seals of it.
type BackfillSpan struct {
	FromSeal uint64    `json:"fromSeal"`
	ToSeal   uint64    `json:"toSeal"`
	ID       string    `json:"id"`
	From     time.Time `json:"from"` // eventTime
	To       time.Time `json:"to"`
	Events   uint64    `json:"events"`
}

// LaneReport is what was scanned of one lane.
type LaneReport struct {
	event.Lane
	From    uint64  `json:"from"`
	To      uint64  `json:"to"`
	Batches uint64  `json:"batches"`
	Events  uint64  `json:"events"`
	Gaps    []Range `json:"gaps,omitempty"` // batches that never reached the trail, as was sealed
}

// Problem is what is wrong, and with which object.
type Problem struct {
	Key  string `json:"key"`
	Text string `json:"problem"`
}

// OK tells whether the archive is whole and unchanged, as far as it can tell by itself
// and as far as it was read: see Tiered.
func (r *Report) OK() bool { return len(r.Problems) == 0 }

// mostProblems is how many problems a report lists.
const mostProblems = 10_000

func (r *Report) problem(key, text string) {
	if len(r.Problems) == mostProblems {
		r.Unlisted++
		return
	}
	r.Problems = append(r.Problems, Problem{key, text})
}

// paid notes a seal with a payment.
func (r *Report) paid(s *Seal) {
	if n := len(r.Paid); n == 0 || !r.Paid[n-1].Since.Equal(s.Paid.Since) {
		r.Paid = append(r.Paid, PaidSpan{From: s.Number, Since: s.Paid.Since})
	}
	span := &r.Paid[len(r.Paid)-1]
	span.To = s.Number
	span.Lost += s.Paid.Lost
}

// stopped notes a seal of a trail that was stopped.
func (r *Report) stopped(s *Seal) {
	if n := len(r.Stopped); n == 0 || !r.Stopped[n-1].Since.Equal(s.Stopped.Since) {
		r.Stopped = append(r.Stopped, StoppedSpan{From: s.Number, Since: s.Stopped.Since, Seq: s.Seq})
	}
	span := &r.Stopped[len(r.Stopped)-1]
	span.To, span.Until, span.Seq.To = s.Number, s.Time, s.Seq.To
	span.Events += s.Events
}

// backfill notes a seal of a backfill.
func (r *Report) backfill(s *Seal) {
	b := s.Backfill
	if n := len(r.Backfills); n == 0 || r.Backfills[n-1].ID != b.ID {
		r.Backfills = append(r.Backfills, BackfillSpan{FromSeal: s.Number, ID: b.ID, From: b.From})
	}
	span := &r.Backfills[len(r.Backfills)-1]
	span.ToSeal, span.To = s.Number, b.To
	span.Events += s.Matched
}

// Note notes what a seal tells of payments, stops and backfills, seal by seal.
func (r *Report) Note(s *Seal) {
	if s.Paid != nil {
		r.paid(s)
	}
	if s.Stopped != nil {
		r.stopped(s)
	}
	if s.Backfill != nil {
		r.backfill(s)
	}
}
