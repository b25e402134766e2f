package config

import (
	"net/netip"
	"net/url"
	"regexp"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// Elasticsearch is the cluster that an index is in. What is secret is in files.
type Elasticsearch struct {
	Addresses    []string // of nodes, as http://host:9200
	Username     string
	PasswordFile string // with Username
	APIKeyFile   string // in place of the two
	CAFile       string // certificates to trust; empty: those of the system
	Prefix       string // of the names of indices
	Period       string // auto, day, week or month
	Shards       int    // of each new index
	Replicas     int
}

// Defaults of index "elasticsearch".
const (
	DefaultIndexPrefix = "actiontrail"
	DefaultIndexPeriod = "auto" // by how many events come in
	DefaultReplicas    = 1      // one node of a cluster may be lost
)

type elasticsearchIndexBody struct {
	Addresses    hcl.Expression `hcl:"addresses,attr"`
	Username     hcl.Expression `hcl:"username,optional"`
	PasswordFile hcl.Expression `hcl:"password_file,optional"`
	APIKeyFile   hcl.Expression `hcl:"api_key_file,optional"`
	CAFile       hcl.Expression `hcl:"ca_file,optional"`
	Prefix       hcl.Expression `hcl:"prefix,optional"`
	Period       hcl.Expression `hcl:"period,optional"`
	Shards       hcl.Expression `hcl:"shards,optional"`
	Replicas     hcl.Expression `hcl:"replicas,optional"`
	Retention    hcl.Expression `hcl:"retention,optional"`
	Classes      []classBlock   `hcl:"class,block"`
}

// indexPrefix is what names of indices may begin with. A hyphen follows it: in it,
// the indices of one could be taken for those of another.
var indexPrefix = regexp.MustCompile(`^[a-z0-9][a-z0-9_]{0,99}$`)

func (r *reader) elasticsearch(body *elasticsearchIndexBody) *Elasticsearch {
	e := &Elasticsearch{
		Addresses: r.nodes(body.Addresses), Username: r.text(body.Username, ""), PasswordFile: r.file(body.PasswordFile), APIKeyFile: r.file(body.APIKeyFile),
		CAFile: r.file(body.CAFile), Prefix: r.text(body.Prefix, DefaultIndexPrefix), Period: r.choice(body.Period, "period", DefaultIndexPeriod, "auto", "day", "week", "month"),
		Shards: r.count(body.Shards, "shards", 1, 100), Replicas: r.replicas(body.Replicas),
	}
	if !indexPrefix.MatchString(e.Prefix) {
		r.wrong(body.Prefix.Range(), "use lower-case letters, digits and _, a letter or digit first", "no index can be named %q", e.Prefix)
	}
	switch {
	case e.APIKeyFile != "" && (e.Username != "" || e.PasswordFile != ""):
		r.wrong(body.APIKeyFile.Range(), "keep one of the two", "there is an API key and a user")
	case e.Username != "" && e.PasswordFile == "":
		r.wrong(body.Username.Range(), `write the password into a file that only actiontrail can read, and password_file = "…"`, "the password of %s is missing", e.Username)
	case e.PasswordFile != "" && e.Username == "":
		r.wrong(body.PasswordFile.Range(), `write username = "actiontrail" beside it`, "nobody says whose password this is")
	case e.Username != "" || e.APIKeyFile != "":
		for _, a := range e.Addresses {
			if isPlain(a) {
				r.wrong(body.Addresses.Range(), "write https://, and ca_file if its certificate is of your own authority", "a secret would go to %s in the clear", a)
				break
			}
		}
	}
	return e
}

// nodes reads the addresses of nodes.
func (r *reader) nodes(x hcl.Expression) []string {
	all := r.texts(x)
	if given(x) && len(all) == 0 {
		r.wrong(x.Range(), `write ["https://es-1.example.com:9200"]`, "there is no address")
	}
	for _, a := range all {
		u, err := url.Parse(a)
		switch {
		case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "", u.RawQuery != "", u.Fragment != "":
			r.wrong(x.Range(), `write "https://es-1.example.com:9200"`, "%q is not the address of a node", a)
		case u.User != nil:
			r.wrong(x.Range(), "use username and password_file, or api_key_file", "the address of %s holds a password", u.Host)
		}
	}
	return all
}

// isPlain tells whether what is sent to an address can be read on the way.
func isPlain(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() != "localhost" && (err != nil || !ip.IsLoopback())
}

func (r *reader) replicas(x hcl.Expression) int {
	v, ok := r.value(x, cty.Number)
	if !ok {
		return DefaultReplicas
	}
	n, accuracy := v.AsBigFloat().Int64()
	if accuracy != 0 || n < 0 || n > 10 {
		r.wrong(x.Range(), "choose a whole number from 0, for a single node, to 10", "replicas is out of range")
		return DefaultReplicas
	}
	return int(n)
}
