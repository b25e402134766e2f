package main

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/api"
)

// exported is hostileEvents in a format.
func exported(t testing.TB, format string, events []string) []byte {
	t.Helper()
	switch format {
	case "ndjson", "ecs", "ocsf", "cef":
		if len(events) == 0 {
			return nil
		}
		return []byte(strings.Join(events, "\n") + "\n")
	case "cloudtrail":
		return []byte(`{"Records":[` + strings.Join(events, ",") + "]}\n")
	case "csv":
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		rows := [][]string{api.Columns()}
		for _, e := range events {
			row, err := api.Cells([]byte(e), api.Columns())
			if err != nil {
				t.Fatal(err)
			}
			rows = append(rows, row)
		}
		if err := w.WriteAll(rows); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	return []byte("[\n" + strings.Join(events, ",\n") + "\n]\n")
}

func zipped(t *testing.T, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// exportServer sends a body, and says that it sent so many events.
type exportServer struct {
	total, sent string
	incomplete  string
	body        []byte
	abort       bool
	asked       *http.Request
}

func (s *exportServer) start(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/query/check", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"valid":true}`)) })
	mux.HandleFunc("GET /api/v1/export", func(w http.ResponseWriter, r *http.Request) {
		s.asked = r
		w.Header().Set("Actiontrail-Total", s.total)
		w.Header().Set("Trailer", "Actiontrail-Events, Actiontrail-Incomplete")
		_, _ = w.Write(s.body)
		_ = http.NewResponseController(w).Flush()
		if s.abort {
			panic(http.ErrAbortHandler)
		}
		if s.sent != "" {
			w.Header().Set("Actiontrail-Events", s.sent)
		}
		if s.incomplete != "" {
			w.Header().Set("Actiontrail-Incomplete", s.incomplete)
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func TestExport(t *testing.T) {
	for _, format := range exportFormats {
		for _, compressed := range []bool{false, true} {
			body := exported(t, format, hostileEvents)
			s := exportServer{total: "3", sent: "3", body: body}
			args := []string{"export", "x", "--format", format, "--from", "now-1h", "--limit", "7", "--sort", "asc", "--fields", "eventName"}
			if compressed {
				s.body, args = zipped(t, body), append(args, "--gzip")
			}
			args = append(args, "--server", s.start(t))
			out, note, err := runClient(t, args...)
			if err != nil || out != string(s.body) || !strings.HasPrefix(note, "3 events from now-1h to now, ") {
				t.Errorf("%s, gzip %v: %v, %q, %d bytes", format, compressed, err, note, len(out))
			}
			if q := s.asked.URL.Query(); q.Get("format") != format || q.Get("gzip") != fmt.Sprint(compressed) || q.Get("limit") != "7" ||
				q.Get("sort") != "asc" || q.Get("fields") != "eventName" || q.Get("query") != "x" || q.Get("from") != "now-1h" {
				t.Errorf("asked %v", q)
			}
			path := filepath.Join(t.TempDir(), "out")
			if _, _, err := runClient(t, append(args, "-O", path)...); err != nil {
				t.Error(err)
			}
			if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, s.body) {
				t.Errorf("%s: %v, %d bytes in the file", format, err, len(got))
			}
			alone(t, path)
		}
	}
}

// alone: nothing is left beside the file.
func alone(t *testing.T, path string) {
	t.Helper()
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f.Name() != filepath.Base(path) {
			t.Errorf("%s is left behind", f.Name())
		}
	}
}

// TestExportFailures: what is not whole is never taken for it, and an older file stays.
func TestExportFailures(t *testing.T) {
	body := exported(t, "ndjson", hostileEvents)
	damaged := zipped(t, body)
	damaged[len(damaged)-6] ^= 1
	for _, tt := range []struct {
		name   string
		server exportServer
		args   []string
		want   string
		keeps  bool // the file is written all the same
	}{
		{"broken off", exportServer{total: "3", body: body[:len(body)-10], abort: true}, nil, "broke off after 2 events: unexpected EOF", false},
		{"no count", exportServer{total: "3", body: body}, nil, "did not say how many events it sent, so nobody knows whether 3 are all", false},
		{"other count", exportServer{total: "3", sent: "4", body: body}, nil, "sent 4 events, and 3 came", false},
		{"fewer than found", exportServer{total: "9", sent: "3", body: body}, nil, "found 9 events when the export began and sent only 3", false},
		{"cut", exportServer{total: "3", sent: "2", body: body[:len(body)-10]}, nil, "it ends in the middle of an event", false},
		{"damaged", exportServer{total: "3", sent: "3", body: damaged}, []string{"--gzip"}, "is damaged: gzip: invalid checksum", false},
		{"not compressed", exportServer{total: "3", sent: "3", body: body}, []string{"--gzip"}, "is damaged: gzip: invalid header", false},
		{"incomplete", exportServer{total: "3", sent: "3", body: body, incomplete: "segment 7 is damaged"}, nil, `events may be missing: segment 7 is damaged`, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := tt.server.start(t)
			path := filepath.Join(t.TempDir(), "out")
			if err := os.WriteFile(path, []byte("older"), 0o600); err != nil {
				t.Fatal(err)
			}
			_, note, err := runClient(t, append([]string{"export", "--server", server, "-O", path}, tt.args...)...)
			if exitCode(err) != exitNo || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error()+note, "\x1b") {
				t.Errorf("%v (exit code %d), want %q", err, exitCode(err), tt.want)
			}
			got, readErr := os.ReadFile(path)
			if readErr != nil || (string(got) == "older") == tt.keeps {
				t.Errorf("%v, the file has %q", readErr, got)
			}
			if !tt.keeps && !strings.Contains(err.Error(), path+" was not written") {
				t.Errorf("%v", err)
			}
			alone(t, path)
			if _, _, err := runClient(t, append([]string{"export", "--server", server}, tt.args...)...); exitCode(err) != exitNo || !tt.keeps && !strings.Contains(err.Error(), "what was printed is not whole") {
				t.Errorf("to the standard output: %v", err)
			}
		})
	}
	more := exportServer{total: "2", sent: "3", body: body} // one came late
	server := more.start(t)
	if _, _, err := runClient(t, "export", "--server", server); err != nil {
		t.Error(err)
	}
	for _, args := range [][]string{{"--format", "xml"}, {"--sort", "up"}, {"--limit", "-1"}, {"-O", filepath.Join(t.TempDir(), "none", "out")}} {
		if _, _, err := runClient(t, append([]string{"export", "--server", server}, args...)...); exitCode(err) != exitUsage {
			t.Errorf("%v: %v", args, err)
		}
	}
}

func TestProgress(t *testing.T) {
	count := newExportCounter("ndjson", false)
	_, _ = count.Write([]byte(strings.Repeat("x", 1<<20-1) + "\n"))
	p := progress{count: count, total: 4}
	for seconds, want := range map[int]string{0: "1 of 4 events, 25%, 1MiB", 2: "1 of 4 events, 25%, 1MiB, 0 events/s, 512KiB/s"} {
		if got := p.text(p.begun.Add(time.Duration(seconds) * time.Second)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	p.total = -1
	if got := p.text(p.begun); got != "1 events, 1MiB" {
		t.Errorf("%q", got)
	}
}

// FuzzExportCount: whatever is in an event, and however the stream is cut, as many are counted as there are.
func FuzzExportCount(f *testing.F) {
	f.Add("a\"b\\", "{[\n,\"\"\r", 3, uint8(1))
	f.Fuzz(func(t *testing.T, name, agent string, n int, step uint8) {
		n, size := n&7, int(step)+1
		var events []string
		for i := range n {
			e, err := json.Marshal(map[string]any{"eventVersion": 1, "eventId": fmt.Sprint(i), "eventName": strings.ToValidUTF8(name, "?"), "userAgent": agent, "requestParameters": map[string]any{"a": []any{name, map[string]string{agent: name}}}})
			if err != nil {
				t.Fatal(err)
			}
			events = append(events, string(e))
		}
		for _, format := range exportFormats {
			body := exported(t, format, events)
			for _, cut := range []int{len(body), len(body) - 2} {
				c := newExportCounter(format, false)
				for part := body[:max(0, cut)]; len(part) > 0; part = part[min(size, len(part)):] {
					_, _ = c.Write(part[:min(size, len(part))])
				}
				err := c.close()
				if cut == len(body) && (err != nil || c.events() != n) {
					t.Errorf("%s: %d events counted of %d, %v\n%s", format, c.events(), n, err, body)
				}
				if cut < len(body) && cut > 0 && err == nil {
					t.Errorf("%s is taken for whole: %q", format, body[:cut])
				}
			}
		}
	})
}
