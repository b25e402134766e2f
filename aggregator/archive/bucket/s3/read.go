package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/store"
)

// Read opens an object.
func (b *Bucket) Read(ctx context.Context, key string) (io.ReadCloser, error) {
	if err := archive.CheckKey(key); err != nil {
		return nil, err
	}
	return store.ReadOn(ctx, reads, func(from int64, etag string) (io.ReadCloser, string, error) {
		return b.open(ctx, key, from, etag)
	}, func(err error) error { return b.failed(ctx, "read", key, err) })
}

// open reads an object from a place on, as long as it is the same one.
func (b *Bucket) open(ctx context.Context, key string, from int64, etag string) (io.ReadCloser, string, error) {
	var options minio.GetObjectOptions
	if from > 0 {
		if err := errors.Join(options.SetRange(from, 0), options.SetMatchETag(etag)); err != nil {
			return nil, "", err
		}
	}
	body, info, _, err := minio.Core{Client: b.read}.GetObject(ctx, b.cfg.Bucket, b.cfg.Prefix+key, options)
	if err != nil {
		return nil, "", b.failed(ctx, "read", key, err)
	}
	return body, info.ETag, nil
}

// Head tells about an object.
func (b *Bucket) Head(ctx context.Context, key string) (archive.Info, error) {
	if err := archive.CheckKey(key); err != nil {
		return archive.Info{}, err
	}
	o, err := b.read.StatObject(ctx, b.cfg.Bucket, b.cfg.Prefix+key, minio.StatObjectOptions{})
	if err != nil {
		return archive.Info{}, b.failed(ctx, "look for", key, err)
	}
	info := archive.Info{Key: key, Bytes: o.Size}
	for name, value := range o.UserMetadata {
		if info.User == nil {
			info.User = map[string]string{}
		}
		info.User[strings.ToLower(name)] = value // headers come back in another case
	}
	return info, nil
}

// List gives the objects in the order of their keys, and fails where a store has another.
func (b *Bucket) List(ctx context.Context, prefix, after string) iter.Seq2[archive.Info, error] {
	return func(yield func(archive.Info, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		options := minio.ListObjectsOptions{Prefix: b.cfg.Prefix + prefix, Recursive: true}
		if after != "" {
			options.StartAfter = b.cfg.Prefix + after
		}
		last := ""
		for o := range b.read.ListObjectsIter(ctx, b.cfg.Bucket, options) {
			if o.Err != nil {
				yield(archive.Info{}, b.failed(ctx, "list", prefix, o.Err))
				return
			}
			key := strings.TrimPrefix(o.Key, b.cfg.Prefix)
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
		if ctx.Err() != nil {
			yield(archive.Info{}, b.failed(ctx, "list", prefix, ctx.Err()))
		}
	}
}

// Retention tells until when an object cannot be removed, and how it is locked. The
// mode is "" without a lock, and for who may not know (s3:GetObjectRetention).
func (b *Bucket) Retention(ctx context.Context, key string) (mode string, until time.Time, err error) {
	if err := archive.CheckKey(key); err != nil {
		return "", time.Time{}, err
	}
	o, err := b.read.StatObject(ctx, b.cfg.Bucket, b.cfg.Prefix+key, minio.StatObjectOptions{})
	if err != nil {
		return "", time.Time{}, b.failed(ctx, "look for", key, err)
	}
	if mode = strings.ToLower(o.Metadata.Get("X-Amz-Object-Lock-Mode")); mode == "" {
		return "", time.Time{}, nil
	}
	until, err = time.Parse(time.RFC3339, o.Metadata.Get("X-Amz-Object-Lock-Retain-Until-Date"))
	if err != nil {
		return "", time.Time{}, b.failed(ctx, "look for", key, err)
	}
	return mode, until, nil
}
