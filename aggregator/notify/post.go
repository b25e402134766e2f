package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/actiontrail/actiontrail/internal/signed"
)

// Post is how a receiver is called over HTTP.
type Post struct {
	URL    string
	Secret func() ([]byte, error) // none: it is not signed
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
	r.Header.Set(signed.IDHeader, n.ID())
	secret, err := p.Secret()
	if err != nil {
		return err
	}
	if len(secret) > 0 {
		r.Header.Set(signed.Header, signed.Sign(secret, p.Now(), body))
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

// NewClient is a client that follows no redirects: what is signed goes to the receiver alone.
func NewClient() *http.Client {
	return &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}
