package s3

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/minio/minio-go/v7"

	"github.com/actiontrail/actiontrail/aggregator/archive"
)

var _ archive.Tiered = (*Bucket)(nil)

// Codes with which a store refuses to read, or to restore.
const (
	invalidObjectState = "InvalidObjectState"
	restoreUnderWay    = "RestoreAlreadyInProgress"
)

// archiveClasses are the storage classes from which nothing is read before it is
// restored, and readableClasses those from which it always is; never changed.
var (
	archiveClasses  = []string{"GLACIER", "DEEP_ARCHIVE"}
	readableClasses = []string{"", "STANDARD", "STANDARD_IA", "ONEZONE_IA", "REDUCED_REDUNDANCY", "GLACIER_IR"}
)

// Tier implements archive.Tiered. S3 does not tell since when an object is there.
func (b *Bucket) Tier(ctx context.Context, key string) (archive.Tier, error) {
	if err := archive.CheckKey(key); err != nil {
		return archive.Tier{}, err
	}
	o, err := b.read.StatObject(ctx, b.cfg.Bucket, b.cfg.Prefix+key, minio.StatObjectOptions{})
	if err != nil {
		return archive.Tier{}, b.failed(ctx, "look for", key, err)
	}
	class := o.Metadata.Get("X-Amz-Storage-Class")
	t := archive.Tier{State: archive.TierReadable, Class: class, Bytes: o.Size}
	switch {
	case o.Restore == nil && slices.Contains(archiveClasses, class):
		t.State = archive.TierArchived
	case o.Restore == nil && !slices.Contains(readableClasses, class):
		// Intelligent tiering, or a class that nobody here knows: reading tells.
		if r, err := b.Read(ctx, key); errors.Is(err, archive.ErrTiered) {
			t.State = archive.TierArchived
		} else if err != nil {
			return t, err
		} else if err := r.Close(); err != nil {
			return t, b.failed(ctx, "read", key, err)
		}
	case o.Restore == nil:
	case o.Restore.OngoingRestore:
		t.State = archive.TierRestoring
	default:
		t.State, t.Until = archive.TierRestored, o.Restore.ExpiryTime.UTC()
	}
	return t, nil
}

// intelligentTiering is the class whose objects stay readable once they are restored:
// a request with days is refused.
const intelligentTiering = "INTELLIGENT_TIERING"

// Restore implements archive.Tiered.
func (b *Bucket) Restore(ctx context.Context, key string, lies archive.Tier, days int, speed string) error {
	if err := archive.CheckKey(key); err != nil {
		return err
	}
	var r minio.RestoreRequest
	if lies.Class != intelligentTiering {
		r.SetDays(days)
	}
	if speed != "" {
		r.SetGlacierJobParameters(minio.GlacierJobParameters{Tier: minio.TierType(speed)})
	}
	err := b.write.RestoreObject(ctx, b.cfg.Bucket, b.cfg.Prefix+key, "", r)
	if e := minio.ToErrorResponse(err); err == nil || e.Code == restoreUnderWay && e.StatusCode == http.StatusConflict {
		return nil
	}
	return b.failed(ctx, "restore", key, err)
}
