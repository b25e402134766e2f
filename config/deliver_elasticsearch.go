package config

import (
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/actiontrail/actiontrail/event/render"
)

// ElasticsearchDelivery sends the events of a trail to indices of Elasticsearch or OpenSearch. What is secret is in files.
type ElasticsearchDelivery struct {
	Addresses    []string // of nodes, as https://host:9200
	Username     string
	PasswordFile string // with Username
	APIKeyFile   string // in place of the two
	TLS          TLS
	Index        string // with the name of the trail in it; {yyyy.MM.dd} or the like stands for the time of the event
	Format       string // of event/render, one of JSON
	Template     bool   // an index template is made
	MaxBytes     int64  // of a request
}

// Defaults of deliver "elasticsearch".
const (
	DefaultDeliverIndex    = "audit-{trail}-{yyyy.MM.dd}"
	DefaultDeliverMaxBytes = 4 << 20
)

type elasticsearchDeliveryBody struct {
	Addresses    hcl.Expression `hcl:"addresses,attr"`
	Username     hcl.Expression `hcl:"username,optional"`
	PasswordFile hcl.Expression `hcl:"password_file,optional"`
	APIKeyFile   hcl.Expression `hcl:"api_key_file,optional"`
	Index        hcl.Expression `hcl:"index,optional"`
	Format       hcl.Expression `hcl:"format,optional"`
	Template     hcl.Expression `hcl:"template,optional"`
	MaxBytes     hcl.Expression `hcl:"max_bytes,optional"`
	Insecure     hcl.Expression `hcl:"insecure,optional"`
	TLS          []tlsBlock     `hcl:"tls,block"`
}

// deliverIndex is the name of an index, with or without the time in it.
var deliverIndex = regexp.MustCompile(`^[a-z0-9.][a-z0-9._+-]*(\{(yyyy[.-]MM[.-]dd|yyyyMMdd|yyyy[.-]MM|yyyy)\}[a-z0-9._+-]*)?$`)

func elasticsearchDestination(r *reader, b *deliverBlock) Destination {
	var body elasticsearchDeliveryBody
	r.decode(b.Body, b.Range, &body)
	_, secure := r.tls(body.TLS)
	d := &ElasticsearchDelivery{
		Addresses: r.nodes(body.Addresses), Username: r.text(body.Username, ""), PasswordFile: r.file(body.PasswordFile), APIKeyFile: r.file(body.APIKeyFile), TLS: secure,
		Index: r.text(body.Index, DefaultDeliverIndex), Format: r.form(body.Format, render.Canonical), Template: !given(body.Template) || r.truth(body.Template),
		MaxBytes: r.bytes(body.MaxBytes, DefaultDeliverMaxBytes),
	}
	d.Index = strings.ReplaceAll(d.Index, "{trail}", strings.ToLower(b.trail)) // names of indices are in lower case
	if !deliverIndex.MatchString(d.Index) || len(d.Index) > 255 {
		at := b.Range
		if given(body.Index) {
			at = body.Index.Range()
		}
		if !r.toldAt(at) {
			r.wrong(at, `write "`+DefaultDeliverIndex+`", or {yyyy.MM} or {yyyy}: lower-case letters, digits, ., _ and -`, "no index can be named %q", d.Index)
		}
	}
	if f, known := render.Find(d.Format); known && !f.JSON {
		r.wrong(body.Format.Range(), `use "json", "ecs" or another form of JSON`, "documents are JSON, and %s is not", d.Format)
	}
	r.within(body.MaxBytes, "max_bytes", d.MaxBytes, 64<<10, 90<<20, "64KiB and 90MiB: clusters take 100MB at once unless told otherwise")
	r.asNode(&body, d)
	return d
}

// asNode checks who signs in, and that it is not in the clear.
func (r *reader) asNode(body *elasticsearchDeliveryBody, d *ElasticsearchDelivery) {
	switch {
	case d.APIKeyFile != "" && (d.Username != "" || d.PasswordFile != ""):
		r.wrong(body.APIKeyFile.Range(), "keep one of the two", "there is an API key and a user")
	case d.Username != "" && d.PasswordFile == "":
		r.wrong(body.Username.Range(), `write the password into a file that only actiontrail can read, and password_file = "…"`, "the password of %s is missing", d.Username)
	case d.PasswordFile != "" && d.Username == "":
		r.wrong(body.PasswordFile.Range(), `write username = "actiontrail" beside it`, "nobody says whose password this is")
	}
	plain := slices.IndexFunc(d.Addresses, isPlain)
	switch {
	case plain < 0:
	case d.Username != "" || d.APIKeyFile != "":
		r.wrong(body.Addresses.Range(), "write https://, and tls { ca_file } if its certificate is of your own authority", "a secret would go to %s in the clear", d.Addresses[plain])
	case !r.truth(body.Insecure):
		r.wrong(body.Addresses.Range(), "write https://, and tls { ca_file } if its certificate is of your own authority; or insecure = true, if the network is your own", "events would go to %s in the clear", d.Addresses[plain])
	}
}

// Target is the nodes and the index.
func (d *ElasticsearchDelivery) Target() string {
	return strings.Join(d.Addresses, ",") + "/" + d.Index
}

// ownIndex tells of a delivery whose indices the index of actiontrail in the same cluster would take for its own.
func (r *reader) ownIndex(c *Config, d *Delivery, at hcl.Range) {
	to, ok := d.To.(*ElasticsearchDelivery)
	own := c.Index.Elasticsearch
	if !ok || own == nil || !strings.HasPrefix(to.Index, own.Prefix+"-") && !strings.HasPrefix(to.Index, own.Prefix+"_") {
		return
	}
	if i := slices.IndexFunc(to.Addresses, func(a string) bool { return slices.Contains(own.Addresses, a) }); i >= 0 {
		r.wrong(at, `write index = "`+DefaultDeliverIndex+`"`, "the indices %s- of %s are those of index \"elasticsearch\", which would remove these when they are old", own.Prefix, to.Addresses[i])
	}
}
