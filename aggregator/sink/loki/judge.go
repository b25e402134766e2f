package loki

import (
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/sink/post"
)

// cutoff is how Loki says which time would be late enough.
var cutoff = regexp.MustCompile(`oldest acceptable timestamp is: (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d))`)

// atFault are parts of what Loki says of entries that it will never take.
func atFault() []string {
	return []string{"max entry size", "structured metadata too large", "too many structured metadata", "label value too long"}
}

// judge tells what Loki means. It takes what it can of a push, and answers 400 for the rest: what
// goes again at its own time is there once.
func (s *Sink) judge(a *post.Answer, parts []post.Part) (post.Verdict, string) {
	v, text := post.Judge(a), string(a.Body)
	if v != post.Wrong {
		return v, a.Says()
	}
	late := strings.Contains(text, "too far behind") || strings.Contains(text, "timestamp too old") || strings.Contains(text, "out of order")
	early := strings.Contains(text, "timestamp too new")
	if late || early {
		if s.config.Late == LateNow && s.move(text, parts, late, early) {
			return post.Anew, ""
		}
		return post.Bad, a.Says()
	}
	if a.Code == http.StatusBadRequest {
		for _, fault := range atFault() {
			if strings.Contains(text, fault) {
				return post.Bad, a.Says()
			}
		}
	}
	return post.Wrong, a.Says()
}

// move has events come at the time of now that Loki does not want at theirs: those before the
// time that it names, and those of the future. Who is alone is meant in any case. It tells whether there was one.
func (s *Sink) move(text string, parts []post.Part, late, early bool) bool {
	moved := false
	oldest := time.Time{}
	for _, m := range cutoff.FindAllStringSubmatch(text, -1) {
		if at, err := time.Parse(time.RFC3339, m[1]); err == nil && at.After(oldest) {
			oldest = at.Add(time.Second) // it was cut to seconds
		}
	}
	now := s.now()
	for i := range parts {
		e := parts[i].Event
		if _, before := s.untimely[e]; before {
			continue
		}
		if at := e.Time.Std(); len(parts) == 1 || late && at.Before(oldest) || early && at.After(now) {
			s.untimely[e], moved = now.UnixNano(), true
		}
	}
	return moved
}
