// Package write writes what config reads: mapper blocks that are proposed from a
// log. It stands apart from config so that an agent, which writes none, does not
// link it.
package write

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"github.com/actiontrail/actiontrail/plugins/mapper"
)

// Mapper is the text of a mapper block with these routes, each under a
// comment that says how often it was seen. config.Load reads it.
func Mapper(name string, proposals []mapper.Proposal) []byte {
	f := hclwrite.NewEmptyFile()
	body := f.Body().AppendNewBlock("mapper", []string{name}).Body()
	first := true
	for _, ignored := range []bool{true, false} {
		for i := range proposals {
			if p := &proposals[i]; p.Ignore == ignored {
				if !first && !ignored {
					body.AppendNewline()
				}
				first = false
				route(body, p)
			}
		}
	}
	return hclwrite.Format(f.Bytes())
}

// Route is the text of one route or ignore block.
func Route(p *mapper.Proposal) []byte {
	f := hclwrite.NewEmptyFile()
	route(f.Body(), p)
	return hclwrite.Format(f.Bytes())
}

func route(body *hclwrite.Body, p *mapper.Proposal) {
	times := "once"
	if p.Count > 1 {
		times = fmt.Sprintf("%d times", p.Count)
	}
	comment := fmt.Sprintf("# %s, such as %s", times, strings.Map(printable, p.Example))
	body.AppendUnstructuredTokens(hclwrite.Tokens{{Type: hclsyntax.TokenComment, Bytes: []byte(comment + "\n")}})
	if p.Ignore {
		body.AppendUnstructuredTokens(hclwrite.Tokens{{Type: hclsyntax.TokenIdent, Bytes: []byte("ignore")}})
		body.AppendUnstructuredTokens(hclwrite.TokensForValue(cty.StringVal(p.Pattern)))
		body.AppendUnstructuredTokens(hclwrite.Tokens{{Type: hclsyntax.TokenOBrace, Bytes: []byte("{")}, {Type: hclsyntax.TokenCBrace, Bytes: []byte("}")}, {Type: hclsyntax.TokenNewline, Bytes: []byte("\n")}})
		return
	}
	block := body.AppendNewBlock("route", []string{p.Pattern}).Body()
	block.SetAttributeValue("service", cty.StringVal(p.Service))
	block.SetAttributeValue("action", cty.StringVal(p.Action))
	if p.RW != "" {
		block.SetAttributeValue("rw", cty.StringVal(p.RW))
	}
	if p.ResourceName != "" {
		block.SetAttributeRaw("resource", resourceTokens(p))
	}
}

// resourceTokens is { type = "…", name = path.… } on one line.
func resourceTokens(p *mapper.Proposal) hclwrite.Tokens {
	word := func(s string) *hclwrite.Token {
		return &hclwrite.Token{Type: hclsyntax.TokenIdent, Bytes: []byte(s), SpacesBefore: 1}
	}
	t := hclwrite.Tokens{{Type: hclsyntax.TokenOBrace, Bytes: []byte("{")}, word("type"), {Type: hclsyntax.TokenEqual, Bytes: []byte("=")}}
	t = append(t, hclwrite.TokensForValue(cty.StringVal(p.ResourceType))...)
	t = append(t, &hclwrite.Token{Type: hclsyntax.TokenComma, Bytes: []byte(",")}, word("name"), &hclwrite.Token{Type: hclsyntax.TokenEqual, Bytes: []byte("=")})
	t = append(t, word("path"), &hclwrite.Token{Type: hclsyntax.TokenDot, Bytes: []byte(".")}, &hclwrite.Token{Type: hclsyntax.TokenIdent, Bytes: []byte(p.ResourceName)})
	return append(t, &hclwrite.Token{Type: hclsyntax.TokenCBrace, Bytes: []byte("}")})
}

// printable keeps a comment on its line.
func printable(c rune) rune {
	if c < ' ' || c == 0x7f || c >= 0x80 && c <= 0x9f || c == 0x2028 || c == 0x2029 {
		return '?'
	}
	return c
}
