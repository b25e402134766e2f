package mapper

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/internal/realtest"
)

// What versitygw posts of requests to S3.
func TestRealVersityGW(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var lines []string
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		if len(body) > 0 { // it asks once whether there is anybody
			lines = append(lines, string(body))
		}
	}))
	t.Cleanup(hook.Close)
	s := realtest.StartS3(t, "--log-webhook-url", hook.URL)
	s.MakeBucket(t, "photos", false)
	const path = "/photos/2026/cat.jpg"
	if put, refused, removed := s.Request(t, "PUT", path, "meow", s.Secret), s.Request(t, "DELETE", path, "", "wrong"), s.Request(t, "DELETE", path, "", s.Secret); put != 200 || refused != 403 || removed != 204 {
		t.Fatalf("answers %d, %d, %d", put, refused, removed)
	}
	realtest.Until(t, realtest.Patience, "three records", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(lines) >= 3
	})
	mu.Lock()
	defer mu.Unlock()
	all := eventsOf(t, Options{Format: "minio"}, lines)
	got := brief(all)
	slices.Sort(got) // each is posted by itself
	if diff := cmp.Diff([]string{"DeleteObject key-of-tests claimed SignatureDoesNotMatch", "DeleteObject key-of-tests verified", "PutObject key-of-tests verified"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s\nof\n%s", diff, strings.Join(lines, "\n"))
	}
	for _, e := range all {
		if e.ResourceName != "photos/2026/cat.jpg" || e.SourceIP != "127.0.0.1" {
			t.Errorf("%s of %s from %s", e.Name, e.ResourceName, e.SourceIP)
		}
	}
}
