package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/actiontrail/actiontrail/internal/realtest"
)

// TestServerWithElasticsearch: a server whose index is a real node, from the lines
// of a log to what the commands print, over a kill of the server.
func TestServerWithElasticsearch(t *testing.T) {
	b := newBox(t, "")
	node, _ := realtest.StartElasticsearch(t)
	b.more = fmt.Sprintf("index \"elasticsearch\" {\n  addresses = [%q]\n  prefix    = \"e2e\"\n}\n", node)
	b.configure("")
	b.start()
	b.write(25)
	b.indexed()
	t.Setenv(serverVariable, "http://"+b.addr)
	ask := func(args ...string) (string, string) {
		t.Helper()
		out, note, err := runClient(t, args...)
		if err != nil {
			t.Errorf("%q: %v", args, err)
		}
		return out, note
	}
	lines, _ := ask("search", lineEvents, "-o", "ndjson", "--limit", "0")
	if strings.Count(lines, "\n") != 25 {
		t.Fatalf("25 lines were written, and found is\n%s", lines)
	}
	var newest struct{ EventID string }
	if err := json.Unmarshal([]byte(lines[:strings.Index(lines, "\n")]), &newest); err != nil {
		t.Fatal(err)
	}
	if out, _ := ask("search", lineEvents+" and userIdentity.userName: u3", "--count"); out != "4\n" {
		t.Errorf("of seven users the fourth has %q of 25 events, want 4", out)
	}
	if _, note := ask("search", lineEvents, "--histogram", "--from", "now-1h"); !strings.HasPrefix(note, "25 events") {
		t.Error(note)
	}
	if out, _ := ask("fields", "userIdentity.userName", "--query", lineEvents, "-o", "csv"); !strings.Contains(out, "\nu0,4,16.0%\n") {
		t.Error(out)
	}
	if out, _ := ask("event", newest.EventID); !strings.Contains(out, newest.EventID) {
		t.Error(out)
	}
	exported := filepath.Join(t.TempDir(), "events.ndjson")
	if _, note := ask("export", lineEvents, "--format", "ndjson", "-O", exported); !strings.HasPrefix(note, "25 events") {
		t.Error(note)
	}
	if got, err := os.ReadFile(exported); err != nil || string(got) != lines {
		t.Errorf("%v: the export differs from the search", err)
	}

	b.server.Signal(syscall.SIGKILL)
	_ = b.server.Wait() // it was killed
	b.write(25)
	b.start()
	b.indexed()
	if got := documents(t, node+"/e2e-*/_count?q=eventName:*"); got < 50 {
		t.Errorf("elasticsearch has %d events", got)
	}
	if _, err := os.Stat(filepath.Join(b.data, indexFolder)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("there is an embedded index, too: %v", err)
	}
	b.archived()
}

// documents asks a node how many documents there are.
func documents(t *testing.T, url string) int {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	var answer struct{ Count int }
	if err := json.NewDecoder(r.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return answer.Count
}
