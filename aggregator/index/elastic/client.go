package elastic

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/elastic/elastic-transport-go/v8/elastictransport"
	"github.com/elastic/go-elasticsearch/v8/esapi"
)

const (
	dialTimeout = 5 * time.Second
	// answerTimeout is how long a node may take until it begins to answer. A bulk
	// request that takes longer is sent again, and finds its events stored.
	answerTimeout = 90 * time.Second
)

// Access says how the cluster is reached.
type Access struct {
	Addresses []string // of nodes: http:// or https://, host, port; the next one is tried when one fails
	Username  string   // with Password: basic authentication
	Password  string
	APIKey    string // in place of them: base64 of id:key, as Elasticsearch gives it
	CA        []byte // PEM, of certificates to trust; none: those of the system
}

// client sends requests to the cluster.
type client struct {
	transport *elastictransport.Client
	idle      func() // closes the connections that are not used
}

func newClient(a Access) (*client, error) {
	if len(a.Addresses) == 0 {
		return nil, errors.New("elasticsearch: no addresses are given")
	}
	var urls []*url.URL
	for _, address := range a.Addresses {
		u, err := url.Parse(address)
		if err != nil {
			return nil, fmt.Errorf("elasticsearch: %w", err)
		}
		urls = append(urls, u)
	}
	trust := &tls.Config{MinVersion: tls.VersionTLS12}
	if len(a.CA) > 0 {
		trust.RootCAs = x509.NewCertPool()
		if !trust.RootCAs.AppendCertsFromPEM(a.CA) {
			return nil, errors.New("elasticsearch: there is no certificate in the file of the CA")
		}
	}
	connections := &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: dialTimeout}).DialContext, TLSClientConfig: trust,
		TLSHandshakeTimeout: dialTimeout, ResponseHeaderTimeout: answerTimeout, MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
	}
	options := []elastictransport.Option{
		elastictransport.WithURLs(urls...), elastictransport.WithTransport(connections), elastictransport.WithUserAgent("actiontrail"),
		// Another node at once; what is to wait is decided where the request is made.
		elastictransport.WithRetry(len(urls)-1, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout),
		elastictransport.WithRetryOnError(func(r *http.Request, _ error) bool { return r.Context().Err() == nil }),
	}
	if len(urls) == 1 {
		options = append(options, elastictransport.WithDisableRetry())
	}
	switch {
	case a.APIKey != "":
		options = append(options, elastictransport.WithAPIKey(a.APIKey))
	case a.Username != "":
		options = append(options, elastictransport.WithBasicAuth(a.Username, a.Password))
	}
	t, err := elastictransport.NewClient(options...)
	if err != nil {
		return nil, fmt.Errorf("elasticsearch: %w", err)
	}
	return &client{t, connections.CloseIdleConnections}, nil
}

// statusError is an answer that is not a success.
type statusError struct {
	status int
	kind   string // of the error, as index_not_found_exception
	reason string
}

func (e *statusError) Error() string {
	hint := ""
	switch e.status {
	case http.StatusUnauthorized:
		hint = "; look at the password or API key of the index"
	case http.StatusForbidden:
		hint = "; the user may not do this: docs/guide/elasticsearch.md lists the privileges"
	}
	return fmt.Sprintf("elasticsearch answers %d: %s: %s%s", e.status, e.kind, e.reason, hint)
}

// isStatus tells whether an error is an answer of this status.
func isStatus(err error, status int) bool {
	var s *statusError
	return errors.As(err, &s) && s.status == status
}

// isKind tells whether an error is an answer of this type.
func isKind(err error, kind string) bool {
	var s *statusError
	return errors.As(err, &s) && s.kind == kind
}

// failure is how Elasticsearch tells of an error.
type failure struct {
	Type   string `json:"type"`
	Reason string `json:"reason"`
	Cause  *struct {
		Type   string `json:"type"`
		Reason string `json:"reason"`
	} `json:"caused_by"`
}

func (f failure) String() string {
	s := f.Type + ": " + f.Reason
	if f.Cause != nil {
		s += ": " + f.Cause.Reason
	}
	return s
}

// do sends a request and decodes its answer, unless answer is nil.
func (c *client) do(ctx context.Context, r esapi.Request, answer any) error {
	res, err := c.send(ctx, r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if answer == nil {
		_, err = io.Copy(io.Discard, res.Body)
	} else {
		err = json.NewDecoder(res.Body).Decode(answer)
	}
	if err != nil {
		return fmt.Errorf("read the answer of elasticsearch: %w", err)
	}
	return nil
}

// send sends a request; the caller closes the answer's body.
func (c *client) send(ctx context.Context, r esapi.Request) (*esapi.Response, error) {
	res, err := r.Do(ctx, c.transport)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("elasticsearch is not reached: %w", err)
	}
	if res.StatusCode >= 300 {
		defer res.Body.Close()
		return nil, readStatus(res)
	}
	return res, nil
}

// maxErrorBody bounds what is read of an answer that tells of an error.
const maxErrorBody = 64 << 10

func readStatus(res *esapi.Response) error {
	e := &statusError{status: res.StatusCode, kind: http.StatusText(res.StatusCode)}
	data, err := io.ReadAll(io.LimitReader(res.Body, maxErrorBody))
	if err != nil {
		return e
	}
	var body struct {
		Error json.RawMessage `json:"error"`
	}
	var f failure
	if json.Unmarshal(data, &body) == nil && json.Unmarshal(body.Error, &f) == nil && f.Type != "" {
		e.kind, e.reason = f.Type, f.Reason
		if f.Cause != nil {
			e.reason += ": " + f.Cause.Reason
		}
	}
	return e
}

// product refuses what is not Elasticsearch: what only looks like it may answer a
// bulk request with success, and store nothing.
func (c *client) product(ctx context.Context) error {
	res, err := c.send(ctx, esapi.InfoRequest{})
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(res.Body, maxErrorBody)); err != nil {
		return fmt.Errorf("read the answer of elasticsearch: %w", err)
	}
	if got := res.Header.Get("X-Elastic-Product"); got != "Elasticsearch" {
		return errors.New("what answers is not Elasticsearch: the header X-Elastic-Product is missing; look at the addresses of the index, and whether a proxy takes the header away")
	}
	return nil
}
