package bundle

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive"
)

//go:embed report.html
var reportText string

// page is what the report shows.
type page struct {
	Manifest
	Key, Checkpoint string
	CheckpointSeals int64
	First, Last     time.Time
	Figures         []table
	Lanes           []*lane
	Gaps            int
	Scanned         uint64
	Filters         []string
	Report          archive.Report
	Lost            uint64
	Witnesses       []witnessRow
	Rows            []row
	Late            time.Duration
	Ended           bool // the seals go as far as was asked for
	Name            string
}

// table is a table of the most frequent values.
type table struct {
	Title  string
	Shares []share
	Rest   uint64
}

// report writes the page for people. It asks for nothing from outside and runs nothing.
func (w *writer) report(to io.Writer) error {
	t := w.totals
	p := page{Manifest: w.manifest, Key: w.vkey, Checkpoint: string(w.Checkpoint), CheckpointSeals: w.checkpoint.Size, First: t.first, Last: t.last, Lanes: t.sortedLanes(), Scanned: t.scanned,
		Filters: t.filters, Report: t.spans, Witnesses: t.witnesses, Rows: t.rows, Late: w.Late, Ended: !w.manifest.Seals.To.Before(w.manifest.Until), Name: FileName(w.Request)}
	for _, l := range p.Lanes {
		p.Gaps += len(l.Gaps)
	}
	for _, x := range t.spans.Paid {
		p.Lost += x.Lost
	}
	for _, x := range []struct {
		title string
		count *count
	}{{"Actions", &t.actions}, {"Actors", &t.actors}, {"Results", &t.results}} {
		shares, rest := x.count.top()
		p.Figures = append(p.Figures, table{x.title, shares, rest})
	}
	page, err := template.New("report").Funcs(template.FuncMap{"time": clock, "length": length, "number": number, "span": span, "whole": whole, "len64": func(rows []row) uint64 { return uint64(len(rows)) }}).Parse(reportText)
	if err != nil {
		return err
	}
	return page.Execute(to, p)
}

// whole tells whether nothing is open.
func whole(p page) bool {
	return p.Gaps == 0 && p.Lost == 0 && p.Gone == 0 && p.Ended && len(p.Report.Stopped) == 0
}

func clock(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// length is a duration for people.
func length(d time.Duration) string {
	for _, u := range []struct {
		of   time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		if n := d / u.of; d%u.of == 0 && n == 1 {
			return "1 " + u.name
		} else if d%u.of == 0 && n > 1 {
			return fmt.Sprintf("%d %ss", n, u.name)
		}
	}
	return d.String()
}

// span is a range of numbers.
func span(from, to uint64) string {
	if from == to {
		return number(from)
	}
	return number(from) + "–" + number(to)
}

// number is 1234567 as 1 234 567, with narrow spaces that do not break.
func number(n any) string {
	s := fmt.Sprint(n)
	var b strings.Builder
	for i, c := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteString("\u202f")
		}
		b.WriteRune(c)
	}
	return b.String()
}
