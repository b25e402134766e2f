package oss

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	sdk "github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"

	"github.com/actiontrail/actiontrail/aggregator/archive"
)

var _ archive.Tiered = (*Bucket)(nil)

// Tier implements archive.Tiered.
func (b *Bucket) Tier(ctx context.Context, key string) (archive.Tier, error) {
	o, err := b.head(ctx, key)
	if err != nil {
		return archive.Tier{}, err
	}
	t := archive.Tier{State: archive.TierReadable, Class: sdk.ToString(o.StorageClass), Bytes: o.ContentLength}
	switch restore := sdk.ToString(o.Restore); {
	case strings.Contains(restore, `ongoing-request="true"`):
		t.State = archive.TierRestoring
	case strings.Contains(restore, `ongoing-request="false"`):
		t.State, t.Until = archive.TierRestored, until(restore)
	case t.Class == "" || t.Class == standard || t.Class == "IA":
	default:
		// A bucket may have its Archive objects read as they lie, and there may be
		// classes that nobody here knows: reading tells.
		if r, err := b.Read(ctx, key); errors.Is(err, archive.ErrTiered) {
			t.State = archive.TierArchived
		} else if err != nil {
			return t, err
		} else if err := r.Close(); err != nil {
			return t, b.failed(ctx, "read", key, err)
		}
	}
	return t, nil
}

// Restore implements archive.Tiered. OSS knows a speed for the cold classes alone.
func (b *Bucket) Restore(ctx context.Context, key string, lies archive.Tier, days int, speed string) error {
	if err := archive.CheckKey(key); err != nil {
		return err
	}
	r := &sdk.RestoreObjectRequest{Bucket: &b.cfg.Bucket, Key: b.key(key), RestoreRequest: &sdk.RestoreRequest{Days: int32(days)}}
	if speed != "" && lies.Class != "Archive" {
		r.RestoreRequest.JobParameters = &sdk.JobParameters{Tier: &speed}
	}
	_, err := b.write.RestoreObject(ctx, r)
	if e := (*sdk.ServiceError)(nil); err == nil || errors.As(err, &e) && e.Code == restoreUnderWay && e.StatusCode == http.StatusConflict {
		return nil
	}
	return b.failed(ctx, "restore", key, err)
}

// until is when a restored object goes back: expiry-date="…" of x-oss-restore.
func until(restore string) time.Time {
	_, date, _ := strings.Cut(restore, `expiry-date="`)
	date, _, _ = strings.Cut(date, `"`)
	t, err := http.ParseTime(date)
	if err != nil {
		return time.Time{} // not known
	}
	return t.UTC()
}
