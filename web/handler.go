package web

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"time"
)

// noncePlaceholder is what the build writes where a nonce belongs.
const noncePlaceholder = "__CSP_NONCE__"

// Handler serves the console that this program was built with.
func Handler() (http.Handler, error) {
	files, err := files()
	if err != nil {
		return nil, err
	}
	return serve(files)
}

// console serves what was read when it was made, and nothing else: no path of a
// request ever reaches a file system.
type console struct {
	index  []byte
	assets map[string]asset // by the path of their URL
}

func serve(files fs.FS) (http.Handler, error) {
	index, err := fs.ReadFile(files, "index.html")
	if err != nil {
		return nil, fmt.Errorf("console: %w; build it with make console", err)
	}
	assets, err := readAssets(files)
	if err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	return &console{index: index, assets: assets}, nil
}

// ServeHTTP answers a file of the build, or for any other path index.html: the
// path is one of the pages', which find their way in the browser.
func (c *console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "the console can only be read", http.StatusMethodNotAllowed)
		return
	}
	if a, ok := c.assets[r.URL.Path]; ok {
		a.ServeHTTP(w, r)
		return
	}
	if strings.HasPrefix(r.URL.Path, assetsPath) {
		// Of another build: a page in place of it would be taken for a script.
		w.Header().Set("Cache-Control", "no-store")
		http.Error(w, "there is no such file in this build of the console; load the page again", http.StatusNotFound)
		return
	}
	c.serveIndex(w, r)
}

func (c *console) serveIndex(w http.ResponseWriter, r *http.Request) {
	nonce := rand.Text()
	header := w.Header()
	header.Set("Content-Security-Policy", policy(nonce))
	header.Set("Content-Type", "text/html; charset=utf-8")
	// The names of the assets in it change with each build, and the nonce with each answer.
	header.Set("Cache-Control", "no-cache")
	body := bytes.ReplaceAll(c.index, []byte(noncePlaceholder), []byte(nonce))
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// policy lets the pages load what this server serves and nothing else. The nonce
// is for the style sheets that React components and the editor write.
func policy(nonce string) string {
	return "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-" + nonce + "'; img-src 'self' data:; font-src 'self'; " +
		"connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
}
