// Package oss is a bucket in Alibaba Cloud's Object Storage Service. Objects are
// created with x-oss-forbid-overwrite, so that the store itself refuses a taken
// key. OSS ignores that in a bucket that has, or once had, versions: Check refuses
// such a one.
package oss

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	sdk "github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/credentials"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/retry"

	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/store"
	"github.com/actiontrail/actiontrail/internal/alibaba"
)

// DefaultStall is how long a connection may be still.
const DefaultStall = 2 * time.Minute

// reads is how often a question is asked before its failure is told. What changes
// something is asked once: the archive finds out what became of it.
const reads = 5

// Config tells where a bucket is and how its objects are made.
type Config struct {
	Bucket      string
	Prefix      string // of all keys: "" or with a "/" at its end
	Region      string // such as cn-hangzhou: requests are signed for it
	Endpoint    string // as https://host; "": OSS in Region. The bucket's name comes before the host, unless that is an address
	Internal    bool   // without Endpoint: by the network inside the region
	CAFile      string // certificates to trust, PEM; "": those of the system
	Credentials Credentials

	// StorageClass is that of objects below Under; "": Standard, as all others are, which
	// every start reads.
	StorageClass string
	Under        string          // what the keys of objects begin with, after the prefix
	SSE          string          // "", SSEOSS or SSEKMS: what the store encrypts with
	KMSKey       string          // with SSEKMS; "": the default key
	LockDays     int             // for which the bucket's retention policy keeps objects; 0: none is asked for
	Lifecycle    store.Lifecycle // of the objects below Under

	Stall time.Duration // without a byte in either direction before a connection is given up; default DefaultStall
}

// Credentials tell who asks. The zero value looks in the environment
// (OSS_ACCESS_KEY_ID and OSS_ACCESS_KEY_SECRET, or ALIBABA_CLOUD_ACCESS_KEY_ID and so
// on), in ~/.alibabacloud/credentials, at the role of the pod or the machine.
type Credentials struct {
	File    string // in the form of ~/.alibabacloud/credentials; then nothing else is asked
	Profile string // in the file; "": default
}

// What Config.SSE may be.
const (
	SSEOSS = "oss"
	SSEKMS = "kms"
)

// standard is the class of what has to be read at any time.
const standard = "Standard"

// StorageClasses are those that objects may be made in.
func StorageClasses() []string {
	return []string{standard, "IA", "Archive", "ColdArchive", "DeepColdArchive"}
}

// Bucket is a place in a bucket of OSS: the objects under a prefix.
type Bucket struct {
	cfg   Config
	read  *sdk.Client // asks again
	write *sdk.Client // never asks again

	who credentials.CredentialsProvider

	kept        atomic.Pointer[retention] // the bucket's policy, once it is locked
	above, part int64                     // multipartAbove and partSize, but in tests
}

var region = regexp.MustCompile(`^[a-z0-9-]+$`)

// New makes a bucket. It asks the store nothing: Check does.
func New(cfg Config) (*Bucket, error) {
	b := &Bucket{cfg: cfg, above: multipartAbove, part: partSize}
	endpoint, err := b.complete()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", b, err)
	}
	transport, err := store.NewTransport(b.cfg.Stall, b.cfg.CAFile)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", b, err)
	}
	who := alibaba.New(alibaba.Config{
		File: cfg.Credentials.File, Profile: cfg.Credentials.Profile,
		Variables: [3]string{"OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET", "OSS_SESSION_TOKEN"},
	})
	b.who = credentials.CredentialsProviderFunc(func(ctx context.Context) (credentials.Credentials, error) {
		i, err := who.Get(ctx)
		return credentials.Credentials{AccessKeyID: i.ID, AccessKeySecret: i.Secret, SecurityToken: i.Token}, err
	})
	c := sdk.NewConfig().WithRegion(b.cfg.Region).WithEndpoint(endpoint).WithUserAgent("actiontrail").WithCredentialsProvider(b.who).
		// An address that a store sends on to would be given what was signed for this one.
		WithHttpClient(&http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }})
	b.read = sdk.NewClient(c.WithRetryer(retry.NewStandard(func(o *retry.RetryOptions) {
		o.MaxAttempts, o.BaseDelay, o.MaxBackoff = reads, 50*time.Millisecond, 2*time.Second
	})), ownClock)
	b.write = sdk.NewClient(c.WithRetryer(retry.NopRetryer{}), ownClock)
	return b, nil
}

// ownClock has the client not set its clock by the store's: it would do so without a
// lock, and a clock that is wrong by a quarter of an hour is to be seen.
func ownClock(o *sdk.Options) { o.FeatureFlags &^= sdk.FeatureCorrectClockSkew }

// complete checks the configuration, and gives the endpoint.
func (b *Bucket) complete() (string, error) {
	c := &b.cfg
	c.Stall = cmp.Or(c.Stall, DefaultStall)
	c.StorageClass = cmp.Or(c.StorageClass, standard)
	switch {
	case c.Bucket == "" || !region.MatchString(c.Region):
		return "", errors.New("the name of a bucket and its region are needed")
	case c.Prefix != "" && !strings.HasSuffix(c.Prefix, "/"):
		return "", fmt.Errorf("prefix %q does not end with /", c.Prefix)
	case c.StorageClass != standard && c.Under == "":
		return "", errors.New("a storage class needs to know which objects it is for")
	case !slices.Contains(StorageClasses(), c.StorageClass):
		return "", fmt.Errorf("storage class %q is not one of %s", c.StorageClass, strings.Join(StorageClasses(), ", "))
	case c.SSE != "" && c.SSE != SSEOSS && c.SSE != SSEKMS:
		return "", fmt.Errorf("encryption %q is not known", c.SSE)
	case c.LockDays < 0:
		return "", errors.New("a lock is of days")
	}
	inside := ""
	if c.Internal {
		inside = "-internal"
	}
	endpoint := cmp.Or(c.Endpoint, "https://oss-"+c.Region+inside+".aliyuncs.com")
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		return "", fmt.Errorf("endpoint %q is not of the form https://host:port", c.Endpoint)
	}
	return endpoint, nil
}

// String is the URL of the bucket, as oss://bucket/prefix.
func (b *Bucket) String() string { return URL(b.cfg.Bucket, b.cfg.Prefix) }

// URL names a bucket and a prefix.
func URL(bucket, prefix string) string {
	return strings.TrimSuffix("oss://"+bucket+"/"+prefix, "/")
}

// key is how OSS calls an object.
func (b *Bucket) key(key string) *string { return sdk.Ptr(b.cfg.Prefix + key) }

// failed gives an error of the store its object and what it means to io/fs.
func (b *Bucket) failed(ctx context.Context, what, key string, err error) error {
	if e := ctx.Err(); e != nil {
		err = e
	}
	return fmt.Errorf("%s %s: %w", what, strings.TrimSuffix(b.String()+"/"+key, "/"), b.advised(what, translated(err)))
}
