package plan

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

var now = time.Date(2026, 11, 21, 7, 30, 30, 0, time.UTC)

// fake is an index that looks at every event.
type fake struct {
	index.Index
	events []event.Event // the newest first
}

func (f *fake) match(q index.Query) (out []event.Event) {
	for _, e := range f.events {
		if t := e.Time.Std(); !t.Before(q.From) && t.Before(q.To) && (q.Filter == nil || q.Filter.Match(&e)) {
			out = append(out, e)
		}
	}
	return out
}

func (f *fake) Search(_ context.Context, q index.Query) (p index.Page, err error) {
	all := f.match(q)
	for _, e := range all[:min(len(all), q.Limit)] {
		p.Events = append(p.Events, e.AppendJSON(nil))
	}
	p.Total = len(all)
	return p, nil
}

func (f *fake) Histogram(_ context.Context, q index.Query, step time.Duration) (out []index.Bucket, incomplete []string, err error) {
	all := f.match(q)
	for i := len(all) - 1; i >= 0; i-- {
		start := all[i].Time.Std().Truncate(step)
		if n := len(out); n == 0 || !out[n-1].Start.Equal(start) {
			out = append(out, index.Bucket{Start: start})
		}
		out[len(out)-1].Count++
	}
	return out, nil, nil
}

// week has an event every ten minutes, of two regions, and before that some older ones.
func week() *fake {
	f := &fake{}
	for i := range 8 * 24 * 6 {
		e := event.Event{ID: fmt.Sprintf("%08d", i), Name: "StopInstance", RW: event.Read, Service: "Ecs", Region: fmt.Sprint("r", i%2),
			RecipientAccountID: "1", Time: event.At(now.Add(-time.Duration(i)*10*time.Minute), 3), ErrorMessage: fmt.Sprintf("%x", i*i*7919)}
		if i%4 == 0 {
			e.RW = event.Write
		}
		f.events = append(f.events, e)
	}
	return f
}

