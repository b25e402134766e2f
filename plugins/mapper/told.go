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
	e.ID, e.Name, e.APIVersion = m.text.valid(t.id), m.text.valid(t.action), m.text.valid(t.apiVersion)
	e.ResourceType, e.ResourceName = m.text.valid(t.resourceType), m.text.valid(t.resourceName)
	if t.service != "" {
		e.Service = m.text.valid(t.service)
	}
	if t.rw != "" {
		e.RW = t.rw
	}
}
