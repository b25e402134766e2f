package keycloak

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/actiontrail/actiontrail/plugins"
)

const (
	// pageSize is how many events one request asks for.
	pageSize = 500
	day      = 24 * time.Hour
)

// feed is one kind of events of one realm.
type feed struct {
	config *Config
	api    *api
	realm  string
	kind   string
	state
}

// found is an event that Keycloak gave.
type found struct {
	time int64 // ms
	seen seen
	text []byte
}

var errShifted = errors.New("events came while pages were read")

func (f *feed) key() string { return f.kind + "/" + f.realm }

func (f *feed) path() string {
	if f.kind == Admin {
		return "/admin-events"
	}
	return "/events"
}

// poll gives what is new, oldest first, day by day: a realm that is met first may have years of it.
func (f *feed) poll(ctx context.Context, give func(plugins.Batch) error) error {
	from := f.last
	if f.count == 0 {
		oldest, err := f.oldest(ctx)
		if err != nil || oldest == nil {
			return err
		}
		from = oldest.time
	}
	// The days are those of Keycloak's own time zone: one more at both ends.
	end := f.config.Now().UTC().Add(day)
	for at := time.UnixMilli(from).UTC().Add(-day - window); !at.After(end.Add(day)); at = at.Add(day) {
		events, err := f.day(ctx, at.Format("2006-01-02"))
		if err != nil {
			return err
		}
		for len(events) > 0 {
			n := min(len(events), plugins.MaxRecords/2)
			var b plugins.Batch
			for _, e := range events[:n] {
				b.Records = append(b.Records, plugins.Record{Data: e.text, Pos: plugins.Position{File: f.key(), FileID: fmt.Sprintf("keycloak/%s/%x", f.key(), e.seen), Offset: e.time, Length: int64(len(e.text))}})
				f.take(e)
			}
			events = events[n:]
			f.forget()
			b.Next = plugins.Cursor{{Key: f.key(), Value: f.value()}}
			if err := give(b); err != nil {
				return err
			}
		}
	}
	return nil
}

// day is what is new of a day, oldest first.
func (f *feed) day(ctx context.Context, date string) ([]found, error) {
	for range 5 {
		events, err := f.pages(ctx, date)
		if !errors.Is(err, errShifted) {
			return events, err
		}
	}
	return nil, fmt.Errorf("events of %s: %w each time", date, errShifted)
}

// pages reads a day, the newest events first, as far back as the cursor. Each page begins with the last
// event of the one before: else something came, and would be read twice.
func (f *feed) pages(ctx context.Context, date string) ([]found, error) {
	var all []found
	times := map[string]int{}
	last := "" // of the page before
	for first := 0; ; first += pageSize - 1 {
		list, err := f.api.get(ctx, f.path(), url.Values{"dateFrom": {date}, "dateTo": {date}, "first": {strconv.Itoa(first)}, "max": {strconv.Itoa(pageSize)}})
		if err != nil {
			return nil, err
		}
		if first > 0 {
			if len(list) == 0 || canonical(list[0]) != last {
				return nil, errShifted
			}
			list = list[1:]
		}
		past := false
		for _, raw := range list {
			e, err := parse(raw, times)
			if err != nil {
				return nil, err
			}
			past = past || e.time < f.floor
			if e.time >= f.floor && !f.knows(e) {
				all = append(all, e)
			}
		}
		if len(list) > 0 {
			last = canonical(list[len(list)-1])
		}
		if past || len(list) < pageSize-1 || first == 0 && len(list) < pageSize {
			break
		}
	}
	slices.Reverse(all)
	slices.SortStableFunc(all, func(a, b found) int { return int(min(max(a.time-b.time, -1), 1)) })
	return all, nil
}

// parse reads an event. times counts those that are the same in all they say: each is one.
func parse(raw json.RawMessage, times map[string]int) (found, error) {
	var e struct {
		ID   string `json:"id"`
		Time int64  `json:"time"`
	}
	if err := json.Unmarshal(raw, &e); err != nil || e.Time <= 0 {
		return found{}, fmt.Errorf("an event has no time: %.200s", raw)
	}
	var text bytes.Buffer
	if err := json.Compact(&text, raw); err != nil {
		return found{}, err
	}
	identity := e.ID
	if identity == "" {
		identity = canonical(raw)
		times[identity]++
		identity += "#" + strconv.Itoa(times[identity])
	}
	return found{e.Time, hash(identity, e.Time), text.Bytes()}, nil
}

// canonical is what an event says, whatever the order of its members.
func canonical(raw json.RawMessage) string {
	var members any
	if json.Unmarshal(raw, &members) != nil {
		return string(raw)
	}
	sorted, err := json.Marshal(members)
	if err != nil { // what was JSON can be written as such
		return string(raw)
	}
	return string(sorted)
}

// oldest is the first event that Keycloak has, nil when there is none: found by asking for
// single events, further and further back.
func (f *feed) oldest(ctx context.Context) (*found, error) {
	at := func(n int) (*found, error) {
		list, err := f.api.get(ctx, f.path(), url.Values{"first": {strconv.Itoa(n)}, "max": {"1"}})
		if err != nil || len(list) == 0 {
			return nil, err
		}
		e, err := parse(list[0], map[string]int{})
		return &e, err
	}
	last, err := at(0)
	if err != nil || last == nil {
		return nil, err
	}
	there, beyond := 0, 1
	for {
		e, err := at(beyond)
		if err != nil {
			return nil, err
		}
		if e == nil {
			break
		}
		last, there, beyond = e, beyond, 2*beyond
	}
	for there+1 < beyond {
		middle := (there + beyond) / 2
		e, err := at(middle)
		if err != nil {
			return nil, err
		}
		if e == nil {
			beyond = middle
		} else {
			last, there = e, middle
		}
	}
	return last, nil
}
