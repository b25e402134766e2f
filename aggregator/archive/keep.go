package archive

import (
	"context"
	"fmt"
	"time"
)

// locker is a bucket that locks objects. The mode of one that is not locked is "".
type locker interface {
	Retention(ctx context.Context, key string) (mode string, until time.Time, err error)
}

// day is what a store takes for one.
const day = 24 * time.Hour

// checkLock checks that an object, or a seal, which was made at a time or later is
// locked as its seal says. What may go by now need not be. A copy of an archive in
// a folder has no locks: then the report says that nobody looked.
func (v *verifier) checkLock(key string, keep *Keep, made time.Time) {
	if keep == nil || keep.Lock == "" {
		return
	}
	least := made.Add(time.Duration(keep.Days) * day)
	if !v.options.Now().Before(least) {
		return
	}
	bucket, ok := v.bucket.(locker)
	if !ok {
		v.report.LocksUnchecked = true
		return
	}
	mode, until, err := bucket.Retention(v.ctx, key)
	switch {
	case v.ctx.Err() != nil:
	case err != nil:
		v.report.problem(key, fmt.Sprintf("its lock cannot be read: %v", err))
	case mode == "":
		v.report.problem(key, fmt.Sprintf("it is not locked: its seal says %s for %d days (or its lock may not be seen without the right s3:GetObjectRetention)", keep.Lock, keep.Days))
	case mode != keep.Lock && mode != "compliance":
		v.report.problem(key, fmt.Sprintf("its lock is %s, its seal says %s", mode, keep.Lock))
	case until.Before(least):
		v.report.problem(key, fmt.Sprintf("it is locked until %s, its seal says %d days, until %s", until.UTC().Format(time.RFC3339), keep.Days, least.Format(time.RFC3339)))
	}
}

// expiry is a row of seals that have their objects expire after so many days.
type expiry struct {
	to   uint64 // the last of them
	days int
}

// expires notes what a seal says of expiry: rules concern all objects that are there.
func (v *verifier) expires(s *Seal) {
	if s.Keep == nil || s.Keep.Expire == 0 {
		return
	}
	if n := len(v.expiries); n > 0 && v.expiries[n-1].to == s.Number-1 && v.expiries[n-1].days == s.Keep.Expire {
		v.expiries[n-1].to = s.Number
		return
	}
	v.expiries = append(v.expiries, expiry{s.Number, s.Keep.Expire})
}

// expired tells whether an object may have gone by a rule that was sealed with it or later.
func (v *verifier) expired(o *sealedForms) bool {
	for _, e := range v.expiries {
		if e.to >= o.seal && !v.options.Now().Before(o.time.Add(time.Duration(e.days)*day)) {
			return true
		}
	}
	return false
}
