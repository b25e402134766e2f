package mapper

import (
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
)

// maxUnparsed is how much of a record without a meaning is kept.
const maxUnparsed = 8 << 10

// Unparsed makes the event of a record that has no meaning, so that nothing in a
// log goes unseen: the record itself, with what may be a secret masked, and the
// reason. Its time is the one at which it was read.
func (m *Mapper) Unparsed(r *plugins.Record, reason error, e *event.Event) {
	*e = m.own(event.NameUnparsed)
	e.ErrorCode, e.ErrorMessage = "UnparsedRecord", shownRecord(maskText(event.Text(reason.Error())))
	e.Identity = event.Identity{Type: "anonymous", Trust: event.TrustNone}
	raw := r.Data
	if len(raw) > maxUnparsed {
		raw = raw[:maxUnparsed]
	}
	e.Raw = shownRecord(maskText(event.Text(string(raw))))
	e.Origin.Mapper = m.rules.origin
}

// own is an event that the agent itself makes. It counts as a write, so that no
// trail of writes misses it.
func (m *Mapper) own(name string) event.Event {
	return event.Event{
		Category: event.CategoryManagement, Type: event.TypeServiceEvent, Name: name, RW: event.Write,
		Source: m.opt.Host, Service: "Actiontrail", Region: m.opt.Region, SourceIP: "Internal", UserAgent: "actiontrail-agent",
		RecipientAccountID: m.opt.AccountID,
	}
}
