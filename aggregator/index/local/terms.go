package local

// terms are the values that a memory's dictionaries have. Nothing in here is a
// pointer: half a million values cost the garbage collector nothing. A value may
// be entered more than once, as other terms: finding each would cost more than
// to have some twice, and who asks for a value finds all of its terms by their hash.
type terms struct {
	text  []byte // of all values, one after the other
	terms []term
	dicts []memoryDict
	// known are terms that were met lately, by quickHash of their values and the dictionary.
	known [1 << 15]knownTerm
}

// term is a value in a dictionary.
type term struct {
	at    uint32 // within text
	size  uint32
	hash  uint32 // the checksum of the value
	event uint32 // the one that has it, plus 1; 0: none, manyEvents: several, or it is not known
	dict  uint16
	id    bool // it looks like an id
	word  bool // it is a word of all texts too, as it stands
}

// knownTerm is a term, plus 1, and the hash by which it was entered.
type knownTerm struct{ hash, term uint32 }

const manyEvents = ^uint32(0)

// memoryDict is a dictionary of a memory.
type memoryDict struct {
	terms  []uint32 // in the order in which they came
	hashes []uint32 // of these
	// Which event has which term; not in order, and some come more than once.
	events []uint32
	has    []uint32
	words  []wordOf
	leaf   bool // its values have words
}

// wordOf tells that the value of a term has a word; whoever has the one has the other.
type wordOf struct{ term, word uint32 }

func newTerms() *terms { return &terms{} }

// reset makes it empty.
func (t *terms) reset() {
	t.known = [len(t.known)]knownTerm{}
	t.text, t.terms, t.dicts = t.text[:0], t.terms[:0], t.dicts[:0]
}

// newDict makes a dictionary, and returns its number.
func (t *terms) newDict() uint32 {
	n := len(t.dicts)
	if n < cap(t.dicts) { // of one before reset
		t.dicts = t.dicts[:n+1]
		d := &t.dicts[n]
		*d = memoryDict{d.terms[:0], d.hashes[:0], d.events[:0], d.has[:0], d.words[:0], false}
	} else {
		t.dicts = append(t.dicts, memoryDict{})
	}
	return uint32(n)
}

func (t *terms) textOf(k uint32) []byte {
	x := &t.terms[k]
	return t.text[x.at : x.at+x.size]
}

// roomFor makes room for n more. A large slice that becomes full grows by a
// quarter: memories are used again, so that this is seldom, and what is spare stays.
func roomFor[T any](s []T, n int) []T {
	if cap(s)-len(s) >= n {
		return s
	}
	more := len(s)
	if more > 1<<16 {
		more /= 4
	}
	out := make([]T, len(s), len(s)+max(n, more, 256))
	copy(out, s)
	return out
}

// enter is a term of a value in a dictionary, which is made if the value was not met lately. hash is quickHash of the value.
func (t *terms) enter(dict uint32, s []byte, hash uint32) (k uint32, made bool) {
	hash += dict * 0x9e3779b1
	known := &t.known[hash%uint32(len(t.known))]
	if known.hash == hash && known.term > 0 {
		if k := known.term - 1; string(t.textOf(k)) == string(s) { // so the dictionary is the same
			return k, false
		}
	}
	k = uint32(len(t.terms))
	x := term{at: uint32(len(t.text)), size: uint32(len(s)), hash: checksum(s), dict: uint16(dict), id: looksLikeID(s)}
	t.text = append(roomFor(t.text, len(s)), s...)
	t.terms = append(roomFor(t.terms, 1), x)
	d := &t.dicts[dict]
	d.terms, d.hashes = append(d.terms, k), append(d.hashes, x.hash)
	if !x.id { // ids seldom come again
		*known = knownTerm{hash, k + 1}
	}
	return k, true
}

// enterText is enter of a text.
func (t *terms) enterText(dict uint32, s string) uint32 {
	k, _ := t.enter(dict, []byte(s), quickHash(s))
	return k
}

// add notes that an event has a term.
func (t *terms) add(k, event uint32) {
	x := &t.terms[k]
	d := &t.dicts[x.dict]
	d.events, d.has = append(d.events, event), append(d.has, k)
	if x.id {
		x.metBy(event)
	}
}

// metBy keeps the event in mind, or that there are several.
func (x *term) metBy(event uint32) {
	if x.event == 0 {
		x.event = event + 1
	} else if x.event != event+1 {
		x.event = manyEvents
	}
}

// of are the terms that a value has in a dictionary.
func (t *terms) of(dict uint32, s string) (out []uint32) {
	hash := checksum([]byte(s))
	d := &t.dicts[dict]
	for i, h := range d.hashes {
		if h == hash && string(t.textOf(d.terms[i])) == s {
			out = append(out, d.terms[i])
		}
	}
	return out
}

// bytes is about what all of this takes.
func (t *terms) bytes() int {
	const perTerm, perEvent = 20 + 8, 8
	n := len(t.text) + perTerm*len(t.terms)
	for i := range t.dicts {
		n += perEvent * (len(t.dicts[i].events) + len(t.dicts[i].words))
	}
	return n
}
