package config

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

func (r *reader) remote(servers, credentials, nkey hcl.Expression, secure []tlsBlock) Remote {
	n := Remote{Servers: r.texts(servers), Credentials: r.file(credentials), NKey: r.file(nkey)}
	if n.Credentials != "" && n.NKey != "" {
		r.wrong(nkey.Range(), "keep nkey for a server whose configuration lists keys, or credentials for one with operator and accounts", "nkey and credentials exclude each other")
	}
	n.Secure, n.TLS = r.tls(secure)
	for _, s := range n.Servers {
		if !slices.ContainsFunc([]string{"nats://", "tls://", "ws://", "wss://"}, func(scheme string) bool { return strings.HasPrefix(s, scheme) && len(s) > len(scheme) }) {
			r.wrong(servers.Range(), `write servers = ["nats://host:4222"] or tls://`, "%q is not the address of a NATS server", s)
		}
	}
	if given(servers) && len(n.Servers) == 0 && !r.toldAt(servers.Range()) {
		r.wrong(servers.Range(), `write servers = ["nats://host:4222"]`, "at least one server is needed")
	}
	return n
}

// tls reads the files of certificates, and tells whether there is such a block.
func (r *reader) tls(blocks []tlsBlock) (bool, TLS) {
	b := one(r, blocks, "tls", func(b *tlsBlock) hcl.Range { return b.Range })
	if b == nil {
		return false, TLS{}
	}
	t := TLS{CA: r.file(b.CAFile), Cert: r.file(b.CertFile), Key: r.file(b.KeyFile)}
	if (t.Cert == "") != (t.Key == "") {
		r.wrong(b.Range, `write cert_file = "agent.pem" and key_file = "agent.key"`, "a certificate needs its key, and a key its certificate")
	}
	return true, t
}

// listenTLS reads the files of one who is called; nil: there is no such block.
func (r *reader) listenTLS(blocks []listenTLSBlock) *ListenTLS {
	b := one(r, blocks, "tls", func(b *listenTLSBlock) hcl.Range { return b.Range })
	if b == nil {
		return nil
	}
	return &ListenTLS{Cert: r.file(b.CertFile), Key: r.file(b.KeyFile), ClientCA: r.file(b.ClientCAFile)}
}

// file reads the name of a file of keys or certificates: it is relative to the
// folder of the configuration that names it, so that both can be copied together.
func (r *reader) file(x hcl.Expression) string {
	name := r.text(x, "")
	if name != "" && r.ofCaller(x.Range()) && !filepath.IsLocal(name) {
		r.wrong(x.Range(), "put it into "+r.kept+" on the server, and write its name without a path; or declare the trail in a file of the configuration", "a trail that is made through the API reads no file of the server but those that are there for it")
		return ""
	}
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(x.Range().Filename), name)
}

// ofCaller tells whether this place is in what a caller of the API has asked for.
func (r *reader) ofCaller(at hcl.Range) bool {
	return r.kept != "" && filepath.Dir(at.Filename) == filepath.Clean(r.kept)
}

func (r *reader) agents(blocks []agentsBlock) Agents {
	a := Agents{Enroll: EnrollByKeys}
	if b := one(r, blocks, "agents", func(b *agentsBlock) hcl.Range { return b.Range }); b != nil {
		a.Enroll = r.choice(b.Enroll, "way to enroll", a.Enroll, EnrollByKeys, EnrollFirstUse)
	}
	return a
}

func (r *reader) nats(blocks []natsBlock) NATS {
	n := NATS{MaxBytes: DefaultStreamBytes}
	b := one(r, blocks, "nats", func(b *natsBlock) hcl.Range { return b.Range })
	if b == nil {
		return n
	}
	n.Remote = r.remote(b.Servers, b.Credentials, b.NKey, b.TLS)
	n.Listen = r.address(b.Listen, "")
	if n.MaxBytes = r.bytes(b.MaxBytes, n.MaxBytes); n.MaxBytes < 64<<20 {
		r.wrong(b.MaxBytes.Range(), "give it at least 64MiB", "the stream is too small")
	}
	if len(n.Servers) > 0 && n.Listen != "" {
		r.wrong(b.Listen.Range(), "keep servers to use a NATS server elsewhere, or listen to run one here", "servers and listen exclude each other")
	}
	if len(n.Servers) > 0 {
		return n
	}
	if n.NKey != "" || n.Credentials != "" {
		r.wrong(b.Range, "leave them out, or add servers", "nkey and credentials are for a NATS server elsewhere")
	}
	switch {
	case n.Secure && n.Listen == "":
		r.wrong(b.TLS[0].Range, "add listen to let agents elsewhere come, or servers to use a NATS server elsewhere", "nobody comes by the network")
	case n.Secure && n.TLS.Cert == "":
		r.wrong(b.TLS[0].Range, `write cert_file = "server.pem" and key_file = "server.key"; with ca_file as well, clients need a certificate, too`, "a server needs a certificate")
	}
	return n
}
