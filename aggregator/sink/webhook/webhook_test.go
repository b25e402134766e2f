package webhook

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/sink/flowtest"
	"github.com/actiontrail/actiontrail/aggregator/sink/post"
	"github.com/actiontrail/actiontrail/aggregator/sink/post/posttest"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/signed"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/host"
	"github.com/actiontrail/actiontrail/plugins/sinktest"
)

const (
	secret = "secret-of-tests-0123"
	token  = "token-of-tests"
)

// The test binary is its own plugin, and its own receiver.
func TestMain(m *testing.M) {
	switch {
	case posttest.Launched(take):
	case host.Launched():
		host.Serve(host.Plugin{Sink: func(config []byte) (plugins.Sink, error) {
			var c Config
			if err := plugins.DecodeConfig(config, &c); err != nil {
				return nil, err
			}
			return New(c)
		}})
	default:
		os.Exit(m.Run())
	}
}

// take is a receiver that looks at everything: signature, ids and form. What is long it never takes.
func take(r *http.Request, body []byte) posttest.Answer {
	refuse := func(code int, format string, args ...any) posttest.Answer {
		return posttest.Answer{Code: code, Body: fmt.Sprintf(format, args...)}
	}
	if r.Method != http.MethodPost || r.Header.Get("Authorization") != "Bearer "+token {
		return refuse(http.StatusUnauthorized, "not allowed")
	}
	seconds, _, _ := strings.Cut(strings.TrimPrefix(r.Header.Get(signed.Header), "t="), ",")
	at, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || time.Since(time.Unix(at, 0)).Abs() > 5*time.Minute || r.Header.Get(signed.Header) != signed.Sign([]byte(secret), time.Unix(at, 0), body) {
		return refuse(http.StatusForbidden, "signature %s", r.Header.Get(signed.Header))
	}
	var texts []json.RawMessage
	switch kind := r.Header.Get("Content-Type"); kind {
	case "application/json":
		if err := json.Unmarshal(body, &texts); err != nil {
			return refuse(http.StatusForbidden, "%v", err)
		}
	case "application/x-ndjson":
		for line := range bytes.Lines(body) {
			texts = append(texts, bytes.TrimSuffix(line, []byte("\n")))
		}
	default:
		return refuse(http.StatusForbidden, "Content-Type %q", kind)
	}
	h := sha256.New()
	var kept [][]byte
	for _, text := range texts {
		e, err := event.ParseJSON(text)
		if err != nil {
			return refuse(http.StatusForbidden, "%v", err)
		}
		if len(e.UserAgent) > 8<<10 {
			return refuse([]int{400, 413, 422}[len(e.UserAgent)%3], "an agent of %d bytes\x00\n", len(e.UserAgent))
		}
		h.Write([]byte(e.ID + "\n"))
		kept = append(kept, text)
	}
	if id := hex.EncodeToString(h.Sum(nil)[:16]); r.Header.Get("Idempotency-Key") != id || r.Header.Get(signed.IDHeader) != id {
		return refuse(http.StatusForbidden, "Idempotency-Key %s, not %s", r.Header.Get("Idempotency-Key"), id)
	}
	return posttest.Answer{Code: http.StatusNoContent, Events: kept}
}

func write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func config(t testing.TB, url string) Config {
	return Config{Receiver: post.Receiver{URL: url + "/hook?key=abc", TokenFile: write(t, "token", token+"\n")}, SecretFile: write(t, "secret", secret)}
}

func TestSink(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, where := range []string{"in process", "in its own process"} {
		for _, body := range []string{Lines, Array} {
			if body == Array && where != "in process" {
				continue // one way is enough there
			}
			t.Run(body+" "+where, func(t *testing.T) {
				t.Parallel()
				if testing.Short() && where != "in process" {
					t.Skip("starts many processes")
				}
				spoilt := 0
				sinktest.Run(t, sinktest.Harness{
					New: func(t testing.TB) sinktest.Place {
						r := posttest.New(t, take)
						c := config(t, r.URL)
						c.Body, c.Receiver.Gzip, c.MostEvents = body, body == Array, 300
						text, err := json.Marshal(c)
						if err != nil {
							t.Fatal(err)
						}
						return sinktest.Place{Held: r.Held, Open: func() plugins.Sink {
							if where != "in process" {
								return host.NewSink(host.Program{Name: "webhook", Command: []string{self}, Config: text})
							}
							s, err := New(c)
							if err != nil {
								t.Fatal(err)
							}
							return s
						}}
					},
					Spoil:   func(e *event.Event) { spoilt++; e.UserAgent = strings.Repeat("x", 9<<10+spoilt%3) },
					Repeats: true,
				})
			})
		}
	}
}

// The receiver is killed and stopped, answers late, and with errors after it has taken what came.
func TestFlow(t *testing.T) {
	t.Parallel()
	r := posttest.Start(t)
	s, err := New(config(t, r.URL))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	all, repeats := flowtest.Run(t, flowtest.Flow{Sink: s, Receiver: r.Process, Held: r.Held, Rounds: 3})
	t.Logf("%d events, %d of them again", all, repeats)
}

// The receiver only reads.
func BenchmarkWrite(b *testing.B) {
	for _, gzip := range []bool{false, true} {
		b.Run(fmt.Sprintf("gzip %t", gzip), func(b *testing.B) {
			c := config(b, posttest.Sink(b, http.StatusNoContent, ""))
			c.Receiver.Gzip = gzip
			s, err := New(c)
			if err != nil {
				b.Fatal(err)
			}
			flowtest.Cost(b, s)
		})
	}
}
