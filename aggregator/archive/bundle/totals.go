package bundle

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/transparency"
	"github.com/actiontrail/actiontrail/event"
)

const (
	mostRows   = 1000   // events in the table of the report
	mostValues = 20_000 // values that are counted one by one
	mostShown  = 15     // of them, in the report
)

// totals is what the report tells, gathered in bounded memory.
type totals struct {
	actions, actors, results count
	rows                     []row
	first, last              time.Time // eventTime
	lanes                    map[event.Lane]*lane
	spans                    archive.Report // paid, stopped, backfills
	scanned                  uint64
	filters                  []string
	witnesses                []witnessRow
}

// count counts how often values come.
type count struct {
	of    map[string]uint64
	other uint64 // those behind the first mostValues values
}

func (c *count) add(v string) {
	if _, known := c.of[v]; !known && len(c.of) >= mostValues {
		c.other++
		return
	}
	c.of[v]++
}

// row is an event in the table.
type row struct {
	Time, Who, Trust, Action, RW, Resource, IP, Result, ID string
	Failed                                                 bool
}

// lane is what was scanned of one source.
type lane struct {
	event.Lane
	From, To, Batches, Events uint64
	Gaps                      []archive.Range
}

type witnessRow struct {
	Name     string
	Size     int64
	Cosigned time.Time
	Key      string
}

func newTotals() *totals {
	return &totals{actions: count{of: map[string]uint64{}}, actors: count{of: map[string]uint64{}}, results: count{of: map[string]uint64{}}, lanes: map[event.Lane]*lane{}}
}

func (t *totals) event(e *event.Event) {
	who := cmp.Or(e.Identity.UserName, e.Identity.PrincipalID, e.Identity.AccessKeyID, e.Identity.Type, "(nobody)")
	action := e.Name
	if e.Service != "" {
		action = e.Service + ":" + e.Name
	}
	result := cmp.Or(e.ErrorCode, "succeeded")
	t.actions.add(action)
	t.actors.add(who)
	t.results.add(result)
	if at := e.Time.Std(); !e.Time.IsZero() {
		if t.first.IsZero() || at.Before(t.first) {
			t.first = at
		}
		if at.After(t.last) {
			t.last = at
		}
	}
	if len(t.rows) < mostRows {
		resource := e.ResourceName
		if e.ResourceType != "" && resource != "" {
			resource = e.ResourceType + " " + resource
		}
		t.rows = append(t.rows, row{Time: strings.NewReplacer("T", " ", "Z", "").Replace(string(e.Time.Append(nil))), Who: who, Trust: e.Identity.Trust, Action: action, RW: e.RW, Resource: cmp.Or(resource, e.ResourceType), IP: e.SourceIP, Result: result, ID: e.ID, Failed: e.ErrorCode != ""})
	}
}

func (t *totals) seal(s *archive.Seal) {
	t.scanned += s.Events
	t.spans.Note(s)
	if n := len(t.filters); n == 0 || t.filters[n-1] != s.Filter {
		t.filters = append(t.filters, s.Filter)
	}
	for i := range s.Scanned {
		c := &s.Scanned[i]
		l := t.lanes[c.Lane]
		if l == nil {
			l = &lane{Lane: c.Lane, From: c.From}
			t.lanes[c.Lane] = l
		}
		if c.Gap != nil {
			l.Gaps = append(l.Gaps, *c.Gap)
		}
		l.To = c.To
		l.Batches += c.To - c.From + 1
		l.Events += c.Events
	}
}

func (t *totals) witness(x witnessed, c transparency.Checkpoint) {
	r := witnessRow{Name: x.Name, Size: c.Size, Key: x.Key}
	if x.Key != "" {
		if at, err := transparency.Cosigned([]byte(x.Note), x.Key); err == nil {
			r.Cosigned = at
		}
	}
	t.witnesses = append(t.witnesses, r)
}

// share is a value, how often it came, and that in percent of the most frequent one.
type share struct {
	Value   string
	Count   uint64
	Percent float64
}

// top are the most frequent values, and how many events have another one.
func (c *count) top() (shares []share, rest uint64) {
	keys := slices.Collect(maps.Keys(c.of))
	slices.SortFunc(keys, func(a, b string) int { return cmp.Or(cmp.Compare(c.of[b], c.of[a]), cmp.Compare(a, b)) })
	rest = c.other
	for i, k := range keys {
		if i >= mostShown {
			rest += c.of[k]
			continue
		}
		shares = append(shares, share{k, c.of[k], 100 * float64(c.of[k]) / float64(c.of[keys[0]])})
	}
	return shares, rest
}

func (t *totals) sortedLanes() []*lane {
	return slices.SortedFunc(maps.Values(t.lanes), func(a, b *lane) int { return a.Compare(b.Lane) })
}
