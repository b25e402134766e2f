package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/actiontrail/actiontrail/plugins/mapper"
)

const expressionHint = `write a string, a value of the request (path.id, query.Action, headers.referer, fields.tenant, method), "${…}", or a function: lower, upper, title, trimprefix, replace, coalesce, startswith, contains`

// expression compiles an expression of a mapper; nil when it is not there. Only
// what mapper.Expr knows can be written: HCL itself does not run on records.
func (r *reader) expression(x hcl.Expression) *mapper.Expr {
	if !given(x) {
		return nil
	}
	return r.compile(x.(hclsyntax.Expression))
}

// textExpression is an expression that makes text.
func (r *reader) textExpression(x hcl.Expression) *mapper.Expr {
	e := r.expression(x)
	if e != nil && e.IsTruth() {
		r.wrong(x.Range(), "startswith and contains tell yes or no: they are for console { when = … }", "text is needed here")
		return nil
	}
	return e
}

func (r *reader) compile(x hclsyntax.Expression) *mapper.Expr {
	switch x := x.(type) {
	case *hclsyntax.LiteralValueExpr:
		return r.literal(x)
	case *hclsyntax.TemplateWrapExpr:
		return r.compile(x.Wrapped)
	case *hclsyntax.ParenthesesExpr:
		return r.compile(x.Expression)
	case *hclsyntax.TemplateExpr:
		parts := make([]*mapper.Expr, 0, len(x.Parts))
		for _, p := range x.Parts {
			if e := r.compile(p); e != nil {
				parts = append(parts, e)
			}
		}
		if len(parts) == 0 {
			return mapper.Literal("")
		}
		return mapper.Join(parts...)
	case *hclsyntax.ScopeTraversalExpr:
		return r.traversal(x.Traversal, x.Range())
	case *hclsyntax.IndexExpr: // fields["x.y"]
		return r.indexed(x)
	case *hclsyntax.FunctionCallExpr:
		args := make([]*mapper.Expr, 0, len(x.Args))
		for _, a := range x.Args {
			e := r.compile(a)
			if e == nil {
				return nil // told already
			}
			args = append(args, e)
		}
		e, err := mapper.Call(x.Name, args...)
		if err != nil {
			r.wrong(x.Range(), expressionHint, "%v", err)
			return nil
		}
		return e
	}
	r.wrong(x.Range(), expressionHint, "this cannot be used in a mapper")
	return nil
}

func (r *reader) literal(x *hclsyntax.LiteralValueExpr) *mapper.Expr {
	if x.Val.Type() != cty.String || x.Val.IsNull() {
		r.wrong(x.Range(), "write it in quotes", "a string is needed here")
		return nil
	}
	return mapper.Literal(x.Val.AsString())
}

// traversal is a value with dots: headers.x-trace, or with an index: fields["a.b"].
func (r *reader) traversal(t hcl.Traversal, at hcl.Range) *mapper.Expr {
	name := ""
	for i, step := range t {
		switch s := step.(type) {
		case hcl.TraverseRoot:
			name = s.Name
		case hcl.TraverseAttr:
			name += "." + s.Name
		case hcl.TraverseIndex:
			if i != 1 || s.Key.Type() != cty.String {
				r.wrong(at, expressionHint, "this cannot be used in a mapper")
				return nil
			}
			name += "." + s.Key.AsString()
		}
	}
	return r.named(name, at)
}

func (r *reader) indexed(x *hclsyntax.IndexExpr) *mapper.Expr {
	root, ok := x.Collection.(*hclsyntax.ScopeTraversalExpr)
	key, diags := x.Key.Value(nil)
	if !ok || len(root.Traversal) != 1 || diags.HasErrors() || key.Type() != cty.String {
		r.wrong(x.Range(), expressionHint, "this cannot be used in a mapper")
		return nil
	}
	return r.named(root.Traversal.RootName()+"."+key.AsString(), x.Range())
}

func (r *reader) named(name string, at hcl.Range) *mapper.Expr {
	e, err := mapper.Value(name)
	if err != nil {
		r.wrong(at, "", "%v", err)
		return nil
	}
	return e
}

// expressions compiles an object of expressions, in the order of the file.
func (r *reader) expressions(x hcl.Expression) []mapper.Named {
	if !given(x) {
		return nil
	}
	pairs, diags := hcl.ExprMap(x)
	if diags.HasErrors() {
		r.wrong(x.Range(), `write { name = "value" }`, "an object is needed here")
		return nil
	}
	var all []mapper.Named
	for _, p := range pairs {
		key, diags := p.Key.Value(nil)
		if diags.HasErrors() || key.Type() != cty.String || key.IsNull() {
			r.wrong(p.Key.Range(), "", "a name is needed here")
			continue
		}
		if e := r.textExpression(p.Value); e != nil {
			all = append(all, mapper.Named{Name: key.AsString(), Value: e})
		}
	}
	return all
}
