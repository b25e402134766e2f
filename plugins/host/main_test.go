package host

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/file"
)

// The test binary is its own plugin, and its own agent that dies.
func TestMain(m *testing.M) {
	switch {
	case Launched():
		Serve(Plugin{Source: newTestSource, Sink: newTestSink})
	case os.Getenv("HOST_TEST_AGENT") != "":
		dyingAgent()
	default:
		// Else every process that was built for the race detector waits a second before it ends.
		if err := os.Setenv("GORACE", "atexit_sleep_ms=0"); err != nil {
			panic(err)
		}
		// Most tests wait for a process, some of them for one that hangs: more of them at a time than there are cores.
		flag.Parse()
		if err := flag.Set("test.parallel", "8"); err != nil {
			panic(err)
		}
		os.Exit(m.Run())
	}
}

// testConfig says which source the plugin is, and what is wrong with it.
type testConfig struct {
	Files   []string `json:"files"`   // the file source; else numbers
	Count   int      `json:"count"`   // of numbers
	Size    int      `json:"size"`    // of each
	Ends    bool     `json:"ends"`    // after count
	Told    string   `json:"told"`    // file that gets a line for each Committed and Close
	Hangs   string   `json:"hangs"`   // in: open, close, committed
	Fails   string   `json:"fails"`   // open, read
	Breaks  string   `json:"breaks"`  // the contract: mark, id, batch
	Delay   int      `json:"delay"`   // ms between batches
	Batch   int      `json:"batch"`   // records of each
	Crashes bool     `json:"crashes"` // in open
	Spool   string   `json:"spool"`   // of the sink: a folder
}

func newTestSource(config []byte) (plugins.Source, error) {
	c := testConfig{Count: 3000, Batch: 97}
	if err := plugins.DecodeConfig(config, &c); err != nil {
		return nil, err
	}
	if c.Count < 0 {
		return nil, &plugins.ConfigError{Problems: []plugins.Problem{{Path: []string{"count"}, Text: "count is negative"}}}
	}
	if len(c.Files) > 0 {
		return file.New(file.Config{Paths: c.Files, Start: "beginning", MaxLine: 1 << 20})
	}
	return &numbers{testConfig: c}, nil
}

// numbers is a source of so many numbers.
type numbers struct {
	testConfig
	at    int
	calls sync.Mutex // held during a call: two at a time are a mistake
}

func (n *numbers) one() func() {
	if !n.calls.TryLock() {
		fmt.Fprintln(os.Stderr, "two calls at a time")
		os.Exit(3)
	}
	return n.calls.Unlock
}

func (n *numbers) say(format string, args ...any) {
	if n.Told == "" {
		return
	}
	f, err := os.OpenFile(n.Told, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	fmt.Fprintf(f, format+"\n", args...)
}

func (n *numbers) Open(_ context.Context, at plugins.Cursor) error {
	defer n.one()()
	switch {
	case n.Hangs == "open":
		select {}
	case n.Fails == "open":
		return errors.New("the door is locked")
	case n.Crashes:
		panic("it was not to be")
	}
	n.at = 0
	if v := at.Value("n"); v != nil {
		n.at, _ = strconv.Atoi(string(v))
	}
	n.say("open %d", n.at)
	return nil
}

func (n *numbers) Read(ctx context.Context) (plugins.Batch, error) {
	defer n.one()()
	if n.Delay > 0 {
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(n.Delay) * time.Millisecond):
		}
	}
	if ctx.Err() != nil {
		return plugins.Batch{}, ctx.Err()
	}
	if n.Fails == "read" && n.at > 0 {
		return plugins.Batch{}, errors.New("the page is torn")
	}
	if n.at == n.Count {
		if n.Ends {
			return plugins.Batch{}, io.EOF
		}
		<-ctx.Done()
		return plugins.Batch{}, ctx.Err()
	}
	var b plugins.Batch
	for range min(n.Batch, n.Count-n.at) {
		data := strconv.AppendInt(nil, int64(n.at), 10)
		if n.Size > len(data) {
			data = append(data, bytes.Repeat([]byte{'.'}, n.Size-len(data))...)
		}
		r := plugins.Record{Data: data, Pos: plugins.Position{File: "numbers", FileID: "f" + strconv.Itoa(n.at%3), Generation: uint64(n.at % 3), Offset: int64(n.at), Length: int64(len(data))}}
		if n.Breaks == "id" {
			r.Pos.FileID = ""
		}
		b.Records = append(b.Records, r)
		n.at++
	}
	if n.Breaks != "mark" {
		b.Next = plugins.Cursor{{Key: "n", Value: strconv.AppendInt(nil, int64(n.at), 10)}}
	}
	return b, nil
}

func (n *numbers) Committed(_ context.Context, at plugins.Cursor) error {
	defer n.one()()
	if n.Hangs == "committed" {
		select {}
	}
	n.say("committed %s", at.Value("n"))
	return nil
}

func (n *numbers) Close() error {
	defer n.one()()
	if n.Hangs == "close" {
		select {}
	}
	n.say("close")
	return nil
}

// program is the test binary as a plugin.
func program(t testing.TB, c testConfig) Program {
	t.Helper()
	if c.Count == 0 {
		c.Count = 3000
	}
	if c.Batch == 0 {
		c.Batch = 97
	}
	config, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Program{Name: "test", Command: []string{self}, Config: config, Log: slog.New(slog.NewTextHandler(testLog{t}, nil))}
}

// testLog writes to the log of a test; a process that goes late goes in silence.
type testLog struct{ t testing.TB }

func (l testLog) Write(b []byte) (int, error) {
	l.t.Helper()
	l.t.Logf("%s", bytes.TrimRight(b, "\n"))
	return len(b), nil
}

// dyingAgent opens a source, tells the number of its process, and waits for its end.
func dyingAgent() {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	s := NewSource(Program{Name: "orphan", Command: []string{self}, Config: []byte(`{"count":10}`)})
	if err := s.Open(context.Background(), nil); err != nil {
		panic(err)
	}
	fmt.Println(pid(s))
	select {}
}

func pid(s *Source) int { return s.Status().PID }

// copyOf is a program of the same bytes under another name.
func copyOf(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "plugin")
	if err := os.WriteFile(name, b, 0o700); err != nil {
		t.Fatal(err)
	}
	return name
}
