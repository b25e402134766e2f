package kafka

import (
	"cmp"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/actiontrail/actiontrail/event"
)

// Headers of records.
const (
	headerEvent    = "eventId"
	headerFormat   = "format"
	headerProducer = "producer"
)

// record makes the record of an event. Its time is that of producing: a topic that
// keeps records for a while would throw away at once what happened before.
func (s *Sink) record(e *event.Event) *kgo.Record {
	return &kgo.Record{Key: []byte(s.key(e)), Value: s.format.Append(nil, e), Headers: []kgo.RecordHeader{
		{Key: headerEvent, Value: []byte(e.ID)}, {Key: headerFormat, Value: []byte(s.format.Name)}, {Key: headerProducer, Value: []byte(s.config.Producer)},
	}}
}

// key is what chooses the partition. Events without one of their own are spread by their ids.
func (s *Sink) key(e *event.Event) string {
	switch s.config.Key {
	case KeyActor:
		return cmp.Or(e.Identity.PrincipalID, e.Identity.UserName, e.Identity.AccessKeyID, e.ID)
	case KeyAccount:
		return cmp.Or(e.RecipientAccountID, e.ID)
	}
	return e.ID
}

// ours gives the id of the event of a record that this producer has made.
func (s *Sink) ours(r *kgo.Record) (id []byte, ok bool) {
	for _, h := range r.Headers {
		switch h.Key {
		case headerEvent:
			id = h.Value
		case headerProducer:
			ok = string(h.Value) == s.config.Producer
		}
	}
	return id, ok && len(id) > 0
}
