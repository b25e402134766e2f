package api

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/event/render"
)

func exportTarget(parameters ...string) string { return target("/api/v1/export", parameters...) }

// exported asks over a connection, so that there are trailers, and nothing is unpacked on the way.
func exported(t *testing.T, server *httptest.Server, at string, headers ...string) (*http.Response, []byte, error) {
	t.Helper()
	r := must(http.NewRequest(http.MethodGet, server.URL+at, nil))(t)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	defer client.CloseIdleConnections()
	resp := must(client.Do(r))(t)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp, body, err
}

func unzip(t *testing.T, b []byte) []byte {
	t.Helper()
	in := must(gzip.NewReader(bytes.NewReader(b)))(t)
	in.Multistream(false)
	out := must(io.ReadAll(in))(t)
	return out
}

// TestExportFormats: each form holds each event, is whole, and says how many there are.
func TestExportFormats(t *testing.T) {
	const n = exportPage + 7
	s, x := madeUpServer(n)
	server := httptest.NewServer(s.Handler())
	defer server.Close()
	plain := func(render func([]byte, *event.Event) []byte) []string {
		var out []string
		for i := range x.events {
			out = append(out, string(render(nil, &x.events[i])))
		}
		return out
	}
	canonical := func(b []byte, e *event.Event) []byte { return e.AppendJSON(b) }
	array := func(t *testing.T, b []byte) []string {
		var list []json.RawMessage
		if err := json.Unmarshal(b, &list); err != nil {
			t.Fatal(err)
		}
		out := make([]string, len(list))
		for i := range list {
			out[i] = string(list[i])
		}
		return out
	}
	for format, c := range map[string]struct {
		media, name string
		read        func(t *testing.T, b []byte) []string
		want        []string
	}{
		"":            {ndjson, "events.ndjson", func(_ *testing.T, b []byte) []string { return lines(b) }, plain(canonical)},
		"ndjson":      {ndjson, "events.ndjson", func(_ *testing.T, b []byte) []string { return lines(b) }, plain(canonical)},
		"json":        {"application/json", "events.json", array, plain(canonical)},
		"actiontrail": {"application/json", "events.json", array, plain(render.ActionTrail)},
		"cloudtrail": {"application/json", "events.json", func(t *testing.T, b []byte) []string {
			var file struct{ Records json.RawMessage }
			if err := json.Unmarshal(b, &file); err != nil {
				t.Fatal(err)
			}
			return array(t, file.Records)
		}, plain(render.CloudTrail)},
		"ecs":  {ndjson, "events.ndjson", func(_ *testing.T, b []byte) []string { return lines(b) }, plain(render.ECS)},
		"ocsf": {ndjson, "events.ndjson", func(_ *testing.T, b []byte) []string { return lines(b) }, plain(render.OCSF)},
		"cef":  {"text/plain; charset=utf-8", "events.cef", func(_ *testing.T, b []byte) []string { return lines(b) }, plain(render.CEF)},
		"csv":  {"text/csv; charset=utf-8; header=present", "events.csv", func(_ *testing.T, b []byte) []string { return lines(b)[1:] }, nil},
	} {
		for _, coding := range []string{"plain", "on the way", "file"} {
			t.Run(format+" "+coding, func(t *testing.T) {
				parameters, headers := []string{"format", format}, []string{}
				media, name := c.media, c.name
				switch coding {
				case "on the way":
					headers = []string{"Accept-Encoding", "br, gzip;q=0.5"}
				case "file":
					parameters = append(parameters, "gzip", "true")
					media, name = "application/gzip", c.name+".gz"
				}
				resp, body, err := exported(t, server, exportTarget(parameters...), headers...)
				if err != nil || resp.StatusCode != http.StatusOK {
					t.Fatalf("status %d, %v: %.300s", resp.StatusCode, err, body)
				}
				if (resp.Header.Get("Content-Encoding") == "gzip") != (coding == "on the way") || resp.Header.Get("Content-Type") != media ||
					resp.Header.Get("Content-Disposition") != `attachment; filename="`+name+`"` {
					t.Errorf("header %v", resp.Header)
				}
				if coding != "plain" {
					packed := len(body)
					if body = unzip(t, body); packed*2 > len(body) {
						t.Errorf("%d bytes are packed as %d", len(body), packed)
					}
				}
				if resp.Header.Get(headerTotal) != strconv.Itoa(n) || resp.Trailer.Get(headerEvents) != strconv.Itoa(n) || resp.Trailer.Get(headerIncomplete) != "" {
					t.Errorf("total %q, trailer %v", resp.Header.Get(headerTotal), resp.Trailer)
				}
				if resp.Header.Get(headerFrom) != "2026-08-31T12:00:00Z" || resp.Header.Get(headerTo) != "2026-11-29T12:00:00Z" {
					t.Errorf("header %v", resp.Header)
				}
				got := c.read(t, body)
				if c.want == nil {
					if len(got) != n {
						t.Errorf("%d rows, want %d", len(got), n)
					}
					return
				}
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("events (-want +got):\n%.2000s", diff)
				}
			})
		}
	}
	for format, want := range map[string]string{"ndjson": "", "json": "[\n\n]\n", "actiontrail": "[\n\n]\n", "cloudtrail": `{"Records":[]}` + "\n", "ecs": "", "ocsf": "", "cef": "", "csv": "eventName\n"} {
		parameters := []string{"format", format, "query", "eventName: NoSuchAction"}
		if format == "csv" {
			parameters = append(parameters, "fields", "eventName")
		}
		if resp, body, err := exported(t, server, exportTarget(parameters...)); err != nil || string(body) != want || resp.Trailer.Get(headerEvents) != "0" {
			t.Errorf("%s of nothing: %q, %v", format, body, err)
		}
	}
}

