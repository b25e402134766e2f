package httpsource

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
)

// watched tells when files have changed. Its owner keeps it for one goroutine at a time.
type watched struct {
	paths []string
	seen  []os.FileInfo
}

// changed looks at the files. When it returns true, what was read before is old.
func (w *watched) changed() (bool, error) {
	now := make([]os.FileInfo, len(w.paths))
	same := len(w.seen) == len(now)
	for i, path := range w.paths {
		info, err := os.Stat(path)
		if err != nil {
			w.seen = nil
			return true, err
		}
		if now[i] = info; same {
			was := w.seen[i]
			same = os.SameFile(was, info) && was.Size() == info.Size() && was.ModTime().Equal(info.ModTime())
		}
	}
	w.seen = now
	return !same, nil
}

// tokens are those of a file, one a line.
type tokens struct {
	mu   sync.Mutex
	file watched
	sums [][sha256.Size]byte
}

// brought tells whether a request has one of the tokens.
func (t *tokens) brought(r *http.Request) (bool, error) {
	sums, err := t.read()
	if err != nil {
		return false, err
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return false, nil
	}
	sum, right := sha256.Sum256([]byte(strings.TrimSpace(token))), 0
	for i := range sums {
		right |= subtle.ConstantTimeCompare(sums[i][:], sum[:])
	}
	return right == 1, nil
}

// read reads the file if it has changed. While it cannot be read nobody is let in: a token may have been taken back.
func (t *tokens) read() ([][sha256.Size]byte, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	changed, err := t.file.changed()
	if err != nil {
		return nil, fmt.Errorf("token_file: %w", err)
	}
	if !changed {
		return t.sums, nil
	}
	text, err := os.ReadFile(t.file.paths[0])
	if err != nil {
		t.file.seen = nil
		return nil, fmt.Errorf("token_file: %w", err)
	}
	t.sums = nil
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" {
			t.sums = append(t.sums, sha256.Sum256([]byte(line)))
		}
	}
	if len(t.sums) == 0 {
		t.file.seen = nil
		return nil, fmt.Errorf("token_file %s: there is no token in it", t.file.paths[0])
	}
	return t.sums, nil
}

// certificates are those of the server and of its clients' authority.
type certificates struct {
	files TLS
	mu    sync.Mutex
	file  watched
	last  *tls.Config // the last one that was good
}

func newCertificates(t *TLS) *certificates {
	c := &certificates{files: *t, file: watched{paths: []string{t.Cert, t.Key}}}
	if t.ClientCA != "" {
		c.file.paths = append(c.file.paths, t.ClientCA)
	}
	return c
}

// current is for the next connection. While files are being replaced, or cannot be read, the last good ones hold.
func (c *certificates) current(log *slog.Logger) *tls.Config {
	config, err := c.read()
	if err != nil {
		log.Error("certificates cannot be read: the last ones hold", "error", err)
	}
	return config
}

// read returns the last good ones beside an error.
func (c *certificates) read() (*tls.Config, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	changed, err := c.file.changed()
	if err != nil || !changed {
		return c.last, err
	}
	next, err := c.files.load()
	if err != nil {
		c.file.seen = nil
		return c.last, err
	}
	c.last = next
	return next, nil
}

func (t *TLS) load() (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
	if err != nil {
		return nil, fmt.Errorf("tls: %w", err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
	if t.ClientCA == "" {
		return config, nil
	}
	text, err := os.ReadFile(t.ClientCA)
	if err != nil {
		return nil, fmt.Errorf("tls: %w", err)
	}
	config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
	if !config.ClientCAs.AppendCertsFromPEM(text) {
		return nil, errors.New("tls: there is no certificate in client_ca " + t.ClientCA)
	}
	return config, nil
}
