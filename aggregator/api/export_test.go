package api

import (
	"context"
	"encoding/csv"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
)

const (
	ndjson = "application/x-ndjson"
	asCSV  = "text/csv"
)

func lines(b []byte) []string {
	text := strings.TrimSuffix(string(b), "\n")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

func TestExportNDJSON(t *testing.T) {
	const n = 2*exportPage + 500
	s, x := madeUpServer(n)
	h := s.Handler()
	for name, c := range map[string]struct {
		parameters []string
		from, to   int // of the events, newest first
	}{
		"all pages":        {nil, 0, n},
		"limit in a page":  {[]string{"limit", "7"}, 0, 7},
		"limit is a page":  {[]string{"limit", "1000"}, 0, exportPage},
		"limit over pages": {[]string{"limit", "1001"}, 0, exportPage + 1},
		"limit above all":  {[]string{"limit", "100000"}, 0, n},
		"limit 0":          {[]string{"limit", "0"}, 0, 0},
		"nothing matches":  {[]string{"query", "eventName: NoSuchAction"}, 0, 0},
		"from a cursor": {[]string{"cursor", decode[EventPage](t, get(t, h, searchTarget("limit", "1200"))).Cursor},
			1200, n},
	} {
		t.Run(name, func(t *testing.T) {
			got := get(t, h, searchTarget(c.parameters...), "Accept", ndjson)
			if got.status != http.StatusOK || got.header.Get("Content-Type") != ndjson || got.header.Get("Cache-Control") != "no-store" {
				t.Fatalf("status %d, header %v", got.status, got.header)
			}
			var want []string
			for _, e := range x.events[c.from:c.to] {
				want = append(want, string(e.AppendJSON(nil)))
			}
			if diff := cmp.Diff(want, lines(got.body)); diff != "" {
				t.Errorf("lines (-want +got):\n%.2000s", diff)
			}
		})
	}
}

// TestExportSearches: a stream asks for no more pages than it hands out.
func TestExportSearches(t *testing.T) {
	s, x := madeUpServer(2*exportPage + 500)
	h := s.Handler()
	for limit, want := range map[string]int{"1": 1, "1000": 1, "1001": 2, "2500": 3, "9000": 3} {
		x.searched = make(chan index.Query, 10)
		get(t, h, searchTarget("limit", limit), "Accept", ndjson)
		if len(x.searched) != want {
			t.Errorf("limit %s: %d searches, want %d", limit, len(x.searched), want)
		}
	}
}

func TestExportFields(t *testing.T) {
	s, x := madeUpServer(2)
	got := get(t, s.Handler(), searchTarget("fields", "eventId"), "Accept", ndjson)
	want := []string{`{"eventId":"` + x.events[0].ID + `"}`, `{"eventId":"` + x.events[1].ID + `"}`}
	if diff := cmp.Diff(want, lines(got.body)); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

func TestExportCSV(t *testing.T) {
	const n = exportPage + 5
	s, x := madeUpServer(n)
	h := s.Handler()
	got := get(t, h, searchTarget("sort", "asc"), "Accept", asCSV)
	if got.status != http.StatusOK || got.header.Get("Content-Type") != "text/csv; charset=utf-8; header=present" || !strings.Contains(got.header.Get("Content-Disposition"), "attachment") {
		t.Fatalf("status %d, header %v", got.status, got.header)
	}
	rows, err := csv.NewReader(strings.NewReader(string(got.body))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(csvColumns, rows[0]); diff != "" || len(rows) != n+1 {
		t.Fatalf("%d rows, header (-want +got):\n%s", len(rows), diff)
	}
	oldest, last := x.events[n-1], rows[1]
	for i, column := range csvColumns {
		f, _, ok := event.Lookup(column)
		if !ok {
			t.Fatalf("an event has no %s", column)
		}
		if want := f.Value(&oldest); last[i] != want {
			t.Errorf("%s is %q, want %q", column, last[i], want)
		}
	}
	// Nothing found is a table without rows.
	if got := get(t, h, searchTarget("query", "eventName: NoSuchAction"), "Accept", asCSV); string(got.body) != strings.Join(csvColumns, ",")+"\n" {
		t.Errorf("of nothing: %q", got.body)
	}
}

// TestExportCSVCells: columns that are asked for, quoting, and what a spreadsheet would run.
func TestExportCSVCells(t *testing.T) {
	s, x := madeUpServer(1)
	e := &x.events[0]
	e.RequestParameters = `{"InstanceId":"i-1","Tag":{"Key":"env","Value":"a,\"b\"\nc"},"Count":3,"Tag.1.Key":"dotted"}`
	e.UserAgent, e.ErrorMessage, e.Identity.UserName = `=HYPERLINK("http://203.0.113.9","x")`, "-", "@SUM(A1)"
	h := s.Handler()
	for column, want := range map[string]string{
		"userAgent":                       "'" + e.UserAgent,
		"errorMessage":                    "-",
		"userIdentity.userName":           "'@SUM(A1)",
		"requestParameters.InstanceId":    "i-1",
		"requestParameters.Tag.Value":     "a,\"b\"\nc",
		"requestParameters.Tag.1.Key":     "dotted",
		"requestParameters.Count":         "3",
		"requestParameters.None":          "",
		"requestParameters.Tag":           `{"Key":"env","Value":"a,\"b\"\nc"}`,
		"requestParameters.InstanceId.No": "",
		"eventVersion":                    "1",
		"eventTime":                       e.Time.String(),
	} {
		got := get(t, h, searchTarget("fields", column+",eventId"), "Accept", asCSV)
		rows, err := csv.NewReader(strings.NewReader(string(got.body))).ReadAll()
		if err != nil {
			t.Fatalf("%s: %v: %s", column, err, got.body)
		}
		if diff := cmp.Diff([][]string{{column, "eventId"}, {want, e.ID}}, rows); diff != "" {
			t.Errorf("%s (-want +got):\n%s", column, diff)
		}
	}
	for in, want := range map[string]string{"+1": "'+1", "\t=1": "'\t=1", "\r=1": "'\r=1", "\n=1": "'\n=1", "": "", "=": "=", "a=1": "a=1"} {
		if got := harmlessCell(in); got != want {
			t.Errorf("harmlessCell(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestExportHead: HEAD searches one page, writes nothing and breaks nothing.
func TestExportHead(t *testing.T) {
	s, x := madeUpServer(3 * exportPage)
	x.searched = make(chan index.Query, 10)
	var call Call
	audited := make(chan struct{})
	s.Audit = func(_ context.Context, c Call) error { call = c; close(audited); return nil }
	server := httptest.NewServer(s.Handler())
	defer server.Close()
	r := must(http.NewRequest(http.MethodHead, server.URL+"/api/v1/events", nil))(t)
	r.Header.Set("Accept", ndjson)
	resp := must(server.Client().Do(r))(t)
	resp.Body.Close()
	<-audited
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != ndjson || len(x.searched) != 1 || call.Events != 0 || call.Status != http.StatusOK {
		t.Errorf("status %d, %v, %d searches, audited %d with %d events", resp.StatusCode, resp.Header, len(x.searched), call.Status, call.Events)
	}
}

// TestExportHTTP10: a client that could not see a stream break is told what to use.
func TestExportHTTP10(t *testing.T) {
	s, _ := madeUpServer(1)
	r := httptest.NewRequest(http.MethodGet, "/api/v1/events", nil)
	r.Host, r.Proto, r.ProtoMajor, r.ProtoMinor = "localhost", "HTTP/1.0", 1, 0
	r.Header.Set("Accept", ndjson)
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	p := reply{w.Code, w.Result().Header, w.Body.Bytes()}.problem(t, http.StatusHTTPVersionNotSupported)
	if !strings.Contains(p.Hint, "1.1") {
		t.Errorf("problem %+v", p)
	}
	r.Header.Set("Accept", "application/json") // has a length
	w = httptest.NewRecorder()
	if s.Handler().ServeHTTP(w, r); w.Code != http.StatusOK {
		t.Errorf("status %d of a page", w.Code)
	}
}
