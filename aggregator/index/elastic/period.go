package elastic

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Period is how long the time of an index is.
type Period string

// The periods. Auto chooses one of the others by how many events come in.
const (
	Auto  Period = "auto"
	Day   Period = "day"
	Week  Period = "week"
	Month Period = "month"
)

// slice is the time whose events an index holds.
type slice struct {
	class  string // of retention; empty: the default
	period Period
	from   time.Time // inclusive
	to     time.Time // exclusive
	// version of the mapping that the index has; 0: of a release before there were versions
	version int
}

// sliceOf is the slice of this period that a time lies in.
func sliceOf(class string, p Period, t time.Time) slice {
	year, month, day := t.UTC().Date()
	s := slice{class: class, period: p}
	switch p {
	case Month:
		s.from = time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
		s.to = s.from.AddDate(0, 1, 0)
	case Week:
		s.from = time.Date(year, month, day-(int(t.UTC().Weekday())+6)%7, 0, 0, 0, 0, time.UTC)
		s.to = s.from.AddDate(0, 0, 7)
	default:
		s.period = Day
		s.from = time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
		s.to = s.from.AddDate(0, 0, 1)
	}
	return s
}

// name is the index of a slice: PREFIX-2026.11.21, PREFIX-2026.w47, PREFIX-2026.11, with
// -CLASS behind the prefix unless it is the default one; PREFIX-other.
func (s slice) name(prefix string) string {
	if s.class != "" {
		prefix += "-" + s.class
	}
	switch s.period {
	case Month:
		return prefix + s.from.Format("-2006.01")
	case other:
		return prefix + "-other"
	case Week:
		year, week := s.from.ISOWeek()
		return fmt.Sprintf("%s-%04d.w%02d", prefix, year, week)
	}
	return prefix + s.from.Format("-2006.01.02")
}

// holds tells whether a time lies in the slice.
func (s slice) holds(at int64) bool {
	return s.period == other || nanos(s.from) <= at && at < nanos(s.to)
}

var otherForm = regexp.MustCompile(`^(?:-(.+))?-other$`)

var sliceForm = regexp.MustCompile(`^(?:-(.+))?-(\d{4})\.(?:(w\d\d)|(\d\d)(\.\d\d)?)$`)

// parseSlice reads the name of an index; false: it is none of ours.
func parseSlice(prefix, name string) (slice, bool) {
	rest, ok := strings.CutPrefix(name, prefix)
	if m := otherForm.FindStringSubmatch(rest); ok && m != nil {
		return otherSlice(m[1]), true
	}
	m := sliceForm.FindStringSubmatch(rest)
	if !ok || m == nil {
		return slice{}, false
	}
	year, _ := strconv.Atoi(m[2])
	s := slice{}
	switch {
	case m[3] != "":
		week, _ := strconv.Atoi(m[3][1:])
		s = sliceOf(m[1], Week, time.Date(year, 1, 4+7*(week-1), 0, 0, 0, 0, time.UTC))
	case m[5] == "":
		month, _ := strconv.Atoi(m[4])
		s = sliceOf(m[1], Month, time.Date(year, time.Month(month), 1, 0, 0, 0, 0, time.UTC))
	default:
		month, _ := strconv.Atoi(m[4])
		day, _ := strconv.Atoi(m[5][1:])
		s = sliceOf(m[1], Day, time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC))
	}
	return s, s.name(prefix) == name
}

// place finds the slice for an event of this time, and whether its index is to be
// made. The answer for a time never changes while the index that holds it is there:
//   - the finest index that is there for the time is taken;
//   - a new one never lies over a coarser one that is there, or what that one holds
//     would be looked for in the new one.
func place(there func(slice) bool, class string, wanted Period, t time.Time) (s slice, made bool) {
	for _, p := range [...]Period{Day, Week, Month} {
		if s := sliceOf(class, p, t); there(s) {
			return s, true
		}
	}
	if wanted == Week {
		s := sliceOf(class, Week, t)
		if there(sliceOf(class, Month, s.from)) || there(sliceOf(class, Month, s.to.Add(-1))) {
			wanted = Day
		}
	}
	return sliceOf(class, wanted, t), false
}

// Events of a day from which on a shorter period is chosen: an index should hold
// about a gigabyte or more, and not more than about fifty.
const (
	dailyFrom  = 1_000_000
	weeklyFrom = 150_000
)

// periodFor is what Auto chooses for this many events in a day.
func periodFor(perDay float64) Period {
	switch {
	case perDay >= dailyFrom:
		return Day
	case perDay >= weeklyFrom:
		return Week
	}
	return Month
}

const dayNanos = 24 * int64(time.Hour)

// dayStart is the begin of the UTC day of a time, in nanoseconds.
func dayStart(nanos int64) int64 {
	rest := nanos % dayNanos
	if rest < 0 {
		rest += dayNanos
	}
	return nanos - rest
}

// nanos is a time as events have it; what they cannot have is the nearest they can.
func nanos(t time.Time) int64 {
	switch {
	case t.Before(time.Unix(0, math.MinInt64)):
		return math.MinInt64
	case t.After(time.Unix(0, math.MaxInt64)):
		return math.MaxInt64
	}
	return t.UnixNano()
}
