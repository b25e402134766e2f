package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/internal/realtest"
)

// box is a server of its own with a log that the test writes.
type box struct {
	t       *testing.T
	dir     string // of log, configuration and archive
	data    string
	addr    string
	server  *realtest.Process
	written int
	deliver string // a block in place of the folder; "": the folder
	kept    string // where its objects are as files
	more    string // of the configuration
}

func newBox(t *testing.T, data string) *box {
	if testing.Short() {
		t.Skip("starts real processes")
	}
	b := &box{t: t, dir: t.TempDir(), data: data, addr: realtest.FreeAddr(t)}
	if data == "" {
		b.data = filepath.Join(b.dir, "data")
	}
	b.configure("")
	return b
}

// configure writes the configuration; where is the filter of the trail.
func (b *box) configure(where string) {
	b.t.Helper()
	deliver := b.deliver
	if deliver == "" {
		deliver = fmt.Sprintf("deliver \"file\" {\n    path = %q\n", b.archive())
	}
	b.configureTrails(fmt.Sprintf("trail \"all\" {\n  where = %q\n  %s    roll {\n      max_age = \"1s\"\n    }\n  }\n}\n", where, deliver))
}

// configureTrails writes the configuration with these trails.
func (b *box) configureTrails(trails string) {
	b.t.Helper()
	text := fmt.Sprintf("agent {\n  name = \"gw-1\"\n}\nsource \"file\" \"edge\" {\n  paths = [%q]\n  format = \"nginx\"\n}\n%s%s", b.log(), trails, b.more)
	if err := os.WriteFile(b.config(), []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

func (b *box) log() string     { return filepath.Join(b.dir, "access.log") }
func (b *box) archive() string { return cmp.Or(b.kept, filepath.Join(b.dir, "archive")) }
func (b *box) config() string  { return filepath.Join(b.dir, "actiontrail.hcl") }

func (b *box) args() []string {
	return []string{os.Args[0], "server", "--config", b.config(), "--data", b.data, "--listen", b.addr}
}

func (b *box) start() {
	b.t.Helper()
	if b.server == nil {
		b.server = realtest.Start(b.t, []string{asProgram + "=1"}, b.args()...)
	} else {
		b.server.Again()
	}
	b.ready()
}

// ready waits until the server answers.
func (b *box) ready() {
	b.t.Helper()
	realtest.Until(b.t, realtest.Patience, "the server to be ready", func() bool {
		if b.server != nil {
			if ended, err := b.server.Ended(); ended {
				b.t.Fatalf("the server has ended: %v", err)
			}
		}
		code, _ := b.get("/readyz", nil)
		return code == http.StatusOK
	})
}

// write adds lines to the log.
func (b *box) write(lines int) {
	b.t.Helper()
	f, err := os.OpenFile(b.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		b.t.Fatal(err)
	}
	defer f.Close()
	var text strings.Builder
	for range lines {
		fmt.Fprintf(&text, "192.0.2.%d - u%d [%s] \"POST /v1/instances/i-%d/stop HTTP/1.1\" 200 2 \"-\" \"%s/%d\"\n",
			b.written%250, b.written%7, time.Now().UTC().Format("02/Jan/2006:15:04:05 -0700"), b.written, edgeLog, b.written)
		b.written++
	}
	if _, err := f.WriteString(text.String()); err != nil {
		b.t.Fatal(err)
	}
}

// get asks the API; the code is 0 while nobody answers.
func (b *box) get(path string, query url.Values) (int, string) {
	r, err := http.Get("http://" + b.addr + path + "?" + query.Encode())
	if err != nil {
		return 0, ""
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return 0, ""
	}
	return r.StatusCode, string(body)
}

func (b *box) total(query string) int {
	var page struct{ Total int }
	code, body := b.get("/api/v1/events", url.Values{"query": {query}, "limit": {"0"}})
	if code != http.StatusOK || json.Unmarshal([]byte(body), &page) != nil {
		return -1
	}
	return page.Total
}

// indexed waits until the index has every line that was written, and no more.
func (b *box) indexed() {
	b.t.Helper()
	realtest.Until(b.t, realtest.Patience, fmt.Sprintf("%d lines in the index", b.written), func() bool { return b.total(lineEvents) >= b.written })
	if n := b.total(lineEvents); n != b.written {
		b.t.Errorf("%d events in the index, %d lines were written", n, b.written)
	}
}

// archived waits until the trail is behind by nothing but its own audit, then verifies its archive.
func (b *box) archived() { b.t.Helper(); b.archivedIn(b.archive()) }

func (b *box) archivedIn(dir string) {
	b.t.Helper()
	b.allArchived(dir)
	verifyArchive(b.t, dir)
}

// allArchived waits until each line is in the archive, and checks that it is there once.
func (b *box) allArchived(dir string) {
	b.t.Helper()
	var y *tally
	realtest.Until(b.t, realtest.Patience, fmt.Sprintf("%d lines in the archive", b.written), func() bool {
		y = newTally(map[string]int{edgeLog: b.written})
		return y.readArchive(dir) == nil && sum(y.lines[edgeLog]) >= b.written
	})
	if slices.ContainsFunc(y.lines[edgeLog], func(n int8) bool { return n != 1 }) || len(y.twice) > 0 || len(y.unknown) > 0 {
		b.t.Errorf("the archive has %d events of %d lines; ids twice: %q; of no line: %q", sum(y.lines[edgeLog]), b.written, y.twice, y.unknown)
	}
}
