package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// tailServer answers each connection with the next text, and holds it open when it ends with a blank line.
func tailServer(t *testing.T, asked *[]string, connections ...string) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/query/check", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"valid":true}`)) })
	mux.HandleFunc("GET /api/v1/tail", func(w http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, r.Header.Get("Last-Event-ID"))
		n := len(*asked) - 1
		if n >= len(connections) {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"title":"A token is needed","status":401}`))
			return
		}
		if connections[n] == "503" {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte(`{"title":"Too busy","status":503}`))
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = w.Write([]byte(connections[n]))
		_ = http.NewResponseController(w).Flush()
		if strings.HasSuffix(connections[n], "hold\n\n") {
			<-r.Context().Done()
		}
		panic(http.ErrAbortHandler)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

func sent(name, id, data string) string {
	return fmt.Sprintf("event: %s\nid: %s\ndata: %s\n\n", name, id, data)
}

// TestTailGoesOn: it comes back behind the last place, tells what passed, and ends when there is no way on.
func TestTailGoesOn(t *testing.T) {
	var asked []string
	server := tailServer(t, &asked,
		sent("ready", "5-0", "{}")+sent("event", "5-1", hostileEvents[0])+": alive\nid: 6-0\n\n"+"event: event\nid: 7-1\ndata: {\"half\n",
		"503",
		sent("ready", "6-0", "{}")+sent("missed", "9-0", `{"after":"6-0","events":41,"from":"2026-11-21T10:00:00Z","to":"2026-11-21T10:00:01Z"}`)+sent("event", "9-1", hostileEvents[1]))
	var out, note bytes.Buffer
	c := tailCommand{query: "it's", silence: tailSilence, note: &note, out: printer{screen: screen{w: &out}, form: "ndjson"}}
	c.server = server
	err := c.run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "asks for a token") {
		t.Errorf("ended with %v", err)
	}
	if want := hostileEvents[0] + "\n" + hostileEvents[1] + "\n"; out.String() != want {
		t.Error(cmp.Diff(want, out.String()))
	}
	if d := cmp.Diff([]string{"", "6-0", "6-0", "9-1"}, asked); d != "" {
		t.Errorf("asked to go on at (-want +got):\n%s", d)
	}
	want := `waiting for events of SERVER
SERVER broke off: unexpected EOF; trying again
connected to SERVER again
warning: 41 events passed, matching or not, that are not printed here; actiontrail search 'it'\''s' --from 2026-11-21T10:00:00Z --to 2026-11-21T10:00:01Z finds those that match
SERVER broke off: unexpected EOF; trying again
`
	if d := cmp.Diff(want, strings.ReplaceAll(note.String(), server, "SERVER")); d != "" {
		t.Error(d)
	}
}

// TestTailSilence: a connection that is dead without an end is given up.
func TestTailSilence(t *testing.T) {
	var asked []string
	var note bytes.Buffer
	c := tailCommand{silence: 50 * time.Millisecond, note: &note, out: printer{screen: screen{w: io.Discard}, form: "ndjson"}}
	c.server = tailServer(t, &asked, sent("ready", "5-0", "{}")+": hold\n\n", sent("ready", "5-0", "{}")+": hold\n\n")
	if err := c.run(t.Context()); err == nil || len(asked) != 3 || !strings.Contains(note.String(), "has given no sign of life for 50ms; trying again") {
		t.Errorf("asked %q, %v: %s", asked, err, note.String())
	}
}

func TestTailForms(t *testing.T) {
	all := sent("ready", "1-0", "{}")
	for i, e := range hostileEvents {
		all += sent("event", fmt.Sprintf("1-%d", i+1), e)
	}
	for form, want := range map[string]string{
		"ndjson": strings.Join(hostileEvents, "\n") + "\n",
		"json":   "[\n" + strings.Join(hostileEvents, ",\n") + "\n]\n",
		"csv":    "eventName,userIdentity.userName\nStopInstance,alice\nConsoleSignin,bob\nDelete\x1b[2JBucket,\"mal\u009b31mlory\u202egnp\nroot\"\n",
		"table": "eventName           userIdentity.userName\nStopInstance        alice\n" +
			"ConsoleSignin       bob\nDelete\\x1b[2JBucket  mal\\x9b31mlory\\u202egnp\\nroot\n",
	} {
		var asked []string
		server := tailServer(t, &asked, all+": hold\n\n")
		args := []string{"tail", "x", "-o", form, "--limit", "3", "--server", server}
		if form == "csv" || form == "table" {
			args = append(args, "--fields", "eventName,userIdentity.userName")
		}
		out, _, err := runClient(t, args...)
		if form == "table" { // the first event decides how wide a column is where nothing is cut
			out, want = strings.Join(strings.Fields(out), " "), strings.Join(strings.Fields(want), " ")
		}
		if err != nil || out != want {
			t.Errorf("%s: %v\n%s", form, err, cmp.Diff(want, out))
		}
	}
	var asked []string
	out, _, err := runClient(t, "tail", "--limit", "3", "--server", tailServer(t, &asked, all+": hold\n\n"))
	if err != nil {
		t.Error(err)
	}
	golden(t, "tail.txt", out)
}

// TestTailEnds: an interrupt is how a tail ends, and what it began is whole.
func TestTailEnds(t *testing.T) {
	var asked []string
	server := tailServer(t, &asked, sent("ready", "1-0", "{}")+sent("event", "1-1", `{"n":1}`)+": hold\n\n")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out bytes.Buffer
	c := tailCommand{silence: tailSilence, note: io.Discard}
	c.out = printer{screen: screen{w: writerFunc(func(b []byte) (int, error) { cancel(); return out.Write(b) })}, form: "json"}
	c.server = server
	if err := c.run(ctx); err != nil || out.String() != "[\n{\"n\":1}\n]\n" {
		t.Errorf("%v, %q", err, out.String())
	}
	for _, args := range [][]string{{"tail", "--limit", "-1"}, {"tail", "--server", "http://127.0.0.1:1", "x"}, {"tail", "--server", tailServer(t, &asked)}} {
		if _, _, err := runClient(t, args...); exitCode(err) != exitUsage {
			t.Errorf("%v: %v", args, err)
		}
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

func TestServerSent(t *testing.T) {
	long := strings.Repeat("x", 200_000)
	for text, want := range map[string]string{
		"":                      "EOF",
		": alive\n\n":           "[  ] EOF",
		"event: a\ndata: 1\n\n": "[a  1] EOF",
		"event:a\r\nid:7\r\ndata:1\r\ndata:\r\n\r\n": "[a 7 1\n] EOF",
		"id: 7\n\nevent: b\ndata\n\n":                "[ 7 ] [b 7 ] EOF",
		"data: 1\n\n":                                "[message  1] EOF",
		"event: a\ndata: 1":                          "unexpected EOF",
		"event: a\ndata: 1\n":                        "unexpected EOF",
		"event: a\ndata: " + long + "\n\n":           "[a  " + long + "] EOF",
		"unknown: x\nid: a\x00b\n\n\n\n\n":           "[  ] EOF",
	} {
		r := serverSentReader{in: bufio.NewReaderSize(strings.NewReader(text), 4096)}
		var got strings.Builder
		for {
			s, err := r.next()
			if err != nil {
				got.WriteString(err.Error())
				break
			}
			fmt.Fprintf(&got, "[%s %s %s] ", s.name, s.id, s.data)
		}
		if got.String() != want {
			t.Errorf("%.60q: got %.100q, want %.100q", text, got.String(), want)
		}
	}
}

func FuzzServerSent(f *testing.F) {
	f.Add("event: a\nid: 1\ndata: x\n\n")
	f.Add(": x\r\n\r\nid\ndata\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		r := serverSentReader{in: bufio.NewReaderSize(strings.NewReader(text), 4096)}
		for range len(text) + 2 {
			s, err := r.next()
			if err != nil {
				return
			}
			if strings.ContainsAny(s.id+s.name, "\n\x00") && !strings.Contains(s.name, "\x00") || len(s.data) > len(text) {
				t.Errorf("%q, %q, %d bytes", s.name, s.id, len(s.data))
			}
		}
		t.Error("it does not end")
	})
}