// TestExportCounts only when it is asked to; its pages are never counted, which
// would make an export of twice the events take four times as long.
func TestExportCounts(t *testing.T) {
	s, x := madeUpServer(3*exportPage + 1)
	h := s.Handler()
	for count, want := range map[string]string{"true": "NNNN", "false": "NNNN", "": "NNNN"} {
		x.searched = make(chan index.Query, 10)
		parameters := []string{"limit", "90000"}
		if count != "" {
			parameters = append(parameters, "count", count)
		}
		got := get(t, h, exportTarget(parameters...))
		if count != "false" {
			want = "C" + want
		}
		asked := ""
		for len(x.searched) > 0 {
			if q := <-x.searched; q.NoTotal {
				asked += "N"
			} else if asked += "C"; q.Limit != 0 {
				t.Errorf("a count asks for %d events", q.Limit)
			}
		}
		if asked != want || (got.header.Get(headerTotal) == "") != (count == "false") {
			t.Errorf("count %q: searches %s, want %s; total %q", count, asked, want, got.header.Get(headerTotal))
		}
	}
	if got := get(t, h, exportTarget("limit", "5")); got.header.Get(headerTotal) != "5" || len(lines(got.body)) != 5 {
		t.Errorf("total %q of a limit of 5, %d lines", got.header.Get(headerTotal), len(lines(got.body)))
	}
	x.searched = make(chan index.Query, 10)
	if got := get(t, h, searchTarget("count", "false")); decode[EventPage](t, got).Total != -1 || !(<-x.searched).NoTotal {
		t.Errorf("a page without count: %.300s", got.body)
	}
}

// TestExportLargeEvents: pages of large events have fewer of them.
func TestExportLargeEvents(t *testing.T) {
	s, x := madeUpServer(exportPage + 500)
	for i := range x.events {
		x.events[i].Raw = strings.Repeat("x", 32<<10)
	}
	x.searched = make(chan index.Query, 10)
	if got := get(t, s.Handler(), exportTarget("count", "false")); len(lines(got.body)) != exportPage+500 {
		t.Errorf("%d lines", len(lines(got.body)))
	}
	if first, second := (<-x.searched).Limit, (<-x.searched).Limit; first != exportPage || second > 260 || second < 200 {
		t.Errorf("asked for %d, then for %d events of 32 KiB", first, second)
	}
}

