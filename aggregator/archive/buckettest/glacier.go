package buckettest

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// Glacier answers as a store with an archive tier does, which no server at hand
// has: 403 InvalidObjectState, x-amz-restore, 202, and 409 RestoreAlreadyInProgress.
type Glacier struct {
	Dir string // with the objects

	mu       sync.Mutex
	Class    map[string]string // of storage, by key; it does not change while the store is asked
	Asked    map[string]string // bodies of the requests to restore, by key
	restored map[string]string // x-amz-restore
}

// ServeHTTP answers one call.
func (g *Glacier) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	key := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/audit"), "/")
	refuse := func(status int, code string) {
		w.WriteHeader(status)
		if r.Method != http.MethodHead {
			fmt.Fprintf(w, "<Error><Code>%s</Code><Message>%s</Message></Error>", code, code)
		}
	}
	if r.URL.Query().Has("list-type") {
		io.WriteString(w, "<ListBucketResult><Name>audit</Name>")
		for _, key := range g.Keys() {
			if strings.HasPrefix(key, r.URL.Query().Get("prefix")) && key > r.URL.Query().Get("start-after") {
				info, err := os.Stat(filepath.Join(g.Dir, key))
				if err != nil {
					panic(err)
				}
				fmt.Fprintf(w, "<Contents><Key>%s</Key><Size>%d</Size></Contents>", key, info.Size())
			}
		}
		io.WriteString(w, "</ListBucketResult>")
		return
	}
	body, err := os.ReadFile(filepath.Join(g.Dir, key))
	if err != nil {
		refuse(http.StatusNotFound, "NoSuchKey")
		return
	}
	if r.Method == http.MethodPost && r.URL.Query().Has("restore") {
		switch {
		case g.Class[key] == "":
			refuse(http.StatusForbidden, "InvalidObjectState")
		case g.restored[key] != "":
			refuse(http.StatusConflict, "RestoreAlreadyInProgress")
		default:
			text, err := io.ReadAll(r.Body)
			if err != nil {
				panic(err)
			}
			g.Asked[key], g.restored[key] = string(text), `ongoing-request="true"`
			w.WriteHeader(http.StatusAccepted)
		}
		return
	}
	w.Header().Set("Last-Modified", time.Unix(0, 0).UTC().Format(http.TimeFormat))
	if class := g.Class[key]; class != "" {
		w.Header().Set("x-amz-storage-class", class)
		if class == "INTELLIGENT_TIERING" {
			w.Header().Set("x-amz-archive-status", "ARCHIVE_ACCESS")
		}
		if g.restored[key] != "" {
			w.Header().Set("x-amz-restore", g.restored[key])
		}
		if r.Method == http.MethodGet && class != "GLACIER_IR" && !strings.HasPrefix(g.restored[key], `ongoing-request="false"`) {
			refuse(http.StatusForbidden, "InvalidObjectState")
			return
		}
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	if r.Method == http.MethodGet {
		w.Write(body)
	}
}

// NewGlacier is a store with the bucket audit, whose objects are the files below dir.
func NewGlacier(dir string) *Glacier {
	return &Glacier{Dir: dir, Class: map[string]string{}, Asked: map[string]string{}, restored: map[string]string{}}
}

// Keys are those of all objects.
func (g *Glacier) Keys() (keys []string) {
	err := filepath.WalkDir(g.Dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, e := filepath.Rel(g.Dir, path)
			keys, err = append(keys, rel), e
		}
		return err
	})
	if err != nil {
		panic(err)
	}
	slices.Sort(keys)
	return keys
}

// Finish has all that was asked for be there.
func (g *Glacier) Finish() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for key := range g.restored {
		g.restored[key] = `ongoing-request="false", expiry-date="Sat, 28 Nov 2026 00:00:00 GMT"`
	}
}
