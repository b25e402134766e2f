package sim

import (
	"bytes"
	"context"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/file"
	"github.com/actiontrail/actiontrail/aggregator/debt"
)

// bucket is a real folder behind a network that is slow, fails, or is down for hours.
type bucket struct {
	*file.Bucket
	*delivery
	p      *process
	filter string // of the trail, when its archive was opened
	owed   *debt.Debt
}

func (b *bucket) up() error {
	switch {
	case b.p.dead():
		return errDead
	case time.Now().UnixNano() < b.down.Load() && !b.w.isCalm():
		return errLost
	}
	return nil
}

func (b *bucket) Create(ctx context.Context, key string, content io.Reader, meta archive.Meta) error {
	if b.create.one(5) {
		if err := wait(ctx, b.create.randomTime(20*time.Second)); err != nil {
			return err
		}
	}
	if err := b.up(); err != nil {
		return err
	}
	return b.create.do(b.p, func() error {
		if strings.HasPrefix(key, "seals/") {
			data, err := io.ReadAll(content)
			if err != nil {
				return err
			}
			if err := b.Bucket.Create(ctx, key, bytes.NewReader(data), meta); err != nil {
				return err
			}
			b.sealing(data)
			return nil
		}
		return b.Bucket.Create(ctx, key, content, meta)
	})
}

// sealing looks at a seal when it is made: it has the filter of the trail, or that
// with which what is paid was recorded.
func (b *bucket) sealing(data []byte) {
	s, err := archive.DecodeSeal(data)
	b.w.must(err)
	want := b.filter
	switch {
	case s.Amends != nil:
		return
	case s.Paid != nil:
		// By its last batch: what the record before has behind its own last one is no batch.
		part, err := b.owed.Next(context.WithValue(context.Background(), calmly{}, true), s.Seq.To-1)
		if err != nil {
			b.w.fail("paid", "trail %s, seal %d: pays what is not owed: %v", b.name, s.Number, err)
			return
		}
		want = part.Filter
	}
	if s.Filter != want {
		b.w.fail("filter", "trail %s, seal %d has the filter %q, want %q", b.name, s.Number, s.Filter, want)
	}
}

func (b *bucket) Read(ctx context.Context, key string) (r io.ReadCloser, err error) {
	if err := b.up(); err != nil {
		return nil, err
	}
	err = b.read.do(b.p, func() error { r, err = b.Bucket.Read(ctx, key); return err })
	if err != nil && r != nil {
		r.Close()
	}
	return r, err
}

func (b *bucket) Head(ctx context.Context, key string) (i archive.Info, err error) {
	if err := b.up(); err != nil {
		return i, err
	}
	err = b.read.do(b.p, func() error { i, err = b.Bucket.Head(ctx, key); return err })
	return i, err
}

func (b *bucket) List(ctx context.Context, prefix, after string) iter.Seq2[archive.Info, error] {
	if err := b.up(); err != nil {
		return func(yield func(archive.Info, error) bool) { yield(archive.Info{}, err) }
	}
	return b.Bucket.List(ctx, prefix, after)
}
