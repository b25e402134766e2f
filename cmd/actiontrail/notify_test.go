package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/actiontrail/actiontrail/aggregator/notify"
	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/internal/signed"
)

// A receiver is told of every object of a trail, signed, through a kill and a time
// in which it is down; the trail does not wait for it.
func TestNotifications(t *testing.T) {
	b := newBox(t, "")
	const secret = "0123456789abcdef"
	if err := os.WriteFile(filepath.Join(b.dir, "hook.secret"), []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	up := true
	events := map[string]uint64{} // by the key of the object
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		body, err := io.ReadAll(r.Body)
		var n notify.Notice
		if err != nil || json.Unmarshal(body, &n) != nil || len(r.Header.Get(signed.Header)) != len(signed.Sign([]byte(secret), n.SealedAt, body)) {
			t.Errorf("%s, %v with %q", body, err, r.Header)
		}
		if !up {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		events[n.Object.Key] = n.Object.Count
	}))
	defer receiver.Close()
	b.configureTrails(fmt.Sprintf("trail \"all\" {\n  notify \"webhook\" {\n    url = %q\n    secret_file = \"hook.secret\"\n  }\n  deliver \"file\" {\n    path = %q\n    roll { max_age = \"1s\" }\n  }\n}\n", receiver.URL+"/x", b.archive()))
	told := func() (n uint64) {
		mu.Lock()
		defer mu.Unlock()
		for _, count := range events {
			n += count
		}
		return n
	}
	b.start()
	b.write(300)
	realtest.Until(t, realtest.Patience, "the first objects to be told", func() bool { return told() >= 300 })
	mu.Lock()
	up = false
	mu.Unlock()
	b.write(300)
	b.indexed()
	realtest.Until(t, realtest.Patience, "the trail to go on without its receiver", func() bool {
		s := b.trail("all")
		return s.Events >= 600 && len(s.Deliver[0].Notify) == 1 && s.Deliver[0].Notify[0].LastError != ""
	})
	b.server.Kill()
	mu.Lock()
	up = true
	mu.Unlock()
	b.start()
	realtest.Until(t, realtest.Patience, "all objects to be told", func() bool { s := b.trail("all"); return s.Events >= 600 && told() >= s.Events })
}
