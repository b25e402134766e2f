package loki

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/sink/flowtest"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/realtest"
)

// entry is a line as Loki gives it back.
type entry struct {
	event.Event
	at     time.Time
	labels map[string]string
}

// ask gives the lines of the streams with this label of trail.
func ask(base, trail string) ([]entry, error) {
	query := url.Values{"query": {fmt.Sprintf("{trail=%q}", trail)}, "limit": {"1000000"}, "start": {strconv.FormatInt(time.Now().Add(-12*time.Hour).UnixNano(), 10)}, "end": {strconv.FormatInt(time.Now().Add(time.Hour).UnixNano(), 10)}}
	q, err := http.NewRequest(http.MethodGet, base+"/loki/api/v1/query_range?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	q.Header.Set("X-Scope-OrgID", "tenant-1")
	r, err := http.DefaultClient.Do(q)
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	var answer struct {
		Data struct {
			Result []struct {
				Stream map[string]string
				Values [][2]string
			}
		}
	}
	if err == nil {
		err = json.Unmarshal(text, &answer)
	}
	if err != nil || r.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %.500s, %w", r.Status, text, err)
	}
	var all []entry
	for _, s := range answer.Data.Result {
		for _, v := range s.Values {
			e, err := event.ParseJSON([]byte(v[1]))
			if err != nil {
				return nil, err
			}
			nanos, err := strconv.ParseInt(v[0], 10, 64)
			if err != nil {
				return nil, err
			}
			all = append(all, entry{e, time.Unix(0, nanos).UTC(), s.Stream})
		}
	}
	return all, nil
}

// A Loki is killed and stopped while events flow. What comes again at its own time is there once.
func TestLoki(t *testing.T) {
	l := realtest.StartLoki(t)
	c := config(l.URL)
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	all, repeats := flowtest.Run(t, flowtest.Flow{Sink: s, Receiver: l.Process, Rounds: 2, Held: func() (map[string]int, error) {
		held := map[string]int{}
		lines, err := ask(l.URL, "all")
		for _, line := range lines {
			held[line.ID]++
			if line.labels["eventId"] != line.ID || line.labels["service"] != "Ecs" || line.labels["eventRW"] != line.RW || line.labels["account"] != "1234567890" {
				return nil, fmt.Errorf("labels and metadata are %v", line.labels)
			}
		}
		return held, err
	}})
	t.Logf("%d events, %d of them again", all, repeats)

	// Those that come hours after others of their stream.
	c.Labels = map[string]string{"trail": "late"}
	if s, err = New(c); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	events := flowtest.Events(100_000, 300)
	for i := range events {
		if i > 10 && i%3 == 0 {
			events[i].Time = event.Unix(events[i].Time.Nanos-int64(5*time.Hour), 6)
		}
	}
	events[4].Time = event.At(time.Now().Add(10*24*time.Hour), 0)
	events[5].Time = event.At(time.Now().Add(-30*24*time.Hour), 0) // older than Loki takes at all
	if err := s.Write(t.Context(), events); err != nil {
		t.Fatal(err)
	}
	lines, err := ask(l.URL, "late")
	if err != nil {
		t.Fatal(err)
	}
	moved, ids := 0, map[string]bool{}
	for _, line := range lines {
		ids[line.ID] = true
		if line.Time.Std() != line.at {
			moved++
			if line.labels["eventTime"] != line.Time.String() {
				t.Errorf("%v", line.labels)
			}
		}
	}
	if len(ids) != len(events) || moved < 90 {
		t.Errorf("%d of %d events in %d lines, %d at the time of now", len(ids), len(events), len(lines), moved)
	}
	t.Logf("%d lines, %d at the time of now", len(lines), moved)
}
