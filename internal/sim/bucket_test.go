package sim

import (
	"context"
	"io"
	"iter"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/file"
)

// bucket is a real folder behind a network that is slow, fails, or is down for hours.
type bucket struct {
	*file.Bucket
	w            *world
	p            *process
	create, read *site
	down         *time.Time
}

func (b bucket) up() error {
	switch {
	case b.p.dead():
		return errDead
	case time.Now().Before(*b.down) && !b.w.isCalm():
		return errLost
	}
	return nil
}

func (b bucket) Create(ctx context.Context, key string, content io.Reader, meta archive.Meta) error {
	if b.create.one(5) {
		if err := wait(ctx, b.create.randomTime(20*time.Second)); err != nil {
			return err
		}
	}
	if err := b.up(); err != nil {
		return err
	}
	return b.create.do(b.p, func() error { return b.Bucket.Create(ctx, key, content, meta) })
}

func (b bucket) Read(ctx context.Context, key string) (r io.ReadCloser, err error) {
	if err := b.up(); err != nil {
		return nil, err
	}
	err = b.read.do(b.p, func() error { r, err = b.Bucket.Read(ctx, key); return err })
	if err != nil && r != nil {
		r.Close()
	}
	return r, err
}

func (b bucket) Head(ctx context.Context, key string) (i archive.Info, err error) {
	if err := b.up(); err != nil {
		return i, err
	}
	err = b.read.do(b.p, func() error { i, err = b.Bucket.Head(ctx, key); return err })
	return i, err
}

func (b bucket) List(ctx context.Context, prefix, after string) iter.Seq2[archive.Info, error] {
	if err := b.up(); err != nil {
		return func(yield func(archive.Info, error) bool) { yield(archive.Info{}, err) }
	}
	return b.Bucket.List(ctx, prefix, after)
}
