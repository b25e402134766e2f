package config

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/actiontrail/actiontrail/plugins"
)

// Plugin is a program that serves a source, or a sink.
type Plugin struct {
	Command []string // the program and its arguments
	SHA256  string   // of the program's file, in hex; empty: it is not checked
	Config  []byte   // the config block as a JSON object: what is in it only the program knows

	places map[string]hcl.Range // where each value of Config is written, by its path
	block  hcl.Range
	sum    hcl.Range // of SHA256
	files  map[string]*hcl.File
}

// Mistakes puts what a plugin says of its configuration at the places where it is written.
func (p *Plugin) Mistakes(problems []plugins.Problem) *Mistakes {
	m := &Mistakes{files: p.files}
	for _, x := range problems {
		m.diagnostics = append(m.diagnostics, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: x.Text, Subject: p.place(x.Path)})
	}
	m.order()
	return m
}

// WrongSum is the mistake that the program is another one than SHA256 says.
func (p *Plugin) WrongSum(err error) *Mistakes {
	return &Mistakes{hcl.Diagnostics{{Severity: hcl.DiagError, Summary: err.Error(), Subject: &p.sum}}, p.files}
}

// place is where the value of a path is written, or what is around it: a plugin may
// name an attribute that should be there.
func (p *Plugin) place(path []string) *hcl.Range {
	for n := len(path); n > 0; n-- {
		if at, ok := p.places[strings.Join(path[:n], "\x00")]; ok {
			return &at
		}
	}
	return &p.block
}

func (r *reader) pluginSource(b *sourceBlock, s *Source) mapping {
	var body pluginSourceBody
	r.decode(b.Body, b.Range, &body)
	s.Plugin = r.plugin(body.Command, body.SHA256, body.Config, b.Range)
	return mapping{body.Format, body.LogFormat, body.Mapper, body.KeepRaw, body.TimeZone, body.TrustedProxies, body.ProxyHeader}
}

// plugin reads which program it is, and what only the program understands.
func (r *reader) plugin(command, sum hcl.Expression, blocks []configBlock, at hcl.Range) *Plugin {
	p := &Plugin{Command: r.texts(command), SHA256: strings.ToLower(r.text(sum, "")), Config: []byte("{}"), places: map[string]hcl.Range{}, block: at}
	if given(command) && (len(p.Command) == 0 || p.Command[0] == "") && !r.toldAt(command.Range()) {
		r.wrong(command.Range(), `write command = ["/usr/lib/actiontrail/acme-source"]`, "a plugin needs a program")
	}
	if given(sum) && !isSHA256(p.SHA256) && !r.toldAt(sum.Range()) {
		r.wrong(sum.Range(), "write what sha256sum prints for the program: 64 hex digits", "%q is not a SHA-256", p.SHA256)
	}
	if given(sum) {
		p.sum = sum.Range()
	}
	if c := one(r, blocks, "config", func(c *configBlock) hcl.Range { return c.Range }); c != nil {
		p.block = c.Range
		p.Config = r.foreign(c.Body, p.places)
	}
	return p
}

func isSHA256(s string) bool { return regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(s) }

// foreign reads a body whose attributes only a plugin knows into a JSON object, and
// notes where each value is written. Blocks have no one form in JSON: an object can say the same.
func (r *reader) foreign(body hcl.Body, places map[string]hcl.Range) []byte {
	written, ok := body.(*hclsyntax.Body)
	if !ok { // all files are in HCL's own syntax
		r.wrong(body.MissingItemRange(), "", "config cannot be read")
		return []byte("{}")
	}
	for _, block := range written.Blocks {
		r.wrong(block.DefRange(), fmt.Sprintf("write an object: %s = { … }", block.Type), "there can be no blocks in config")
	}
	values := map[string]cty.Value{}
	for name, a := range written.Attributes {
		v, diags := a.Expr.Value(nil)
		if diags.HasErrors() {
			r.notPlain(diags)
			continue
		}
		values[name] = v
		notePlaces(a.Expr, name, places)
	}
	whole := cty.ObjectVal(values)
	text, err := ctyjson.Marshal(whole, whole.Type())
	if err != nil { // plain values all have a form in JSON
		r.wrong(body.MissingItemRange(), "only plain values can stand here", "config: %v", err)
		return []byte("{}")
	}
	return text
}

// notePlaces notes where an expression and the parts of it are written.
func notePlaces(x hcl.Expression, path string, places map[string]hcl.Range) {
	places[path] = x.Range()
	switch x := x.(type) {
	case *hclsyntax.ObjectConsExpr:
		for _, item := range x.Items {
			if k, diags := item.KeyExpr.Value(nil); !diags.HasErrors() && k.Type() == cty.String && k.IsKnown() && !k.IsNull() {
				notePlaces(item.ValueExpr, path+"\x00"+k.AsString(), places)
			}
		}
	case *hclsyntax.TupleConsExpr:
		for i, e := range x.Exprs {
			notePlaces(e, path+"\x00"+strconv.Itoa(i), places)
		}
	}
}
