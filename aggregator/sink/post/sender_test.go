package post

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/internal/backoff"
	"github.com/actiontrail/actiontrail/plugins"
)

// server answers requests, whose bodies are words, and keeps the words of those that it answers with 2xx.
type server struct {
	answer   func(words []string) (code int, body string)
	header   http.Header
	kept     []string
	requests int
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.requests++
	body, _ := io.ReadAll(r.Body)
	words := strings.Fields(string(body))
	code, text := s.answer(words)
	if code < 300 {
		s.kept = append(s.kept, words...)
	}
	maps.Copy(w.Header(), s.header)
	w.WriteHeader(code)
	io.WriteString(w, text)
}

func start(t *testing.T, s *server) *Sender {
	t.Helper()
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	c, err := NewClient(Receiver{URL: h.URL + "/secret-path"}, "Bearer")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return &Sender{Client: c, MostEvents: 100, MostBytes: 1 << 20, Request: func(parts []Part) (string, http.Header, []byte, error) {
		var b []byte
		for _, p := range parts {
			b = append(append(b, p.Text...), ' ')
		}
		return h.URL + "/secret-path", nil, b, nil
	}}
}

// words are parts; those of bad are refused by servers here.
func words(n int, bad ...int) []Part {
	parts := make([]Part, n)
	for i := range parts {
		parts[i].Text = fmt.Appendf(nil, "w%d", i)
		if slices.Contains(bad, i) {
			parts[i].Text = fmt.Appendf(nil, "bad%d", i)
		}
	}
	return parts
}

func badOnes(code int) func([]string) (int, string) {
	return func(words []string) (int, string) {
		for _, w := range words {
			if strings.HasPrefix(w, "bad") {
				return code, "no " + w
			}
		}
		return 200, ""
	}
}

// One that is refused does not hold the others.
func TestRefused(t *testing.T) {
	for _, code := range []int{400, 413, 422} {
		s := &server{answer: badOnes(code)}
		sender := start(t, s)
		err := sender.Write(t.Context(), words(250, 0, 77, 78, 249))
		refused := (*plugins.BatchError)(nil)
		if !errors.As(err, &refused) || !slices.Equal(slices.Sorted(maps.Keys(refused.Refused)), []int{0, 77, 78, 249}) {
			t.Fatalf("%d: %v", code, err)
		}
		if why := refused.Refused[77].Error(); !strings.Contains(why, fmt.Sprint(code)) || !strings.Contains(why, "no bad77") || strings.Contains(why, "secret-path") {
			t.Error(why)
		}
		if len(s.kept) != 246 || s.requests > 50 {
			t.Errorf("%d: %d kept in %d requests", code, len(s.kept), s.requests)
		}
	}
}

// A receiver that refuses everything is not given up events to.
func TestDistrust(t *testing.T) {
	s := &server{answer: func([]string) (int, string) { return 400, "no such thing" }}
	sender := start(t, s)
	refused := (*plugins.BatchError)(nil)
	err := sender.Write(t.Context(), words(2000))
	if err == nil || errors.As(err, &refused) || !strings.Contains(err.Error(), "more than 100 events in a row") || !strings.Contains(err.Error(), "no such thing") {
		t.Fatal(err)
	}
	if s.requests > 300 {
		t.Errorf("%d requests", s.requests)
	}
	s.answer = badOnes(400)
	if err := sender.Write(t.Context(), words(3, 0)); !errors.As(err, &refused) || len(refused.Refused) != 1 {
		t.Fatalf("one is bad, the others are not: %v", err)
	}
	for i := range mostInARow { // one at a time, as with few events
		if err := sender.Write(t.Context(), words(1, 0)); !errors.As(err, &refused) {
			t.Fatalf("%d: %v", i, err)
		}
	}
	if err := sender.Write(t.Context(), words(1, 0)); errors.As(err, &refused) {
		t.Fatal("there is no end to it")
	}
	if err := sender.Write(t.Context(), words(300, 0)); !errors.As(err, &refused) || len(s.kept) != 2+299 {
		t.Fatalf("it takes others again: %v, %d", err, len(s.kept))
	}
}

// What is about the receiver, or who may send, is tried again, whatever it is, and says what to do.
func TestAgain(t *testing.T) {
	for code, want := range map[int]string{301: "redirects are not followed", 401: "token_file", 403: "not allowed", 404: "the path", 405: "the path", 408: "408", 415: "415", 429: "429", 500: "500", 503: "503"} {
		s := &server{answer: func([]string) (int, string) { return code, "<b>\x1b[31mwhy\r\n" + strings.Repeat("x", 1000) }, header: http.Header{"Location": {"/elsewhere"}}}
		err := start(t, s).Write(t.Context(), words(3))
		refused := (*plugins.BatchError)(nil)
		if err == nil || errors.As(err, &refused) || !strings.Contains(err.Error(), want) || len(err.Error()) > 500 || strings.ContainsAny(err.Error(), "\x1b\r\n") || strings.Contains(err.Error(), "secret-path") {
			t.Errorf("%d: %v", code, err)
		}
		if s.requests != 1 {
			t.Errorf("%d: %d requests", code, s.requests)
		}
	}
	s := &server{answer: func([]string) (int, string) { return 429, "" }, header: http.Header{"Retry-After": {"7"}}}
	later := (*backoff.Later)(nil)
	if err := start(t, s).Write(t.Context(), words(1)); !errors.As(err, &later) || later.After != 7*time.Second {
		t.Errorf("%v, %+v", err, later)
	}
}

// What was too large once is not sent as large again.
func TestTooLarge(t *testing.T) {
	s := &server{}
	s.answer = func(words []string) (int, string) {
		if n := len(strings.Join(words, " ")); n > 200<<10 {
			return 413, ""
		}
		return 200, ""
	}
	sender := start(t, s)
	parts := words(100)
	for i := range parts {
		parts[i].Text = append(parts[i].Text, strings.Repeat("x", 10<<10)...)
	}
	if err := sender.Write(t.Context(), parts); err != nil || len(s.kept) != 100 {
		t.Fatal(err, len(s.kept))
	}
	before := s.requests
	if err := sender.Write(t.Context(), parts); err != nil || s.requests-before > 12 {
		t.Errorf("%v, %d requests, and before that %d", err, s.requests-before, before)
	}
}

func TestDead(t *testing.T) {
	h := httptest.NewServer(nil)
	h.Close()
	c, err := NewClient(Receiver{URL: h.URL + "/secret-path"}, "Bearer")
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Post(t.Context(), c.URL(""), nil, nil)
	if err == nil || strings.Contains(err.Error(), "secret-path") || !strings.Contains(err.Error(), c.Host()) {
		t.Error(err)
	}
}

func TestAfter(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for text, want := range map[string]time.Duration{"": 0, "0": 0, "3": 3 * time.Second, " 3 ": 3 * time.Second, "-1": 0, "1e9": 0, "999999999": time.Hour, "99999999999999999999": 0,
		"Wed, 04 Mar 2026 05:06:17 GMT": 10 * time.Second, "Wed, 04 Mar 2026 05:06:00 GMT": 0, "Wed, 04 Mar 2027 05:06:00 GMT": time.Hour, "soon": 0} {
		if got := after(text, now); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
}

func FuzzAfter(f *testing.F) {
	f.Add("3")
	f.Add("Wed, 04 Mar 2026 05:06:17 GMT")
	f.Fuzz(func(t *testing.T, text string) {
		if d := after(text, time.Unix(1_760_000_000, 0)); d < 0 || d > longestAfter {
			t.Errorf("%q is %s", text, d)
		}
	})
}
