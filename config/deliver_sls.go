package config

import (
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/actiontrail/actiontrail/event/render"
)

// SLSDelivery sends events to a logstore of Alibaba Cloud's Log Service.
type SLSDelivery struct {
	Project         string
	Logstore        string // "": actiontrail_ and the name of the trail
	Region          string
	Endpoint        string // without the project; "": Log Service in Region
	Internal        bool   // without Endpoint: by the network inside the region
	Topic           string // "": the usual one
	Format          string
	Ordered         bool
	Compression     string
	Signature       string
	CredentialsFile string // "": the environment, the user's file, the role of the pod or the machine
	Profile         string
	TLS             TLS
}

type slsDeliveryBody struct {
	Project     hcl.Expression     `hcl:"project,attr"`
	Logstore    hcl.Expression     `hcl:"logstore,optional"`
	Region      hcl.Expression     `hcl:"region,attr"`
	Endpoint    hcl.Expression     `hcl:"endpoint,optional"`
	Internal    hcl.Expression     `hcl:"internal,optional"`
	Insecure    hcl.Expression     `hcl:"insecure,optional"`
	Topic       hcl.Expression     `hcl:"topic,optional"`
	Format      hcl.Expression     `hcl:"format,optional"`
	Ordered     hcl.Expression     `hcl:"ordered,optional"`
	Compression hcl.Expression     `hcl:"compression,optional"`
	Signature   hcl.Expression     `hcl:"signature,optional"`
	Credentials []credentialsBlock `hcl:"credentials,block"`
	TLS         []tlsBlock         `hcl:"tls,block"`
}

var (
	slsProject  = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)
	slsLogstore = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,61}[a-z0-9]$`)
)

func slsDestination(r *reader, b *deliverBlock) Destination {
	var body slsDeliveryBody
	r.decode(b.Body, b.Range, &body)
	d := &SLSDelivery{
		Project: r.text(body.Project, ""), Logstore: r.text(body.Logstore, ""), Region: r.alibabaRegion(body.Region), Endpoint: r.endpoint(body.Endpoint, body.Insecure),
		Internal: r.truth(body.Internal), Topic: r.text(body.Topic, ""), Format: r.jsonForm(body.Format, "actiontrail"), Ordered: r.truth(body.Ordered),
		Compression: r.choice(body.Compression, "compression", "lz4", "lz4", "zstd", "none"), Signature: r.choice(body.Signature, "signature", "v4", "v4", "v1"),
	}
	if given(body.Project) && !slsProject.MatchString(d.Project) {
		r.wrong(body.Project.Range(), "3 to 63 lower-case letters, digits and -", "%q is no name of a project", d.Project)
	}
	if given(body.Logstore) && !slsLogstore.MatchString(d.Logstore) {
		r.wrong(body.Logstore.Range(), "2 to 63 lower-case letters, digits, - and _", "%q is no name of a logstore", d.Logstore)
	}
	if len(d.Topic) > 128 {
		r.wrong(body.Topic.Range(), "choose one of at most 128 bytes", "the topic is too long")
	}
	if d.Endpoint != "" && given(body.Internal) {
		r.wrong(body.Internal.Range(), "leave one of the two out", "internal chooses the endpoint, and there is one")
	}
	if x := one(r, body.Credentials, "credentials", func(x *credentialsBlock) hcl.Range { return x.Range }); x != nil {
		d.CredentialsFile, d.Profile = r.file(x.File), r.text(x.Profile, "")
	}
	_, d.TLS = r.tls(body.TLS)
	return d
}

// jsonForm reads in which form a destination is sent events that takes objects in JSON alone.
func (r *reader) jsonForm(x hcl.Expression, otherwise string) string {
	var names []string
	for _, f := range render.Formats() {
		if f.JSON {
			names = append(names, f.Name)
		}
	}
	return r.choice(x, "format", otherwise, names...)
}

// Target is the logstore.
func (d *SLSDelivery) Target() string {
	return strings.TrimSuffix("sls://"+d.Project+"/"+d.Logstore, "/")
}
