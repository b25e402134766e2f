package layout

import (
	"strings"
	"time"
)

// Span tells from its key when the events of an object happened: from ≤ t < to.
// It is false for layouts that part by the time of delivery, and for what is undated.
func (l Layout) Span(key string) (from, to time.Time, ok bool) {
	parts := strings.Split(key, "/")
	switch {
	case l == ActionTrail && len(parts) == 7:
		from, err := time.Parse("2006/01/02", strings.Join(parts[3:6], "/"))
		return from, from.AddDate(0, 0, 1), err == nil
	case l == Hive && len(parts) == 6:
		from, err := time.Parse("dt=2006-01-02/hour=15", parts[3]+"/"+parts[4])
		return from, from.Add(time.Hour), err == nil
	}
	return time.Time{}, time.Time{}, false
}