// TestExportIncomplete: that events may be missing is told at the end.
func TestExportIncomplete(t *testing.T) {
	s, x := madeUpServer(3)
	x.incomplete = []string{"segment 7 is damaged – it is filled again"}
	server := httptest.NewServer(s.Handler())
	defer server.Close()
	resp, _, err := exported(t, server, exportTarget())
	if got := resp.Trailer.Get(headerIncomplete); err != nil || got != "segment 7 is damaged ? it is filled again" {
		t.Errorf("trailer %q, %v", got, err)
	}
	if page := decode[EventPage](t, get(t, s.Handler(), searchTarget())); !cmp.Equal([]string(page.Incomplete), x.incomplete) {
		t.Errorf("page is incomplete for %q", page.Incomplete)
	}
}

// TestExportPackedBreaksVisibly: also a compressed stream ends as if it were cut off.
func TestExportPackedBreaksVisibly(t *testing.T) {
	s, x := madeUpServer(2*exportPage + 1)
	x.err = func(q index.Query) error {
		if q.After != "" {
			return errors.New("segment 7: checksum")
		}
		return nil
	}
	server := httptest.NewServer(s.Handler())
	defer server.Close()
	for _, format := range []string{"ndjson", "json", "csv", "cloudtrail", "actiontrail", "ecs", "ocsf", "cef"} {
		for _, zip := range []string{"true", "false"} {
			resp, body, err := exported(t, server, exportTarget("format", format, "gzip", zip))
			if err == nil || len(body) == 0 || resp.Trailer.Get(headerEvents) != "" {
				t.Errorf("%s, gzip %s: %d bytes, error %v, trailer %v", format, zip, len(body), err, resp.Trailer)
			}
			if zip == "true" {
				in := must(gzip.NewReader(bytes.NewReader(body)))(t)
				if _, err := io.ReadAll(in); err == nil {
					t.Errorf("%s: the file looks whole", format)
				}
			}
		}
	}
}

func TestExportProblems(t *testing.T) {
	s, _ := madeUpServer(1)
	h := s.Handler()
	for at, parameter := range map[string]string{
		exportTarget("format", "xml"):                               "format",
		exportTarget("format", "cloudtrail", "fields", "eventName"): "fields",
		exportTarget("format", "actiontrail", "fields", "eventId"):  "fields",
		exportTarget("format", "cef", "fields", "eventId"):          "fields",
		exportTarget("gzip", "yes please"):                          "gzip",
		exportTarget("limit", "-1"):                                 "limit",
		exportTarget("query", "("):                                  "query",
		exportTarget("sort", "up"):                                  "sort",
	} {
		if p := get(t, h, at).problem(t, http.StatusBadRequest); p.Parameter != parameter {
			t.Errorf("%s: %+v", at, p)
		}
	}
}

// TestExportLongQuery: a query of 8 kB goes through a connection.
func TestExportLongQuery(t *testing.T) {
	s, _ := madeUpServer(2)
	server := httptest.NewServer(s.Handler())
	defer server.Close()
	var names []string
	for i := range 400 {
		names = append(names, fmt.Sprintf("eventName: \"Nö %06d\"", i))
	}
	long := strings.Join(append(names, "eventName: *"), " or ")
	if resp, body, err := exported(t, server, exportTarget("query", long)); len(long) < 8<<10 || err != nil || resp.StatusCode != http.StatusOK || len(lines(body)) != 2 {
		t.Errorf("a query of %d bytes: status %d, %v: %.200s", len(long), resp.StatusCode, err, body)
	}
}

// TestCursorFixesNow: what now means in a query is the same on each page.
func TestCursorFixesNow(t *testing.T) {
	s, x := madeUpServer(10)
	now := testNow
	s.Now = func() time.Time { return now }
	h := s.Handler()
	search := []string{"query", "eventTime >= now-5m", "limit", "3", "from", "now-1d"}
	first := decode[EventPage](t, get(t, h, searchTarget(search...)))
	now = now.Add(time.Hour)
	second := decode[EventPage](t, get(t, h, searchTarget(append(search, "cursor", first.Cursor)...)))
	if diff := cmp.Diff(idsOf(x.events[3:5]), ids(t, second.Events)); diff != "" || first.Total != 5 || second.Total != 5 {
		t.Errorf("totals %d and %d, second page (-want +got):\n%s", first.Total, second.Total, diff)
	}
}
