package mapper

import (
	"fmt"
	"net/url"
	"strings"
)

// docNode is a value of a document, and where it stands.
type docNode struct {
	value any
	root  any
	up    *docNode
	name  string
}

// maxRefs is how many references in a row are followed: more run in a circle.
const maxRefs = 16

// documentRoot is the top of a document of a kind and version that is known.
func documentRoot(doc any) (docNode, error) {
	n := docNode{value: doc, root: doc}
	if _, ok := doc.(map[string]any); !ok {
		return n, fmt.Errorf("it is not an OpenAPI document: its top is not an object")
	}
	version := n.get("openapi").string()
	swagger := n.get("swagger").string()
	if !strings.HasPrefix(version, "3.") && !strings.HasPrefix(swagger, "2.") {
		return n, fmt.Errorf("it is not an OpenAPI 3 or Swagger 2 document: its top has neither openapi: \"3.…\" nor swagger: \"2.0\"")
	}
	return n, nil
}

// get is a member; its value is nil when there is none.
func (n docNode) get(name string) docNode {
	object, _ := n.value.(map[string]any)
	return docNode{object[name], n.root, &n, name}
}

// at is an element of a list.
func (n docNode) at(i int) docNode {
	list, _ := n.value.([]any)
	return docNode{list[i], n.root, &n, fmt.Sprint(i)}
}

// where is the place, as paths > /orders > get.
func (n docNode) where() string {
	if n.up == nil || n.up.up == nil {
		return n.name
	}
	return n.up.where() + " > " + n.name
}

func (n docNode) wrong(format string, args ...any) error {
	return fmt.Errorf("%s: %s", n.where(), fmt.Sprintf(format, args...))
}

func (n docNode) object() (map[string]any, error) {
	object, ok := n.value.(map[string]any)
	if !ok {
		return nil, n.wrong("an object is needed here")
	}
	return object, nil
}

// list is a list, nil when it is not there.
func (n docNode) list() ([]any, error) {
	list, ok := n.value.([]any)
	if !ok && n.value != nil {
		return nil, n.wrong("a list is needed here")
	}
	return list, nil
}

// string is a text; "" when it is not there or none.
func (n docNode) string() string {
	s, _ := n.value.(string)
	return s
}

// text is a text, "" when it is not there.
func (n docNode) text() (string, error) {
	s, ok := n.value.(string)
	if !ok && n.value != nil {
		return "", n.wrong("text is needed here: write it in quotes")
	}
	return s, nil
}

// texts is a list of text, nil when it is not there.
func (n docNode) texts() ([]string, error) {
	list, err := n.list()
	var all []string
	for i := 0; err == nil && i < len(list); i++ {
		var s string
		s, err = n.at(i).text()
		all = append(all, s)
	}
	return all, err
}

// resolve follows references within the document.
func (n docNode) resolve() (docNode, error) {
	from := n
	for range maxRefs {
		object, _ := n.value.(map[string]any)
		ref, ok := object["$ref"].(string)
		if !ok {
			return n, nil
		}
		pointer, local := strings.CutPrefix(ref, "#/")
		if !local {
			return n, from.wrong("it refers to another file, %s: bundle the document into one file", ref)
		}
		n = docNode{value: n.root, root: n.root}
		for step := range strings.SplitSeq(pointer, "/") {
			if s, err := url.PathUnescape(step); err == nil {
				step = s
			}
			n = n.get(strings.ReplaceAll(strings.ReplaceAll(step, "~1", "/"), "~0", "~"))
		}
		if n.value == nil {
			return n, from.wrong("it refers to %s, which is not there", ref)
		}
	}
	return n, from.wrong("its references run in a circle")
}

// isSafe tells whether the values of a parameter hold no secret by their type. In
// Swagger 2 the type stands in the parameter, later in its schema.
func (n docNode) isSafe() bool {
	if schema := n.get("schema"); schema.value != nil {
		return schema.isSafeSchema(0)
	}
	return n.isSafeSchema(0)
}

func (n docNode) isSafeSchema(depth int) bool {
	n, err := n.resolve()
	if err != nil || depth > maxRefs {
		return false // unclear: masked
	}
	if list, _ := n.get("enum").value.([]any); len(list) > 0 || n.get("const").value != nil {
		return true
	}
	types, ok := n.get("type").value.([]any) // 3.1: several
	if !ok {
		types = []any{n.get("type").value}
	}
	safe := false
	for _, t := range types {
		switch t {
		case "boolean", "integer", "number":
			safe = true
		case "array":
			if !n.get("items").isSafeSchema(depth + 1) {
				return false
			}
			safe = true
		case "null":
		case nil:
			return n.hasSafeParts(depth)
		default:
			return false
		}
	}
	return safe
}

// hasSafeParts looks into a schema that is made of others.
func (n docNode) hasSafeParts(depth int) bool {
	for _, of := range []string{"oneOf", "anyOf", "allOf"} {
		list, _ := n.get(of).value.([]any)
		safe := 0
		for i := range list {
			if n.get(of).at(i).isSafeSchema(depth + 1) {
				safe++
			}
		}
		if safe > 0 && (safe == len(list) || of == "allOf") {
			return true
		}
	}
	return false
}
