package config

import (
	"fmt"
	"time"

	"github.com/hashicorp/hcl/v2"
)

// Limits are what callers of the API may take. 0: as the API has it when nobody says.
type Limits struct {
	Timeout  time.Duration // of a search; of a stream, of each page of it
	Searches int           // that look through the index at once
	Wait     time.Duration // of other searches, for their turn
	Page     int           // events in one page
	Exports  int           // at once
	Tails    int           // at once
}

// LeastPage and MostPage bound Limits.Page. The commands ask for LeastPage at a time.
const (
	LeastPage = 1000
	MostPage  = 10_000
)

type limitsBlock struct {
	Timeout  hcl.Expression `hcl:"timeout,optional"`
	Searches hcl.Expression `hcl:"searches,optional"`
	Wait     hcl.Expression `hcl:"wait,optional"`
	Page     hcl.Expression `hcl:"page,optional"`
	Exports  hcl.Expression `hcl:"exports,optional"`
	Tails    hcl.Expression `hcl:"tails,optional"`
	Range    hcl.Range      `hcl:",def_range"`
}

func (r *reader) limits(blocks []limitsBlock) Limits {
	b := one(r, blocks, "limits", func(b *limitsBlock) hcl.Range { return b.Range })
	if b == nil {
		return Limits{}
	}
	const most = 10_000
	return Limits{
		Timeout: r.between(b.Timeout, "timeout", time.Second, time.Hour, `"1s" and "1h"`), Wait: r.between(b.Wait, "wait", 100*time.Millisecond, 10*time.Minute, `"100ms" and "10m"`),
		Searches: r.count(b.Searches, "searches", 0, most), Page: r.page(b.Page),
		Exports: r.count(b.Exports, "exports", 0, most), Tails: r.count(b.Tails, "tails", 0, most),
	}
}

func (r *reader) page(x hcl.Expression) int {
	n := r.count(x, "page", 0, MostPage)
	if given(x) && n < LeastPage && !r.toldAt(x.Range()) {
		r.wrong(x.Range(), fmt.Sprintf("choose a whole number from %d to %d: the commands ask for %[1]d events at a time", LeastPage, MostPage), "page is out of range")
	}
	return n
}

// between reads a length of time within two bounds, which words name; 0: it is not given.
func (r *reader) between(x hcl.Expression, what string, least, most time.Duration, words string) time.Duration {
	d := r.duration(x, 0)
	if given(x) && (d < least || d > most) && !r.toldAt(x.Range()) {
		r.wrong(x.Range(), "choose between "+words, "%s is out of range", what)
	}
	return d
}
