// Package s3 is a bucket in a store that speaks S3. Objects are created by
// conditional writes (If-None-Match: *), so that the store itself refuses a taken
// key; a store that ignores the condition is found out by Check.
package s3

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/encrypt"

	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/store"
)

// Defaults of Config.
const (
	DefaultRegion = "us-east-1"
	DefaultStall  = 2 * time.Minute
)

// reads is how often a question is asked before its failure is told. What changes
// something is asked once: the archive finds out what became of it.
const reads = 5

// Config tells where a bucket is and how its objects are made.
type Config struct {
	Bucket      string
	Prefix      string // of all keys: "" or with a "/" at its end
	Endpoint    string // as https://host:port; "": AWS in Region
	Region      string // default DefaultRegion
	PathStyle   Style
	CAFile      string // certificates to trust, PEM; "": those of the system
	Credentials Credentials

	StorageClass string          // "": the bucket's default
	SSE          string          // "", SSES3 or SSEKMS: what the store encrypts with
	KMSKey       string          // with SSEKMS; "": the bucket's default key
	LockMode     string          // "", Governance or Compliance
	LockDays     int             // with a mode
	Under        string          // what the keys of objects begin with, after the prefix
	Lifecycle    store.Lifecycle // of the objects below Under

	Stall time.Duration    // without a byte in either direction before a connection is given up; default DefaultStall
	Now   func() time.Time // for LockDays
}

// Style is where a URL has the name of the bucket.
type Style int

// Styles. A store on AWS or Alibaba Cloud has it in the host, others mostly in the path.
const (
	Auto Style = iota
	Path
	Host
)

// What Config.SSE and Config.LockMode may be.
const (
	SSES3      = "s3"
	SSEKMS     = "kms"
	Governance = "governance"
	Compliance = "compliance"
)

// Bucket is a place in a bucket of a store: the objects under a prefix.
type Bucket struct {
	cfg   Config
	read  *minio.Client // asks again
	write minio.Core    // never asks again
	creds *credentials.Credentials
	sse   encrypt.ServerSide
	host  *url.URL
	http  http.RoundTripper

	above, part int64 // multipartAbove and partSize, but in tests
}

// New makes a bucket. It asks the store nothing: Check does.
func New(cfg Config) (*Bucket, error) {
	b := &Bucket{cfg: cfg, above: multipartAbove, part: partSize}
	if err := b.complete(); err != nil {
		return nil, fmt.Errorf("%s: %w", b, err)
	}
	transport, err := store.NewTransport(b.cfg.Stall, b.cfg.CAFile)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", b, err)
	}
	b.http = transport
	b.creds = b.cfg.Credentials.provider()
	options := minio.Options{
		Creds: b.creds, Secure: b.host.Scheme == "https", Transport: transport, Region: b.cfg.Region, MaxRetries: reads,
		BucketLookup: map[Style]minio.BucketLookupType{Auto: minio.BucketLookupAuto, Path: minio.BucketLookupPath, Host: minio.BucketLookupDNS}[b.cfg.PathStyle],
	}
	if b.read, err = minio.New(b.host.Host, &options); err != nil {
		return nil, fmt.Errorf("%s: %w", b, err)
	}
	options.MaxRetries = 1
	write, err := minio.NewCore(b.host.Host, &options)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", b, err)
	}
	b.write = *write
	return b, nil
}

func (b *Bucket) complete() error {
	c := &b.cfg
	c.Region = cmp.Or(c.Region, DefaultRegion)
	c.Stall = cmp.Or(c.Stall, DefaultStall)
	if c.Bucket == "" || c.Now == nil {
		return errors.New("a name and a clock are needed")
	}
	if c.Prefix != "" && !strings.HasSuffix(c.Prefix, "/") {
		return fmt.Errorf("prefix %q does not end with /", c.Prefix)
	}
	if (c.LockMode == "") != (c.LockDays == 0) {
		return errors.New("a lock needs a mode and days")
	}
	var err error
	b.host, err = url.Parse(cmp.Or(c.Endpoint, "https://s3."+c.Region+".amazonaws.com"))
	if err != nil || b.host.Host == "" || b.host.Scheme != "https" && b.host.Scheme != "http" || strings.Trim(b.host.Path, "/") != "" || b.host.RawQuery != "" || b.host.User != nil {
		return fmt.Errorf("endpoint %q is not of the form https://host:port", c.Endpoint)
	}
	switch c.SSE {
	case "":
	case SSES3:
		b.sse = encrypt.NewSSE()
	case SSEKMS:
		if b.sse, err = encrypt.NewSSEKMS(c.KMSKey, nil); err != nil {
			return err
		}
	default:
		return fmt.Errorf("encryption %q is not known", c.SSE)
	}
	return nil
}

// String is the URL of the bucket, as s3://bucket/prefix.
func (b *Bucket) String() string { return URL(b.cfg.Bucket, b.cfg.Prefix) }

// URL names a bucket and a prefix.
func URL(bucket, prefix string) string {
	return strings.TrimSuffix("s3://"+bucket+"/"+prefix, "/")
}

// failed gives an error of the store its object and what it means to io/fs.
func (b *Bucket) failed(ctx context.Context, what, key string, err error) error {
	if e := ctx.Err(); e != nil {
		err = e
	}
	return fmt.Errorf("%s %s: %w", what, strings.TrimSuffix(b.String()+"/"+key, "/"), b.advised(what, translated(err)))
}
