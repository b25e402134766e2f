// Package sls sends events to Alibaba Cloud's Log Service (SLS), in the form in which
// ActionTrail delivers there. It speaks PutLogs itself: the vendor's client is large,
// and one signed POST is all that is needed.
//
// Log Service does not know logs apart. An answer that was lost, or a process that
// ended, brings events a second time; readers tell them by eventId.
package sls

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/event/render"
	"github.com/actiontrail/actiontrail/internal/alibaba"
	"github.com/actiontrail/actiontrail/plugins"
)

// Defaults of Config.
const (
	DefaultTopic       = "actiontrail_audit_event"
	DefaultSource      = "actiontrail"
	DefaultFormat      = "actiontrail"
	DefaultCompression = LZ4
	DefaultSignature   = V4
)

// What Config.Compression and Config.Signature may be.
const (
	LZ4  = "lz4"
	Zstd = "zstd"
	None = "none"

	V4 = "v4" // HMAC-SHA256
	V1 = "v1" // HMAC-SHA1, for endpoints that do not know the other one
)

// ownerTopic is the topic whose logs have the field owner_id, too.
const ownerTopic = "actiontrail_event"

// Config tells where events go, and in which form.
type Config struct {
	Project  string `json:"project"`
	Logstore string `json:"logstore"`
	Region   string `json:"region"`             // such as cn-hangzhou: requests are signed for it
	Endpoint string `json:"endpoint,omitempty"` // as https://host, without the project; "": Log Service in Region
	Internal bool   `json:"internal,omitempty"` // without Endpoint: by the network inside the region

	Topic       string `json:"topic,omitempty"`       // default DefaultTopic
	Source      string `json:"source,omitempty"`      // __source__ of the logs; default DefaultSource
	Format      string `json:"format,omitempty"`      // of the field event: one of render.Formats that is JSON; default DefaultFormat
	Ordered     bool   `json:"ordered,omitempty"`     // all into one shard, in which they keep their order; else into any
	Compression string `json:"compression,omitempty"` // default DefaultCompression
	Signature   string `json:"signature,omitempty"`   // default DefaultSignature

	CredentialsFile string `json:"credentialsFile,omitempty"` // in the form of ~/.alibabacloud/credentials; "": as package alibaba looks
	Profile         string `json:"profile,omitempty"`         // in the file
	CA              string `json:"ca,omitempty"`              // file of certificates to trust, PEM; "": those of the system
	Cert            string `json:"cert,omitempty"`            // file of a certificate to show, with Key
	Key             string `json:"key,omitempty"`
}

// Limits of Log Service, of which it publishes several: these are the least of them.
const (
	mostGroupBytes = 5 << 20 // of a log group, before compression
	mostLogs       = 4096    // in a group
	mostFieldBytes = 1 << 20 // of a value
	pastLimit      = 7 * 24 * time.Hour
	futureLimit    = 15 * time.Minute
)

// requestTimeout bounds a request, whatever happens.
const requestTimeout = time.Minute

// Sink sends events to one logstore.
type Sink struct {
	cfg    Config
	format render.Format
	base   *url.URL // that a connection is made to
	host   string   // of the project, as the request has it
	who    *alibaba.Credentials
	client *http.Client
	now    func() time.Time
	zstd   *zstd.Encoder // with that compression

	logs  int // mostLogs and mostGroupBytes, but in tests
	bytes int

	// done are the events of the last Write that Log Service has confirmed though the
	// Write failed: it comes again, and they need not.
	done map[string]bool
}

