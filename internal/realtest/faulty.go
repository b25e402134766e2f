package realtest

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// Fault is what a Faulty proxy does to a request.
type Fault int

// Faults. After Cut and SlowDown the server knows nothing of the request, after
// Lost and Broken it has done what was asked.
const (
	Fine     Fault = iota
	Cut            // the connection is closed
	SlowDown       // the answer is 503, as a busy store gives it
	Lost           // the connection is closed after the server has answered
	Broken         // half of the answer comes
	Slow           // the answer comes, late
	faults
)

// Faulty is a proxy before an HTTP server, which does not always do its work.
type Faulty struct {
	URL string

	to     string
	client *http.Client
	mu     sync.Mutex
	choose func(*http.Request) Fault
	did    [faults]int
}

// StartFaulty starts a proxy without faults.
func StartFaulty(t testing.TB, to string) *Faulty {
	t.Helper()
	f := &Faulty{to: to, client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true}}}
	f.Choose(nil)
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	f.URL = server.URL
	return f
}

// Choose sets what chooses the faults from now on; nil: there are none.
func (f *Faulty) Choose(choose func(*http.Request) Fault) {
	if choose == nil {
		choose = func(*http.Request) Fault { return Fine }
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.choose = choose
}

// Randomly gives one request of n a fault, and each kind of fault in its turn. The
// same seed gives the same row.
func Randomly(seed uint64, n int) func(*http.Request) Fault {
	r, last := rand.New(rand.NewPCG(seed, 0)), Fine
	return func(*http.Request) Fault {
		if r.IntN(n) > 0 {
			return Fine
		}
		last = last%(faults-1) + 1
		return last
	}
}

// Did is how often each fault but Fine was met.
func (f *Faulty) Did() map[Fault]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	did := map[Fault]int{}
	for fault, n := range f.did {
		if n > 0 && Fault(fault) != Fine {
			did[Fault(fault)] = n
		}
	}
	return did
}

// ServeHTTP passes a request on, or not.
func (f *Faulty) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	fault := f.choose(r)
	f.did[fault]++
	f.mu.Unlock()
	switch fault {
	case Cut:
		panic(http.ErrAbortHandler)
	case SlowDown:
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, `<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>`)
		return
	}
	out, err := http.NewRequestWithContext(r.Context(), r.Method, f.to+r.URL.RequestURI(), r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	out.Header, out.ContentLength, out.Host = r.Header.Clone(), r.ContentLength, r.Host // the host is signed
	if r.ContentLength == 0 {
		out.Body = http.NoBody
	}
	res, err := f.client.Do(out)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || fault == Lost {
		panic(http.ErrAbortHandler)
	}
	if fault == Slow {
		select {
		case <-time.After(50 * time.Millisecond):
		case <-r.Context().Done():
		}
	}
	for name, values := range res.Header {
		if !strings.EqualFold(name, "Connection") {
			w.Header()[name] = values
		}
	}
	if res.ContentLength >= 0 {
		w.Header().Set("Content-Length", fmt.Sprint(res.ContentLength))
	}
	w.WriteHeader(res.StatusCode)
	if fault == Broken {
		if _, err := w.Write(body[:len(body)/2]); err == nil {
			http.NewResponseController(w).Flush()
		}
		panic(http.ErrAbortHandler)
	}
	w.Write(body)
}
