package s3

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/minio/minio-go/v7"

	"github.com/actiontrail/actiontrail/aggregator/archive"
)

// Check asks the store for all that an archive needs of the bucket, and gives an
// error for each thing that is missing. That objects can be made, and only once,
// shows when the archive is opened: its last seal is what that is tried with. It
// gives the bucket the lifecycle rule of the prefix.
func (b *Bucket) Check(ctx context.Context) error {
	if err := b.checkList(ctx); err != nil {
		return err // there is no bucket, or nobody to ask
	}
	return errors.Join(b.checkRead(ctx), b.checkLock(ctx), b.keepRules(ctx))
}

func (b *Bucket) checkList(ctx context.Context) error {
	for _, err := range b.List(ctx, "", "") {
		return err
	}
	return nil
}

// checkRead looks for the first seal, which may be missing.
func (b *Bucket) checkRead(ctx context.Context) error {
	r, err := b.Read(ctx, archive.SealKey(0))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return r.Close()
}

func (b *Bucket) checkLock(ctx context.Context) error {
	if b.cfg.LockMode == "" {
		return nil
	}
	enabled, _, _, _, err := b.read.GetObjectLockConfig(ctx, b.cfg.Bucket)
	if err != nil {
		err = b.failed(ctx, "read the lock configuration of", "", err)
		if c := code(err); c != "ObjectLockConfigurationNotFoundError" && c != "NoSuchObjectLockConfiguration" {
			return err
		}
	}
	if enabled != "Enabled" {
		return fmt.Errorf("bucket %s has no object lock: its objects cannot be locked; use one that was made with object lock, or leave out lock", b.cfg.Bucket)
	}
	return nil
}

// rights are what an operation needs, by what errors call it.
func (b *Bucket) rights(what string) string {
	switch what {
	case "create":
		if b.cfg.LockMode != "" {
			return "s3:PutObject and s3:PutObjectRetention"
		}
		return "s3:PutObject"
	case "read", "look for":
		return "s3:GetObject"
	case "restore":
		return "s3:RestoreObject"
	case "list":
		return "s3:ListBucket"
	case "read the lifecycle rules of":
		return "s3:GetLifecycleConfiguration"
	case "set the lifecycle rules of":
		return "s3:PutLifecycleConfiguration"
	case "read the lock configuration of":
		return "s3:GetBucketObjectLockConfiguration"
	}
	return ""
}

// advised adds what a user can do about a refusal.
func (b *Bucket) advised(what string, err error) error {
	var advice string
	switch c := code(err); {
	case c == minio.NoSuchBucket:
		advice = "make the bucket " + b.cfg.Bucket + ", or name another one"
	case c == "InvalidAccessKeyId", c == "SignatureDoesNotMatch", c == "ExpiredToken", c == "InvalidToken":
		advice = "see that the credentials are right"
	case c == "PermanentRedirect", c == "AuthorizationHeaderMalformed", c == "IllegalLocationConstraintException":
		advice = "see that region is that of the bucket"
	case c == "NotImplemented":
		advice = "this store cannot do what an archive needs"
	case errors.Is(err, fs.ErrPermission) && b.rights(what) != "":
		advice = "the credentials need the right " + b.rights(what)
	default:
		return err
	}
	return fmt.Errorf("%w; %s", err, advice)
}
