package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/layout"
	"github.com/actiontrail/actiontrail/aggregator/archive/logdigest"
	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/internal/durable"
)

// digestKeyName is the file in the folder of keys with the RSA key of the
// hourly digests: PKCS #8 in PEM, the one in force first.
const digestKeyName = "digest.key"

// digested tells whether the archive of a trail has the digests of CloudTrail:
// AWS's verifier looks for them in a bucket, beside log files that it can read.
func digested(t *config.Delivery) bool {
	return t.S3 != nil && layoutOf(t.S3.Layout) == layout.CloudTrail && len(t.S3.Recipients) == 0
}

// digestKeys reads the keys of the digests, and makes one when there is none.
func digestKeys(dir string) ([]*logdigest.Key, error) {
	path := filepath.Join(dir, digestKeyName)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		key, err := logdigest.NewKey()
		if err != nil {
			return nil, err
		}
		if text, err = key.Format(); err != nil {
			return nil, err
		}
		if err := durable.CreateSecret(path, text); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("make the key of the digests: %w", err)
		}
		return digestKeys(dir) // what is in the file counts: somebody may have been faster
	}
	if err != nil {
		return nil, fmt.Errorf("read the key of the digests: %w", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s can be read by others: make it readable by its owner alone (chmod 600)", path)
	}
	keys, err := logdigest.ParseKeys(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return keys, nil
}

// archiveDigests are the digests of a trail's archive; nil when it has none.
func (a *aggregation) archiveDigests(t *config.Delivery) (*archive.DigestConfig, error) {
	if !digested(t) {
		return nil, nil
	}
	keys, err := digestKeys(keyFolder(a.cfg, a.dir))
	if err != nil {
		return nil, err
	}
	return &archive.DigestConfig{Bucket: t.S3.Bucket, Prefix: t.S3.Prefix, Home: a.cfg.Agent.Region, Keys: keys}, nil
}
