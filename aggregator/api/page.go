package api

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"time"
)

//go:embed page
var pageFiles embed.FS

// plainPage serves the page that needs no build: it is there with the API alone.
func plainPage() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			writeProblem(w, Problem{Type: problemMethod, Title: "Method not allowed", Status: http.StatusMethodNotAllowed, Detail: "the page can only be read"})
			return
		}
		name := path.Join("page", r.URL.Path)
		if r.URL.Path == "/" {
			name = "page/index.html"
		}
		body, err := fs.ReadFile(pageFiles, name)
		if err != nil {
			writeProblem(w, Problem{Type: problemNotFound, Title: "Not found", Status: http.StatusNotFound, Detail: "there is nothing at " + cut(r.URL.Path)})
			return
		}
		sum := sha256.Sum256(body)
		w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:8])+`"`)
		w.Header().Set("Cache-Control", "no-cache")
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(body))
	})
}
