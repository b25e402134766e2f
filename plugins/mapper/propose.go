package mapper

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// Proposal is a route, or a request to be ignored, that a Learner proposes.
type Proposal struct {
	Pattern      string // as ParsePattern reads it
	Ignore       bool   // health checks and files of pages; the fields below are empty then
	Service      string
	Action       string
	RW           string // empty: what the method says
	ResourceType string
	ResourceName string // a capture of the pattern, without path.; empty: no resource
	Count        uint64
	Example      string // the path of one such request, what looks like a secret masked
}

// Check tells what of a proposal that somebody else made is none: it may be put
// into a configuration only without an error. It gives the requests that the
// pattern takes, as Pattern.Shape does.
func (p *Proposal) Check() (shape string, err error) {
	pattern, err := ParsePattern(p.Pattern)
	if err != nil {
		return "", err
	}
	switch _, named := pattern.capture(p.ResourceName); {
	case p.RW != "" && p.RW != event.Read && p.RW != event.Write:
		return "", fmt.Errorf("rw %q", p.RW)
	case !p.Ignore && (p.Service == "" || p.Action == ""):
		return "", errors.New("no service or no action")
	case p.ResourceName != "" && !named:
		return "", fmt.Errorf("%q is no parameter of %s", p.ResourceName, p.Pattern)
	}
	return pattern.Shape(), nil
}

// Propose is a route for all requests that were seen, ordered by path and method.
// The Learner is used up.
func (l *Learner) Propose() []Proposal {
	l.root.settle("")
	var all []Proposal
	l.root.propose(nil, &all)
	return all
}

// place is one segment of a template that is being made.
type place struct {
	word string // empty: a parameter
	name string // of the parameter
	tail bool
}

func (n *learned) propose(at []place, all *[]Proposal) {
	for _, end := range slices.SortedFunc(maps.Keys(n.ends), func(a, b ending) int {
		return cmp.Or(cmp.Compare(a.action, b.action), cmp.Compare(methodOrder(a.method), methodOrder(b.method)), cmp.Compare(a.method, b.method))
	}) {
		*all = append(*all, proposal(at, end, n.ends[end], n.ends))
	}
	for _, w := range slices.Sorted(maps.Keys(n.words)) {
		n.words[w].propose(append(slices.Clone(at), place{word: w}), all)
	}
	if n.param != nil {
		n.param.propose(append(slices.Clone(at), place{name: nameOf(at)}), all)
	}
	if n.tail != nil {
		n.tail.propose(append(slices.Clone(at), place{name: "path", tail: true}), all)
	}
	if n.files != nil {
		var t tally
		for _, f := range n.files.ends {
			t.count += f.count
			t.example = max(t.example, f.example)
		}
		*all = append(*all, Proposal{Pattern: "GET " + template(append(slices.Clone(at), place{name: "path", tail: true})), Ignore: true, Count: t.count, Example: t.example})
	}
}

// methodOrder is the order in which people write the methods of a resource.
func methodOrder(method string) int {
	if i := slices.Index([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}, method); i >= 0 {
		return i
	}
	return 6
}

// nameOf names the parameter behind these places after the word before it, once each.
func nameOf(at []place) string {
	name := "id"
	if n := len(at); n > 0 && at[n-1].word != "" && !isVersion(at[n-1].word) {
		if s := strings.ReplaceAll(strings.ToLower(singular(at[n-1].word)), "-", "_"); isIdentifier(s) {
			name = s
		}
	}
	taken := func(name string) bool {
		return slices.ContainsFunc(at, func(p place) bool { return p.name == name })
	}
	if !taken(name) {
		return name
	}
	for i := 2; ; i++ {
		if s := name + strconv.Itoa(i); !taken(s) {
			return s
		}
	}
}

func template(at []place) string {
	if len(at) == 0 {
		return "/"
	}
	var b strings.Builder
	for _, p := range at {
		switch {
		case p.tail:
			b.WriteString("/{" + p.name + "...}")
		case p.word == "":
			b.WriteString("/{" + p.name + "}")
		default:
			b.WriteString("/" + p.word)
		}
	}
	return b.String()
}

