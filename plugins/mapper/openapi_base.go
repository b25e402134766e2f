package mapper

import (
	"net/url"
	"slices"
	"strings"
)

// maxBases is how many base paths a document may have.
const maxBases = 32

// bases are the base paths of an operation: as they stand in requests, without the
// prefix that the rules take off.
func (o *OpenAPI) bases(root docNode, op *operation) ([]string, error) {
	var all []string
	add := func(base string) {
		base = o.withoutPrefix(strings.TrimRight(base, "/"))
		if !slices.Contains(all, base) && len(all) < maxBases {
			all = append(all, base)
		}
	}
	if o.BasePath != "" {
		add(o.BasePath)
		return all, nil
	}
	if root.get("swagger").value != nil {
		base, err := root.get("basePath").text()
		if base != "" && base[0] != '/' {
			base = "/" + base
		}
		add(base)
		return all, err
	}
	for _, where := range []docNode{op.at.get("servers"), op.item.get("servers"), root.get("servers")} {
		list, err := where.list()
		if err != nil {
			return nil, err
		}
		for i := range list {
			address, err := where.at(i).get("url").text()
			if err != nil {
				return nil, err
			}
			for _, a := range where.at(i).filled(address, 0) {
				add(pathOf(a))
			}
		}
		if len(all) > 0 {
			return all, nil
		}
	}
	add("")
	return all, nil
}

// filled are the addresses of a server, with the values that its variables may have.
func (n docNode) filled(address string, depth int) []string {
	before, rest, open := strings.Cut(address, "{")
	name, after, closed := strings.Cut(rest, "}")
	if !open || !closed || depth > maxRefs {
		return []string{address}
	}
	v := n.get("variables").get(name)
	values, _ := v.get("enum").texts() // others than text cannot stand in an address
	if d := v.get("default").string(); !slices.Contains(values, d) {
		values = append(values, d)
	}
	var all []string
	for _, value := range values {
		if all = append(all, n.filled(before+value+after, depth+1)...); len(all) >= maxBases {
			break
		}
	}
	return all
}

// pathOf is the path of a server's address, which may be relative.
func pathOf(address string) string {
	if _, rest, ok := strings.Cut(address, "://"); ok {
		address = "//" + rest
	}
	if rest, ok := strings.CutPrefix(address, "//"); ok {
		i := strings.IndexByte(rest, '/')
		if i < 0 {
			return ""
		}
		address = rest[i:]
	}
	u, err := url.Parse(address)
	if err != nil || !strings.HasPrefix(u.Path, "/") {
		return "" // relative to where the document is served, which nobody knows here
	}
	return u.EscapedPath()
}

// withoutPrefix takes the rules' prefix off a base path that begins with it. Any
// other base path is what is left of requests when the prefix is taken off.
func (o *OpenAPI) withoutPrefix(base string) string {
	prefix := strings.TrimRight(o.PathPrefix, "/")
	if rest, ok := strings.CutPrefix(base, prefix); ok && (rest == "" || rest[0] == '/') {
		return rest
	}
	return base
}
