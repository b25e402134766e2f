package mapper

import (
	"slices"
	"strings"
)

// nameActions gives each operation its action: what the document says for an
// audit, else its id, else its method and path. Ids that come to the same action
// tell nothing apart; those operations are called after tag, method and path.
func (o *OpenAPI) nameActions(all []operation) {
	count := map[string]int{}
	byID := func(op *operation) string {
		if op.action != "" || o.ActionFrom == "path" {
			return ""
		}
		return pascal(op.id)
	}
	for i := range all {
		count[byID(&all[i])]++
	}
	for i := range all {
		op := &all[i]
		switch name := byID(op); {
		case op.action != "":
		case name == "":
			op.action = pathAction(op.method, op.path)
		case count[name] > 1:
			op.action = pascal(pascal(op.tag) + " " + pathAction(op.method, op.path))
		default:
			op.action = name
		}
	}
}

// pathAction makes an action of method and path: GetOrdersByOrder.
func pathAction(method, path string) string {
	path, _, _ = strings.Cut(path, "?")
	words := []string{strings.ToLower(method)}
	for part := range strings.SplitSeq(path, "/") {
		for part != "" {
			text, rest, open := strings.Cut(part, "{")
			words = append(words, text)
			name, after, _ := strings.Cut(rest, "}")
			if open {
				words = append(words, "by", name)
			}
			part = after
		}
	}
	return pascal(strings.Join(words, " "))
}

// resource is what an operation acts on: the type is the noun before the last
// parameters of its path, the name is their values. Either may be empty.
func (op *operation) resource(p *Pattern) (typ string, name *Expr, err error) {
	last := -1
	for i := range p.segments {
		if len(p.segments[i].names()) > 0 {
			last = i
		}
	}
	var values []*Expr
	if last >= 0 {
		names := p.segments[last].names()
		from := last
		for from > 0 && p.segments[from-1].name != "" { // owner/repo
			from--
		}
		if from > 0 && p.segments[from-1].literal != "" {
			typ = pascal(singular(p.segments[from-1].literal))
		} else {
			typ = pascal(strings.TrimSuffix(strings.TrimSuffix(names[0], "Id"), "_id"))
		}
		for i := from; i < last; i++ {
			values = append(values, &Expr{kind: capture, text: p.segments[i].name}, Literal("/"))
		}
		values = append(values, &Expr{kind: capture, text: names[0]})
	}
	at := op.extension("x-audit-resource")
	if object, ok := at.value.(map[string]any); ok {
		chosen, err := at.get("name").text()
		if err != nil {
			return "", nil, err
		}
		if chosen != "" {
			if _, ok := p.capture(chosen); !ok {
				return "", nil, at.get("name").wrong("%q is no parameter of the path", chosen)
			}
			values = []*Expr{{kind: capture, text: chosen}}
		}
		if object["type"] != nil {
			if typ, err = at.get("type").text(); err != nil {
				return "", nil, err
			}
		}
	} else if text, err := at.text(); err != nil {
		return "", nil, at.wrong("write a type, or an object with type and name")
	} else if text != "" {
		typ = text
	}
	if len(values) > 0 {
		name = Join(values...)
	}
	return typ, name, nil
}

// singular is one of what an English plural names.
func singular(s string) string {
	ends := func(all ...string) bool {
		return slices.ContainsFunc(all, func(e string) bool { return strings.HasSuffix(s, e) })
	}
	switch {
	case len(s) < 4:
		return s
	case ends("ies"):
		return s[:len(s)-3] + "y"
	case ends("sses", "shes", "ches", "xes", "zzes", "tuses", "aliases"):
		return s[:len(s)-2]
	case ends("ss", "us", "is", "news"):
		return s
	}
	return strings.TrimSuffix(s, "s")
}
