package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/api"
)

const (
	chartRows  = 40 // of a chart whose steps nobody chose
	chartWidth = 60 // of its longest bar where there is no terminal
)

func (s *searchCommand) printHistogram(ctx context.Context, c *client) error {
	var h api.Histogram
	r, err := c.GetHistogram(ctx, &api.GetHistogramParams{Query: s.query, From: s.from, To: s.to, Interval: s.interval})
	if err := explain(s.query, c.decode(r, err, &h)); err != nil {
		return err
	}
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
	buckets, step := h.Buckets, time.Duration(h.IntervalSeconds)*time.Second
	if s.interval == "" {
		buckets, step = merged(buckets, step)
	}
	if err := s.screen.write([]byte(chart(s.screen, buckets, step))); err != nil {
		return err
	}
	fmt.Fprintf(s.note, "%d events%s, in steps of %s\n", h.Total, s.text(), stepText(step))
	return nil
}

// merged puts neighbours together until there are few enough to be looked at.
func merged(buckets []api.HistogramBucket, step time.Duration) ([]api.HistogramBucket, time.Duration) {
	n := (len(buckets) + chartRows - 1) / chartRows
	if n <= 1 {
		return buckets, step
	}
	var few []api.HistogramBucket
	for i, b := range buckets {
		if i%n == 0 {
			few = append(few, b)
			continue
		}
		last := &few[len(few)-1]
		last.Count += b.Count
		last.Errors += b.Errors
	}
	return few, step * time.Duration(n)
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

// stepText is a step as --interval takes it.
func stepText(d time.Duration) string {
	for _, u := range []struct {
		unit string
		d    time.Duration
	}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}} {
		if d%u.d == 0 && d > 0 {
			return fmt.Sprintf("%d%s", d/u.d, u.unit)
		}
	}
	return fmt.Sprintf("%ds", d/time.Second)
}