var (
	projectName  = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)
	logstoreName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,61}[a-z0-9]$`)
	regionName   = regexp.MustCompile(`^[a-z0-9-]+$`)
)

// New makes a sink. It connects to nothing: Write does.
func New(cfg Config) (*Sink, error) {
	s := &Sink{cfg: cfg, now: time.Now, logs: mostLogs, bytes: mostGroupBytes, done: map[string]bool{}}
	if err := s.complete(); err != nil {
		return nil, fmt.Errorf("log service, project %q: %w", cfg.Project, err)
	}
	s.who = alibaba.New(alibaba.Config{File: cfg.CredentialsFile, Profile: cfg.Profile})
	return s, nil
}

func (s *Sink) complete() error {
	c := &s.cfg
	c.Topic, c.Source, c.Format = cmp.Or(c.Topic, DefaultTopic), cmp.Or(c.Source, DefaultSource), cmp.Or(c.Format, DefaultFormat)
	c.Compression, c.Signature = cmp.Or(c.Compression, DefaultCompression), cmp.Or(c.Signature, DefaultSignature)
	var ok bool
	s.format, ok = render.Find(c.Format)
	switch {
	case !projectName.MatchString(c.Project):
		return errors.New("the name of a project is 3 to 63 lower-case letters, digits and -")
	case !logstoreName.MatchString(c.Logstore):
		return fmt.Errorf("%q is no name of a logstore: 2 to 63 lower-case letters, digits, - and _", c.Logstore)
	case !regionName.MatchString(c.Region):
		return errors.New("the region is needed, such as cn-hangzhou")
	case !ok || !s.format.JSON:
		return fmt.Errorf("format %q is none in JSON", c.Format)
	case !slices.Contains([]string{LZ4, Zstd, None}, c.Compression):
		return fmt.Errorf("compression %q is not known", c.Compression)
	case c.Signature != V4 && c.Signature != V1:
		return fmt.Errorf("signature %q is not known", c.Signature)
	case (c.Cert == "") != (c.Key == ""):
		return errors.New("a certificate needs its key, and a key its certificate")
	}
	inside := ""
	if c.Internal {
		inside = "-intranet"
	}
	endpoint := cmp.Or(c.Endpoint, "https://"+c.Region+inside+".log.aliyuncs.com")
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		return fmt.Errorf("endpoint %q is not of the form https://host:port", c.Endpoint)
	}
	s.host = c.Project + "." + u.Host
	if net.ParseIP(u.Hostname()) == nil { // what is before an address is no name
		u.Host = s.host
	}
	s.base = &url.URL{Scheme: u.Scheme, Host: u.Host}
	if c.Compression == Zstd {
		if s.zstd, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1)); err != nil {
			return err
		}
	}
	return s.connect()
}

func (s *Sink) connect() error {
	t := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.cfg.CA != "" {
		pem, err := os.ReadFile(s.cfg.CA)
		if err != nil {
			return fmt.Errorf("read the certificates to trust: %w", err)
		}
		if t.RootCAs = x509.NewCertPool(); !t.RootCAs.AppendCertsFromPEM(pem) {
			return fmt.Errorf("%s holds no certificate in PEM", s.cfg.CA)
		}
	}
	if s.cfg.Cert != "" {
		t.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			pair, err := tls.LoadX509KeyPair(s.cfg.Cert, s.cfg.Key) // at each connection: it may be renewed
			return &pair, err
		}
	}
	s.client = &http.Client{
		Timeout: requestTimeout,
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSClientConfig: t, TLSHandshakeTimeout: 15 * time.Second, IdleConnTimeout: time.Minute, MaxIdleConnsPerHost: 1,
			DialContext: (&net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second}).DialContext, DisableCompression: true,
		},
		// What was signed is for this host.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return nil
}

// Close gives up the connections that wait.
func (s *Sink) Close() error {
	s.client.CloseIdleConnections()
	return nil
}

// String is the place, for people.
func (s *Sink) String() string { return s.cfg.Project + "/" + s.cfg.Logstore }

// Write sends all events, and returns when Log Service has confirmed them.
func (s *Sink) Write(ctx context.Context, events []event.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	refused := map[int]error{}
	g := &group{}
	flush := func() error {
		if len(g.at) == 0 {
			return nil
		}
		err := s.send(ctx, events, g, 0, len(g.at), refused)
		g.reset()
		return err
	}
	now := s.now()
	for i := range events {
		if s.done[events[i].ID] {
			continue
		}
		size, err := s.add(g, i, &events[i], now)
		if err != nil {
			refused[i] = err
			continue
		}
		if len(g.at) > 1 && (len(g.at) > s.logs || len(g.logs) > s.bytes) {
			last := g.takeLast(size)
			if err := flush(); err != nil {
				return err
			}
			g.put(i, last)
		}
	}
	if err := flush(); err != nil {
		return err
	}
	clear(s.done)
	if len(refused) > 0 {
		return &plugins.BatchError{Refused: refused}
	}
	return nil
}

// send sends the logs from one place in a group to another. A request that Log
// Service refuses for what is in it is refused as a whole: it is halved until the
// event is found that is the cause.
func (s *Sink) send(ctx context.Context, events []event.Event, g *group, from, to int, refused map[int]error) error {
	err := s.post(ctx, g.body(from, to, s.cfg.Topic, s.cfg.Source))
	var no *refusal
	switch {
	case err == nil:
		for _, i := range g.index[from:to] {
			s.done[events[i].ID] = true
		}
		return nil
	case !errors.As(err, &no) || !no.content():
		return fmt.Errorf("log service, %s: %w", s, err)
	case to-from == 1:
		refused[g.index[from]] = fmt.Errorf("log service, %s: %w", s, err)
		return nil
	}
	middle := (from + to) / 2
	if err := s.send(ctx, events, g, from, middle, refused); err != nil {
		return err
	}
	return s.send(ctx, events, g, middle, to, refused)
}
