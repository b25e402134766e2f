package cloud

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/query"
)

// Asked is what a question wants to be told.
type Asked int

const (
	Latest    Asked = iota // the newest events, and how many there are
	Count                  // how many there are
	Histogram              // how many there are in each hour
	Top                    // the most frequent values of Fields
)

// How much is asked for.
const (
	PageSize = 50 // events of Latest
	TopSize  = 10 // values of Top
)

// Term is a condition on one field.
type Term struct {
	Field  string // empty: the word is anywhere
	Value  string
	Prefix bool // the value only begins so
}

// Question is one use of an index: events that all the terms match, in a window.
type Question struct {
	Name     string
	Terms    []Term
	From, To time.Time
	Asked    Asked
	Fields   []string // of Top
}

// KQL is the query as a user writes it.
func (q Question) KQL() string {
	var all []string
	for _, t := range q.Terms {
		text := t.Value
		if t.Field != "" {
			text = t.Field + ": " + text
		}
		if t.Prefix {
			text += "*"
		}
		all = append(all, text)
	}
	return strings.Join(all, " and ")
}

// Answer is what an index says. Which parts are set depends on what was asked.
type Answer struct {
	Page    index.Page
	Buckets []index.Bucket
	Values  [][]index.Value // by Question.Fields
}

// Ask asks an index, from the text of the query to the answer.
func (q Question) Ask(ctx context.Context, x index.Index) (a Answer, err error) {
	filter, err := query.Parse(q.KQL())
	if err != nil {
		return Answer{}, fmt.Errorf("%s: %s: %w", q.Name, q.KQL(), err)
	}
	in := index.Query{Filter: filter, From: q.From, To: q.To}
	switch q.Asked {
	case Latest:
		in.Limit = PageSize
		a.Page, err = x.Search(ctx, in)
	case Count:
		a.Page, err = x.Search(ctx, in)
	case Histogram:
		a.Buckets, _, err = x.Histogram(ctx, in, time.Hour)
	case Top:
		for _, f := range q.Fields {
			values, _, fault := x.Values(ctx, in, f, TopSize)
			if fault != nil {
				err = fault
				break
			}
			a.Values = append(a.Values, values)
		}
	}
	if err != nil {
		return Answer{}, fmt.Errorf("%s: %s: %w", q.Name, q.KQL(), err)
	}
	return a, nil
}

// Asker makes questions with constants of the events that an index holds.
type Asker struct {
	random *rand.Rand
	world  *Events
	ids    []string // of some events, all over the time
}

// NewAsker makes one for an index that holds all the events of New(total).
func NewAsker(ctx context.Context, x index.Index, total int) (*Asker, error) {
	a := &Asker{random: rand.New(rand.NewPCG(99, 1)), world: New(total)}
	const ids = 200
	for i := range ids {
		from := Start().Add(time.Duration(i) * (Days - 1) * day / ids)
		page, err := x.Search(ctx, index.Query{From: from, To: End(), Limit: 1, Ascending: true})
		if err != nil {
			return nil, err
		}
		if len(page.Events) == 0 {
			return nil, fmt.Errorf("no event after %v", from)
		}
		var e struct{ EventID string }
		if err := json.Unmarshal(page.Events[0], &e); err != nil {
			return nil, err
		}
		a.ids = append(a.ids, e.EventID)
	}
	return a, nil
}

// Round is one question of each kind, with constants drawn anew.
func (a *Asker) Round() []Question {
	r, w := a.random, a.world
	days := 1 + r.IntN(Days-1)
	user, key := w.users[r.IntN(len(w.users))].name, w.keys[r.IntN(len(w.keys))]
	of := func() string { return w.resources[r.IntN(len(w.resources))].name }
	service, region := services[r.IntN(8)], regions[r.IntN(4)]
	is := func(pairs ...string) (terms []Term) {
		for i := 0; i < len(pairs); i += 2 {
			terms = append(terms, Term{Field: pairs[i], Value: pairs[i+1]})
		}
		return terms
	}
	three := is("serviceName", service, "acsRegion", region, "eventRW", "Write")
	all := Question{From: Start(), To: End()}
	some := func(from, to int) Question {
		return Question{From: Start().Add(time.Duration(from) * day), To: Start().Add(time.Duration(to) * day)}
	}
	ask := func(name string, q Question, asked Asked, terms []Term, fields ...string) Question {
		q.Name, q.Asked, q.Terms, q.Fields = name, asked, terms, fields
		return q
	}
	return []Question{
		ask("latest", some(0, days), Latest, nil),
		ask("user-write", all, Latest, is("userIdentity.userName", user, "eventRW", "Write")),
		ask("key", all, Latest, is("userIdentity.accessKeyId", key)),
		ask("text", all, Latest, is("", of())),
		ask("resource", all, Latest, is("resourceName", of())),
		ask("id", all, Latest, is("eventId", a.ids[r.IntN(len(a.ids))])),
		ask("prefix", all, Latest, []Term{{Field: "resourceName", Value: of()[:6], Prefix: true}}),
		ask("latest-of-3", all, Latest, three),
		ask("count-of-3-30d", some(60, 90), Count, three),
		ask("histogram", all, Histogram, nil),
		ask("histogram-service", all, Histogram, is("serviceName", service)),
		ask("top-7d", some(days/2, days/2+7), Top, is("serviceName", service), "eventName", "sourceIpAddress"),
		ask("top-90d", all, Top, is("serviceName", service), "userIdentity.userName", "resourceName"),
	}
}
