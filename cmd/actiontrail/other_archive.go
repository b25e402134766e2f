package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/aggregator"
	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/aggregator/archive"
)

// openOther opens an archive that the server was told of by a call.
func openOther(o aggregator.OtherArchive) (archive.Bucket, archive.Identities, error) {
	f := bucketFlags{endpoint: o.Endpoint, region: o.Region, caFile: o.CAFile}
	bucket, err := f.readBucket(o.Place)
	if err != nil {
		return nil, nil, err
	}
	identities, err := readIdentities(o.Identity)
	if err != nil {
		return nil, nil, identityError(o.Identity, err)
	}
	return bucket, identities, nil
}

// identityError does not repeat what a file says that was named by a call.
func identityError(name string, err error) error {
	if p := (*os.PathError)(nil); errors.As(err, &p) {
		return err
	}
	return errors.New(name + " is no file with secret keys of age")
}

// named looks at an archive that a call names, so that what is wrong is told at once.
func named(ctx context.Context, a api.OtherArchive) (aggregator.OtherArchive, error) {
	o := aggregator.OtherArchive{Place: a.Place, Endpoint: a.Endpoint, Region: a.Region, CAFile: a.CAFile, Identity: a.Identity}
	for _, path := range []string{o.Place, o.CAFile, o.Identity} {
		if path != "" && !storedAt(path) && !filepath.IsAbs(path) {
			return o, api.WrongTrail("archive", path+" is no whole path", "the server takes it from /")
		}
	}
	bucket, _, err := openOther(o)
	if err == nil {
		o.Trail, o.Seals, o.Head, err = archive.Newest(ctx, bucket)
	}
	if err != nil {
		return o, api.WrongTrail("archive", o.Place+": "+err.Error(), "the server reads it: it needs the right to")
	}
	return o, nil
}

// otherFlags name an archive that the server is to read.
type otherFlags struct {
	place    string
	identity string
	bucket   bucketFlags
}

func (f *otherFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.place, "archive", "", "folder, s3://BUCKET/PREFIX or oss://BUCKET/PREFIX, of an archive that the server can read")
	cmd.Flags().StringVar(&f.identity, "identity", "", "file, where the server is, with the secret keys of age that open its objects")
	f.bucket.registerPlace(cmd)
}

// read is the archive as the server is told of it: with whole paths. "" when none was named.
func (f *otherFlags) read() (api.OtherArchive, error) {
	a := api.OtherArchive{Place: f.place, Endpoint: f.bucket.endpoint}
	if storedAt(f.place) {
		a.Region = f.bucket.regionOf(f.place)
	} else if f.place != "" {
		path, err := filepath.Abs(f.place)
		if err != nil {
			return a, usageError("--archive: %w", err)
		}
		a.Place = path
	}
	if f.identity != "" {
		path, err := filepath.Abs(f.identity)
		if err != nil {
			return a, usageError("--identity: %w", err)
		}
		a.Identity = path
	}
	return a, nil
}
