package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/internal/signed"
)

// seals is an archive whose last object may be on its way.
type seals struct {
	mu      sync.Mutex
	all     []archive.Seal
	pending string
}

func (s *seals) Status() archive.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return archive.Status{LastSeal: uint64(len(s.all) - 1)}
}

func (s *seals) ReadSeal(_ context.Context, n uint64) (*archive.Seal, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n >= uint64(len(s.all)) {
		return nil, fs.ErrNotExist
	}
	return &s.all[n], nil
}

func (s *seals) HasObject(_ context.Context, key string) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return key != s.pending, nil
}

func (s *seals) add(keys ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := archive.Seal{Number: uint64(len(s.all))}
	for _, k := range keys {
		x.Objects = append(x.Objects, archive.Object{Key: k, Count: 3})
	}
	s.all = append(s.all, x)
}

// answers is a transport of a receiver: it answers as it is told, and keeps what it took.
type answers struct {
	mu    sync.Mutex
	codes []int // of the next calls; then 200
	took  []string
	ids   map[string]string
	wrong []string
}

func (a *answers) RoundTrip(r *http.Request) (*http.Response, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var n Notice
	if err := json.Unmarshal(body, &n); err != nil {
		a.wrong = append(a.wrong, err.Error())
	}
	if want := signed.Sign([]byte("secret"), time.Now(), body); r.Header.Get(signed.Header) != want {
		a.wrong = append(a.wrong, "signature "+r.Header.Get(signed.Header)+" is not "+want)
	}
	if before := a.ids[n.Object.Key]; before != "" && before != r.Header.Get(signed.IDHeader) {
		a.wrong = append(a.wrong, n.Object.Key+" has two ids")
	}
	a.ids[n.Object.Key] = r.Header.Get(signed.IDHeader)
	w := httptest.NewRecorder()
	code := http.StatusOK
	if len(a.codes) > 0 {
		code, a.codes = a.codes[0], a.codes[1:]
	}
	if code == 0 {
		return nil, fmt.Errorf("dial: %w", io.ErrUnexpectedEOF)
	}
	w.WriteHeader(code)
	a.took = append(a.took, fmt.Sprint(code, " ", n.Seal, " ", n.Object.Key))
	return w.Result(), nil
}

// Each object is told of in order, again after what passes, once more at most
// after a restart, and never before it is in the bucket.
func TestWebhook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &seals{}
		s.add("before")
		receiver := &answers{ids: map[string]string{}}
		file := filepath.Join(t.TempDir(), "place.json")
		again := false
		run := func(d time.Duration) Status {
			w := &Teller{Trail: "all", Delivery: "file", Archive: s, File: file, Now: time.Now, Log: slog.New(slog.DiscardHandler),
				Receiver: &Webhook{Post{URL: "https://hook.example.com/token", Secret: func() ([]byte, error) { return []byte("secret"), nil }, Client: &http.Client{Transport: receiver}, Now: time.Now}}}
			if again {
				w.Retry()
			}
			ctx, cancel := context.WithTimeout(t.Context(), d)
			defer cancel()
			w.Run(ctx)
			if strings.Contains(w.Status().LastError, "token") {
				t.Errorf("the error tells the secret address: %s", w.Status().LastError)
			}
			return w.Status()
		}
		run(time.Second) // behind what was there
		s.add("a", "b")
		s.add()
		s.add("c", "d")
		s.pending = "d"
		receiver.codes = []int{500, 0, 429, 200, 410}
		status := run(time.Minute)
		if status.Sent != 2 || status.Refused != 1 {
			t.Errorf("status is %+v", status)
		}
		s.pending = ""
		s.add("e")
		if status := run(time.Minute); status.Sent != 2 || status.LastError != "" || status.Refused != 1 {
			t.Errorf("status is %+v", status)
		}
		receiver.codes = slices.Repeat([]int{http.StatusServiceUnavailable}, 1000) // until the process ends
		s.add("f")
		if status := run(time.Minute); status.Sent != 0 || status.LastError == "" {
			t.Errorf("status is %+v", status)
		}
		receiver.codes = nil
		if status := run(time.Minute); status.Sent != 1 || status.Refused != 1 {
			t.Errorf("status is %+v", status)
		}
		again = true // what was refused, which is refused once more, and then taken
		receiver.codes = []int{404}
		if status := run(time.Minute); status.Sent != 0 || status.Refused != 1 || !strings.Contains(status.LastError, "404") {
			t.Errorf("status is %+v", status)
		}
		if status := run(time.Minute); status.Sent != 1 || status.Refused != 0 || status.LastError != "" {
			t.Errorf("status is %+v", status)
		}
		receiver.took = slices.DeleteFunc(receiver.took, func(s string) bool { return strings.HasPrefix(s, "503 ") })
		want := []string{"500 1 a", "429 1 a", "200 1 a", "410 1 b", "200 3 c", "200 3 d", "200 4 e", "200 5 f", "404 1 b", "200 1 b"}
		if diff := cmp.Diff(want, receiver.took); diff != "" {
			t.Errorf("the receiver was told (-want +got):\n%s", diff)
		}
		if len(receiver.wrong) > 0 {
			t.Errorf("%q", slices.Compact(receiver.wrong))
		}
	})
}
