package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/api"
)

const (
	chartRows  = 40 // about, of a chart whose steps nobody chose
	chartWidth = 60 // of its longest bar where there is no terminal
)

func (s *searchCommand) printHistogram(ctx context.Context, c *client) error {
	var h api.Histogram
	p := &api.GetHistogramParams{Query: s.query, From: s.from, To: s.to, Interval: s.interval}
	if rows := chartRows; s.interval == "" && s.output == "table" {
		p.Buckets = &rows
	}
	r, err := c.GetHistogram(ctx, p)
	if err := explain(s.query, c.decode(r, err, &h)); err != nil {
		return err
	}
	warn(s.note, s.query, h.Warnings, h.Incomplete)
	switch s.output {
	case "json":
		return printJSON(s.screen, h)
	case "ndjson":
		var b bytes.Buffer
		lines := json.NewEncoder(&b)
		for _, bucket := range h.Buckets {
			if err := lines.Encode(bucket); err != nil {
				return err
			}
		}
		return s.screen.write(b.Bytes())
	case "csv":
		b := []byte("start,count,errors\n")
		for _, bucket := range h.Buckets {
			b = fmt.Appendf(b, "%s,%d,%d\n", bucket.Start.UTC().Format(time.RFC3339), bucket.Count, bucket.Errors)
		}
		return s.screen.write(b)
	}
	step := time.Duration(h.IntervalSeconds) * time.Second
	if _, err := io.WriteString(s.screen.w, chart(s.screen, h.Buckets, step)); err != nil {
		return err
	}
	fmt.Fprintf(s.note, "%d events%s, in steps of %s\n", h.Total, s.text(), h.Interval)
	return nil
}

// chart draws a bar for each bucket: its length is the count, its end, shaded or red, those with an error.
func chart(s screen, buckets []api.HistogramBucket, step time.Duration) string {
	form := "2006-01-02 15:04:05"
	switch {
	case step%(24*time.Hour) == 0:
		form = time.DateOnly
	case step%time.Minute == 0:
		form = "2006-01-02 15:04"
	}
	most, digits := 1, len("EVENTS")
	for _, b := range buckets {
		most = max(most, b.Count)
		digits = max(digits, len(fmt.Sprint(b.Count)))
	}
	room := chartWidth
	if s.width > 0 {
		room = max(narrowest, s.width-len(form)-digits-2*len(gap))
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%-*s%s%*s\n", len(form), "FROM (UTC)", gap, digits, "EVENTS")
	for _, b := range buckets {
		long := barLength(b.Count, most, room)
		failed := min(long, barLength(b.Errors, most, room))
		bar, end := strings.Repeat("█", long-failed), strings.Repeat("▒", failed)
		if s.color && failed > 0 {
			end = "\x1b[31m" + end + "\x1b[0m"
		}
		line := fmt.Sprintf("%-*s%s%*d%s%s%s", len(form), b.Start.UTC().Format(form), gap, digits, b.Count, gap, bar, end)
		out.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return out.String()
}

// barLength is never nothing for something.
func barLength(n, most, room int) int {
	if n == 0 {
		return 0
	}
	return max(1, n*room/most)
}
