package debt

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// lent are the events of a batch as the index has them, in their order.
type lent struct {
	events []event.Event
	exact  bool // they are the batch's, every one and no other
}

// farApart is how many batches may lie between two that are asked for together.
const farApart = 16

// lend reads the events of batches from the index. What comes for an entry that
// keeps its events by itself means nothing.
func (d *Debt) lend(ctx context.Context, entries []entry) ([]lent, error) {
	out := make([]lent, len(entries))
	for i := range entries {
		out[i].exact = entries[i].events == 0
	}
	for _, run := range runsOf(entries) {
		lines, err := d.linesOf(ctx, entries, run)
		if err != nil {
			return nil, err
		}
		if err := d.sort(lines, entries, run, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// has tells of each batch whether the index has its events, each one and no
// other. lines are the hashes of the lines of each batch: when they are just
// those that the index gives, nothing needs to be decoded.
func (d *Debt) has(ctx context.Context, entries []entry, lines [][]event.Hash) ([]bool, error) {
	exact := make([]bool, len(entries))
	for i := range entries {
		exact[i] = entries[i].events == 0
	}
	for _, run := range runsOf(entries) {
		there, err := d.linesOf(ctx, entries, run)
		if err != nil {
			return nil, err
		}
		if sameLines(there, lines, run) {
			for _, i := range run {
				exact[i] = true
			}
			continue
		}
		out := make([]lent, len(entries))
		if err := d.sort(there, entries, run, out); err != nil {
			return nil, err
		}
		for _, i := range run {
			exact[i] = out[i].exact
		}
	}
	return exact, nil
}

// sameLines tells whether there are the lines of all batches of the run, each once, and no other.
func sameLines(there [][]byte, lines [][]event.Hash, run []int) bool {
	missing := map[event.Hash]bool{}
	n := 0
	for _, i := range run {
		n += len(lines[i])
		for _, h := range lines[i] {
			missing[h] = true
		}
	}
	if n != len(there) || n != len(missing) {
		return false
	}
	for _, line := range there {
		delete(missing, sha256.Sum256(line))
	}
	return len(missing) == 0
}

// runsOf are the batches whose events the index is to have, by lane and number:
// those of one run are asked for together.
func runsOf(entries []entry) (runs [][]int) {
	var order []int
	for i := range entries {
		if entries[i].kept == nil && entries[i].events > 0 {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(i, k int) int {
		a, b := &entries[i].head, &entries[k].head
		return cmp.Or(a.Lane.Compare(b.Lane), cmp.Compare(a.Number, b.Number))
	})
	for len(order) > 0 {
		n := 1
		for ; n < len(order); n++ {
			before, this := &entries[order[n-1]].head, &entries[order[n]].head
			if this.Lane != before.Lane || this.Number > before.Number+farApart {
				break
			}
		}
		runs = append(runs, order[:n])
		order = order[n:]
	}
	return runs
}

// linesOf reads what the index has of the batches of a run, and of those between them.
func (d *Debt) linesOf(ctx context.Context, entries []entry, run []int) (lines [][]byte, err error) {
	first, last := &entries[run[0]], &entries[run[len(run)-1]]
	lo, hi := int64(math.MaxInt64), int64(math.MinInt64)
	for _, i := range run {
		lo, hi = min(lo, entries[i].lo), max(hi, entries[i].hi)
	}
	q := index.Query{Filter: ofBatches(first.head.Lane, first.head.Number, last.head.Number), Limit: index.MaxLimit, Ascending: true}
	if lo > math.MinInt64 && hi < math.MaxInt64 {
		q.From, q.To = time.Unix(0, lo).UTC(), time.Unix(0, hi+1).UTC()
	}
	for {
		page, err := d.cfg.Index.Search(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("read what trail %s owes from the index: %w", d.cfg.Trail, err)
		}
		lines = append(lines, page.Events...)
		if q.After = page.Next; q.After == "" {
			return lines, nil
		}
	}
}

// found is an event of a batch, and the line that it was read from.
type found struct {
	event event.Event
	line  []byte
}

// sort gives each batch of a run its events.
func (d *Debt) sort(lines [][]byte, entries []entry, run []int, out []lent) error {
	all := map[uint64][]found{}
	for _, line := range lines {
		e, err := event.ParseJSON(line)
		if err != nil {
			return fmt.Errorf("read what trail %s owes from the index: %w", d.cfg.Trail, err)
		}
		all[e.Origin.Batch] = append(all[e.Origin.Batch], found{e, line})
	}
	for _, i := range run {
		out[i] = entries[i].match(all[entries[i].head.Number])
	}
	return nil
}

// ofBatches matches the events of a lane's batches. Agent, source and epoch tell
// a lane: the epoch is drawn at random, and the origin of an event is that of the
// signed head of its batch.
func ofBatches(l event.Lane, first, last uint64) query.Expr {
	field := func(name string) event.Field {
		f, _, _ := event.Lookup(name)
		return f
	}
	return query.And{Exprs: []query.Expr{
		query.Term{Field: field("origin.agent"), Value: l.Agent},
		query.Term{Field: field("origin.source"), Value: l.Source},
		query.NumberRange{Field: field("origin.epoch"), Op: query.Equal, Bound: l.Epoch},
		query.NumberRange{Field: field("origin.batch"), Op: query.GreaterOrEqual, Bound: first},
		query.NumberRange{Field: field("origin.batch"), Op: query.LessOrEqual, Bound: last},
	}}
}

// match gives the events in the order of the batch, and compares them with it.
func (e *entry) match(all []found) lent {
	slices.SortStableFunc(all, func(a, b found) int { return cmp.Compare(a.event.Origin.Index, b.event.Origin.Index) })
	h := sha256.New()
	l := lent{events: make([]event.Event, len(all))}
	for i := range all {
		l.events[i] = all[i].event
		h.Write(all[i].line)
		h.Write([]byte{'\n'})
	}
	l.exact = event.Hash(h.Sum(nil)) == e.digest
	return l
}
