package elastic

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/actiontrail/actiontrail/aggregator/index"
)

const (
	// statsTimeout bounds how long a status page waits for the cluster.
	statsTimeout = 5 * time.Second
	// measuredDays is how many days the volume is taken over.
	measuredDays = 7
)

// Stats describe the index; when the cluster does not answer, as it was last known.
func (x *Index) Stats() index.Stats {
	ctx, cancel := context.WithTimeout(context.Background(), statsTimeout)
	defer cancel()
	st, err := x.readStats(ctx)
	x.mu.Lock()
	defer x.mu.Unlock()
	if err != nil {
		st = x.stats
		st.Damaged = []string{"not up to date: " + err.Error()}
		return st
	}
	x.stats = st
	return st
}

func (x *Index) readStats(ctx context.Context) (index.Stats, error) {
	var st index.Stats
	for _, ascending := range [...]bool{true, false} {
		a, err := x.search(ctx, index.Query{}, object{"size": 1, "_source": false, "sort": order(ascending), "track_total_hits": true})
		if err != nil {
			return st, err
		}
		for _, h := range a.Hits.Hits {
			s, err := h.spot()
			if err != nil {
				return st, err
			}
			if at := time.Unix(0, s.nanos).UTC(); ascending {
				st.Oldest = at
			} else {
				st.Newest = at
			}
		}
		if a.Hits.Total != nil {
			st.Events = a.Hits.Total.Value
		}
		st.Damaged = a.incomplete()
	}
	var rows []struct {
		Bytes string `json:"store.size"`
	}
	if err := x.client.do(ctx, esapi.CatIndicesRequest{Index: []string{x.cfg.Prefix + "-*"}, Format: "json", Bytes: "b", H: []string{"store.size"}}, &rows); err != nil {
		return st, err
	}
	st.Segments = len(rows)
	for _, r := range rows {
		if n, err := strconv.ParseInt(r.Bytes, 10, 64); err == nil { // a new one has none yet
			st.Bytes += n
		}
	}
	return st, nil
}

// measure learns how many events come in, which is what a period is chosen by.
func (x *Index) measure(ctx context.Context, now time.Time) error {
	n, err := x.countBetween(ctx, now.AddDate(0, 0, -measuredDays), now)
	if err != nil {
		return fmt.Errorf("count the events of a week: %w", err)
	}
	x.perDay = float64(n) / measuredDays
	return nil
}
