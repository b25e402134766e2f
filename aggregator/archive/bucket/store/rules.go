package store

import (
	"encoding/xml"
	"fmt"
	"maps"
	"strings"
)

// Rules are the lifecycle rules of a bucket. Those of others are kept as they are,
// letter by letter: a store may have elements that nobody here knows.
type Rules struct {
	XMLName xml.Name `xml:"LifecycleConfiguration"`
	Rules   []rule   `xml:"Rule"`
}

type rule struct {
	XMLName xml.Name `xml:"Rule"`
	Text    string   `xml:",innerxml"`
	ID      string   `xml:"ID"`
}

// ParseRules reads a LifecycleConfiguration.
func ParseRules(text []byte) (*Rules, error) {
	var all Rules
	if err := xml.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("its answer is not understood: %w", err)
	}
	return &all, nil
}

// With gives the text of all rules, one after another, with ours as the only one of
// this id ("": none). It tells whether that is another set.
func (r *Rules) With(id, ours string) (text string, changed bool) {
	changed = ours != ""
	var all strings.Builder
	for _, r := range r.Rules {
		switch {
		case r.ID != id:
			all.WriteString("<Rule>" + r.Text + "</Rule>")
		case ours != "" && same(r.Text, ours):
			return "", false
		default:
			changed = true
		}
	}
	if ours != "" {
		all.WriteString("<Rule>" + ours + "</Rule>")
	}
	return all.String(), changed
}

// same tells whether two rules say the same: stores order and space them as they like.
func same(a, b string) bool { return maps.Equal(leaves(a), leaves(b)) }

// leaves are the paths of elements with their text and how often they come.
func leaves(text string) map[string]int {
	all := map[string]int{}
	d := xml.NewDecoder(strings.NewReader(text))
	var path []string
	for {
		t, err := d.Token()
		if err != nil {
			return all
		}
		switch t := t.(type) {
		case xml.StartElement:
			path = append(path, t.Name.Local)
		case xml.EndElement:
			path = path[:len(path)-1]
		case xml.CharData:
			if s := strings.TrimSpace(string(t)); s != "" {
				all[strings.Join(path, ">")+"="+s]++
			}
		}
	}
}
