package mapper

import (
	"maps"
	"slices"
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// Learner proposes routes for the requests of a log. A segment becomes a
// parameter for its form (a number, a uuid, a token), for standing after a plural
// ("/users/alice"), or because too many different ones stand in its place; what is
// left are the words of the interface, and the names of actions come from them.
//
// It is a beginning for an operator to correct, never a judgement on records. The
// zero value is ready. Its memory is bounded: it grows with the interface, not with the log.
type Learner struct {
	root  learned
	path  path
	known int // words and endings, in all places
	limit int // of known; 0: maxKnown
}

// learned is a place in the paths that were seen.
type learned struct {
	words map[string]*learned
	param *learned
	tail  *learned // what is too deep to be told apart
	files *learned // below here lie files: pictures, scripts
	ends  map[ending]*tally
}

// ending is how a request ends at a place: its method, and in RPC style the
// action that its query names.
type ending struct{ method, action string }

type tally struct {
	count   uint64
	example string // a path, what looks like a secret masked
}

// Limits of what is learned.
const (
	learnDepth = 12  // segments; what is deeper is {path...}
	learnWords = 256 // kept in one place until it is decided
	fewWords   = 24  // in one place, at most, if they are words of the interface
	maxExample = 200 // bytes
	maxEndings = 256 // at one place
	maxKnown   = 1 << 16
)

// Add takes a request: its method, and its path and query as they were sent.
func (l *Learner) Add(method, path, query string) {
	if path == "" {
		return
	}
	l.path.split(path)
	l.add(&l.path, method, query, 1)
}

// add takes n requests like this one, of which path holds the path.
func (l *Learner) add(path *path, method, query string, n uint64) {
	if !isMethod(method) || !isLetter(method[0]) {
		return
	}
	at := &l.root
	for i, s := range path.segments {
		if i == learnDepth || path.tooLong {
			at = below(&at.tail)
			break
		}
		if i == len(path.segments)-1 && isAsset(s) {
			at = below(&at.files)
			break
		}
		if path.secret && looksSecret(s) {
			at = below(&at.param)
			continue
		}
		at = l.next(at, s)
	}
	action, _ := queryValue(query, "Action")
	if !isIdentifier(action) || len(action) > maxWord || looksSecret(action) {
		action = ""
	}
	t := at.ends[ending{method, action}]
	if t == nil && action != "" && pascal(action) == "" {
		action = ""
		t = at.ends[ending{method, action}]
	}
	if t == nil {
		if len(at.ends) >= maxEndings || l.full() {
			return
		}
		l.known++
		if at.ends == nil {
			at.ends = map[ending]*tally{}
		}
		t = &tally{example: exampleOf(path)}
		at.ends[ending{strings.Clone(method), strings.Clone(action)}] = t
	}
	t.count += n
}

// exampleOf is a path as it was sent, without what looks like a secret in it: it
// leaves the machine, and ends up in files that are kept with the sources.
func exampleOf(p *path) string {
	if len(p.raw) == 0 {
		return "/"
	}
	var b strings.Builder
	for i, raw := range p.raw {
		if p.secret && (looksSecret(raw) || looksSecret(p.segments[i])) {
			raw = masked
		}
		if b.Len()+1+len(raw) > maxExample {
			b.WriteString("/…")
			break
		}
		b.WriteString("/" + event.Text(raw))
	}
	return b.String()
}

func (l *Learner) full() bool {
	if l.limit > 0 {
		return l.known >= l.limit
	}
	return l.known >= maxKnown
}

func below(n **learned) *learned {
	if *n == nil {
		*n = &learned{}
	}
	return *n
}

// next is the place after a segment. In an endless log of made-up paths new words
// are taken for values in the end, even in places that have seen few.
func (l *Learner) next(n *learned, s string) *learned {
	if !isWord(s) {
		return below(&n.param)
	}
	if w := n.words[s]; w != nil {
		return w
	}
	if len(n.words) >= learnWords || l.full() {
		return below(&n.param)
	}
	l.known++
	if n.words == nil {
		n.words = map[string]*learned{}
	}
	w := &learned{}
	n.words[strings.Clone(s)] = w
	return w
}

// settle decides which words are values, now that all were seen. before is the
// word that leads here, empty behind a parameter.
func (n *learned) settle(before string) {
	if n.files != nil && (before == "" || n.words != nil || n.param != nil || n.tail != nil || n.ends != nil) {
		below(&n.param).merge(n.files) // ignoring all that lies here would hide more than files
		n.files = nil
	}
	values := len(n.words) > fewWords
	for _, w := range slices.Sorted(maps.Keys(n.words)) {
		child := n.words[w]
		switch {
		case isVersion(w) || isVerb(w):
		case isCollection(w) && child.param != nil: // a collection in the place of an item
		case values && !child.isShared(), isCollection(before):
			delete(n.words, w)
			below(&n.param).merge(child)
		}
	}
	for w, child := range n.words {
		child.settle(w)
	}
	if n.param != nil {
		n.param.settle("")
	}
}

// isShared tells whether much goes on behind a word: a part of the interface
// among many values.
func (n *learned) isShared() bool { return len(n.words) > 2 && n.param != nil }

// merge takes all that other has seen.
func (n *learned) merge(other *learned) {
	for w, child := range other.words {
		if n.words == nil {
			n.words = map[string]*learned{}
		}
		if mine := n.words[w]; mine != nil {
			mine.merge(child)
		} else {
			n.words[w] = child
		}
	}
	for _, part := range [...]struct{ mine, its **learned }{{&n.param, &other.param}, {&n.tail, &other.tail}, {&n.files, &other.files}} {
		if *part.its != nil {
			below(part.mine).merge(*part.its)
		}
	}
	for end, t := range other.ends {
		if n.ends == nil {
			n.ends = map[ending]*tally{}
		}
		if mine := n.ends[end]; mine != nil {
			mine.count += t.count
		} else {
			n.ends[end] = t
		}
	}
}

// isAsset tells whether a segment is the name of a file that pages load.
func isAsset(s string) bool {
	dot := strings.LastIndexByte(s, '.')
	if dot <= 0 {
		return false
	}
	switch strings.ToLower(s[dot+1:]) {
	case "js", "mjs", "css", "map", "png", "jpg", "jpeg", "gif", "svg", "ico", "webp", "woff", "woff2", "ttf", "html", "txt":
		return true
	}
	return false
}

func isVersion(s string) bool {
	if len(s) < 2 || len(s) > 4 || s[0] != 'v' {
		return false
	}
	_, ok := whole(s[1:])
	return ok
}
