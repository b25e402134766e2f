package httpsource

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/json"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/actiontrail/actiontrail/internal/realtest"
)

func pack(t *testing.T, encoding, text string) string {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	var err error
	switch encoding {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "zlib":
		w = zlib.NewWriter(&b)
	case "flate":
		w, err = flate.NewWriter(&b, 6)
	case "zstd":
		w, err = zstd.NewWriter(&b)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestBodies(t *testing.T) {
	a := newCarrier(t, Config{MaxBody: 1000, MaxInflight: 1 << 20, MaxLine: 10, MaxRecords: 3})
	a.run()
	large := strings.Repeat("large", 300)
	for _, c := range []struct {
		name, body string
		header     []string
		status     int
		says       string
	}{
		{"plain", "plain", nil, 200, `"records":1`},
		{"gzip", pack(t, "gzip", "gzip\n2"), []string{"Content-Encoding", "gzip"}, 200, `"records":2`},
		{"two members of gzip", pack(t, "gzip", "gz 1\n") + pack(t, "gzip", "gz 2\n"), []string{"Content-Encoding", "GZIP"}, 200, `"records":2`},
		{"zlib", pack(t, "zlib", "zlib"), []string{"Content-Encoding", "deflate"}, 200, ""},
		{"flate", pack(t, "flate", "flate"), []string{"Content-Encoding", "deflate"}, 200, ""},
		{"zstd", pack(t, "zstd", "zstd"), []string{"Content-Encoding", "zstd"}, 200, ""},
		{"brotli", "x", []string{"Content-Encoding", "br"}, 415, "use gzip"},
		{"no gzip", "x", []string{"Content-Encoding", "gzip"}, 400, "gzip"},
		{"half a gzip", pack(t, "gzip", "half")[:15], []string{"Content-Encoding", "gzip"}, 400, "unexpected EOF"},
		{"too large", large, nil, 413, "max_body is 1000"},
		{"too large in gzip", pack(t, "gzip", large), []string{"Content-Encoding", "gzip"}, 413, "max_body is 1000"},
		{"too large in zstd", pack(t, "zstd", large), []string{"Content-Encoding", "zstd"}, 413, "max_body is 1000"},
		{"empty", "", nil, 400, "empty"},
		{"an empty list", "[]", nil, 200, `"records":0`},
		{"a form", "a=b", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "--data-binary"},
		{"another charset", "a=b", []string{"Content-Type", "text/plain; charset=utf-16"}, 415, "utf-16"},
		{"no type", "a=b", []string{"Content-Type", "//"}, 415, "Content-Type"},
		{"JSON", `[{}]`, []string{"Content-Type", "application/json; charset=utf-8"}, 200, ""},
		{"a kind of JSON", `[{}]`, []string{"Content-Type", "application/vnd.x+json"}, 200, ""},
		{"JSON lines", "[1,2]\n[3]", []string{"Content-Type", "application/x-ndjson"}, 200, `"records":2`},
		{"wrong JSON", `[{"a":1}`, nil, 400, `"offset":8`},
		{"too many", "1\n2\n3\n4", nil, 413, "max_records is 3"},
		{"a long key", "x", []string{keyName, strings.Repeat("k", 256)}, 400, "Idempotency-Key"},
		{"a browser", "x", []string{"Origin", "https://shop.example"}, 403, "browser"},
		{"a browser without a name", "x", []string{"Sec-Fetch-Site", "none"}, 403, "browser"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := is(t, a.post(t.Context(), c.body, c.header...), c.status)
			if !strings.Contains(got.body, c.says) || !json.Valid([]byte(got.body)) {
				t.Errorf("answered %s", got.body)
			}
		})
	}
	for _, c := range []struct {
		method, path string
		status       int
	}{{"GET", a.path(), 405}, {"PUT", a.path(), 405}, {"POST", "/other", 404}, {"GET", "/", 404}, {"GET", HealthPath, 200}, {"HEAD", HealthPath, 200}, {"POST", HealthPath, 405}} {
		is(t, a.do(t.Context(), c.method, c.path, ""), c.status)
	}
	if s := a.s.Status(); s.Bytes != 0 || s.Waiting != 0 || s.Requests != 9 || s.Busy != 0 {
		t.Errorf("status %+v", s)
	}
	if body := zeros(t); len(body) > 20_000 { // a bomb
		t.Errorf("%d bytes", len(body))
	} else {
		is(t, a.post(t.Context(), body, "Content-Encoding", "gzip"), 413)
	}
}

func zeros(t *testing.T) string { return pack(t, "gzip", strings.Repeat("\x00", 10<<20)) }

// A record that is too long is kept as far as it may be, and says so.
func TestLongRecord(t *testing.T) {
	a := newCarrier(t, Config{MaxLine: 10})
	told := a.post(t.Context(), "0123456789\n0123456789a\nshort")
	b := a.read()
	if len(b.Records) != 3 || b.Records[0].Fault != "" || b.Records[2].Fault != "" || string(b.Records[1].Data) != "0123456789" || b.Records[1].Pos.Length != 11 ||
		!strings.Contains(b.Records[1].Fault, "longer than max_line") {
		t.Errorf("%+v", b.Records)
	}
	a.keep(b)
	a.commit()
	is(t, told, 200)
}

// A body without a length is read up to the bound.
func TestChunked(t *testing.T) {
	a := newCarrier(t, Config{MaxBody: 100})
	a.run()
	for body, want := range map[string]string{"5\r\none\nt\r\n2\r\nwo\r\n0\r\n\r\n": "200 OK", "65\r\n" + strings.Repeat("x", 101) + "\r\n0\r\n\r\n": "413 Request Entity Too Large"} {
		got := raw(t, a, "POST /logs HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"+body)
		if !strings.HasPrefix(got, "HTTP/1.1 "+want+"\r\n") {
			t.Errorf("answered %s, want %s", got, want)
		}
	}
	a.s.Close()
	a.wants("one", "two")
}

// raw writes bytes to a connection, and returns what comes back.
func raw(t *testing.T, a *carrier, text string) string {
	t.Helper()
	c, err := net.Dial("tcp", a.s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(got)
}

// A client that stops in the middle of its body holds nothing once it is gone.
func TestHalfABody(t *testing.T) {
	a := newCarrier(t, Config{})
	c, err := net.Dial("tcp", a.s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, "POST /logs HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf"); err != nil {
		t.Fatal(err)
	}
	realtest.Until(t, realtest.Patience, "its room", func() bool { return a.s.Status().Bytes == 100 })
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	realtest.Until(t, realtest.Patience, "its room to be given back", func() bool { return a.s.Status().Bytes == 0 })
	if s := a.s.Status(); s.Waiting != 0 || s.Requests != 0 {
		t.Errorf("status %+v", s)
	}
}
