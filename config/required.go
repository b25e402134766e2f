package config

import (
	"reflect"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/gohcl"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// decode reads a body into the struct of its block, and tells which attributes it
// must have and has not: gohcl asks for none that is kept as an expression.
func (r *reader) decode(body hcl.Body, at hcl.Range, into any) {
	before := len(r.diagnostics)
	r.diagnostics = append(r.diagnostics, gohcl.DecodeBody(body, nil, into)...)
	r.known(body, r.diagnostics[before:], into)
	renamed(body, r.diagnostics[before:])
	if len(r.diagnostics) == before { // else an attribute may seem to be missing that is misspelt
		r.required(reflect.ValueOf(into).Elem(), at)
	}
}

// known adds to the mistakes about blocks of this body that nobody knows which there are.
func (r *reader) known(body hcl.Body, mistakes hcl.Diagnostics, into any) {
	written, ok := body.(*hclsyntax.Body)
	if !ok {
		return
	}
	schema, _ := gohcl.ImpliedBodySchema(into)
	var types []string
	for _, b := range schema.Blocks {
		types = append(types, b.Type)
	}
	for _, b := range written.Blocks {
		for _, d := range mistakes {
			if d.Subject != nil && *d.Subject == b.TypeRange && !slices.Contains(types, b.Type) && !strings.Contains(d.Detail, "Did you mean") {
				d.Detail += " Use one of: " + strings.Join(types, ", ") + "."
			}
		}
	}
}

func (r *reader) required(block reflect.Value, at hcl.Range) {
	if own := block.FieldByName("Range"); own.IsValid() {
		at = own.Interface().(hcl.Range)
	}
	for i := range block.NumField() {
		name, kind, _ := strings.Cut(block.Type().Field(i).Tag.Get("hcl"), ",")
		field := block.Field(i)
		switch kind {
		case "attr":
			if x, _ := field.Interface().(hcl.Expression); !given(x) {
				r.wrong(at, "write "+name+" = … into it", "%s is missing", name)
			}
		case "block":
			for k := range field.Len() {
				r.required(field.Index(k), at)
			}
		}
	}
}
