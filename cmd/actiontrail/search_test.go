package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/event"
)

func TestSearchColumns(t *testing.T) {
	var asked []*http.Request
	server := canned(t, &asked)
	out, _, err := runClient(t, "search", "x", "--fields", "eventTime, userIdentity.userName,userIdentity,errorCode,nothing", "--sort", "asc", "--server", server)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "fields.txt", out)
	if q := asked[0].URL.Query(); q.Get("sort") != "asc" || q.Get("fields") == "" {
		t.Errorf("asked %v", q)
	}
}

func TestSearchPagesAndCount(t *testing.T) {
	var asked []*http.Request
	server := canned(t, &asked)
	out, note, err := runClient(t, "search", "many", "--limit", "0", "--server", server)
	if err != nil || strings.Count(out, "\n") != 4 || note != "3 events in the last 90 days\n" || len(asked) != 3 {
		t.Errorf("%d calls, %q, %q, %v", len(asked), out, note, err)
	}
	out, note, err = runClient(t, "search", "many", "--limit", "2", "--server", server)
	if err != nil || strings.Count(out, "\n") != 3 || note != "2 of 3 events in the last 90 days; --limit 0 prints all\n" {
		t.Errorf("%q, %q, %v", out, note, err)
	}
	for form, want := range map[string]string{"table": "3\n", "json": "{\"total\":3}\n", "ndjson": "{\"total\":3}\n", "csv": "total\n3\n"} {
		asked = nil
		if out, _, err := runClient(t, "search", "many", "--count", "-o", form, "--server", server); err != nil || out != want || asked[0].URL.Query().Get("limit") != "0" {
			t.Errorf("%s: %q, %v", form, out, err)
		}
	}
}

