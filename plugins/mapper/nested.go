package mapper

import (
	"slices"
	"strings"
)

// nested reads records that are objects within objects. What it looks for is
// compiled once into a tree of member names, whose leaves are slots; all else is
// stepped over. It keeps its memory between records: one goroutine uses it.
//
// Of a member that comes twice the last one counts, as with encoding/json.
type nested struct {
	root  branch
	own   int  // slots of the dialect; those of rules come after
	keeps bool // records are kept: what is to be hidden of them is looked for
	asked []askedField

	text    []string // by slot: strings unescaped, numbers and literals as written
	headers []field  // of the request, by the names that the record gives them
	hidden  []span   // what never leaves the machine, in the order of the record
	seen    uint32   // number of the record

	b       []byte
	escapes bool
	scratch *[]byte
}

// askedField is a value that rules ask for by its path.
type askedField struct {
	name   string
	header string // where it is a header of the request: its key
}

// span is a part of the record.
type span struct{ from, to int }

// branch is a member that is looked for, or that leads to one.
type branch struct {
	key   string
	slot  int // of the value; -1: none
	asked int // the same, for the rules
	kind  branchKind
	kids  []branch
	seen  uint32 // the record in which it was met last
}

// branchKind says how the value of a branch is read.
type branchKind uint8

const (
	plainBranch   branchKind = iota // scalars, and arrays of them joined by ", "
	rawBranch                       // arrays and objects as their text
	headersBranch                   // an object of headers, each a string or an array of strings
	hiddenBranch                    // not shown in raw, and read only where rules ask for a part of it
)

const (
	maxNesting = 64  // of objects and arrays within a record
	maxHeaders = 128 // of a request
	maxList    = 64  // of the elements of an array that are read as one text
)

// wanted is what a dialect looks for: a path of member names with dots between them.
type wanted struct {
	path string
	kind branchKind
}

// newNested compiles the leaves of a dialect, whose slots are their places, and
// the paths that rules ask for. What is hidden is not looked for unless records
// are kept.
func newNested(leaves []wanted, opt *Options) *nested {
	n := &nested{own: len(leaves), keeps: opt.KeepRaw}
	n.root = branch{slot: -1, asked: -1}
	headers := "."
	for i, l := range leaves {
		if l.kind != hiddenBranch || opt.KeepRaw {
			k := n.root.at(l.path)
			k.slot, k.kind = i, l.kind
		}
		if l.kind == headersBranch {
			headers = l.path + "."
		}
	}
	for _, path := range opt.Rules.fieldNames() {
		a := askedField{name: path}
		if name, ok := strings.CutPrefix(path, headers); ok {
			a.header = headerKey(name)
		} else {
			n.root.at(path).asked = n.own + len(n.asked)
		}
		n.asked = append(n.asked, a)
	}
	n.text = make([]string, n.own+len(n.asked))
	return n
}

// at is the branch of a path, which is made if there is none yet.
func (n *branch) at(path string) *branch {
	name, rest, more := strings.Cut(path, ".")
	i := slices.IndexFunc(n.kids, func(k branch) bool { return k.key == name })
	if i < 0 {
		i = len(n.kids)
		n.kids = append(n.kids, branch{key: name, slot: -1, asked: -1})
	}
	if more {
		return n.kids[i].at(rest)
	}
	return &n.kids[i]
}

// find is the branch of a key, nil when nothing looks for it. at is where it is
// likely to be. A key with dots of its own is a path.
func (n *branch) find(key string, at *int) *branch {
	if *at < len(n.kids) && n.kids[*at].key == key {
		*at++
		return &n.kids[*at-1]
	}
	for i := range n.kids {
		if n.kids[i].key == key {
			*at = i + 1
			return &n.kids[i]
		}
	}
	if name, rest, dotted := cut(key, '.'); dotted && len(n.kids) > 0 {
		if k := n.find(name, at); k != nil && rest != "" {
			return k.find(rest, new(int))
		}
	}
	return nil
}

