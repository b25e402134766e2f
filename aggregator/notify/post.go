package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

const (
	// SignatureHeader holds t=SECONDS,v1=HEX: HMAC-SHA-256 with the secret of "SECONDS.BODY".
	SignatureHeader = "Actiontrail-Signature"
	// IDHeader holds what is the same each time an object is told of.
	IDHeader = "Actiontrail-Id"
)

// Post is how a receiver is called over HTTP.
type Post struct {
	URL    string
	Secret func() ([]byte, error) // none: there is no SignatureHeader
	Client *http.Client
	Now    func() time.Time
}

// post sends a body and tells what became of it.
func (p *Post) post(ctx context.Context, n *Notice, body []byte, header http.Header) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header = header
	r.Header.Set("User-Agent", "actiontrail")
	r.Header.Set(IDHeader, n.ID())
	secret, err := p.Secret()
	if err != nil {
		return err
	}
	if len(secret) > 0 {
		r.Header.Set(SignatureHeader, Sign(secret, p.Now(), body))
	}
	answer, err := p.Client.Do(r)
	if err != nil {
		return fmt.Errorf("notify %s: %w", r.URL.Host, errors.Unwrap(err)) // without the address, which may hold a secret
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10)); err != nil {
		return fmt.Errorf("notify %s: %w", r.URL.Host, err)
	}
	switch code := answer.StatusCode; {
	case code >= 200 && code < 300:
		return nil
	case forGood(code):
		return &Refusal{fmt.Sprintf("%s refuses it for good: %s", r.URL.Host, answer.Status)}
	}
	return fmt.Errorf("notify %s: it answers %s", r.URL.Host, answer.Status)
}

// forGood tells whether an answer stays the same however often a notice is sent:
// what the caller did wrong, but for what is a matter of time.
func forGood(code int) bool {
	switch code {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return code >= 400 && code < 500
}

// Sign is the value of SignatureHeader.
func Sign(secret []byte, at time.Time, body []byte) string {
	seconds := strconv.FormatInt(at.Unix(), 10)
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(seconds + "."))
	h.Write(body)
	return "t=" + seconds + ",v1=" + hex.EncodeToString(h.Sum(nil))
}

// NewClient is a client that follows no redirects: what is signed goes to the receiver alone.
func NewClient() *http.Client {
	return &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}
