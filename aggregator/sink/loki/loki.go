// Package loki delivers events to Grafana Loki by its push API: a line each, in
// streams of few and fixed labels, at the time of the event.
package loki

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/sink/post"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/event/render"
	"github.com/actiontrail/actiontrail/plugins"
)

// Path is where Loki takes what is pushed.
const Path = "/loki/api/v1/push"

// What becomes of an event that Loki finds too old.
const (
	LateNow    = "now"    // it comes at the time of now, and eventTime is with it
	LateRefuse = "refuse" // it is refused
)

// Of one request.
const (
	MostEvents = 1000
	MostBytes  = 1 << 20 // of lines. Loki refuses more than its burst, 6 MB unless told otherwise, for ever
)

// Config says which Loki, and how events are found in it.
type Config struct {
	Receiver    post.Receiver     `json:"receiver"`               // URL without Path
	Tenant      string            `json:"tenant,omitempty"`       // X-Scope-OrgID; "": Loki has one
	Labels      map[string]string `json:"labels,omitempty"`       // fixed ones
	LabelFields map[string]string `json:"label_fields,omitempty"` // label to field; nil: DefaultLabelFields
	Metadata    map[string]string `json:"metadata,omitempty"`     // structured metadata to field; nil: DefaultMetadata; empty: none
	Late        string            `json:"late,omitempty"`         // LateNow, also when it is "", or LateRefuse
	Format      string            `json:"format,omitempty"`       // of an event; "": canonical JSON
	MostBytes   int               `json:"max_bytes,omitempty"`    // of a request; 0: MostBytes
}

// DefaultLabelFields are labels with few values: every combination of values is a stream.
func DefaultLabelFields() map[string]string {
	return map[string]string{"service": "serviceName", "eventRW": "eventRW", "account": "recipientAccountId"}
}

// DefaultMetadata is what each line has with it.
func DefaultMetadata() map[string]string { return map[string]string{"eventId": "eventId"} }

// LabelFields are those that labels may be of: others have so many values that Loki could hold them only for a while.
func LabelFields() []string {
	return []string{"eventCategory", "eventType", "eventName", "eventRW", "eventSource", "serviceName", "apiVersion", "acsRegion", "isGlobal", "errorCode", "resourceType", "recipientAccountId",
		"userIdentity.type", "userIdentity.trust", "userIdentity.accountId", "origin.agent", "origin.source"}
}

// LabelName is what a label's name is like.
var LabelName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

// named is a label or a metadatum, and the field that it is of.
type named struct {
	name  string
	value func(*event.Event) string
}

// Sink is a Loki.
type Sink struct {
	config   Config
	format   render.Format
	labels   []named // sorted by name
	metadata []named
	sender   post.Sender
	now      func() time.Time

	untimely map[*event.Event]int64 // events of the Write that goes on which come at another time than their own
}

var _ plugins.Sink = (*Sink)(nil)

// New checks the configuration and opens nothing.
func New(c Config) (*Sink, error) {
	format, known := render.Find(cmp.Or(c.Format, render.Canonical))
	if !known {
		return nil, fmt.Errorf("loki: there is no format %q", c.Format)
	}
	if c.LabelFields == nil {
		c.LabelFields = DefaultLabelFields()
	}
	if c.Metadata == nil {
		c.Metadata = DefaultMetadata()
	}
	c.Late, c.MostBytes = cmp.Or(c.Late, LateNow), cmp.Or(c.MostBytes, MostBytes)
	if c.Late != LateNow && c.Late != LateRefuse {
		return nil, fmt.Errorf("loki: late is %q or %q, not %q", LateNow, LateRefuse, c.Late)
	}
	if len(c.Labels)+len(c.LabelFields) == 0 {
		return nil, errors.New("loki: a stream needs a label at least")
	}
	s := &Sink{config: c, format: format, now: time.Now}
	for name := range c.Labels {
		if !LabelName.MatchString(name) || c.LabelFields[name] != "" {
			return nil, fmt.Errorf("loki: label %q is there twice, or is not of letters, digits and _", name)
		}
	}
	for name, field := range c.LabelFields {
		f, path, found := event.Lookup(field)
		if !LabelName.MatchString(name) || !found || path != "" || !slices.Contains(LabelFields(), field) {
			return nil, fmt.Errorf("loki: no label %q can be made of the field %q: there are %s", name, field, strings.Join(LabelFields(), ", "))
		}
		s.labels = append(s.labels, named{name, f.Value})
	}
	for name, field := range c.Metadata {
		f, path, found := event.Lookup(field)
		if !LabelName.MatchString(name) || !found || path != "" {
			return nil, fmt.Errorf("loki: no metadatum %q can be made of the field %q", name, field)
		}
		s.metadata = append(s.metadata, named{name, f.Value})
	}
	byName := func(a, b named) int { return strings.Compare(a.name, b.name) }
	slices.SortFunc(s.labels, byName)
	slices.SortFunc(s.metadata, byName)
	client, err := post.NewClient(c.Receiver, "Bearer")
	if err != nil {
		return nil, fmt.Errorf("loki: %w", err)
	}
	s.sender = post.Sender{Client: client, MostEvents: MostEvents, MostBytes: c.MostBytes, Request: s.request, Judge: s.judge}
	return s, nil
}

// Write implements plugins.Sink: events are delivered at least once. Of a line that comes again at
// its own time Loki keeps one.
func (s *Sink) Write(ctx context.Context, events []event.Event) error {
	s.untimely = map[*event.Event]int64{}
	for i := range events {
		if events[i].Time.IsZero() {
			s.untimely[&events[i]] = s.now().UnixNano()
		}
	}
	if err := s.sender.Write(ctx, post.Parts(events, s.format.Append)); err != nil {
		if refused := (*plugins.BatchError)(nil); errors.As(err, &refused) {
			return err
		}
		return fmt.Errorf("loki: %w", err)
	}
	return nil
}

// Close gives the connection back.
func (s *Sink) Close() error {
	s.sender.Client.Close()
	return nil
}

// request is a push of these events.
func (s *Sink) request(parts []post.Part) (string, http.Header, []byte, error) {
	header := http.Header{"Content-Type": {"application/json"}}
	if s.config.Tenant != "" {
		header.Set("X-Scope-Orgid", s.config.Tenant)
	}
	return s.sender.Client.URL(Path), header, s.push(parts), nil
}

// stream is the labels of an event, as a JSON object.
func (s *Sink) stream(e *event.Event) string {
	b := append([]byte(nil), '{')
	for _, name := range slices.Sorted(maps.Keys(s.config.Labels)) {
		b = member(b, name, s.config.Labels[name])
	}
	for i := range s.labels {
		b = member(b, s.labels[i].name, s.labels[i].value(e))
	}
	if len(b) == 1 { // Loki wants one at least
		b = member(b, "job", "actiontrail")
	}
	return string(append(b, '}'))
}

// member adds one that has a value.
func member(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	return event.AppendString(append(event.AppendString(b, name), ':'), value)
}