// read reads one record, which is an object and nothing else.
func (n *nested) read(b []byte, escapes bool, scratch *[]byte) error {
	n.b, n.escapes, n.scratch = b, escapes, scratch
	n.again()
	i := skipSpace(b, 0)
	if i == len(b) || b[i] != '{' {
		return errObject
	}
	i, err := n.object(i, &n.root, 1)
	if err != nil {
		return err
	}
	return end(b, i)
}

// again forgets the record before.
func (n *nested) again() {
	clear(n.text)
	n.headers, n.hidden = n.headers[:0], n.hidden[:0]
	n.seen++
}

// object reads the object at b[i], whose members k tells of, and returns the index after it.
func (n *nested) object(i int, k *branch, depth int) (int, error) {
	i, more, err := n.open(i, '}', depth)
	for at := 0; more && err == nil; {
		var key string
		if key, i, err = n.key(i); err != nil {
			return 0, err
		}
		if i, err = n.value(i, k.find(key, &at), depth+1); err != nil {
			return 0, err
		}
		i, more, err = n.next(i, '}')
	}
	return i, err
}

// open goes from the bracket at b[i] to the first member or element; more tells
// that there is one, or else i is after the bracket that closes.
func (n *nested) open(i int, shut byte, depth int) (next int, more bool, err error) {
	if depth > maxNesting {
		return 0, false, errDeep
	}
	if i = skipSpace(n.b, i+1); i < len(n.b) && n.b[i] == shut {
		return i + 1, false, nil
	}
	return i, true, nil
}

// next goes from the end of a value to the next member or element, as open does.
func (n *nested) next(i int, shut byte) (next int, more bool, err error) {
	switch i = skipSpace(n.b, i); {
	case i == len(n.b):
		return 0, false, errCut
	case n.b[i] == shut:
		return i + 1, false, nil
	case n.b[i] != ',':
		return 0, false, errMember
	}
	return skipSpace(n.b, i+1), true, nil
}

// key reads the key at b[i] and goes to its value.
func (n *nested) key(i int) (string, int, error) {
	key, i, err := stringAt(n.b, i, n.escapes, n.scratch)
	if err != nil {
		return "", 0, err
	}
	if i = skipSpace(n.b, i); i == len(n.b) || n.b[i] != ':' {
		return "", 0, errMember
	}
	if i = skipSpace(n.b, i+1); i == len(n.b) {
		return "", 0, errCut
	}
	return key, i, nil
}

// value reads the value at b[i] into the slots of k and returns the index after it.
func (n *nested) value(i int, k *branch, depth int) (int, error) {
	if k == nil {
		return n.skip(i, depth)
	}
	if k.seen == n.seen {
		n.forget(k)
	}
	k.seen = n.seen
	end, err := n.content(i, k, depth)
	if k.kind == hiddenBranch && err == nil {
		n.hidden = append(n.hidden, span{i, end})
	}
	return end, err
}

// content is value without its bookkeeping.
func (n *nested) content(i int, k *branch, depth int) (int, error) {
	b := n.b
	switch {
	case b[i] == '{' && k.kind == headersBranch:
		return n.readHeaders(i, depth)
	case b[i] == '{' && k.kind != rawBranch && len(k.kids) > 0:
		return n.object(i, k, depth)
	case k.slot < 0 && k.asked < 0 || k.kind == hiddenBranch:
		return n.skip(i, depth)
	case b[i] == '"':
		s, end, err := stringAt(b, i, n.escapes, n.scratch)
		n.put(k, s)
		return end, err
	case b[i] == '[' && k.kind == plainBranch:
		s, end, err := n.list(i, depth)
		n.put(k, s)
		return end, err
	}
	end, err := n.skip(i, depth)
	if err == nil && (k.kind == rawBranch || b[i] != '{' && b[i] != '[') {
		if s := view(b[i:end]); s != "null" {
			n.put(k, s)
		}
	}
	return end, err
}

