package mapper

import (
	"strconv"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
)

// Evidence makes the event of what a source tells of itself. A gap is the only one
// that is a failure: it has an errorCode.
func (m *Mapper) Evidence(r *plugins.Record, e *event.Event) {
	told := r.Evidence
	*e = m.own(told.Name)
	e.Identity = event.Identity{Type: "system", UserName: "actiontrail-agent", Trust: event.TrustVerified, Source: "native"}
	facts := map[string]any{"generation": strconv.FormatUint(r.Pos.Generation, 10), "why": told.Why}
	if r.Pos.File != "" {
		facts["file"] = r.Pos.File
		e.ResourceType, e.ResourceName = "Actiontrail::File", r.Pos.File
	}
	if told.From >= 0 {
		facts["from"] = strconv.FormatInt(told.From, 10)
	}
	if told.To >= 0 {
		facts["to"] = strconv.FormatInt(told.To, 10)
	}
	if o, err := event.NewObject(facts); err == nil { // strings only: cannot fail
		e.Additional = o
	}
	if told.Name == plugins.SourceGap {
		e.ErrorCode, e.ErrorMessage = plugins.SourceGap, event.Text(told.Why)
	}
}
