package oss

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"

	sdk "github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"

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
	return errors.Join(b.checkVersions(ctx), b.checkRead(ctx), b.checkLock(ctx), b.keepRules(ctx))
}

func (b *Bucket) checkList(ctx context.Context) error {
	for _, err := range b.List(ctx, "", "") {
		return err
	}
	return nil
}

// checkVersions refuses a bucket in which x-oss-forbid-overwrite is ignored: OSS does
// so where versioning is on, and where it is suspended, which is for ever.
func (b *Bucket) checkVersions(ctx context.Context) error {
	v, err := b.read.GetBucketVersioning(ctx, &sdk.GetBucketVersioningRequest{Bucket: &b.cfg.Bucket})
	if err != nil {
		return b.failed(ctx, "read the versioning of", "", err)
	}
	if state := sdk.ToString(v.VersionStatus); state != "" {
		return fmt.Errorf("%s: versioning is %s in bucket %s: OSS ignores there that objects must not be written over, and what was sealed could be replaced; use a bucket that never had versioning (a retention policy of the bucket keeps its objects, too)", b, strings.ToLower(state), b.cfg.Bucket)
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

// retention is the policy of the bucket.
type retention struct {
	state  string // as OSS calls it; "": there is no policy
	locked bool
	days   int
}

// policy asks for the retention policy. One that is locked can only be made longer:
// it is asked for once.
func (b *Bucket) policy(ctx context.Context) (retention, error) {
	if p := b.kept.Load(); p != nil {
		return *p, nil
	}
	w, err := b.read.GetBucketWorm(ctx, &sdk.GetBucketWormRequest{Bucket: &b.cfg.Bucket})
	if e := (*sdk.ServiceError)(nil); errors.As(err, &e) && e.StatusCode == http.StatusNotFound && e.Code != noSuchBucket {
		return retention{}, nil // the bucket has none
	}
	if err != nil {
		return retention{}, b.failed(ctx, "read the retention policy of", "", err)
	}
	if w.WormConfiguration == nil || w.WormConfiguration.RetentionPeriodInDays == nil {
		return retention{}, nil
	}
	p := retention{state: string(w.WormConfiguration.State), days: int(*w.WormConfiguration.RetentionPeriodInDays)}
	if p.locked = p.state == "Locked"; p.locked {
		b.kept.Store(&p)
	}
	return p, nil
}

// checkLock holds the bucket's policy against what the trail promises in its seals.
func (b *Bucket) checkLock(ctx context.Context) error {
	if b.cfg.LockDays == 0 {
		return nil
	}
	p, err := b.policy(ctx)
	switch {
	case err != nil:
		return err
	case p.state == "":
		return fmt.Errorf("%s: bucket %s has no retention policy, and lock wants one of %d days: make one and lock it (ossutil worm init, then worm complete), or leave out lock", b, b.cfg.Bucket, b.cfg.LockDays)
	case !p.locked:
		return fmt.Errorf("%s: the retention policy of bucket %s is %s, not Locked: it can still be taken away; lock it within a day of its making (ossutil worm complete), or leave out lock", b, b.cfg.Bucket, p.state)
	case p.days < b.cfg.LockDays:
		return fmt.Errorf("%s: the retention policy of bucket %s is of %d days, and lock wants %d: extend it (ossutil worm extend), or ask for less", b, b.cfg.Bucket, p.days, b.cfg.LockDays)
	}
	return nil
}

// elsewhere tells whether the store says that the bucket is in another region.
func (b *Bucket) elsewhere(err error) bool {
	r := (*refusal)(nil)
	return errors.As(err, &r) && (strings.Contains(r.message, "signing region") || strings.Contains(r.message, "specified endpoint"))
}
