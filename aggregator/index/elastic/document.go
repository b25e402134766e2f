package elastic

import (
	"crypto/sha256"
	"strconv"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

const (
	// section is the member of a document that holds what we make for searches.
	section = "actiontrail"
	// maxUnits is how many UTF-16 units of a keyword Elasticsearch indexes itself;
	// the cut form of a value that is longer than query.MaxValue has more, so that
	// each value stands either in its field or in long.
	maxUnits = 340
	// maxToken is how many bytes a token may have in a field of words; a longer one
	// stands there as a hash. The whitespace analyzer cuts words at 255 characters.
	maxToken = 200
	// maxKey bounds the name of a leaf; Lucene takes terms of 32,766 bytes.
	maxKey = 31_000
	// maxID is how many UTF-16 units of an id are sorted by.
	maxID = 8191
)

// sectionMark is where the section begins in a document. Within a string the
// quotes would be escaped, so the last one of a document is the section.
const sectionMark = `,"` + section + `":{"time":`

// documents makes Elasticsearch's form of events: the canonical JSON with one more
// member at its end, the section. It is used by one goroutine, as it keeps its buffers.
type documents struct {
	leaves, paths, words, long []byte // members of arrays that are made
	value, path                []byte // of a leaf, as they stand within a string of JSON
}

// append appends the document of an event. A safe one has no member that
// Elasticsearch could misread: the canonical JSON stands in the section, as a string.
func (d *documents) append(b []byte, e *event.Event, safe bool) []byte {
	safe = safe || e.Extra != "" || e.Identity.Extra != ""
	if safe {
		b = d.outline(e).AppendJSON(b)
	} else {
		b = e.AppendJSON(b)
	}
	b = append(b[:len(b)-1], sectionMark...)
	b = strconv.AppendInt(b, e.Time.Nanos, 10)
	if !e.Origin.Observed.IsZero() {
		b = append(b, `,"observed":`...)
		b = strconv.AppendInt(b, e.Origin.Observed.Nanos, 10)
	}
	for i := range numberFields {
		if n, ok := query.Number(numberFields[i], e); ok {
			b = append(b, ',', '"')
			b = append(b, numberName(numberFields[i].Name)...)
			b = append(b, '"', ':')
			b = strconv.AppendInt(b, shifted(n), 10)
		}
	}
	if addr, ok := query.ParseAddr(e.SourceIP); ok {
		b = append(b, `,"ip":"`...)
		b = append(addr.AppendTo(b), '"')
	}
	b = append(b, `,"outcome":"`...)
	if e.ErrorCode == "" {
		b = append(b, `success"`...)
	} else {
		b = append(b, `failure"`...)
	}
	d.leaves, d.paths, d.words, d.long = d.leaves[:0], d.paths[:0], d.words[:0], d.long[:0]
	d.keywords(e)
	b = d.prose(b, e)
	d.bodies(e)
	b = appendArray(b, "text", d.words)
	b = appendArray(b, "leaf", d.leaves)
	b = appendArray(b, "path", d.paths)
	b = appendArray(b, "long", d.long)
	if safe {
		b = append(b, `,"json":`...)
		b = event.AppendString(b, string(e.AppendJSON(nil)))
	}
	return append(b, '}', '}')
}

// outline is the event with nothing but what is mapped.
func (d *documents) outline(e *event.Event) *event.Event {
	o := *e
	o.Extra, o.Identity.Extra = "", ""
	o.RequestParameters, o.ResponseElements, o.ReferencedResources, o.Attributes, o.Additional = "", "", "", "", ""
	o.Identity.SessionAttributes, o.Identity.SessionIssuer = "", ""
	o.Exchange = event.Exchange{}
	return &o
}

// keywords notes the values of keyword and IP fields that are too long for their own field.
func (d *documents) keywords(e *event.Event) {
	for i := range wholeFields {
		if v := wholeFields[i].Value(e); len(v) > maxUnits && units(v) > maxUnits {
			v = query.Cut(v)
			d.addLong(wholeFields[i].Name, v)
			d.addLong("", v)
		}
	}
}

func (d *documents) addLong(key, value string) {
	d.long = appendMember(d.long, key, "=", value)
}

// prose writes the words of the texts.
func (d *documents) prose(b []byte, e *event.Event) []byte {
	first := true
	for i := range proseFields {
		text := proseFields[i].Value(e)
		if text == "" {
			continue
		}
		name := proseFields[i].Name
		d.paths = appendMember(d.paths, name)
		if units(text) > maxUnits { // to be counted
			d.addLong(name, query.Cut(text))
		}
		if !query.HasTokens(text) {
			continue
		}
		if first {
			b = append(b, `,"words":{"`...)
		} else {
			b = append(b, ',', '"')
		}
		first = false
		b = append(b, name...)
		b = append(b, '"', ':')
		b = d.appendWords(b, name, text)
	}
	if !first {
		b = append(b, '}')
	}
	return b
}

// appendWords appends the tokens of a text, which has this name unless it is a leaf,
// as one string, which the whitespace analyzer takes apart again. No token: nothing.
func (d *documents) appendWords(b []byte, name, text string) []byte {
	begin := len(b)
	for from, to := query.NextToken(text, 0); from < to; from, to = query.NextToken(text, to) {
		if len(b) == begin {
			b = append(b, '"')
		} else {
			b = append(b, ' ')
		}
		at := len(b)
		b = query.AppendLower(b, text[from:to]) // what is in it needs no escape
		if len(b)-at <= maxToken {
			continue
		}
		token := string(b[at:])
		if name != "" {
			d.addLong("~"+name, token)
		}
		d.addLong("~", token)
		b = append(b[:at], word(token)...)
	}
	if len(b) > begin {
		b = append(b, '"')
	}
	return b
}

// symbols are characters that are in no token: a word of them alone is like no
// pattern that a token could be like, but for stars alone.
const symbols = "!$%&'()+,/:;<=>@"

// word is a token as it stands in a field of words.
func word(token string) string {
	if len(token) <= maxToken {
		return token
	}
	sum := sha256.Sum256([]byte(token))
	b := make([]byte, 0, 2*len(sum))
	for _, c := range sum {
		b = append(b, symbols[c>>4], symbols[c&15])
	}
	return string(b)
}

// bodies notes the leaves of the bodies.
func (d *documents) bodies(e *event.Event) {
	for i := range bodyFields {
		object := bodyFields[i].Value(e)
		if object == "" {
			continue
		}
		name, some := bodyFields[i].Name, false
		event.Object(object).Leaves(func(path, value string) {
			if !some {
				d.paths = appendMember(d.paths, name)
				some = true
			}
			d.paths = appendMember(d.paths, name, ".", shortPath(path))
			d.value = appendInner(append(d.value[:0], '='), query.Cut(value))
			if path != "" { // the name of a leaf cannot be empty in a query
				d.path = appendInner(append(d.path[:0], '.'), leafPath(path))
				d.leaves = appendRaw(d.leaves, name, d.path, d.value)
			}
			d.leaves = appendRaw(d.leaves, name, nil, d.value)
			if len(d.words) > 0 {
				d.words = append(d.words, ',')
			}
			before := len(d.words)
			if d.words = d.appendWords(d.words, "", value); len(d.words) == before && before > 0 {
				d.words = d.words[:before-1] // nor the comma
			}
		})
	}
}
