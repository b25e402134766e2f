package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
)

// TrailName is the name of the one trail that a text declares. A text that
// declares anything else is refused.
func TrailName(text []byte) (string, error) {
	file, diags := hclsyntax.ParseConfig(text, "trail", hcl.InitialPos)
	if diags.HasErrors() {
		return "", fmt.Errorf("line %d: %s", diags[0].Subject.Start.Line, diags[0].Summary)
	}
	body, ok := file.Body.(*hclsyntax.Body)
	if !ok || len(body.Attributes) > 0 || len(body.Blocks) != 1 || body.Blocks[0].Type != "trail" || len(body.Blocks[0].Labels) != 1 {
		return "", fmt.Errorf(`it is not one block: trail "NAME" { … }`)
	}
	return body.Blocks[0].Labels[0], nil
}

// TrailText writes a trail that is given as JSON as the configuration has it. The
// members are called as the attributes and blocks are, in camelCase: "eventRw",
// "maxAge"; an object is a block, a list of objects several. "kind" is the label of a
// block that has one, and "name" that of the trail. What they say is not checked.
func TrailText(name string, spec []byte) ([]byte, error) {
	var members map[string]any
	if err := json.Unmarshal(spec, &members); err != nil {
		return nil, fmt.Errorf("it is not a JSON object: %w", err)
	}
	delete(members, "name")
	file := hclwrite.NewEmptyFile()
	if err := writeBlock(file.Body(), "trail", []string{name}, members); err != nil {
		return nil, err
	}
	return hclwrite.Format(file.Bytes()), nil
}

func writeBlock(to *hclwrite.Body, kind string, labels []string, members map[string]any) error {
	body := to.AppendNewBlock(kind, labels).Body()
	var blocks []string
	for _, key := range slices.Sorted(maps.Keys(members)) {
		name := snake(key)
		if !hclsyntax.ValidIdentifier(name) {
			return fmt.Errorf("%q is not the name of an attribute", key)
		}
		switch v := members[key].(type) {
		case map[string]any:
			blocks = append(blocks, key)
		case []any:
			if len(v) > 0 {
				if _, object := v[0].(map[string]any); object {
					blocks = append(blocks, key)
					continue
				}
			}
			value, err := list(v)
			if err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
			body.SetAttributeValue(name, value)
		case string:
			body.SetAttributeValue(name, cty.StringVal(v))
		case bool:
			body.SetAttributeValue(name, cty.BoolVal(v))
		case float64:
			body.SetAttributeValue(name, cty.NumberFloatVal(v))
		default:
			return fmt.Errorf("%s: there is no such value in a configuration; leave it out", key)
		}
	}
	for _, key := range blocks {
		all, ok := members[key].([]any)
		if !ok {
			all = []any{members[key]}
		}
		for _, one := range all {
			members, ok := one.(map[string]any)
			if !ok {
				return fmt.Errorf("%s: a list is of objects or of text, not of both", key)
			}
			var labels []string
			if label, ok := members["kind"].(string); ok {
				labels = []string{label}
				members = maps.Clone(members)
				delete(members, "kind")
			}
			if err := writeBlock(body, snake(key), labels, members); err != nil {
				return err
			}
		}
	}
	return nil
}

func list(values []any) (cty.Value, error) {
	if len(values) == 0 {
		return cty.ListValEmpty(cty.String), nil
	}
	out := make([]cty.Value, len(values))
	for i, v := range values {
		text, ok := v.(string)
		if !ok {
			return cty.NilVal, fmt.Errorf("a list is of objects or of text")
		}
		out[i] = cty.StringVal(text)
	}
	return cty.ListVal(out), nil
}

// snake is eventRw as event_rw.
func snake(name string) string {
	var b strings.Builder
	for _, c := range name {
		if unicode.IsUpper(c) {
			b.WriteByte('_')
			c = unicode.ToLower(c)
		}
		b.WriteRune(c)
	}
	return b.String()
}
