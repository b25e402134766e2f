package mapper

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// OpenAPI says how the operations of a document become routes.
type OpenAPI struct {
	BasePath    string // before the document's paths; empty: that of the document's servers, or its basePath
	PathPrefix  string // of the rules' Match: taken off the base path where that begins with it
	Service     string // of all operations; empty: from ServiceFrom
	ServiceFrom string // one of ServicesFrom; empty: the first
	ActionFrom  string // one of ActionsFrom; empty: the first
}

// ServicesFrom are the places from which the service of an operation can be taken.
func ServicesFrom() []string { return []string{"tag", "title", "path"} }

// ActionsFrom are the places from which the action of an operation can be taken.
func ActionsFrom() []string { return []string{"operationId", "path"} }

// Import makes routes of the operations of an OpenAPI 3 or Swagger 2 document: one
// for each operation and base path, ordered by path. doc is what encoding/json
// makes of it: maps, slices, strings. An error says where in the document it is.
//
// Sources: the OpenAPI Specification 3.0 to 3.2 and the Swagger specification 2.0
// (spec.openapis.org), and the extensions x-audit-action, x-audit-resource,
// x-audit-rw and x-audit-mask of docs/guide/mapper.md.
func (o *OpenAPI) Import(doc any) ([]Route, error) {
	root, err := documentRoot(doc)
	if err != nil {
		return nil, err
	}
	all, err := operations(root)
	if err != nil {
		return nil, err
	}
	o.nameActions(all)
	title := pascal(root.get("info").get("title").string())
	var routes []Route
	seen := map[string]bool{}
	for i := range all {
		op := &all[i]
		bases, err := o.bases(root, op)
		if err != nil {
			return nil, err
		}
		for _, base := range bases {
			r, err := o.route(op, base, title)
			if err != nil {
				return nil, err
			}
			if shape := r.Pattern.Shape(); !seen[shape] {
				seen[shape] = true
				routes = append(routes, r)
			}
		}
	}
	return routes, nil
}

// operation is one operation of a document.
type operation struct {
	item, at docNode // the path's, and its own
	method   string
	path     string
	tag, id  string
	action   string
	shown    []string
	masked   []string
	tail     bool // its last parameter takes all that is left
}

// methods of a path item, in the order in which their routes are made.
func itemMethods() []string {
	return []string{"get", "put", "post", "delete", "options", "head", "patch", "trace", "query"}
}

// operations are all operations of a document, ordered by path.
func operations(root docNode) ([]operation, error) {
	paths, err := root.get("paths").object()
	if err != nil {
		return nil, err
	}
	var all []operation
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		if !strings.HasPrefix(path, "/") {
			if strings.HasPrefix(path, "x-") {
				continue
			}
			return nil, root.get("paths").get(path).wrong("a path begins with /")
		}
		item := root.get("paths").get(path)
		resolved, err := item.resolve()
		if err != nil {
			return nil, err
		}
		if _, err := resolved.object(); err != nil {
			return nil, err
		}
		add := func(method string, at docNode) error {
			op := operation{item: resolved, at: at, method: strings.ToUpper(method), path: path}
			if err := op.read(); err != nil {
				return err
			}
			all = append(all, op)
			return nil
		}
		for _, method := range itemMethods() {
			if at := resolved.get(method); at.value != nil {
				if err := add(method, at); err != nil {
					return nil, err
				}
			}
		}
		more, _ := resolved.get("additionalOperations").value.(map[string]any)
		for _, method := range slices.Sorted(maps.Keys(more)) {
			if err := add(method, resolved.get("additionalOperations").get(method)); err != nil {
				return nil, err
			}
		}
	}
	if len(all) == 0 {
		return nil, root.get("paths").wrong("there is no operation in it")
	}
	return all, nil
}