func proposal(at []place, end ending, t *tally, siblings map[ending]*tally) Proposal {
	p := Proposal{Pattern: end.method + " " + template(at), Count: t.count, Example: t.example}
	words := nouns(at)
	last := ""
	if len(at) > 0 {
		last = at[len(at)-1].word
	}
	if isProbe(last) && (end.method == "GET" || end.method == "HEAD") {
		p.Ignore = true
		return p
	}
	p.Service = "http"
	if len(words) > 0 {
		p.Service = pascal(words[0])
	}
	if end.action != "" {
		p.Pattern += "?Action=" + end.action
		p.Action = pascal(end.action)
		if read := readsByName(p.Action); read != (end.method == "GET" || end.method == "HEAD") {
			p.RW = event.Write
			if read {
				p.RW = event.Read
			}
		}
		return p
	}
	p.Action, p.RW = actionOf(at, end.method, siblings)
	for i := len(at) - 1; i >= 0; i-- {
		if at[i].word != "" || at[i].tail {
			continue
		}
		noun := "Item"
		if i > 0 && at[i-1].word != "" {
			noun = pascal(singular(at[i-1].word))
		}
		p.ResourceType, p.ResourceName = p.Service+"::"+noun, at[i].name
		break
	}
	return p
}

// nouns are the words of a path that say what it is about.
func nouns(at []place) []string {
	var words []string
	for _, p := range at {
		switch {
		case isVersion(p.word), pascal(p.word) == "": // a parameter, too
		case p.word == "api", p.word == "rest", p.word == "internal", p.word == "public":
		default:
			words = append(words, p.word)
		}
	}
	return words
}

// actionOf names what a method does at a place, and says whether that reads,
// where the method alone would say otherwise.
func actionOf(at []place, method string, siblings map[ending]*tally) (action, rw string) {
	words := nouns(at)
	if len(words) == 0 {
		return title(method) + "Root", ""
	}
	last := words[len(words)-1]
	owner := "" // singular of the collection whose item comes before the last word
	if n := len(words); n > 1 && len(at) > 1 && at[len(at)-1].word != "" && at[len(at)-2].word == "" {
		owner = pascal(singular(words[n-2]))
	}
	switch end := at[len(at)-1]; {
	case end.tail:
		return verbOf(method, false, siblings) + pascal(singular(last)), ""
	case end.word == "": // an item
		return verbOf(method, false, siblings) + pascal(singular(last)), ""
	case len(words) > 1 && (last == "me" || last == "self" || last == "current"):
		return verbOf(method, false, siblings) + "Current" + pascal(singular(words[len(words)-2])), ""
	case len(words) > 1 && isOperation(last): // POST /orders/search
		if method != "GET" && method != "HEAD" && readsByName(pascal(last)) {
			rw = event.Read
		}
		if owner != "" {
			return pascal(last) + owner, rw
		}
		return pascal(last) + pascal(words[len(words)-2]), rw
	case isCollection(last):
		if method == "POST" {
			return "Create" + owner + pascal(singular(last)), ""
		}
		return verbOf(method, true, siblings) + owner + pascal(last), ""
	case method == "POST" && owner != "": // POST /instances/{id}/stop
		return pascal(last) + owner, ""
	case method == "POST":
		return pascal(last), ""
	}
	return verbOf(method, false, siblings) + owner + pascal(last), ""
}

// verbOf is what a method does to an item, or to a collection.
func verbOf(method string, collection bool, siblings map[ending]*tally) string {
	switch method {
	case "GET":
		if collection {
			return "List"
		}
		return "Get"
	case "HEAD":
		return "Check"
	case "PUT":
		if siblings[ending{method: "PATCH"}] != nil {
			return "Replace"
		}
		return "Update"
	case "PATCH":
		return "Update"
	case "POST":
		return "Post"
	}
	return title(method)
}

// isOperation tells whether a word of isVerb says what is done rather than to what.
func isOperation(s string) bool {
	return slices.Contains([]string{"search", "count", "batch", "bulk", "export", "import", "list", "query"}, s)
}

// readsByName tells whether an action's name begins like one that only reads.
func readsByName(action string) bool {
	for _, verb := range [...]string{"Get", "List", "Describe", "Query", "Search", "Lookup", "Check", "Count", "Export"} {
		if strings.HasPrefix(action, verb) {
			return true
		}
	}
	return false
}

// isProbe tells whether a path ends in what probes and monitors ask for.
func isProbe(s string) bool {
	return slices.Contains([]string{"health", "healthz", "healthcheck", "live", "livez", "ready", "readyz", "ping", "metrics"}, s)
}