func filter(t *testing.T, where string) query.Expr {
	t.Helper()
	x, err := query.Parse(where)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestPlan(t *testing.T) {
	local := Delivery{Name: "file", Kind: "file", Target: "./a", Hash: "1", RollAge: time.Minute}
	other := Delivery{Name: "file", Kind: "file", Target: "./b", Hash: "2", RollAge: time.Hour}
	copied := Delivery{Name: "copy", Kind: "file", Target: "./c", Hash: "3", RollAge: time.Minute}
	running := []Trail{
		{Name: "same", Deliver: []Delivery{local}}, {Name: "gone", Where: "eventRW: Read", Deliver: []Delivery{local}},
		{Name: "narrow", Where: "eventRW: Write", Filter: filter(t, "eventRW: Write"), Deliver: []Delivery{local, copied}},
	}
	wanted := []Trail{
		{Name: "same", Deliver: []Delivery{local}},
		{Name: "narrow", Where: "acsRegion: r0", Filter: filter(t, "acsRegion: r0"), Deliver: []Delivery{other}},
		{Name: "new", Where: "eventRW: Write", Filter: filter(t, "eventRW: Write"), Deliver: []Delivery{local, other, {Name: "sent", Kind: "plugin"}}},
		{Name: "none", Where: "serviceName: Nobody", Filter: filter(t, "serviceName: Nobody"), Deliver: []Delivery{local}},
	}
	got, err := Make(t.Context(), week(), running, wanted, true, now)
	if err != nil {
		t.Fatal(err)
	}
	changes := map[string]Change{}
	by := map[string]*Result{}
	for i := range got {
		changes[got[i].Name], by[got[i].Name] = got[i].Change, &got[i]
	}
	if diff := cmp.Diff(map[string]Change{"same": Keep, "narrow": Update, "new": Create, "none": Create, "gone": Delete}, changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	const all = Days * 24 * 6
	if e := by["new"].Estimate; e.Of != all || e.Events != all/4 || e.ByDay != [Days]int{36, 36, 36, 36, 36, 36, 36} || len(e.Sample) != shown || e.EventsADay() != 36 {
		t.Errorf("the new trail is reckoned as %+v", e)
	}
	if e := by["new"].Estimate; e.StoredBytes < 5 || e.StoredBytes >= e.LineBytes {
		t.Errorf("an event has %d bytes stored, %d as a line", e.StoredBytes, e.LineBytes)
	}
	n := by["narrow"]
	if n.Before != all/4 || n.Estimate.Events != all/2 || n.Gains != all/4 || n.Loses != 0 || n.WhereBefore != "eventRW: Write" { // all that is written is in r0
		t.Errorf("the changed trail: %d before, %d now, %d more, %d less", n.Before, n.Estimate.Events, n.Gains, n.Loses)
	}
	var deliveries []string
	for _, d := range n.Deliver {
		deliveries = append(deliveries, fmt.Sprint(d.Change, " ", d.Delivery.Name, " ", d.TargetBefore))
	}
	if diff := cmp.Diff([]string{"update file ./a", "delete copy ./c"}, deliveries); diff != "" {
		t.Errorf("deliveries (-want +got):\n%s", diff)
	}
	// An event every 40 minutes: an object each when they wait a minute; with an hour, two share one sometimes.
	if minute, hour := by["new"].Deliver[0].ObjectsADay, by["new"].Deliver[1].ObjectsADay; minute != 36 || math.Abs(hour-18) > 0.2 || by["new"].Deliver[2].ObjectsADay != 0 {
		t.Errorf("%v objects a day, with an hour %v", minute, hour)
	}
	if e := by["none"].Estimate; e.Events != 0 || e.Of != all || len(e.Sample) != 0 || by["none"].Deliver[0].ObjectsADay != 0 {
		t.Errorf("of nothing: %+v", e)
	}
	got, err = Make(t.Context(), week(), running, wanted[:1], false, now)
	if err != nil || len(got) != 1 {
		t.Errorf("a part of the trails gives %+v, %v", got, err)
	}
}

// Events of several folders at one time are several objects, never more than there are events.
func TestObjectsADay(t *testing.T) {
	at := func(minute, count int) index.Bucket {
		return index.Bucket{Start: now.Truncate(time.Hour).Add(time.Duration(minute) * time.Minute), Count: count}
	}
	for _, x := range []struct {
		buckets []index.Bucket
		roll    time.Duration
		want    float64
	}{
		{nil, time.Minute, 0},
		{[]index.Bucket{at(0, 1), at(1, 7), at(2, 0), at(5, 2)}, time.Minute, 1 + 3 + 2},
		{[]index.Bucket{at(0, 1), at(1, 7), at(2, 0), at(5, 2)}, 5 * time.Minute, 3 + 2},
		{[]index.Bucket{at(0, 1), at(1, 7), at(5, 2)}, time.Second, 1 + 3 + 2},
	} {
		if got := objectsADay(x.buckets, x.roll, 3); got != x.want/Days {
			t.Errorf("%v with %s: %v, want %v", x.buckets, x.roll, got*Days, x.want)
		}
	}
}

// Deliveries that take a part of their trail's events are reckoned by that part, and what none takes is told.
func TestParts(t *testing.T) {
	part := func(name, narrow, where string) Delivery {
		return Delivery{Name: name, Kind: "file", Target: "./" + name, Hash: narrow, RollAge: time.Minute, Narrow: narrow, Filter: filter(t, where)}
	}
	trail := Trail{Name: "t", Where: "eventRW: Read", Filter: filter(t, "eventRW: Read"), Deliver: []Delivery{
		part("one", "acsRegion: r1", "eventRW: Read and acsRegion: r1"), part("none", "acsRegion: r7", "eventRW: Read and acsRegion: r7")}}
	before := Trail{Name: "t", Where: trail.Where, Filter: trail.Filter, Deliver: []Delivery{part("one", "acsRegion: r0", "eventRW: Read and acsRegion: r0")}}
	all, err := Make(t.Context(), week(), []Trail{before}, []Trail{trail}, true, now)
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	one, none := all[0].Deliver[0], all[0].Deliver[1]
	if all[0].Change != Update || one.Change != Update || one.NarrowBefore != "acsRegion: r0" || one.Events == 0 || one.Events+all[0].Estimate.Untaken != all[0].Estimate.Events || one.ObjectsADay == 0 {
		t.Errorf("one is %+v of %+v", one, all[0].Estimate)
	}
	if none.Events != 0 || none.ObjectsADay != 0 {
		t.Errorf("none is %+v", none)
	}
}
