package api

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/aggregator"
)

// FuzzCursor: what is read back is what was written, and nothing else is taken.
func FuzzCursor(f *testing.F) {
	f.Add("")
	f.Add("AQEY7H8CeFzgABjsgkipFYAAPExMkbRUN1VhZnRlcuRFPn8")
	f.Add("AQEY7H8CeFzgABjsgkipFYAAPExMkbRUN1VhZnRlcuRFPn9")
	f.Add(cursor{window: window{testNow, testNow}}.String())
	s, _ := madeUpServer(3)
	h := s.Handler()
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseCursor(text)
		if err == nil && c.String() != text {
			t.Errorf("%q is read, and written as %q", text, c.String())
		}
		// The bytes as the place in the index, whole and signed: what a client can make up.
		for _, given := range []string{text, cursor{window{testNow.Add(-day), testNow}, false, queryHash(""), testNow, text}.String()} {
			if got := get(t, h, searchTarget("cursor", given)); got.status != http.StatusOK && got.status != http.StatusBadRequest {
				t.Errorf("cursor %q: status %d: %s", given, got.status, got.body)
			}
		}
	})
}

// fuzzed are the calls that FuzzParameters makes; %s is a segment of the path. Never changed.
var fuzzed = []string{"/api/v1/events", "/api/v1/histogram", "/api/v1/events/%s", "/api/v1/fields/%s/values", "/api/v1/export", "/api/v1/fields",
	"/api/v1/events/%s/surrounding", "/api/v1/query/check", "/api/v1/query/complete", "/api/v1/searches/%s", "/api/v1/tail", "/api/v1/links/%s"}

// FuzzParameters: whatever the query string, a call is answered as openapi.yaml
// says, and refused as a mistake of the caller, never as one of the server.
func FuzzParameters(f *testing.F) {
	for _, raw := range []string{
		"", "query=eventRW%3A+Write&limit=2", "from=now-1d%2Fd&to=now%2Fd&sort=asc", "fields=eventName,userIdentity", "interval=5m",
		"from=1678-01-01&to=2261-12-31", "from=1678-01-01&to=1678-01-02&interval=36500d", "interval=1w&from=1969-12-31", "cursor=AQ", "limit=0",
		"by=userIdentity.userName&n=3&buckets=7", "by=actor&n=2", "by=requestParameters.InstanceId", "format=cloudtrail&gzip=true", "format=csv&fields=eventName&limit=2",
		"leaves=0&count=false", "prefix=Desc", "at=3&query=eventName%3A+D", "at=99", "query=requestParameters%3A+%7B+a%3A+b", "after=1-1", "gzip=maybe&count=1",
		"%zz", ";", "limit=1&limit=2", "query=%ff", "to=now%2B1000000000y", "query=not+(eventName:*)+or+eventTime+>+now-1d",
	} {
		for operation := range uint8(len(fuzzed)) {
			f.Add(raw, "eventName", operation)
		}
	}
	f.Add("", "requestParameters.InstanceId", uint8(3))
	f.Add("", "..", uint8(2))
	s, x := madeUpServer(5)
	f.Add("by=actor&n=2", x.events[0].ID, uint8(6))
	f.Add("", "writes", uint8(9))
	s.Live = aggregator.NewLive()
	s.Live.Close() // a tail ends at once
	s.Searches, _ = aggregator.OpenSearches(filepath.Join(f.TempDir(), "searches.json"))
	s.Links, _ = aggregator.OpenLinks(filepath.Join(f.TempDir(), "links"))
	h := s.Handler()
	f.Fuzz(func(t *testing.T, raw, segment string, operation uint8) {
		path := strings.ReplaceAll(fuzzed[int(operation)%len(fuzzed)], "%s", url.PathEscape(segment))
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = "localhost"
		at, err := url.ParseRequestURI(path)
		if err != nil {
			t.Skip() // no HTTP client or server lets it through
		}
		r.URL = at
		r.URL.RawQuery = raw
		for _, accept := range []string{"", ndjson, asCSV} {
			r.Header.Set("Accept", accept)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			got := reply{w.Code, w.Result().Header, w.Body.Bytes()}
			switch got.status {
			case http.StatusOK:
				if strings.HasPrefix(segment, ".") || segment == "" {
					continue
				}
				conforms(t, r, got)
			case http.StatusBadRequest, http.StatusNotFound:
				if p := got.problem(t, got.status); p.Detail == "" || p.Position != nil && p.Parameter != "query" {
					t.Errorf("%s?%s: problem %+v", path, raw, p)
				}
			case http.StatusMovedPermanently, http.StatusTemporaryRedirect: // to the clean path
			default:
				t.Errorf("%s?%s: status %d: %s", path, raw, got.status, got.body)
			}
			if path != "/api/v1/events" {
				return // only a search is answered in more than one form
			}
		}
	})
}

// FuzzFields: a part of an event is JSON, and a part of that event.
func FuzzFields(f *testing.F) {
	f.Add("eventName", `{"a":1}`)
	f.Add("requestParameters.a.b,requestParameters.c", `{"a":{"b":[1,{"c":null}],"b.c":"x"},"c":"\u202e"}`)
	f.Add("requestParameters.a,requestParameters.a.b", `{"a":{"b":1},"a.b":2}`)
	f.Fuzz(func(t *testing.T, fields, object string) {
		p, err := parseFields(fields)
		if err != nil || p == nil {
			return
		}
		if !json.Valid([]byte(object)) || object == "" || object[0] != '{' {
			return
		}
		stored := []byte(`{"eventName":"X","requestParameters":` + object + `,"userIdentity":{"userName":"u"}}`)
		out := p.append(nil, stored)
		if !json.Valid(out) || out[0] != '{' {
			t.Fatalf("%s of %s is %s", fields, stored, out)
		}
		if again := p.append(nil, out); string(again) != string(out) {
			t.Errorf("%s of %s is %s, and of that %s", fields, stored, out, again)
		}
		if len(out) > len(stored) && json.Valid(stored) && !strings.ContainsAny(object, "\\ \n\t\r<>&\x7f\u2028\u2029") && utf8Clean(object) {
			t.Errorf("%s of %s is longer: %s", fields, stored, out)
		}
	})
}

func utf8Clean(s string) bool { return strings.ToValidUTF8(s, "") == s }
