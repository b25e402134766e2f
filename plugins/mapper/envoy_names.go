package mapper

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// envoyNames are the keys of a JSON format of Envoy's access log. They are the
// operator's own; each stands for what its value is.
type envoyNames struct {
	members members
	ops     []envoyOperator // by their slots, less firstEnvoySlot
	index   map[string]int  // by key, into ops
	fold    bool            // keys are known however they are written
	inner   *envoyNames     // of fold: the same, for the objects in it
}

// firstEnvoySlot is the slot of ops[0], which stands for all other keys. All are
// above those that members keeps as text by itself.
const firstEnvoySlot = textSlots + 1

const (
	maxEnvoyKeys  = 200 // of an object
	maxEnvoyDepth = 8
)

// usualEnvoyNames are those that formats have mostly: istio's, and those of the operators themselves.
func usualEnvoyNames() *envoyNames {
	n := newEnvoyNames()
	n.fold = true
	for _, key := range envoyKeys() {
		op := envoyOperator{kind: envoyKindOf(key), name: key}
		n.index[key] = len(n.ops)
		n.ops = append(n.ops, op)
	}
	return n
}

func newEnvoyNames() *envoyNames {
	n := &envoyNames{ops: make([]envoyOperator, 1), index: map[string]int{}}
	n.members.slot = n.slot
	return n
}

// parseEnvoyNames reads a JSON format, as text.
func parseEnvoyNames(format string) (*envoyNames, error) {
	var all map[string]any
	if err := json.Unmarshal([]byte(format), &all); err != nil {
		return nil, fmt.Errorf("it begins as a JSON object, but is none: %w", err)
	}
	n, err := compileEnvoyNames(all, 0)
	if err == nil && len(n.ops) == 1 {
		err = errors.New("it has no operator such as %START_TIME%")
	}
	return n, err
}

func compileEnvoyNames(all map[string]any, depth int) (*envoyNames, error) {
	if len(all) >= maxEnvoyKeys || depth == maxEnvoyDepth {
		return nil, fmt.Errorf("an object of it has more than %d keys, or lies deeper than %d", maxEnvoyKeys-1, maxEnvoyDepth)
	}
	n := newEnvoyNames()
	for _, key := range slices.Sorted(maps.Keys(all)) {
		value := all[key]
		op, err := compileEnvoyValue(value, depth)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", key, err)
		}
		if op.name == "" {
			continue // the same in all records
		}
		if op.name != key {
			op.key = key
		}
		n.index[key] = len(n.ops)
		n.ops = append(n.ops, op)
	}
	return n, nil
}

// compileEnvoyValue is the operator of a value; without a name when the value has none.
func compileEnvoyValue(value any, depth int) (envoyOperator, error) {
	if inner, ok := value.(map[string]any); ok {
		object, err := compileEnvoyNames(inner, depth+1)
		return envoyOperator{kind: envoyObject, name: "object", object: object}, err
	}
	text, _ := value.(string)
	if !strings.Contains(text, "%") {
		return envoyOperator{}, nil
	}
	line, err := parseEnvoyLine(text)
	if err != nil {
		return envoyOperator{}, err
	}
	if len(line.parts) == 1 && line.parts[0].before == "" && line.end == "" {
		return line.parts[0].op, nil
	}
	return envoyOperator{kind: envoyText, name: "text", line: line}, nil
}

// slot is that of a key.
func (n *envoyNames) slot(key string) slot {
	if i, ok := n.index[key]; ok {
		return firstEnvoySlot + slot(i)
	}
	if n.fold {
		if i, ok := n.index[strings.ReplaceAll(strings.ToLower(key), "-", "_")]; ok {
			return firstEnvoySlot + slot(i)
		}
	}
	return firstEnvoySlot
}

// read reads an object, and gives its values to v.
func (n *envoyNames) read(m *Mapper, v *envoy, b []byte) error {
	q := &m.request
	var first error
	err := n.members.each(b, m.text.escapes, &q.scratch, nil, func(s slot, key, value string, quoted bool) {
		if first != nil || !quoted && value == "null" {
			return
		}
		if s != firstEnvoySlot {
			first = v.take(m, &n.ops[s-firstEnvoySlot], value)
			return
		}
		if value = dash(value); value == "" {
			return
		}
		if n.fold && value[0] == '{' && isGroup(key) && v.depth < maxEnvoyDepth {
			v.depth++
			first = n.within().read(m, v, bytesOf(value))
			v.depth--
			return
		}
		q.fields = append(q.fields, field{key, value})
		if n.fold && (strings.HasPrefix(key, "x-") || strings.HasPrefix(key, "x_")) {
			q.fields = append(q.fields, field{v.headers.of(key, headerKey), value})
		}
	})
	if err != nil {
		return err
	}
	return first
}

// within are the same names, with a memory of their own: what stands in an object
// would spoil that of the one around it.
func (n *envoyNames) within() *envoyNames {
	if n.inner == nil {
		n.inner = &envoyNames{ops: n.ops, index: n.index, fold: true}
		n.inner.members.slot = n.inner.slot
	}
	return n.inner
}

// isGroup tells whether an object under this key is the operator's way to order
// his names, not a value of the request: the keys of metadata are not his.
func isGroup(key string) bool {
	switch strings.ToLower(key) {
	case "request", "req", "response", "resp", "http", "downstream", "upstream", "client", "connection", "route", "envoy", "access_log":
		return true
	}
	return false
}

// claims takes the payload of a token that Envoy has verified: its claims that are text or numbers.
func (v *envoy) claims(m *Mapper, payload string) error {
	if payload[0] != '{' {
		return nil
	}
	q := &m.request
	q.checked.claims = true
	err := v.payload.each(bytesOf(payload), m.text.escapes, &q.scratch, nil, func(_ slot, claim, value string, quoted bool) {
		if value != "" && (quoted || value[0] != '{' && value[0] != '[' && value != "null") {
			q.fields = append(q.fields, field{v.claimKeys.of(claim, claimKey), value})
		}
	})
	if err != nil {
		return fmt.Errorf("claims: %w", err)
	}
	return nil
}

// claimKey is the name of the field of a claim.
func claimKey(claim string) string { return "jwt_claim_" + claim }
