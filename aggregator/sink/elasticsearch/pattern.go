package elasticsearch

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/event"
)

// pattern is how indices are named.
type pattern struct {
	before, after string
	layout        string // of package time; "": the name has no time
}

// other stands in place of a time that is missing or far off: one index, not one for each day that a clock may name.
const other = "other"

// layouts are the times that a name can have.
func layouts() map[string]string {
	return map[string]string{"yyyy.MM.dd": "2006.01.02", "yyyy-MM-dd": "2006-01-02", "yyyyMMdd": "20060102", "yyyy.MM": "2006.01", "yyyy-MM": "2006-01", "yyyy": "2006"}
}

// indexName is what Elasticsearch and OpenSearch take.
var indexName = regexp.MustCompile(`^[a-z0-9.][a-z0-9._+-]*$`)

// longestName is that of an index; its time is shorter than the form that stands for it.
const longestName = 255

func parsePattern(text string) (pattern, error) {
	p := pattern{before: text}
	if i := strings.IndexByte(text, '{'); i >= 0 {
		form, after, closed := strings.Cut(text[i+1:], "}")
		layout, known := layouts()[form]
		if !closed || !known {
			return p, fmt.Errorf("index %q: write {yyyy.MM.dd}, {yyyy.MM} or {yyyy} where the time of the event is to stand", text)
		}
		p = pattern{text[:i], after, layout}
	}
	if name := p.before + p.layout + p.after; !indexName.MatchString(name) || strings.Trim(name, ".") == "" || len(name) > longestName {
		return p, fmt.Errorf("index %q: no index can be named so: use lower-case letters, digits, ., _ and -, a letter or digit first", text)
	}
	return p, nil
}

// oldest is the time before which no event can be of a clock that goes right.
var oldest = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// of names the index of an event. The answer is always the same for it.
func (p pattern) of(e *event.Event) string {
	if p.layout == "" {
		return p.before
	}
	latest := e.Origin.Observed.Std().AddDate(0, 0, 1)
	if e.Origin.Observed.IsZero() {
		latest = oldest.AddDate(100, 0, 0)
	}
	at := e.Time.Std()
	if e.Time.IsZero() || at.Before(oldest) || at.After(latest) {
		return p.before + other + p.after
	}
	return p.before + at.Format(p.layout) + p.after
}

// matches are patterns of all such names, as an index template has them.
func (p pattern) matches() []string {
	if p.layout == "" {
		return []string{p.before}
	}
	return []string{p.before + "2*" + p.after, p.before + other + p.after}
}
