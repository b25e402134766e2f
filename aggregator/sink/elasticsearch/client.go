package elasticsearch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/internal/access"
)

const (
	dialTimeout = 5 * time.Second
	// answerTimeout is how long a node may take for an answer.
	answerTimeout = 60 * time.Second
	// longestAnswer is more than any answer to what we ask has.
	longestAnswer = 32 << 20
)

// client sends requests to the nodes in turn.
type client struct {
	http      *http.Client
	addresses []string
	next      int    // of the addresses
	auth      string // of the header Authorization
}

// newClient reads the files of certificates. After an error of the network there is a new one.
func newClient(addresses []string, secure *access.Client) (*client, error) {
	config, err := secure.Config("")
	if err != nil {
		return nil, err
	}
	return &client{addresses: addresses, http: &http.Client{
		Timeout:       answerTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: dialTimeout}).DialContext, TLSClientConfig: config,
			TLSHandshakeTimeout: dialTimeout, IdleConnTimeout: time.Minute,
		},
	}}, nil
}

// sign reads who asks.
func (c *client) sign(config *Config) error {
	switch {
	case config.APIKeyFile != "":
		key, err := access.Secret("api_key_file", config.APIKeyFile)
		c.auth = "ApiKey " + key
		return err
	case config.Username != "":
		password, err := access.Secret("password_file", config.PasswordFile)
		r := http.Request{Header: http.Header{}}
		r.SetBasicAuth(config.Username, password)
		c.auth = r.Header.Get("Authorization")
		return err
	}
	return nil
}

// statusError is an answer that is not a success.
type statusError struct {
	status       int
	kind, reason string
}

func (e *statusError) Error() string {
	hint := ""
	switch e.status {
	case http.StatusUnauthorized:
		hint = "; look at the password or API key"
	case http.StatusForbidden:
		hint = "; the user may not do this: docs/guide/destinations.md lists the privileges"
	}
	return fmt.Sprintf("%d %s%s", e.status, strings.TrimSuffix(e.kind+": "+e.reason, ": "), hint)
}

// isStatus tells whether an error is an answer of this status, and of this type unless it is "".
func isStatus(err error, status int, kind string) bool {
	var s *statusError
	return errors.As(err, &s) && s.status == status && (kind == "" || s.kind == kind)
}

// do sends a request. A node that cannot be reached, or has nobody behind it, is
// passed over for the next one; the error is that of the last.
func (s *Sink) do(ctx context.Context, method, path string, body []byte) (answer []byte, header http.Header, err error) {
	if s.client == nil {
		return nil, nil, errors.New("it is closed")
	}
	c := s.client
	for range c.addresses {
		address := c.addresses[c.next%len(c.addresses)]
		answer, header, err = c.ask(ctx, method, strings.TrimSuffix(address, "/")+path, body)
		if err == nil {
			return answer, header, nil
		}
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		err = fmt.Errorf("%s: %w", address, err)
		if e := (*statusError)(nil); errors.As(err, &e) && (e.status < 502 || e.status > 504) {
			return nil, nil, err // the others would say the same
		}
		c.next++
	}
	if e := (*statusError)(nil); !errors.As(err, &e) {
		_ = s.Close() // never fails; the files are read again
	}
	return nil, nil, err
}

func (c *client) ask(ctx context.Context, method, address string, body []byte) ([]byte, http.Header, error) {
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	r.Header.Set("User-Agent", "actiontrail")
	r.Header.Set("Accept", "application/json")
	if len(body) > 0 {
		r.Header.Set("Content-Type", "application/x-ndjson")
		if body[len(body)-1] != '\n' {
			r.Header.Set("Content-Type", "application/json")
		}
	}
	if c.auth != "" {
		r.Header.Set("Authorization", c.auth)
	}
	res, err := c.http.Do(r)
	if err != nil {
		return nil, nil, bare(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, longestAnswer+1))
	switch {
	case res.StatusCode < 200 || res.StatusCode > 299:
		return nil, nil, readStatus(res.StatusCode, data)
	case err != nil:
		return nil, nil, fmt.Errorf("read the answer: %w", err)
	case len(data) > longestAnswer:
		return nil, nil, errors.New("the answer is too long")
	}
	return data, res.Header, nil
}

// bare is an error without the address of the request, which stands in front of it already.
func bare(err error) error {
	if inner := errors.Unwrap(err); inner != nil {
		return inner
	}
	return err
}

// failure is how a cluster tells of an error.
type failure struct {
	Type   string   `json:"type"`
	Reason string   `json:"reason"`
	Cause  *failure `json:"caused_by"`
}

// told is the reason, and the cause of it. What it repeats of the event is left out: reasons go
// where events must not.
func (f *failure) told() string {
	s, _, _ := strings.Cut(f.Reason, ". Preview of field's value")
	if f.Cause != nil && f.Cause.Reason != "" {
		cause, _, _ := strings.Cut(f.Cause.Reason, ": ")
		s += ": " + cause
	}
	return s[:min(len(s), 500)]
}

func readStatus(status int, data []byte) error {
	e := &statusError{status: status, kind: http.StatusText(status)}
	var body struct {
		Error json.RawMessage `json:"error"`
	}
	var f failure
	if json.Unmarshal(data, &body) == nil && json.Unmarshal(body.Error, &f) == nil && f.Type != "" {
		e.kind, e.reason = f.Type, f.told()
	}
	return e
}