func TestFieldText(t *testing.T) {
	o, err := event.ParseObject([]byte(`{"a":"x","b":{"c":[{"d":1},{"d":"two"}],"e.f":true},"n":null,"g":{"h":{"i":"\u001b"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"a": "x", "b.c.d": "1, two", "b.e.f": "true", "g.h": `{"i":"\u001b"}`, "g.h.i": "\x1b", "none": "", "a.b": "", "n": ""} {
		if got := fieldText(o, path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

// histogram is one of n steps, of which each has as many events as its number, and a third of them an error.
func histogram(n int, step time.Duration) api.Histogram {
	h := api.Histogram{IntervalSeconds: int64(step / time.Second), Interval: "5m"}
	begin := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	for i := range n {
		h.Buckets = append(h.Buckets, api.HistogramBucket{Start: begin.Add(time.Duration(i) * step), Count: i, Errors: i / 3})
		h.Total += i
	}
	return h
}

func TestSearchHistogram(t *testing.T) {
	var asked []*http.Request
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r)
		n := 10
		if r.URL.Query().Get("buckets") == "" {
			n = 100
		}
		h := histogram(n, 5*time.Minute)
		if n == 100 {
			h.Incomplete = []string{"segment 7 is damaged"}
		}
		_ = json.NewEncoder(w).Encode(h)
	}))
	defer s.Close()
	out, note, err := runClient(t, "search", "few", "--histogram", "--from", "now-1h", "--server", s.URL)
	if err != nil || note != "45 events from now-1h to now, in steps of 5m\n" {
		t.Errorf("%q, %v", note, err)
	}
	golden(t, "histogram.txt", out)
	if out, _, err = runClient(t, "search", "few", "--histogram", "--color", "always", "--server", s.URL); err != nil || !strings.Contains(out, "█\x1b[31m▒▒▒▒▒▒\x1b[0m\n") {
		t.Errorf("%q, %v", out, err)
	}
	out, note, err = runClient(t, "search", "many", "--histogram", "--interval", "5m", "-o", "csv", "--server", s.URL)
	if err != nil || note != "warning: events may be missing in this answer: segment 7 is damaged\n" || strings.Count(out, "\n") != 101 || !strings.Contains(out, "\n2026-11-21T00:50:00Z,10,3\n") || asked[2].URL.Query().Get("interval") != "5m" {
		t.Errorf("%q, %v", out, err)
	}
	out, _, err = runClient(t, "search", "few", "--histogram", "-o", "ndjson", "--server", s.URL)
	if err != nil || strings.Count(out, "\n") != 100 || !strings.HasPrefix(out, `{"count":0,"errors":0,"start":"2026-11-21T00:00:00Z"}`) {
		t.Errorf("%q, %v", out, err)
	}
	// A chart fits the terminal, and a bar is there for every step that has something.
	for _, width := range []int{20, 40, 80, 200} {
		for i, line := range strings.Split(strings.TrimSpace(chart(screen{width: width}, histogram(300, time.Hour).Buckets, time.Hour)), "\n") {
			if i > 2 && (!strings.ContainsAny(line, "█▒") || textWidth(line) > max(width, 30)) {
				t.Errorf("width %d: %q", width, line)
			}
		}
	}
}

// changing is a server whose answers are given one after the other; when there are no more, it is done.
func changing(t *testing.T, done context.CancelFunc, answers ...string) string {
	t.Helper()
	n := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/v1/query/check" {
			_, _ = w.Write([]byte(`{"valid":true}`))
			return
		}
		n++
		if n > len(answers) {
			done()
			return
		}
		if answers[n-1] == "" {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte(`{"title":"Not ready","status":503}`))
			return
		}
		_, _ = w.Write([]byte(answers[n-1]))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestSearchWatch(t *testing.T) {
	for _, tt := range []struct {
		name    string
		screen  screen
		answers []string
		want    string
		notes   string
		failed  bool
	}{
		{"lines that are new", screen{}, []string{"{\"n\":1}\n", "{\"n\":2}\n{\"n\":1}\n", "", "{\"n\":3}\n{\"n\":2}\n"}, "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n", "SERVER: Not ready\n", false},
		{"a screen", screen{width: 60, height: 20, terminal: true}, []string{"{\"n\":1}\n", "{\"n\":2}\n{\"n\":1}\n"},
			"\x1b[HTITLE\x1b[K\n  {\"n\":1}\x1b[K\n\x1b[K\n\x1b[J" + "\x1b[HTITLE\x1b[K\n+ {\"n\":2}\x1b[K\n  {\"n\":1}\x1b[K\n\x1b[K\n\x1b[J", "", false},
		{"a screen in colours", screen{width: 60, height: 20, terminal: true, color: true}, []string{"{\"n\":1}\n", "{\"n\":2}\n"},
			"\x1b[HTITLE\x1b[K\n  {\"n\":1}\x1b[K\n\x1b[K\n\x1b[J" + "\x1b[HTITLE\x1b[K\n\x1b[1;32m+\x1b[0m {\"n\":2}\x1b[K\n\x1b[K\n\x1b[J", "", false},
		{"a failure at once", screen{}, []string{""}, "", "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			server := changing(t, cancel, tt.answers...)
			var out, notes bytes.Buffer
			s := searchCommand{screen: tt.screen, note: &notes, sort: "desc", watch: leastWatch, rangeFlags: rangeFlags{query: "q\x1b"}}
			s.screen.w, s.output, s.server = &out, "ndjson", server
			if err := s.run(ctx); (err != nil) != tt.failed {
				t.Fatal(err)
			}
			got := out.String()
			for {
				i := strings.Index(got, "every ")
				if i < 0 {
					break
				}
				end := strings.Index(got[i:], "\x1b[K")
				if title := got[i : i+end]; !strings.HasPrefix(title, "every 100ms, ") || !strings.HasSuffix(title, `: q\x1b`) {
					t.Errorf("title %q", title)
				}
				got = got[:i] + "TITLE" + got[i+end:]
			}
			if got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
			if n := strings.ReplaceAll(notes.String(), server, "SERVER"); n != tt.notes {
				t.Errorf("notes %q, want %q", n, tt.notes)
			}
		})
	}
}

func TestColors(t *testing.T) {
	server := canned(t, nil)
	for color, want := range map[string]bool{"auto": false, "never": false, "always": true} {
		t.Setenv("NO_COLOR", map[bool]string{true: "1"}[color == "always"]) // what is asked for by a flag wins
		out, _, err := runClient(t, "search", "x", "--color", color, "--server", server)
		if err != nil || strings.Contains(out, "\x1b[") != want {
			t.Errorf("%s: %v, %q", color, err, out)
		}
		if colored := strings.Count(out, "\x1b["); want && colored != 2*(7+1) {
			t.Error(fmt.Sprint("escape sequences: ", colored))
		}
	}
}
