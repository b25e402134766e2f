package config

import (
	"path/filepath"

	"github.com/hashicorp/hcl/v2"
)

type pluginDeliveryBody struct {
	Command hcl.Expression `hcl:"command,attr"`
	SHA256  hcl.Expression `hcl:"sha256,optional"`
	Config  []configBlock  `hcl:"config,block"`
}

func pluginDestination(r *reader, b *deliverBlock) Destination {
	var body pluginDeliveryBody
	r.decode(b.Body, b.Range, &body)
	if r.ofCaller(b.Range) {
		r.wrong(b.Range, "declare it in a file of the configuration", "a trail that is made through the API runs no program")
	}
	return r.plugin(body.Command, body.SHA256, body.Config, b.Range)
}

// Target is the name of the program.
func (p *Plugin) Target() string {
	if len(p.Command) == 0 {
		return ""
	}
	return filepath.Base(p.Command[0])
}
