package post

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"time"

	"github.com/klauspost/compress/gzip"
)

// How long a receiver may take.
const (
	DialPatience = 10 * time.Second // until it is connected to, and TLS is agreed on
	Patience     = time.Minute      // for one request, from its first byte to the last one of the answer
)

// maxAnswer is how much of an answer is read.
const maxAnswer = 256 << 10

// Client posts to one receiver. One goroutine uses it.
type Client struct {
	receiver Receiver
	scheme   string // of Authorization
	host     string // for people: what is behind it in the address may be secret
	http     *http.Client
	seen     []file // what http was made of
	zip      *gzip.Writer
}

// file tells whether one was replaced.
type file struct {
	size  int64
	mtime time.Time
}

// NewClient checks what is written and connects to nobody. scheme is what a token is announced as: "Bearer".
func NewClient(r Receiver, scheme string) (*Client, error) {
	u, err := r.check()
	if err != nil {
		return nil, err
	}
	for name := range r.Headers {
		if name == "" || slices.Contains([]string{"Authorization", "Content-Type", "Content-Encoding", "Content-Length", "Host"}, http.CanonicalHeaderKey(name)) {
			return nil, fmt.Errorf("headers cannot hold %q: it is set by what it is for", name)
		}
	}
	return &Client{receiver: r, scheme: scheme, host: u.Host}, nil
}

// Host is the receiver, for people.
func (c *Client) Host() string { return c.host }

// Answer is what a receiver answered.
type Answer struct {
	Code   int
	Status string // for people: "400 Bad Request"
	After  time.Duration
	Body   []byte // at most 256 KiB of it
	secret string
}

// Says is what the body of the answer says, for people, after its status.
func (a *Answer) Says() string {
	if text := Shown(string(a.Body), a.secret); text != "" {
		return a.Status + ": " + text
	}
	return a.Status
}

// Post sends a body to the receiver's address, with query added to it. An error is one of the network, of a file, or of ctx.
func (c *Client) Post(ctx context.Context, to string, header http.Header, body []byte) (*Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	if c.receiver.Gzip {
		body = c.compressed(body)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("the address of " + c.host + " cannot be used")
	}
	for name, value := range c.receiver.Headers {
		r.Header.Set(name, value)
	}
	for name, values := range header {
		r.Header[name] = values
	}
	r.Header.Set("User-Agent", "actiontrail")
	if c.receiver.Gzip {
		r.Header.Set("Content-Encoding", "gzip")
	}
	secret, err := c.receiver.prove(r.Header, c.scheme)
	if err != nil {
		return nil, err
	}
	if err := c.renew(); err != nil {
		return nil, err
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.host, bare(err))
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("%s answers %s, and then: %w", c.host, answer.Status, bare(err))
	}
	return &Answer{answer.StatusCode, answer.Status, after(answer.Header.Get("Retry-After"), time.Now()), text, secret}, nil
}

// URL is the receiver's address with path behind it.
func (c *Client) URL(path string) string {
	u, err := url.Parse(c.receiver.URL)
	if err != nil { // it was checked
		return ""
	}
	return u.JoinPath(path).String()
}

// bare is the error without the address, which may hold a secret.
func bare(err error) error {
	if u := (*url.Error)(nil); errors.As(err, &u) {
		return u.Err
	}
	return err
}

// compressed is the body as gzip has it. The bytes are new ones each time: a connection that
// fails may still be sending the last ones.
func (c *Client) compressed(body []byte) []byte {
	out := bytes.NewBuffer(make([]byte, 0, len(body)/4+64))
	if c.zip == nil {
		c.zip, _ = gzip.NewWriterLevel(out, gzip.BestSpeed) // a level that there is
	}
	c.zip.Reset(out)
	c.zip.Write(body) // a buffer takes everything
	c.zip.Close()
	return out.Bytes()
}

// renew makes the client anew when files of its certificates were replaced. Redirects
// are not followed: what is sent, and what shows that one may, is for the receiver alone.
func (c *Client) renew() error {
	var now []file
	for _, name := range []string{c.receiver.TLS.CA, c.receiver.TLS.Cert, c.receiver.TLS.Key} {
		if name == "" {
			continue
		}
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		now = append(now, file{info.Size(), info.ModTime()})
	}
	if c.http != nil && slices.Equal(now, c.seen) {
		return nil
	}
	config, err := c.receiver.TLS.Config("") // of each host that is connected to
	if err != nil {
		return err
	}
	c.Close()
	c.http = &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     transport(config),
	}
	c.seen = now
	return nil
}

func transport(config *tls.Config) *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: DialPatience}).DialContext,
		TLSClientConfig:       config,
		TLSHandshakeTimeout:   DialPatience,
		IdleConnTimeout:       30 * time.Second, // less than receivers keep theirs
		MaxIdleConns:          2,
		ExpectContinueTimeout: time.Second,
	}
}

// Close gives its connections back.
func (c *Client) Close() {
	if c.http != nil {
		c.http.CloseIdleConnections()
	}
}
