package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/internal/realtest"
)

// The two logs, by the names of their sources. Each line carries its log's name
// and its number as user agent, "app/17".
const (
	edgeLog = "edge"
	appLog  = "app"
)

// line is where and when a line was written.
type line struct {
	file   string
	offset int64
	at     time.Time
	// between the copy of the log and its truncation: its writer loses it, and nobody can know.
	between bool
}

// nginxLoad sends numbered requests to nginx, one after another.
type nginxLoad struct {
	t     *testing.T
	nginx *realtest.Nginx
	mu    sync.Mutex
	sent  []time.Time // by the number of the line
	count atomic.Int64
}

// run sends rate requests a second until ctx ends.
func (l *nginxLoad) run(ctx context.Context, rate int) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}}
	paced(ctx, rate, func(n int) {
		for range n {
			l.mu.Lock()
			number := len(l.sent)
			l.sent = append(l.sent, time.Now())
			l.mu.Unlock()
			r, err := http.NewRequest(http.MethodPost, fmt.Sprintf("http://%s/v1/instances/i-%08d/stop", l.nginx.Addr, number%5000), nil)
			if err == nil {
				r.Header.Set("User-Agent", fmt.Sprint(edgeLog, "/", number))
				var a *http.Response
				if a, err = client.Do(r); err == nil {
					io.Copy(io.Discard, a.Body)
					a.Body.Close()
				}
			}
			if err != nil {
				l.t.Errorf("request %d: %v", number, err)
				return
			}
			l.count.Add(1)
		}
	})
}

// lines reads what nginx wrote. It fails unless every request is there once.
func (l *nginxLoad) lines() []line {
	l.t.Helper()
	all := make([]line, len(l.sent))
	for _, path := range l.nginx.Files(l.t) {
		data, err := os.ReadFile(path)
		if err != nil {
			l.t.Fatal(err)
		}
		offset := int64(0)
		for text := range bytes.Lines(data) {
			_, rest, _ := bytes.Cut(text, []byte(`"http_user_agent":"`))
			agent, _, _ := bytes.Cut(rest, []byte(`"`))
			log, number, ok := parseUserAgent(string(agent))
			if !ok || log != edgeLog || number >= len(all) || all[number].file != "" {
				l.t.Fatalf("%s at %d: nginx wrote %q", path, offset, text)
			}
			all[number] = line{file: path, offset: offset, at: l.sent[number]}
			offset += int64(len(text))
		}
	}
	for n, at := range all {
		if at.file == "" {
			l.t.Fatalf("nginx did not write request %d", n)
		}
	}
	return all
}

// paced calls fn with how many lines are due, until ctx ends.
func paced(ctx context.Context, rate int, fn func(n int)) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	began, done := time.Now(), 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		due := int(time.Since(began).Seconds()*float64(rate)) - done
		fn(due)
		done += due
	}
}

// writer is a program that writes a log, and rotates it itself.
type writer struct {
	t            *testing.T
	path         string
	copyTruncate bool
	pad          int // random characters at the end of each line
	count        atomic.Int64

	mu         sync.Mutex
	copied     bool // and not truncated yet
	f          *os.File
	generation int // rotations
	offset     int64
	lines      []line
}

func newWriter(t *testing.T, path string, copyTruncate bool) *writer {
	w := &writer{t: t, path: path, copyTruncate: copyTruncate}
	w.open()
	t.Cleanup(func() { w.f.Close() })
	return w
}

func (w *writer) open() {
	var err error
	if w.f, err = os.OpenFile(w.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
		w.t.Error(err)
	}
	w.offset = 0
}

// write adds lines, in two writes that meet within a line.
func (w *writer) write(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var text strings.Builder
	now := time.Now()
	for range n {
		number := len(w.lines)
		w.lines = append(w.lines, line{fmt.Sprint(w.path, " of rotation ", w.generation), w.offset + int64(text.Len()), now, w.copied})
		fmt.Fprintf(&text, "192.0.2.%d - u%d [%s] \"POST /v1/instances/i-%d/stop HTTP/1.1\" 200 2 \"-\" \"%s/%d%s\"\n",
			number%250, number%7, now.UTC().Format("02/Jan/2006:15:04:05 -0700"), number%5000, appLog, number, w.random())
	}
	all := text.String()
	for _, half := range []string{all[:len(all)/3], all[len(all)/3:]} {
		if _, err := w.f.WriteString(half); err != nil {
			w.t.Error(err)
		}
	}
	w.offset += int64(len(all))
	w.count.Add(int64(n))
}

// random is text that does not compress.
func (w *writer) random() string {
	if w.pad == 0 {
		return ""
	}
	b := make([]byte, w.pad*3/4)
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	return " " + base64.RawStdEncoding.EncodeToString(b)
}

// rotate renames the log while it is still being written to, or copies it and,
// after a few lines more, truncates it.
func (w *writer) rotate() {
	w.mu.Lock()
	generation := w.generation + 1
	w.mu.Unlock()
	rotated := fmt.Sprint(w.path, ".", generation)
	if !w.copyTruncate {
		if err := os.Rename(w.path, rotated); err != nil {
			w.t.Error(err)
		}
		w.write(20)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.f.Close()
		w.generation = generation
		w.open()
		return
	}
	w.mu.Lock()
	data, err := os.ReadFile(w.path)
	if err == nil {
		err = os.WriteFile(rotated, data, 0o600)
	}
	w.copied = true
	w.mu.Unlock()
	w.write(3)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.copied = false
	if e := os.Truncate(w.path, 0); err == nil {
		err = e
	}
	if err != nil {
		w.t.Error(err)
	}
	w.generation, w.offset = generation, 0
}

// parseUserAgent reads "app/17", whatever is behind it.
func parseUserAgent(s string) (log string, number int, ok bool) {
	log, digits, ok := strings.Cut(s, "/")
	if !ok {
		return "", 0, false
	}
	_, err := fmt.Sscanf(digits, "%d", &number)
	return log, number, err == nil && number >= 0
}