// read reads what of an operation is needed.
func (op *operation) read() error {
	if _, err := op.at.object(); err != nil {
		return err
	}
	var err error
	if op.id, err = op.at.get("operationId").text(); err != nil {
		return err
	}
	tags, err := op.at.get("tags").texts()
	if err != nil {
		return err
	}
	if len(tags) > 0 {
		op.tag = tags[0]
	}
	if op.action, err = op.extension("x-audit-action").text(); err != nil {
		return err
	}
	masks := op.extension("x-audit-mask")
	if op.masked, err = masks.texts(); err != nil {
		return err
	}
	return op.parameters()
}

// extension is a value of the operation, else of its path item.
func (op *operation) extension(name string) docNode {
	if at := op.at.get(name); at.value != nil {
		return at
	}
	return op.item.get(name)
}

// parameters reads which values may leave the machine: numbers, truths and values
// of an enumeration hold no secret.
func (op *operation) parameters() error {
	for _, where := range []docNode{op.item.get("parameters"), op.at.get("parameters")} {
		list, err := where.list()
		if err != nil {
			return err
		}
		for i := range list {
			p, err := where.at(i).resolve()
			if err != nil {
				return err
			}
			name := p.get("name").string()
			op.shown = slices.DeleteFunc(op.shown, func(s string) bool { return s == name }) // of the path item
			if many, _ := p.get("x-multi-segment").value.(bool); many && strings.HasSuffix(op.path, "/{"+name+"}") {
				op.tail = true
			}
			if mask, _ := p.get("x-audit-mask").value.(bool); mask {
				op.masked = append(op.masked, name)
			} else if p.get("in").string() == "query" && p.isSafe() {
				op.shown = append(op.shown, name)
			}
		}
	}
	return nil
}

// route is the route of an operation below a base path.
func (o *OpenAPI) route(op *operation, base, title string) (Route, error) {
	p, err := parsePattern(op.method, op.template(base), func(name string) bool { return name != "" })
	if err != nil {
		return Route{}, op.at.wrong("%v", err)
	}
	r := Route{Pattern: p, Action: Literal(op.action), Operation: event.Text(op.id), Shown: op.shown, Masked: op.masked}
	service := o.Service
	if service == "" {
		switch cmp.Or(o.ServiceFrom, "tag") {
		case "tag":
			service = cmp.Or(pascal(op.tag), title)
		case "title":
			service = title
		case "path":
			service = pascal(firstLiteral(op.path))
		}
	}
	if service != "" {
		r.Service = Literal(service)
	}
	if r.RW, err = op.rw(); err != nil {
		return Route{}, err
	}
	typ, name, err := op.resource(&p)
	if err != nil {
		return Route{}, err
	}
	if typ != "" {
		r.ResourceType = Literal(typ)
	}
	r.ResourceName = name
	return r, nil
}

// rw is what the document says of reading and writing; empty: what the method says.
func (op *operation) rw() (string, error) {
	at := op.extension("x-audit-rw")
	rw, err := at.text()
	if err != nil {
		return "", err
	}
	switch {
	case strings.EqualFold(rw, event.Read):
		return event.Read, nil
	case strings.EqualFold(rw, event.Write):
		return event.Write, nil
	case rw != "":
		return "", at.wrong("%q is neither Read nor Write", rw)
	case op.method == "QUERY" || op.method == "TRACE":
		return event.Read, nil
	}
	return "", nil
}

// template is a path of a document as the path of a pattern: {proxy+} and {path*},
// where they stand at the end, are a tail, as some gateways write it; what follows
// a # tells two operations apart for readers, not for servers.
func (op *operation) template(base string) string {
	path, _, _ := strings.Cut(op.path, "#")
	if op.tail {
		path = strings.TrimSuffix(path, "}") + "...}"
	}
	for _, mark := range []string{"+}", "*}"} {
		if s, ok := strings.CutSuffix(path, mark); ok {
			path = s + "...}"
		}
	}
	return strings.TrimSuffix(base, "/") + path
}

func firstLiteral(path string) string {
	for part := range strings.SplitSeq(path, "/") {
		if part != "" && strings.IndexByte(part, '{') < 0 {
			return part
		}
	}
	return ""
}
