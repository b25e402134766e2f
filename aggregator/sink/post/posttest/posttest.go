// Package posttest is a receiver of what is posted, in this process or in one of its
// own that can be killed. What a request must be like each sink's test says.
package posttest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/realtest"
)

// Answer is what becomes of a request.
type Answer struct {
	Code   int // 0: 200
	Body   string
	Events [][]byte // that are kept: each is canonical JSON
	Header http.Header
}

// Take looks at a request, strictly. It is called by one goroutine at a time.
type Take func(r *http.Request, body []byte) Answer

// Receiver keeps what comes.
type Receiver struct {
	URL  string
	Take Take
	// Faults has some requests be answered with an error, kept or not, and others late.
	Faults bool

	mu    sync.Mutex
	count int
	kept  bytes.Buffer
	file  *os.File // nil: it is kept in memory
}

// New serves in this process until the test ends.
func New(t testing.TB, take Take) *Receiver {
	t.Helper()
	r := &Receiver{Take: take}
	s := httptest.NewServer(r)
	t.Cleanup(s.Close)
	r.URL = s.URL
	return r
}

// Sink is the address of a receiver that reads and answers, and keeps nothing: for benchmarks.
func Sink(t testing.TB, code int, answer string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		io.Copy(io.Discard, q.Body)
		w.WriteHeader(code)
		io.WriteString(w, answer)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// ServeHTTP implements http.Handler.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := Body(q)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.count++
	if r.Faults && r.count%7 == 0 {
		w.Header().Set("Retry-After", "0")
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	a := r.Take(q, body)
	for _, text := range a.Events {
		r.kept.Write(text)
		r.kept.WriteByte('\n')
	}
	if r.file != nil {
		if _, err := r.file.Write(r.kept.Bytes()); err != nil {
			panic(err)
		}
		if err := r.file.Sync(); err != nil {
			panic(err)
		}
		r.kept.Reset()
	}
	if r.Faults && r.count%11 == 0 {
		<-time.After(50 * time.Millisecond)
	}
	for name, values := range a.Header {
		w.Header()[name] = values
	}
	code := a.Code
	if code == 0 {
		code = http.StatusOK
	}
	if r.Faults && r.count%5 == 0 {
		code = http.StatusBadGateway
	}
	w.WriteHeader(code)
	io.WriteString(w, a.Body)
}

// Body is what a request says, without its compression.
func Body(q *http.Request) ([]byte, error) {
	var in io.Reader = q.Body
	switch coding := q.Header.Get("Content-Encoding"); coding {
	case "":
	case "gzip":
		z, err := gzip.NewReader(q.Body)
		if err != nil {
			return nil, err
		}
		in = z
	default:
		return nil, fmt.Errorf("encoding %q", coding)
	}
	return io.ReadAll(in)
}

// Held is what it kept.
func (r *Receiver) Held() ([]event.Event, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return events(r.kept.Bytes())
}

func events(text []byte) (all []event.Event, err error) {
	for line := range bytes.Lines(text) {
		if !bytes.HasSuffix(line, []byte("\n")) {
			continue // it was killed within it
		}
		e, err := event.ParseJSON(line)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", line, err)
		}
		all = append(all, e)
	}
	return all, nil
}

// The environment of a receiver in a process of its own.
const (
	addrName = "POSTTEST_ADDR"
	fileName = "POSTTEST_FILE"
)

// Launched tells whether this process is to be a receiver, and serves.
func Launched(take Take) bool {
	if os.Getenv(addrName) == "" {
		return false
	}
	f, err := os.OpenFile(os.Getenv(fileName), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err == nil {
		err = http.ListenAndServe(os.Getenv(addrName), &Receiver{Take: take, Faults: true, file: f})
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
	return true
}

// Process is a receiver in a process of its own.
type Process struct {
	*realtest.Process
	URL  string
	file string
}

// Start runs this test binary as a receiver: its TestMain calls Launched.
func Start(t *testing.T) *Process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	addr, file := realtest.FreeAddr(t), filepath.Join(t.TempDir(), "kept")
	return &Process{realtest.Start(t, []string{addrName + "=" + addr, fileName + "=" + file}, self), "http://" + addr, file}
}

// Held are the ids that it kept, and how often.
func (p *Process) Held() (map[string]int, error) {
	text, err := os.ReadFile(p.file)
	if err != nil {
		return nil, err
	}
	all, err := events(text)
	held := map[string]int{}
	for i := range all {
		held[all[i].ID]++
	}
	return held, err
}
