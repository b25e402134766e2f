package mapper

import "slices"

// names is a set of names. Most have a few, which are compared faster than hashed.
type names struct {
	few  []string
	many map[string]bool // instead, from maxFew on
}

const maxFew = 12

func newNames(all []string) names {
	if len(all) < maxFew {
		return names{few: slices.Clone(all)}
	}
	n := names{many: map[string]bool{}}
	for _, name := range all {
		n.many[name] = true
	}
	return n
}

func (n *names) has(name string) bool {
	if n.many != nil {
		return n.many[name]
	}
	for _, one := range n.few {
		if one == name {
			return true
		}
	}
	return false
}
