package query

import (
	"cmp"
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// values suggests values of the field in hand. Where words of it stand already,
// the value that is suggested takes the place of them all.
func (c *completion) values() {
	t := c.target
	if t == nil || t.unknown != nil || t.free || t.group != "" || c.ranged && t.ranges(0) != nil {
		return
	}
	from, to, typed := c.cursor, c.cursor, c.typed()
	if c.under != nil {
		from, to = c.under.from, c.under.to
		if len(c.under.parts) > 1 {
			return // a pattern
		}
	}
	if c.expect == expectJoin { // after the first word
		if c.under == nil || c.under.kind == quoted || len(c.words) == 0 {
			return
		}
		var before strings.Builder
		for _, w := range c.words {
			if w.kind == quoted || len(w.parts) > 1 {
				return
			}
			before.WriteString(w.parts[0] + " ")
		}
		from, typed = c.words[0].from, before.String()+typed
	}
	put := func(insert, label, detail string, count int) {
		c.out = append(c.out, Suggestion{Kind: SuggestValue, From: from, To: to, Insert: insert, Label: label, Detail: detail, Field: t.field.Kind, Count: count})
	}
	fixed := func(label, detail string) {
		if strings.HasPrefix(label, typed) {
			put(label, label, detail, 0)
		}
	}
	known := c.source.Values != nil && t.any == nil && !t.leaves
	switch t.field.Kind {
	case event.Boolean:
		fixed("true", "")
		fixed("false", "or absent")
		known = false
	case event.Timestamp:
		known = false
		if t.any != nil || c.source.Strict {
			break
		}
		for _, m := range mathExamples {
			fixed(m[0], m[1])
		}
	case event.Flattened:
		known = known && (t.path != "")
	case event.Prose:
		known = false
	}
	if known {
		for _, v := range c.source.Values(c.fieldName(t), typed) {
			if strings.HasPrefix(v.Text, typed) && (v.Text != "" || t.field.Kind == event.Flattened) {
				insert := written([]string{v.Text})
				put(insert, cmp.Or(v.Text, insert), "", v.Count)
			}
		}
	}
	if !c.ranged && typed == "" && c.expect == expectValue {
		put("*", "*", "any value", 0)
	}
}

// mathExamples are times that searches often ask for; never changed.
var mathExamples = [...][2]string{
	{"now", "this moment"}, {"now-15m", "15 minutes ago"}, {"now-1h", "an hour ago"}, {"now-1d", "24 hours ago"}, {"now-7d", "a week ago"},
	{"now/d", "today, in UTC"}, {"now-1d/d", "yesterday, in UTC"}, {"now/w", "this week, from Monday"}, {"now/M", "this month"},
}

// fieldName is the whole name of a field or leaf.
func (c *completion) fieldName(t *target) string {
	switch {
	case c.body && t.path != "":
		return c.within + t.path
	case t.path != "":
		return t.field.Name + "." + t.path
	}
	return t.field.Name
}
