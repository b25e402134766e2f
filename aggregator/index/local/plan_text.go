package local

import (
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// wordsOf is the dictionary of the words of a Prose field; exact is false when
// it is that of all texts. nil: no event has any.
func (p planner) wordsOf(f event.Field) (d dictionary, exact bool, err error) {
	if no, ok := p.field(f); ok && hasWords(no) {
		d, err = p.view.dictionary(no, "")
		return d, true, err
	}
	d, err = p.view.words()
	return d, false, err
}

func (p planner) phrase(f event.Field, tokens []string) (found, error) {
	d, exact, err := p.wordsOf(f)
	if err != nil {
		return none(), err
	}
	out, err := p.allWords(d, tokens)
	out.exact = out.exact && exact
	return out, err
}

// allWords are the events that have all of the words; of one word alone that is exact.
func (p planner) allWords(d dictionary, tokens []string) (found, error) {
	if d == nil {
		return none(), nil
	}
	out := p.everything(len(tokens) == 1)
	for _, token := range tokens {
		set, err := d.find(token)
		if err != nil {
			return out, err
		}
		out.set.And(set)
	}
	return out, nil
}

// wordsLike are the events that have a word like the parts.
func (p planner) wordsLike(d dictionary, parts []string) (found, error) {
	out := none()
	if d == nil {
		return out, nil
	}
	words := likePattern(parts)
	likely := words.want
	words.want = func(key string) bool { return key != anyText && likely(key) }
	unread := roaring.New()
	err := addLike(d, words, out.set, unread)
	out.set.And(p.within)
	p.addUnread(&out, unread)
	return out, err
}

// wholes adds what fn finds in each field that free text compares as a whole, but the id.
func (p planner) wholes(out *found, fn func(d dictionary, into *roaring.Bitmap) error) error {
	for no := range fields {
		if k := fields[no].Kind; no == eventID || k != event.Keyword && k != event.IP {
			continue
		}
		f, err := p.keyed(fields[no], "", fn)
		if err != nil {
			return err
		}
		out.set.Or(f.set)
		out.exact = out.exact && f.exact
	}
	return nil
}

func (p planner) text(x query.Text) (found, error) {
	out, err := p.id(x.Value)
	if err != nil {
		return out, err
	}
	if x.Value != "" {
		err = p.wholes(&out, func(d dictionary, into *roaring.Bitmap) error {
			set, err := d.find(x.Value)
			if err == nil {
				into.Or(set)
			}
			return err
		})
	}
	if err != nil || len(x.Tokens) == 0 {
		return out, err
	}
	d, err := p.view.words()
	if err != nil {
		return out, err
	}
	words, err := p.allWords(d, x.Tokens)
	if err != nil {
		return words, err
	}
	out.set.Or(words.set)
	out.exact = out.exact && words.exact
	return out, nil
}

// textWildcard cannot walk the ids: when one could match, the events are read.
func (p planner) textWildcard(x query.TextWildcard) (found, error) {
	if len(x.Parts) < 2 || len(x.Lower) < 2 || !slices.ContainsFunc(x.Parts, notOfUUID) {
		return p.everything(false), nil
	}
	d, err := p.view.words()
	if err != nil {
		return none(), err
	}
	out, err := p.wordsLike(d, x.Lower)
	if err != nil {
		return out, err
	}
	odd, err := p.view.oddIDs()
	if err != nil {
		return out, err
	}
	if odd.And(p.within); !odd.IsEmpty() {
		out.set.Or(odd)
		out.exact = false
	}
	wanted, unread := likePattern(x.Parts), roaring.New()
	err = p.wholes(&out, func(d dictionary, into *roaring.Bitmap) error { return addLike(d, wanted, into, unread) })
	p.addUnread(&out, unread)
	return out, err
}

// notOfUUID tells whether the text can stand in no UUID as event.FormatUUID writes it.
func notOfUUID(s string) bool {
	return strings.Trim(s, "0123456789abcdef-") != ""
}
