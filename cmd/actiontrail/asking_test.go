package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/internal/realtest"
)

// heard is what a command that runs beside the test has written so far.
type heard struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (h *heard) Write(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.b.Write(b)
}

func (h *heard) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.b.String()
}

// beside runs a command until ctx ends; ended gives its error.
func beside(ctx context.Context, cmd *cobra.Command, out, note io.Writer, args ...string) (ended chan error) {
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetOut(out)
	cmd.SetErr(note)
	cmd.SetArgs(args)
	ended = make(chan error, 1)
	go func() { ended <- cmd.ExecuteContext(ctx) }()
	return ended
}

// TestAskingAServer: every client against a real server: what one finds, the others find, too.
func TestAskingAServer(t *testing.T) {
	b := newBox(t, "")
	b.more = "api {\n  limits { page = 1000 }\n}\n"
	b.configure("")
	b.start()
	b.write(25)
	b.indexed()
	if code, body := b.get("/api/v1/events", url.Values{"limit": {"1001"}}); code != http.StatusBadRequest || !strings.Contains(body, "at most 1000") {
		t.Errorf("of more than the limits allow: %d %s", code, body)
	}
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
	ids := map[string]string{}
	for line := range strings.Lines(lines) {
		var e struct{ EventID, EventName string }
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		ids[e.EventID] = e.EventName
	}
	if len(ids) != 25 || strings.Count(lines, "\n") != 25 {
		t.Fatalf("%d events, %d ids", strings.Count(lines, "\n"), len(ids))
	}
	table, note := ask("search", lineEvents, "--fields", "eventId")
	if got := strings.Fields(table); len(got) != 26 || ids[got[1]] == "" || !strings.HasPrefix(note, "25 events") {
		t.Errorf("%q, %s", note, table)
	}
	if out, _ := ask("search", lineEvents, "--count"); out != "25\n" {
		t.Errorf("counted %q", out)
	}
	if out, note := ask("search", lineEvents, "--histogram", "--from", "now-1h"); !strings.HasPrefix(note, "25 events") || !strings.Contains(out, "█") || strings.Count(out, "\n") > chartRows+2 {
		t.Errorf("%s%s", note, out)
	}
	if _, note := ask("search", "nmae: x or "+lineEvents, "--count"); !strings.Contains(note, "warning: ") || !strings.Contains(note, "\n  nmae: x") {
		t.Errorf("of an unknown field there is %q", note)
	}
	_, _, err := runClient(t, "tail", "eventName: (")
	if exitCode(err) != exitUsage || !strings.Contains(err.Error(), "\n  eventName: (\n") {
		t.Errorf("of a mistake there is %v", err)
	}

	// What is exported is what was found, in each format.
	dir := t.TempDir()
	for _, format := range exportFormats {
		for _, args := range [][]string{nil, {"--gzip"}} {
			path := filepath.Join(dir, format+strings.Join(args, ""))
			if _, note := ask(append([]string{"export", lineEvents, "--format", format, "-O", path}, args...)...); !strings.HasPrefix(note, "25 events") {
				t.Errorf("%s: %q", format, note)
			}
		}
	}
	if got, err := os.ReadFile(filepath.Join(dir, "ndjson")); err != nil || string(got) != lines {
		t.Errorf("%v: the export differs from the search", err)
	}

	if out, _ := ask("fields", "--query", lineEvents, "-o", "csv"); !strings.Contains(out, "\neventName,keyword,25,") {
		t.Error(out)
	}
	if out, note := ask("fields", "userIdentity.userName", "--query", lineEvents); !strings.HasPrefix(note, "25 events have") || strings.Count(out, "\n") != 8 {
		t.Errorf("%s%s", note, out)
	}
	id := strings.Fields(table)[10]
	if out, _ := ask("event", id); !strings.Contains(out, id) {
		t.Error(out)
	}
	if out, _ := ask("event", id, "--surrounding=3", "--by", "any"); strings.Count(out, "\n") != 8 || !strings.Contains(out, "\n>  ") {
		t.Error(out)
	}
	t.Run("examples", func(t *testing.T) { runExamples(t, id) })
}

