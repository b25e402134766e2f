package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

// assetsPath is where the files are whose names hold a hash of their content.
const assetsPath = "/assets/"

// asset is a file of the build. Of text only the compressed forms are embedded;
// what is compressed by itself, such as a font, is there as it is.
type asset struct {
	kind      string // Content-Type
	immutable bool
	forms     map[string]form // by encoding; identity: as it is
}

type form struct {
	tag  string // ETag
	body []byte
}

// encodings are those that the build writes, the smallest first.
var encodings = [...]struct{ name, suffix string }{{"br", ".br"}, {"gzip", ".gz"}, {identity, ""}}

const identity = "identity"

// readAssets reads every file but index.html.
func readAssets(files fs.FS) (map[string]asset, error) {
	assets := map[string]asset{}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || name == "index.html" {
			return err
		}
		body, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		encoding, plain := encodingOf(name)
		at := "/" + plain
		a, ok := assets[at]
		if !ok {
			a = asset{kind: kindOf(plain), immutable: strings.HasPrefix(at, assetsPath), forms: map[string]form{}}
			assets[at] = a
		}
		sum := sha256.Sum256(body)
		a.forms[encoding] = form{tag: `"` + hex.EncodeToString(sum[:12]) + `"`, body: body}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for at, a := range assets {
		if _, ok := a.forms[identity]; ok {
			continue
		}
		if err := a.unpack(); err != nil {
			return nil, fmt.Errorf("%s: %w", at, err)
		}
	}
	return assets, nil
}

func encodingOf(name string) (encoding, plain string) {
	for _, e := range encodings {
		if plain, ok := strings.CutSuffix(name, e.suffix); ok {
			return e.name, plain
		}
	}
	return identity, name
}

// kindOf knows the kinds that the build makes: what mime knows besides depends on the machine.
func kindOf(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".woff2":
		return "font/woff2"
	case ".txt":
		return "text/plain; charset=utf-8"
	}
	if kind := mime.TypeByExtension(path.Ext(name)); kind != "" {
		return kind
	}
	return "application/octet-stream"
}

// unpack makes the form for clients that take no compressed one.
func (a asset) unpack() error {
	packed, ok := a.forms["gzip"]
	if !ok {
		return fmt.Errorf("it is there neither as it is nor as gzip; build the console again with make console")
	}
	r, err := gzip.NewReader(bytes.NewReader(packed.body))
	if err != nil {
		return err
	}
	body, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	a.forms[identity] = form{tag: strings.TrimSuffix(packed.tag, `"`) + `-plain"`, body: body}
	return nil
}

func (a asset) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", a.kind)
	header.Set("Cache-Control", "no-cache")
	if a.immutable {
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if len(a.forms) > 1 {
		header.Set("Vary", "Accept-Encoding")
	}
	accepted := strings.Join(r.Header.Values("Accept-Encoding"), ",")
	for _, e := range encodings {
		f, ok := a.forms[e.name]
		if !ok || e.name != identity && !accepts(accepted, e.name) {
			continue
		}
		header.Set("ETag", f.tag)
		if e.name != identity {
			header.Set("Content-Encoding", e.name)
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.body))
		return
	}
}
