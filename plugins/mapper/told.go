package mapper

import "github.com/actiontrail/actiontrail/event"

// told fills what the gateway itself says of the action.
func (m *Mapper) told(e *event.Event) {
	q := &m.request
	if q.upstream != "" {
		e.Service = m.text.valid(q.upstream)
	}
	t := &q.told
	if t.id == "" && t.action == "" {
		return
	}
	e.ID, e.Name, e.APIVersion = m.text.valid(t.id), m.unlessSecret(t.action), m.unlessSecret(t.apiVersion)
	e.ResourceType, e.ResourceName = m.unlessSecret(t.resourceType), m.unlessSecret(t.resourceName)
	if t.service != "" {
		e.Service = m.text.valid(t.service)
	}
	if t.rw != "" {
		e.RW = t.rw
	}
	if t.eventType != "" {
		e.Type = t.eventType
	}
}
