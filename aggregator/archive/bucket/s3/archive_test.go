package s3_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/s3"
	"github.com/actiontrail/actiontrail/query"
)

// careless is a store in memory that knows no conditions.
type careless struct {
	mu      sync.Mutex
	objects map[string]string
}

func (c *careless) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := strings.TrimPrefix(r.URL.Path, "/audit/")
	body, there := c.objects[key]
	switch {
	case r.URL.Query().Has("list-type"):
		io.WriteString(w, "<ListBucketResult><Name>audit</Name>")
		for key, body := range c.objects {
			if strings.HasPrefix(key, r.URL.Query().Get("prefix")) && key > r.URL.Query().Get("start-after") {
				fmt.Fprintf(w, "<Contents><Key>%s</Key><Size>%d</Size></Contents>", key, len(body))
			}
		}
		io.WriteString(w, "</ListBucketResult>")
	case r.URL.Query().Has("lifecycle"):
		w.WriteHeader(http.StatusNotImplemented)
		io.WriteString(w, "<Error><Code>NotImplemented</Code></Error>")
	case r.Method == http.MethodPut:
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		c.objects[key] = string(body)
	case !there:
		w.WriteHeader(http.StatusNotFound)
		if r.Method == http.MethodGet {
			io.WriteString(w, "<Error><Code>NoSuchKey</Code></Error>")
		}
	default:
		w.Header().Set("Last-Modified", time.Unix(0, 0).UTC().Format(http.TimeFormat))
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		if r.Method == http.MethodGet {
			io.WriteString(w, body)
		}
	}
}

// A store that writes over objects is refused before an event is in it.
func TestStoreThatIgnoresConditions(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	store := &careless{objects: map[string]string{}}
	server := httptest.NewServer(store)
	defer server.Close()
	b := open(t, s3.Config{Bucket: "audit", Prefix: "p/", Endpoint: server.URL, Now: time.Now})
	if err := b.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, err := archive.Open(t.Context(), archive.Config{Trail: "all", Bucket: b, Staging: t.TempDir(), Parse: query.Parse, Now: time.Now})
		if err == nil || !strings.Contains(err.Error(), "the bucket writes over objects that exist") {
			t.Errorf("%v", err)
		}
	}
	if len(store.objects) != 1 {
		t.Errorf("objects %v", store.objects)
	}
}
