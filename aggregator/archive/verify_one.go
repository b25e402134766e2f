package archive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/actiontrail/actiontrail/aggregator/archive/transparency"
)

// VerifyObject checks one object: that a seal names it, and that its bytes and its
// events are those that the seal says. The seal is proved by the largest
// checkpoint in the bucket, whose signature is checked by the keys of o, or else
// by those that the archive names; when none covers it, the report says so.
func VerifyObject(ctx context.Context, b Bucket, key string, o VerifyOptions) (Report, error) {
	return verifyBy(ctx, b, o, func(v *verifier) error { return v.one(key) })
}

func (v *verifier) one(key string) error {
	found := map[string]sealedForms{}
	for n := uint64(0); ; n++ {
		data, err := readAll(v.ctx, v.bucket, SealKey(n))
		if errors.Is(err, fs.ErrNotExist) && n > 0 {
			break
		}
		if err != nil {
			return err
		}
		v.report.LastSeal, v.report.Head = n, digest(data)
		if err := v.log.add(n, data); err != nil {
			return err
		}
		s, err := decodeSealAt(data, n)
		if err != nil {
			v.report.problem(SealKey(n), fmt.Sprintf("it is damaged: %v", err))
			continue
		}
		v.report.Seals++
		v.report.Trail, v.report.To = s.Trail, s.Time
		if n == 0 {
			v.report.From = s.Time
		}
		if n > 0 && s.Prev != v.prev {
			v.report.problem(SealKey(n), "it does not follow the seal before")
		}
		v.prev = digest(data)
		v.log.seal(s)
		v.expires(s)
		for _, o := range s.Objects {
			if o.Key != key {
				continue
			}
			f := found[key]
			if len(f.forms) == 0 {
				f.seal, f.made, f.keep = n, s.Time, s.Keep
			}
			f.forms, f.newest, f.time = append(f.forms, o), n, s.Time
			found[key] = f
		}
	}
	f, ok := found[key]
	if !ok {
		v.report.problem(key, "no seal names this object")
		return nil
	}
	v.objects = []sealedForms{f}
	for o, err := range v.bucket.List(v.ctx, transparency.CheckpointFolder, "") {
		if err != nil {
			return err
		}
		v.log.list(o.Key)
	}
	if err := v.checkLog(); err != nil {
		return err
	}
	return v.checkObject(0)
}
