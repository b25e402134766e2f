package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// oneToken is the only token there is.
type oneToken string

func (o oneToken) Find(token string) (string, bool, error) { return "tester", token == string(o), nil }

// noTokens cannot be read.
type noTokens struct{}

func (noTokens) Find(string) (string, bool, error) {
	return "tester", true, errors.New("token_file /etc/x: no such file")
}

// TestTokensUnreadable: while nobody knows which tokens are good, nobody is let in.
func TestTokensUnreadable(t *testing.T) {
	s, calls := audited(t)
	s.Tokens = noTokens{}
	got := get(t, s.Handler(), "/api/v1/events", "Authorization", "Bearer x")
	if p := got.problem(t, http.StatusServiceUnavailable); p.Type != problemNoTokens {
		t.Errorf("problem %+v", p)
	}
	if len(*calls) != 1 || (*calls)[0].Authenticated || (*calls)[0].Token != "" {
		t.Errorf("audited %+v", *calls)
	}
}

// TestAuditOfGuessing: whoever guesses tokens is on record, and cannot fill the audit.
func TestAuditOfGuessing(t *testing.T) {
	s, calls := audited(t)
	now := testNow
	s.Now, s.Tokens = func() time.Time { return now }, oneToken(testToken)
	h := s.Handler()
	ask := func(address, path, token string) {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Host, r.RemoteAddr = "localhost", address+":4711"
		r.Header.Set("Authorization", "Bearer "+token)
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	for i := range 3 * refusedEach {
		ask("192.0.2.1", []string{"/api/v1/events", "/metrics", "/api/v1/nothing"}[i%3], fmt.Sprint("guess", i))
	}
	if len(*calls) != refusedEach {
		t.Fatalf("%d calls are recorded, want %d", len(*calls), refusedEach)
	}
	if c := (*calls)[1]; c.Action != "GetMetrics" || c.Status != http.StatusUnauthorized {
		t.Errorf("audited %+v", c)
	}
	ask("192.0.2.2", "/api/v1/status", "x") // another one still is
	if c := (*calls)[len(*calls)-1]; c.RemoteAddr != "192.0.2.2" || c.Unrecorded != 2*refusedEach {
		t.Errorf("audited %+v", c)
	}
	for i := range 2 * refusedAll {
		ask(fmt.Sprintf("2001:db8::%x", i), "/api/v1/events", "x")
	}
	if len(*calls) != refusedAll {
		t.Errorf("%d calls are recorded, want %d", len(*calls), refusedAll)
	}
	ask("192.0.2.1", "/metrics", testToken) // not audited, as ever
	ask("192.0.2.1", "/api/v1/status", testToken)
	if c := (*calls)[len(*calls)-1]; len(*calls) != refusedAll+1 || c.Token != "tester" || c.Unrecorded != 2*refusedAll-(refusedAll-refusedEach-1) {
		t.Errorf("%d calls, the last %+v", len(*calls), c)
	}
	now = now.Add(refusedWindow)
	ask("192.0.2.1", "/api/v1/events", "again")
	if c := (*calls)[len(*calls)-1]; c.Authenticated || c.RemoteAddr != "192.0.2.1" || c.Unrecorded != 0 {
		t.Errorf("audited %+v", c)
	}
}

// TestUnrecordedSurvivesAFailure: a count that could not be written is written later.
func TestUnrecordedSurvivesAFailure(t *testing.T) {
	s, calls := audited(t)
	keep, fail := s.Audit, false
	s.Audit = func(ctx context.Context, c Call) error {
		if fail {
			return errors.New("spool is full")
		}
		return keep(ctx, c)
	}
	s.Tokens = oneToken(testToken)
	h := s.Handler()
	for range refusedEach + 5 {
		get(t, h, "/api/v1/events")
	}
	for _, fail = range []bool{true, false} {
		get(t, h, "/api/v1/events", "Authorization", "Bearer "+testToken)
	}
	if c := (*calls)[len(*calls)-1]; c.Unrecorded != 5 {
		t.Errorf("audited %+v", c)
	}
}
