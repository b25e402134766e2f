package api

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// readYAML reads as much of YAML as openapi.yaml is written in: block and flow
// mappings and lists, literal blocks, plain and double-quoted scalars. Mappings
// become map[string]any, lists []any, numbers float64. It panics on the rest.
func readYAML(text string) map[string]any {
	y := &yaml{}
	for _, line := range strings.Split(text, "\n") {
		y.lines = append(y.lines, strings.TrimRight(line, " "))
	}
	return y.block(0).(map[string]any)
}

type yaml struct {
	lines []string
	at    int
}

func indentOf(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// skip goes to the next line that says something; false at the end.
func (y *yaml) skip() bool {
	for y.at < len(y.lines) && (y.lines[y.at] == "" || strings.HasPrefix(strings.TrimSpace(y.lines[y.at]), "#")) {
		y.at++
	}
	return y.at < len(y.lines)
}

// block reads the mapping or list whose entries stand at this indent.
func (y *yaml) block(indent int) any {
	if y.skip() && strings.HasPrefix(y.lines[y.at][indent:], "- ") {
		list := []any{}
		for y.skip() && indentOf(y.lines[y.at]) == indent && strings.HasPrefix(y.lines[y.at][indent:], "- ") {
			rest := y.lines[y.at][indent+2:]
			if key, _, ok := strings.Cut(rest, ":"); ok && !strings.ContainsAny(key, `{["`) {
				y.lines[y.at] = strings.Repeat(" ", indent+2) + rest
				list = append(list, y.block(indent+2))
				continue
			}
			y.at++
			list = append(list, flow(rest))
		}
		return list
	}
	m := map[string]any{}
	for y.skip() && indentOf(y.lines[y.at]) == indent {
		key, rest, ok := strings.Cut(y.lines[y.at][indent:], ":")
		if !ok {
			panic(fmt.Sprintf("line %d is no mapping: %s", y.at+1, y.lines[y.at]))
		}
		y.at++
		key = strings.Trim(key, `"`)
		if _, twice := m[key]; twice {
			panic(fmt.Sprintf("line %d: %s stands twice", y.at, key))
		}
		switch rest = strings.TrimSpace(rest); {
		case rest == "|":
			var b strings.Builder
			for y.at < len(y.lines) && (y.lines[y.at] == "" || indentOf(y.lines[y.at]) > indent) {
				b.WriteString(strings.TrimSpace(y.lines[y.at]) + "\n")
				y.at++
			}
			m[key] = b.String()
		case rest == "":
			y.skip()
			m[key] = y.block(indentOf(y.lines[y.at]))
		default:
			m[key] = flow(rest)
		}
	}
	return m
}

// flow reads a value that stands on one line.
func flow(s string) any {
	if !strings.HasPrefix(s, "{") && !strings.HasPrefix(s, "[") && !strings.HasPrefix(s, `"`) {
		return scalar(s)
	}
	v, rest := flowValue(s)
	if strings.TrimSpace(rest) != "" {
		panic("after a flow value: " + rest)
	}
	return v
}

func flowValue(s string) (v any, rest string) {
	s = strings.TrimLeft(s, " ")
	switch s[0] {
	case '"':
		end := strings.IndexByte(s[1:], '"') + 2
		var text string
		if err := json.Unmarshal([]byte(s[:end]), &text); err != nil {
			panic(err)
		}
		return text, s[end:]
	case '{':
		m := map[string]any{}
		for s = strings.TrimLeft(s[1:], " "); s[0] != '}'; s = strings.TrimLeft(strings.TrimPrefix(s, ","), " ") {
			key, after, ok := strings.Cut(s, ":")
			if !ok {
				panic("no mapping: " + s)
			}
			m[key], s = flowValue(after)
			s = strings.TrimLeft(s, " ")
		}
		return m, s[1:]
	case '[':
		list := []any{}
		for s = strings.TrimLeft(s[1:], " "); s[0] != ']'; s = strings.TrimLeft(strings.TrimPrefix(s, ","), " ") {
			v, s = flowValue(s)
			list = append(list, v)
			s = strings.TrimLeft(s, " ")
		}
		return list, s[1:]
	}
	end := strings.IndexAny(s, ",]}")
	if end < 0 {
		end = len(s)
	}
	return scalar(strings.TrimSpace(s[:end])), s[end:]
}

func scalar(s string) any {
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		return n
	}
	switch s {
	case "true":
		return true
	case "false":
		return false
	}
	return s
}
