package auditevents

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/push/pushtest"
	"github.com/actiontrail/actiontrail/plugins/sourcetest"
)

const (
	testKey     = "AKIDTEST"
	testSecret  = "secret/of+tests"
	testChannel = "arn:aws:cloudtrail:us-east-1:123456789012:channel/shop"
)

func keysFile(t testing.TB) string {
	path := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(path, []byte("# of tests\n"+testKey+" "+testSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func newSource(t testing.TB, c Config) *Source {
	c.Listen = "127.0.0.1:0"
	if c.Keys == "" {
		c.Keys = keysFile(t)
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func data(i int) string {
	return fmt.Sprintf(`{"version":"1","eventName":"Buy","eventSource":"shop.example","eventTime":"2026-01-01T00:00:00Z","UID":"%d","userIdentity":{"type":"user","principalId":"mary"},"pad":"%s"}`, i, strings.Repeat("x", i%300))
}

func numbered(from, to int) (events []auditEvent) {
	for i := from; i < to; i++ {
		events = append(events, auditEvent{ID: fmt.Sprintf("event-%d", i), Data: data(i)})
	}
	return events
}

// request is a signed call.
func request(ctx context.Context, addr, query string, body []byte, change func(*http.Request)) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addr+putPath+"?"+query, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	now := time.Now().UTC()
	s := signature{key: testKey, day: now.Format("20060102"), region: "us-east-1", headers: []string{"host", "x-amz-date"}, stamp: now}
	r.Header.Set("X-Amz-Date", now.Format(stampForm))
	value := s.sign(r, body, testSecret)
	r.Header.Set("Authorization", fmt.Sprintf("%s Credential=%s/%s/us-east-1/%s/aws4_request, SignedHeaders=host;x-amz-date, Signature=%s", algorithm, testKey, s.day, service, hex.EncodeToString(value)))
	if change != nil {
		change(r)
	}
	return r, nil
}

// put makes a call, and returns its status and what it is answered.
func put(ctx context.Context, addr, query string, body []byte, change func(*http.Request)) (int, string, error) {
	r, err := request(ctx, addr, query, body, change)
	if err != nil {
		return 0, "", err
	}
	answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, answer.Header.Get("X-Amzn-ErrorType") + string(text), err
}

func bodyOf(events []auditEvent) []byte {
	text, err := json.Marshal(putRequest{events})
	if err != nil {
		panic(err)
	}
	return text
}

func TestSource(t *testing.T) {
	var want []string
	for _, e := range numbered(0, 2500) {
		text, failed := record(&e, testChannel, "")
		if failed != nil {
			t.Fatal(failed)
		}
		want = append(want, string(text))
	}
	keys := keysFile(t)
	sourcetest.Run(t, sourcetest.Harness{Want: want, Patience: realtest.Patience, New: func(t testing.TB) plugins.Source {
		s := newSource(t, Config{Keys: keys, Wait: time.Minute})
		s.draw = pushtest.Instance
		return &pushtest.Driven{Source: s, Want: want, Next: func() int64 { return s.opened().queue.Next() }, Send: func(ctx context.Context, records []string) {
			in := s.opened()
			if in == nil {
				return
			}
			var sending sync.WaitGroup
			defer sending.Wait()
			first := len(want) - len(records)
			for i := first; i < len(want); i += 90 {
				body := bodyOf(numbered(i, min(i+90, len(want))))
				sending.Go(func() { _, _, _ = put(ctx, in.addr.String(), "channelArn="+testChannel, body, nil) })
				for in.queue.Status().Brought < uint64(min(i+90, len(want))-first) { // they are to come in this order
					select {
					case <-ctx.Done():
						return
					case <-time.After(100 * time.Microsecond):
					}
				}
			}
		}}
	}})
}

// agent reads a source as an agent does, and survives its crashes.
type agent struct {
	t       *testing.T
	c       Config
	s       *Source
	at      plugins.Cursor
	mu      sync.Mutex
	records []string
	stop    func()
}

func newAgent(t *testing.T, c Config) *agent {
	if c.Keys == "" {
		c.Keys = keysFile(t)
	}
	a := &agent{t: t, c: c}
	a.start()
	t.Cleanup(func() { a.stop() })
	return a
}

func (a *agent) start() {
	a.t.Helper()
	if a.stop != nil {
		a.stop()
	}
	s := newSource(a.t, a.c)
	if err := s.Open(context.Background(), a.at); err != nil {
		a.t.Fatal(err)
	}
	a.s = s
	ctx, cancel := context.WithCancel(context.Background())
	var reading sync.WaitGroup
	reading.Go(func() { a.read(ctx) })
	a.stop = func() {
		cancel()
		reading.Wait()
		if err := s.Close(); err != nil {
			a.t.Error(err)
		}
	}
}

func (a *agent) read(ctx context.Context) {
	for {
		b, err := a.s.Read(ctx)
		if err != nil {
			return
		}
		a.mu.Lock()
		for _, r := range b.Records {
			a.records = append(a.records, string(r.Data))
		}
		a.mu.Unlock()
		a.at = a.at.Merge(b.Next)
		if ctx.Err() != nil {
			return // it is durable, and nobody was told
		}
		if err := a.s.Committed(ctx, a.at); err != nil {
			a.t.Error(err)
		}
	}
}

func (a *agent) addr() string { return a.s.Status().Addresses[0].String() }

func (a *agent) put(events []auditEvent) (answer putAnswer) {
	a.t.Helper()
	status, text, err := put(a.t.Context(), a.addr(), "channelArn="+testChannel+"&externalId=ext%2B1", bodyOf(events), nil)
	if err != nil || status != http.StatusOK {
		a.t.Fatal(status, text, err)
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		a.t.Fatal(err)
	}
	return answer
}

func (a *agent) held() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.records...)
}

// Each event succeeds or fails for itself, and what is put again is there once: after a crash, too.
func TestPartialAndAgain(t *testing.T) {
	a := newAgent(t, Config{})
	good, wrong := data(1), "wrong"
	events := []auditEvent{
		{ID: "good", Data: good},
		{ID: "not-json", Data: "x"},
		{ID: "no-object", Data: "null"},
		{ID: "no-name", Data: `{"eventSource":"s","eventTime":"2026-01-01T00:00:00Z","userIdentity":{}}`},
		{ID: "no-time", Data: `{"eventName":"n","eventSource":"s","eventTime":"yesterday","userIdentity":{}}`},
		{ID: "nobody", Data: `{"eventName":"n","eventSource":"s","eventTime":"2026-01-01T00:00:00Z"}`},
		{ID: "checksum", Data: good, Checksum: &wrong},
		{ID: "good-2", Data: data(2)},
	}
	want := putAnswer{Successful: []success{{"good", eventID(testChannel, "good")}, {"good-2", eventID(testChannel, "good-2")}}, Failed: []failure{
		{"not-json", invalidData, ""}, {"no-object", invalidData, ""}, {"no-name", invalidData, ""}, {"no-time", invalidData, ""}, {"nobody", invalidData, ""}, {"checksum", invalidChecksum, ""}}}
	for round := range 3 {
		got := a.put(events)
		for i := range got.Failed {
			if got.Failed[i].ErrorMessage == "" {
				t.Errorf("%+v says nothing", got.Failed[i])
			}
			got.Failed[i].ErrorMessage = ""
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("round %d: %s", round, diff)
		}
		if n := len(a.held()); n != 2 {
			t.Fatalf("round %d: %d records, want 2", round, n)
		}
		if round > 0 {
			a.start()
		}
	}
	got := a.put([]auditEvent{{ID: "good", Data: data(7)}, {ID: "third", Data: data(3)}})
	if len(got.Failed) != 1 || got.Failed[0].ErrorCode != duplicateID || len(got.Successful) != 1 || got.Successful[0].ID != "third" {
		t.Errorf("%+v", got)
	}
	var fields map[string]any
	if err := json.Unmarshal([]byte(a.held()[0]), &fields); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"eventID": eventID(testChannel, "good"), "auditEventId": "good", "channelArn": testChannel, "externalId": "ext+1", "eventName": "Buy", "eventType": "AwsApiCall", "UID": "1"} {
		if fields[name] != want {
			t.Errorf("%s is %v, want %s", name, fields[name], want)
		}
	}
}

// Many clients put the same events while the agent crashes again and again: each is there once.
func TestPutAgainThroughCrashes(t *testing.T) {
	a := newAgent(t, Config{})
	const clients, calls = 4, 6
	var putting sync.WaitGroup
	var mu sync.Mutex // of a.s
	done := make(chan struct{}, clients*calls)
	for range clients {
		putting.Go(func() {
			for c := range calls {
				for {
					mu.Lock()
					addr := a.addr()
					mu.Unlock()
					status, _, err := put(t.Context(), addr, "channelArn="+testChannel, bodyOf(numbered(c*50, c*50+60)), nil)
					if err == nil && status == http.StatusOK {
						done <- struct{}{}
						break
					}
					if t.Context().Err() != nil {
						return
					}
				}
			}
		})
	}
	for n := range clients * calls {
		select {
		case <-done:
		case <-time.After(realtest.Patience):
			t.Fatal("no answer")
		}
		if n%5 == 0 {
			mu.Lock()
			a.start()
			mu.Unlock()
		}
	}
	putting.Wait()
	times := map[string]int{}
	for _, r := range a.held() {
		times[r]++
		if times[r] > 1 {
			t.Fatalf("%s came twice", r)
		}
	}
	if want := (calls-1)*50 + 60; len(times) != want {
		t.Errorf("%d events, want %d", len(times), want)
	}
}

func TestRefused(t *testing.T) {
	a := newAgent(t, Config{Channels: []string{testChannel}})
	one := bodyOf(numbered(0, 1))
	many := bodyOf(numbered(0, 101))
	for name, c := range map[string]struct {
		query  string
		body   []byte
		change func(*http.Request)
		status int
		want   string
	}{
		"another channel": {"channelArn=arn:x", one, nil, 404, "ChannelNotFound"},
		"no channel":      {"", one, nil, 400, "InvalidChannelARN"},
		"external id":     {"externalId=%3F%3F&channelArn=" + testChannel, one, nil, 400, "ValidationException"},
		"no events":       {"channelArn=" + testChannel, []byte(`{}`), nil, 400, "ValidationException"},
		"too many":        {"channelArn=" + testChannel, many, nil, 400, "ValidationException"},
		"no JSON":         {"channelArn=" + testChannel, []byte(`x`), nil, 400, "ValidationException"},
		"id":              {"channelArn=" + testChannel, bodyOf([]auditEvent{{ID: "a b", Data: data(0)}}), nil, 400, "ValidationException"},
		"twice":           {"channelArn=" + testChannel, bodyOf(append(numbered(0, 1), numbered(0, 1)...)), nil, 400, "DuplicatedAuditEventId"},
		"too large":       {"channelArn=" + testChannel, bytes.Repeat([]byte("x"), maxBody+1), nil, 400, "ValidationException"},
		"unsigned":        {"channelArn=" + testChannel, one, func(r *http.Request) { r.Header.Del("Authorization") }, 403, "MissingAuthenticationTokenException"},
		"another query":   {"channelArn=" + testChannel, one, func(r *http.Request) { r.URL.RawQuery += "&x=1" }, 403, "InvalidSignatureException"},
		"another body": {"channelArn=" + testChannel, one, func(r *http.Request) {
			b := bodyOf(numbered(1, 2))
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
		}, 403, "InvalidSignatureException"},
		"another host":    {"channelArn=" + testChannel, one, func(r *http.Request) { r.Host = "elsewhere" }, 403, "InvalidSignatureException"},
		"another key":     {"channelArn=" + testChannel, one, func(r *http.Request) { replace(r, testKey, "AKIDOTHER") }, 403, "UnrecognizedClientException"},
		"another service": {"channelArn=" + testChannel, one, func(r *http.Request) { replace(r, service, "s3") }, 403, "InvalidSignatureException"},
		"host not signed": {"channelArn=" + testChannel, one, func(r *http.Request) { replace(r, "host;", "") }, 403, "InvalidSignatureException"},
		"old":             {"channelArn=" + testChannel, one, func(r *http.Request) { r.Header.Set("X-Amz-Date", "20200101T000000Z") }, 403, "InvalidSignatureException"},
		"from a web page": {"channelArn=" + testChannel, one, func(r *http.Request) { r.Header.Set("Origin", "http://evil") }, 403, "AccessDeniedException"},
		"another path":    {"channelArn=" + testChannel, one, func(r *http.Request) { r.URL.Path = "/" }, 404, "UnsupportedOperationException"},
		"not a signature": {"channelArn=" + testChannel, one, func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }, 403, "IncompleteSignatureException"},
		"what is right":   {"channelArn=" + testChannel, one, nil, 200, `{"successful":[{"id":"event-0"`},
	} {
		status, text, err := put(t.Context(), a.addr(), c.query, c.body, c.change)
		if err != nil || status != c.status || !strings.HasPrefix(text, c.want) {
			t.Errorf("%s: %d %s %v, want %d %s", name, status, text, err, c.status, c.want)
		}
	}
	if n := len(a.held()); n != 1 {
		t.Errorf("%d records", n)
	}
	if err := os.Chmod(a.c.Keys, 0o644); err != nil {
		t.Fatal(err)
	}
	if status, _, err := put(t.Context(), a.addr(), "channelArn="+testChannel, one, nil); status != 503 || err != nil {
		t.Errorf("with keys that everybody can read: %d %v", status, err)
	}
}

func replace(r *http.Request, old, with string) {
	r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), old, with, 1))
}

// An old signature is refused however right it is.
func TestOldSignature(t *testing.T) {
	a := newAgent(t, Config{Now: func() time.Time { return time.Now().Add(signatureAge + time.Minute) }})
	status, text, err := put(t.Context(), a.addr(), "channelArn="+testChannel, bodyOf(numbered(0, 1)), nil)
	if status != 403 || !strings.Contains(text, "too old") || err != nil {
		t.Error(status, text, err)
	}
}

// While nobody reads, calls are refused and nothing of them is there later; put again they are there once.
func TestNobodyReads(t *testing.T) {
	s := newSource(t, Config{Wait: 50 * time.Millisecond})
	if err := s.Open(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range 2 {
		status, text, err := put(t.Context(), s.Status().Addresses[0].String(), "channelArn="+testChannel, bodyOf(numbered(0, 3)), nil)
		if status != 503 || err != nil {
			t.Fatal(status, text, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if b, err := s.Read(ctx); len(b.Records) > 0 || err == nil || s.Status().Waiting != 0 {
		t.Error(b, err, s.Status())
	}
}
