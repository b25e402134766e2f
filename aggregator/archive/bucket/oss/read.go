package oss

import (
	"context"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	sdk "github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/store"
)

// Read opens an object.
func (b *Bucket) Read(ctx context.Context, key string) (io.ReadCloser, error) {
	if err := archive.CheckKey(key); err != nil {
		return nil, err
	}
	return store.ReadOn(ctx, reads, func(from int64, tag string) (io.ReadCloser, string, error) {
		return b.open(ctx, key, from, tag)
	}, func(err error) error { return b.failed(ctx, "read", key, err) })
}

// open reads an object from a place on, as long as it is the same one.
func (b *Bucket) open(ctx context.Context, key string, from int64, tag string) (io.ReadCloser, string, error) {
	r := &sdk.GetObjectRequest{Bucket: &b.cfg.Bucket, Key: b.key(key)}
	if from > 0 {
		// In the standard behaviour a range that cannot be is refused, not answered with all.
		r.Range, r.RangeBehavior, r.IfMatch = sdk.Ptr(fmt.Sprintf("bytes=%d-", from)), sdk.Ptr("standard"), &tag
	}
	o, err := b.read.GetObject(ctx, r)
	if err != nil {
		return nil, "", b.failed(ctx, "read", key, err)
	}
	if want := fmt.Sprintf("bytes %d-", from); from > 0 && !strings.HasPrefix(sdk.ToString(o.ContentRange), want) {
		return nil, "", b.failed(ctx, "read", key, fmt.Errorf("the store gives %q for what follows byte %d (closing it: %w)", sdk.ToString(o.ContentRange), from, o.Body.Close()))
	}
	return o.Body, sdk.ToString(o.ETag), nil
}

func (b *Bucket) head(ctx context.Context, key string) (*sdk.HeadObjectResult, error) {
	if err := archive.CheckKey(key); err != nil {
		return nil, err
	}
	o, err := b.read.HeadObject(ctx, &sdk.HeadObjectRequest{Bucket: &b.cfg.Bucket, Key: b.key(key)})
	if err != nil {
		return nil, b.failed(ctx, "look for", key, err)
	}
	return o, nil
}

// Head tells about an object.
func (b *Bucket) Head(ctx context.Context, key string) (archive.Info, error) {
	o, err := b.head(ctx, key)
	if err != nil {
		return archive.Info{}, err
	}
	info := archive.Info{Key: key, Bytes: o.ContentLength}
	for name, value := range o.Metadata {
		if info.User == nil {
			info.User = map[string]string{}
		}
		info.User[strings.ToLower(name)] = value // headers come back in another case
	}
	return info, nil
}

// List gives the objects in the order of their keys, and fails where the store has another.
func (b *Bucket) List(ctx context.Context, prefix, after string) iter.Seq2[archive.Info, error] {
	return func(yield func(archive.Info, error) bool) {
		r := &sdk.ListObjectsV2Request{Bucket: &b.cfg.Bucket, Prefix: orNil(b.cfg.Prefix + prefix), MaxKeys: 1000}
		if after != "" {
			r.StartAfter = b.key(after)
		}
		last := ""
		for {
			page, err := b.read.ListObjectsV2(ctx, r)
			if err != nil {
				yield(archive.Info{}, b.failed(ctx, "list", prefix, err))
				return
			}
			for _, o := range page.Contents {
				key := strings.TrimPrefix(sdk.ToString(o.Key), b.cfg.Prefix)
				if key == "" || key <= after {
					continue // "" is the mark that some tools make for a folder
				}
				if key <= last {
					yield(archive.Info{}, b.failed(ctx, "list", prefix, fmt.Errorf("the store gives %q after %q, not in the order of bytes", key, last)))
					return
				}
				last = key
				if !yield(archive.Info{Key: key, Bytes: o.Size}, nil) {
					return
				}
			}
			if !page.IsTruncated {
				return
			}
			if sdk.ToString(page.NextContinuationToken) == "" {
				yield(archive.Info{}, b.failed(ctx, "list", prefix, fmt.Errorf("the store has more after %q, and does not say how to go on", last)))
				return
			}
			r.ContinuationToken = page.NextContinuationToken
		}
	}
}

// skew is by how much OSS lets a clock differ from its own: requests of others are refused.
const skew = 15 * time.Minute

// Retention tells until when an object cannot be removed: it is the bucket's policy
// that keeps it, for so long after it was made. OSS tells in whole seconds of its own
// clock when that was; for the clock of who made it, it may have been later by skew. The
// mode is "" without a policy, or while it is not locked.
func (b *Bucket) Retention(ctx context.Context, key string) (mode string, until time.Time, err error) {
	o, err := b.head(ctx, key)
	if err != nil {
		return "", time.Time{}, err
	}
	p, err := b.policy(ctx)
	if err != nil || !p.locked {
		return "", time.Time{}, err
	}
	if o.LastModified == nil {
		return "", time.Time{}, b.failed(ctx, "look for", key, fmt.Errorf("the store does not say when it was made"))
	}
	return "compliance", o.LastModified.UTC().AddDate(0, 0, p.days).Add(skew), nil
}