// put sets the slot of a branch, and that of the rules when they ask for the same.
func (n *nested) put(k *branch, s string) {
	if k.slot >= 0 {
		n.text[k.slot] = s
	}
	if k.asked >= 0 {
		n.text[k.asked] = s
	}
}

// forget empties the slots of a branch that is met again, and of all below it.
func (n *nested) forget(k *branch) {
	n.put(k, "")
	if k.kind == headersBranch {
		n.headers = n.headers[:0]
	}
	for i := range k.kids {
		n.forget(&k.kids[i])
	}
}

// list reads an array of scalars as one text; what is nested in it is left out,
// and what comes after maxList of them.
func (n *nested) list(i, depth int) (string, int, error) {
	all := ""
	i, more, err := n.open(i, ']', depth)
	for count := 0; more && err == nil; count++ {
		if i == len(n.b) {
			return "", 0, errCut
		}
		one, from := "", i
		if n.b[i] == '"' {
			one, i, err = stringAt(n.b, i, n.escapes, n.scratch)
		} else if i, err = n.skip(i, depth+1); err == nil && n.b[from] != '{' && n.b[from] != '[' {
			one = view(n.b[from:i])
		}
		if err != nil {
			return "", 0, err
		}
		switch {
		case one == "" || count >= maxList:
		case all == "":
			all = one
		default:
			at := len(*n.scratch)
			*n.scratch = append(append(append(*n.scratch, all...), ", "...), one...)
			all = view((*n.scratch)[at:])
		}
		i, more, err = n.next(i, ']')
	}
	return all, i, err
}

// skip is the index after the value at b[i], of which only the form is looked at
// that tells where it ends.
func (n *nested) skip(i, depth int) (int, error) {
	b := n.b
	if i >= len(b) {
		return 0, errCut
	}
	switch b[i] {
	case '"':
		return n.skipString(i)
	case '{', '[':
	default:
		from := i
		for i < len(b) && b[i] != ',' && b[i] != '}' && b[i] != ']' && b[i] > ' ' {
			if c := b[i]; c == '"' || c == ':' || c == '{' || c == '[' {
				return 0, errMember
			}
			i++
		}
		if i == from {
			return 0, errMember
		}
		return i, nil
	}
	var objects uint64 // a bit for each that is open: an object, not an array
	for open := 0; i < len(b); {
		switch c := b[i]; c {
		case '"':
			next, err := n.skipString(i)
			if err != nil {
				return 0, err
			}
			i = next
			continue
		case '{', '[':
			if open++; depth+open > maxNesting {
				return 0, errDeep
			}
			objects <<= 1
			if c == '{' {
				objects |= 1
			}
		case '}', ']':
			if (objects&1 == 1) != (c == '}') {
				return 0, errMember
			}
			objects >>= 1
			if open--; open == 0 {
				return i + 1, nil
			}
		}
		i++
	}
	return 0, errCut
}

// skipString is the index after the string at b[i].
func (n *nested) skipString(i int) (int, error) {
	for i++; ; {
		end := quoteAt(n.b, i)
		if end < 0 {
			return 0, errCut
		}
		if !n.escapes || n.b[end-1] != '\\' || end == i {
			return end + 1, nil
		}
		slashes := 0
		for end-1-slashes >= i && n.b[end-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return end + 1, nil
		}
		// What stands before is whole escapes: this quote is one of them.
		i = end + 1
	}
}

// fill gives q the headers of the request and what rules ask for.
func (n *nested) fill(q *request) {
	q.headers = n.headers
	for i := range n.asked {
		a := &n.asked[i]
		v := n.text[n.own+i]
		if a.header != "" {
			v = q.sent(a.header)
		}
		if v != "" {
			q.fields = append(q.fields, field{a.name, v})
		}
	}
	q.hidden = n.hidden
}

// withoutHidden is a record with what must not leave the machine replaced.
func withoutHidden(b []byte, hidden []span) string {
	var out []byte
	from := 0
	for _, h := range hidden {
		out = append(append(out, b[from:h.from]...), `"`+masked+`"`...)
		from = h.to
	}
	return string(append(out, b[from:]...))
}