// runExamples runs the examples of the help: what people copy must work.
func runExamples(t *testing.T, id string) {
	t.Chdir(t.TempDir())
	n := 0
	for _, cmd := range newRootCommand(pace{}).Commands() {
		if !slices.Contains([]string{"search", "tail", "export", "fields", "event"}, cmd.Name()) {
			continue
		}
		if cmd.Example == "" {
			t.Errorf("%s has no examples", cmd.Name())
		}
		for line := range strings.Lines(cmd.Example) {
			n++
			args := shellWords(t, line)
			for i := range args {
				if strings.HasPrefix(args[i], "5b1f2a04-") {
					args[i] = id
				}
			}
			if cmd.Name() != "tail" {
				if _, _, err := runClient(t, args[1:]...); err != nil {
					t.Errorf("%s: %v", line, err)
				}
				continue
			}
			ctx, cancel := context.WithCancel(t.Context())
			var out, note heard
			ended := beside(ctx, newTailCommand(), &out, &note, args[2:]...)
			realtest.Until(t, realtest.Patience, "a tail", func() bool { return strings.Contains(note.String(), "waiting for events") })
			cancel()
			if err := <-ended; err != nil {
				t.Errorf("%s: %v", line, err)
			}
		}
	}
	for _, file := range []string{"writes.ndjson", "november.csv", "ecs.json.gz"} {
		if _, err := os.Stat(file); err != nil {
			t.Error(err)
		}
	}
	if n < 15 {
		t.Errorf("only %d examples", n)
	}
}

// shellWords are the words of a command, up to where its output goes.
func shellWords(t *testing.T, line string) []string {
	t.Helper()
	var words []string
	word, quoted, begun := "", false, false
	for _, c := range strings.TrimSpace(line) + " " {
		switch {
		case c == '\'':
			quoted, begun = !quoted, true
		case quoted:
			word += string(c)
		case c == '>' || c == '|':
			return words
		case c == ' ' && begun:
			words, word, begun = append(words, word), "", false
		case c != ' ':
			word, begun = word+string(c), true
		}
	}
	if quoted || words[0] != "actiontrail" {
		t.Errorf("%q is no command", line)
	}
	return words
}

// TestTailOverARestart: a tail that runs on while the server is killed and started again prints every line once.
func TestTailOverARestart(t *testing.T) {
	b := newBox(t, "")
	b.start()
	b.write(3)
	b.indexed() // before the tail: none of its business
	ctx, cancel := context.WithTimeout(t.Context(), realtest.Patience)
	defer cancel()
	var out, note heard
	ended := beside(ctx, newTailCommand(), &out, &note, lineEvents, "-o", "ndjson", "--limit", "20", "--server", "http://"+b.addr)
	realtest.Until(t, realtest.Patience, "a tail", func() bool { return strings.Contains(note.String(), "waiting for events") })
	printed := func(n int) {
		t.Helper()
		realtest.Until(t, realtest.Patience, fmt.Sprintf("%d lines", n), func() bool { return strings.Count(out.String(), "\n") >= n })
	}
	b.write(10)
	printed(10)
	b.server.Kill()
	realtest.Until(t, realtest.Patience, "the tail to notice", func() bool { return strings.Contains(note.String(), "trying again") })
	b.write(5) // while nobody serves
	b.start()
	b.write(5)
	if err := <-ended; err != nil {
		t.Fatalf("%v; notes: %s", err, note.String())
	}
	seen := map[string]int{}
	for line := range strings.Lines(out.String()) {
		var e struct{ EventID string }
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		seen[e.EventID]++
	}
	if len(seen) != 20 || strings.Contains(note.String(), "warning") || !strings.Contains(note.String(), "connected to http://"+b.addr+" again") {
		t.Errorf("%d events; notes: %s", len(seen), note.String())
	}
}
