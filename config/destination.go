package config

import (
	"github.com/hashicorp/hcl/v2"

	"github.com/actiontrail/actiontrail/event/render"
)

// Destination is where a delivery sends events that makes no archive of them: what
// the body of its block says. What is secret is in files, and read by who connects.
type Destination interface {
	// Target is the place, for people: without what may be secret.
	Target() string
}

// destinations read the bodies of such deliveries, by their kind.
func destinations() map[string]func(*reader, *deliverBlock) Destination {
	return map[string]func(*reader, *deliverBlock) Destination{
		"elasticsearch": elasticsearchDestination,
		"kafka":         kafkaDestination,
		"loki":          lokiDestination,
		"nats":          natsDestination,
		"otlp":          otlpDestination,
		"plugin":        pluginDestination,
		"sls":           slsDestination,
		"splunk":        splunkDestination,
		"syslog":        syslogDestination,
		"webhook":       webhookDestination,
	}
}

// form reads in which form a destination is sent events: the name of a rendering.
func (r *reader) form(x hcl.Expression, otherwise string) string {
	var names []string
	for _, f := range render.Formats() {
		names = append(names, f.Name)
	}
	return r.choice(x, "format", otherwise, names...)
}

// MakesArchive tells whether deliveries of this kind make archives.
func MakesArchive(kind string) bool {
	_, sends := destinations()[kind]
	return !sends
}
