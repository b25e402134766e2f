package main

import (
	"context"
	"io"
	"iter"
	"log/slog"
	"os"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/cmd/internal/lanes"
	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/bucket"
)

// sourceMakers are for the sources that only this program links: their clients are
// heavy, and the light agent stays without them.
func sourceMakers() []lanes.Maker {
	return []lanes.Maker{{Kind: "bucket", Make: bucketSource}, {Kind: "kafka", Make: kafkaSource}}
}

func bucketSource(s *config.Source, log *slog.Logger) (plugins.Source, error) {
	b := s.Bucket
	c := bucket.Config{Prefix: b.Prefix, Poll: b.Poll, Late: b.Late, Once: b.Once, MaxLine: s.MaxLine, Log: log}
	if b.Path != "" {
		folder, err := bucket.NewFolder(b.Path)
		if err != nil {
			return nil, err
		}
		c.Store = folder
	} else {
		store, err := storeBucket(&config.Delivery{S3: b.S3, OSS: b.OSS})
		if err != nil {
			return nil, err
		}
		c.Store = sourceStore{store}
	}
	c.Progress = importProgress(s.Name, b.Once, os.Stderr, log, time.Now)
	return bucket.New(c)
}

// sourceStore is a bucket that archives are read from, as the source wants it.
type sourceStore struct{ archive.Bucket }

func (s sourceStore) List(ctx context.Context, prefix string) iter.Seq2[bucket.Object, error] {
	return func(yield func(bucket.Object, error) bool) {
		for o, err := range s.Bucket.List(ctx, prefix, "") {
			if !yield(bucket.Object{Key: o.Key, Bytes: o.Bytes}, err) {
				return
			}
		}
	}
}

func (s sourceStore) Read(ctx context.Context, key string) (io.ReadCloser, error) {
	return s.Bucket.Read(ctx, key)
}
