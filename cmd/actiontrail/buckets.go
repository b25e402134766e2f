package main

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/file"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/s3"
	"github.com/actiontrail/actiontrail/aggregator/archive/layout"
	"github.com/actiontrail/actiontrail/config"
)

// openBucket opens the bucket that a trail delivers into, and checks that it can.
func openBucket(ctx context.Context, to *config.Delivery) (archive.Bucket, error) {
	if to.S3 == nil {
		return file.New(filepath.Join(to.File.Path, to.File.Prefix))
	}
	bucket, err := s3Bucket(to)
	if err != nil {
		return nil, err
	}
	return bucket, bucket.Check(ctx)
}

// s3Bucket opens a bucket in a store, and asks it nothing.
func s3Bucket(to *config.Delivery) (*s3.Bucket, error) {
	d := to.S3
	style := s3.Auto
	switch {
	case d.PathStyle == nil:
	case *d.PathStyle:
		style = s3.Path
	default:
		style = s3.Host
	}
	return s3.New(s3.Config{
		Bucket: d.Bucket, Prefix: d.Prefix, Endpoint: d.Endpoint, Region: d.Region, PathStyle: style, CAFile: d.CAFile,
		Credentials: s3.Credentials{File: d.CredentialsFile, Profile: d.Profile}, StorageClass: d.StorageClass,
		SSE: d.SSE, KMSKey: d.KMSKey, Lifecycle: lifecycle(d), LockMode: d.LockMode, LockDays: d.LockDays, Now: time.Now,
	})
}

func lifecycle(d *config.S3Delivery) s3.Lifecycle {
	l := s3.Lifecycle{Under: layoutOf(d.Layout).Root(), ExpireDays: d.ExpireDays}
	for _, t := range d.Transitions {
		l.Transitions = append(l.Transitions, s3.Transition(t))
	}
	return l
}

// keep is what the store does with what it gets.
func keep(d *config.S3Delivery) *archive.Keep {
	if d == nil || d.LockMode == "" && d.ExpireDays == 0 {
		return nil
	}
	return &archive.Keep{Lock: d.LockMode, Days: d.LockDays, Expire: d.ExpireDays}
}

// layoutOf is the layout by its name in the configuration. The one that archives
// had first is for those that have it: none is begun with it.
func layoutOf(name string) layout.Layout {
	if name == config.DefaultLayout {
		return layout.OSS
	}
	return layout.Layout(name)
}

// bucketFlags say how a bucket in a store is reached; who asks is in the environment.
type bucketFlags struct{ endpoint, region, caFile string }

func (f *bucketFlags) register(cmd *cobra.Command) {
	f.registerPlace(cmd)
	cmd.Flags().StringVar(&f.caFile, "ca-file", "", "certificates to trust, PEM (default: those of the system)")
}

// registerPlace is register for a command that has --ca-file already.
func (f *bucketFlags) registerPlace(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.endpoint, "endpoint", "", "of the store, as https://host:port (default: AWS)")
	cmd.Flags().StringVar(&f.region, "region", "", "of the bucket (default: $AWS_REGION, or "+s3.DefaultRegion+")")
}

// readBucket opens the archive at a path, or at s3://bucket/prefix, to read it.
func (f *bucketFlags) readBucket(path string) (archive.Bucket, error) {
	rest, ok := strings.CutPrefix(path, "s3://")
	if !ok {
		return file.Open(path)
	}
	name, prefix, _ := strings.Cut(rest, "/")
	if prefix != "" && !strings.HasSuffix(prefix, "/") {
		prefix += "/"
	}
	return s3.New(s3.Config{Bucket: name, Prefix: prefix, Endpoint: f.endpoint, Region: cmp.Or(f.region, os.Getenv("AWS_REGION")), CAFile: f.caFile, Now: time.Now})
}
