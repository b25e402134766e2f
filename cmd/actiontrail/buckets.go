package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/file"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/oss"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/s3"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/store"
	"github.com/actiontrail/actiontrail/aggregator/archive/layout"
	"github.com/actiontrail/actiontrail/config"
)

// openBucket opens the bucket that a trail delivers into, and checks that it can.
func openBucket(ctx context.Context, to *config.Delivery) (archive.Bucket, error) {
	if to.File != nil {
		return file.New(filepath.Join(to.File.Path, to.File.Prefix))
	}
	bucket, err := storeBucket(to)
	if err != nil {
		return nil, err
	}
	return bucket, bucket.Check(ctx)
}

// inStore is a bucket in a store on the network.
type inStore interface {
	archive.Tiered
	Check(context.Context) error
}

// storeBucket opens a bucket in a store, and asks it nothing.
func storeBucket(to *config.Delivery) (inStore, error) {
	if to.OSS != nil {
		return ossBucket(to.OSS)
	}
	return s3Bucket(to)
}

func ossBucket(d *config.OSSDelivery) (*oss.Bucket, error) {
	return oss.New(oss.Config{
		Bucket: d.Bucket, Prefix: d.Prefix, Region: d.Region, Endpoint: d.Endpoint, Internal: d.Internal, CAFile: d.CAFile,
		Credentials: oss.Credentials{File: d.CredentialsFile, Profile: d.Profile}, StorageClass: d.StorageClass, Under: layoutOf(d.Layout).Root(),
		SSE: d.SSE, KMSKey: d.KMSKey, LockDays: d.LockDays, Lifecycle: lifecycle(d.ExpireDays, d.Transitions),
	})
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
		SSE: d.SSE, KMSKey: d.KMSKey, Under: layoutOf(d.Layout).Root(), Lifecycle: lifecycle(d.ExpireDays, d.Transitions), LockMode: d.LockMode, LockDays: d.LockDays, Now: time.Now,
	})
}

func lifecycle(expireDays int, transitions []config.Transition) store.Lifecycle {
	l := store.Lifecycle{ExpireDays: expireDays}
	for _, t := range transitions {
		l.Transitions = append(l.Transitions, store.Transition(t))
	}
	return l
}

// keep is what the store does with what it gets. What OSS retains nobody removes.
func keep(d *config.Delivery) *archive.Keep {
	var k archive.Keep
	switch {
	case d.S3 != nil:
		k = archive.Keep{Lock: d.S3.LockMode, Days: d.S3.LockDays, Expire: d.S3.ExpireDays}
	case d.OSS != nil && d.OSS.LockDays > 0:
		k = archive.Keep{Lock: s3.Compliance, Days: d.OSS.LockDays, Expire: d.OSS.ExpireDays}
	case d.OSS != nil:
		k.Expire = d.OSS.ExpireDays
	}
	if k == (archive.Keep{}) {
		return nil
	}
	return &k
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
	cmd.Flags().StringVar(&f.endpoint, "endpoint", "", "of the store, as https://host:port (default: AWS, or OSS in the region)")
	cmd.Flags().StringVar(&f.region, "region", "", "of the bucket (default: $AWS_REGION, or "+s3.DefaultRegion+"; in OSS: $OSS_REGION)")
}

// Schemes of archives in stores.
const (
	schemeS3  = "s3://"
	schemeOSS = "oss://"
)

// storedAt tells whether an archive is in a store, at s3:// or oss://, and not in a folder.
func storedAt(place string) bool {
	return strings.HasPrefix(place, schemeS3) || strings.HasPrefix(place, schemeOSS)
}

// regionOf is the region of a bucket that is named by its place, as the environment has it.
func (f *bucketFlags) regionOf(place string) string {
	if strings.HasPrefix(place, schemeOSS) {
		return cmp.Or(f.region, os.Getenv("OSS_REGION"), os.Getenv("ALIBABA_CLOUD_REGION_ID"))
	}
	return cmp.Or(f.region, os.Getenv("AWS_REGION"))
}

// readBucket opens the archive at a path, or at s3://bucket/prefix or oss://bucket/prefix, to read it.
func (f *bucketFlags) readBucket(place string) (archive.Bucket, error) {
	if !storedAt(place) {
		return file.Open(place)
	}
	scheme, rest, _ := strings.Cut(place, "://")
	name, prefix, _ := strings.Cut(rest, "/")
	if prefix != "" && !strings.HasSuffix(prefix, "/") {
		prefix += "/"
	}
	region := f.regionOf(place)
	if scheme+"://" == schemeS3 {
		return s3.New(s3.Config{Bucket: name, Prefix: prefix, Endpoint: f.endpoint, Region: region, CAFile: f.caFile, Now: time.Now})
	}
	if region == "" {
		return nil, fmt.Errorf("%s: requests to OSS are signed for the region of the bucket: name it with --region, or in $OSS_REGION", place)
	}
	return oss.New(oss.Config{Bucket: name, Prefix: prefix, Endpoint: f.endpoint, Region: region, CAFile: f.caFile})
}
