package archive

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive/logdigest"
)

// begins is the first seal of the hour that is made again. A clock that was set
// back does not begin an hour anew: what is sealed then belongs to the hour that had
// begun. So the first seal with a time of this hour or later begins it, and seals
// with earlier times may stand behind it. It is looked for from the end, until a
// seal is met that surely belongs to an hour before.
func (d *digests) begins(ctx context.Context, seals int64) (int64, error) {
	first, named := seals, int64(-1)
	idle := 0 // seals in a row that tell nothing
	for n := seals - 1; n >= 0 && idle < fullEvery; n-- {
		s, _, err := readSeal(ctx, d.cfg.Bucket, uint64(n))
		if err != nil {
			return 0, err
		}
		if s.Log != nil && s.Log.DigestKey != "" {
			named = n
		}
		idle++
		if !s.Time.Before(d.hour) {
			first, idle = n, 0
			continue
		}
		if ended, err := d.ended(ctx, s); err != nil {
			return 0, err
		} else if ended {
			return first, nil
		}
	}
	if len(d.last) == 0 && named > first {
		first = named // there is no hour before: this one has what was sealed since the key was named
	}
	return first, nil
}

// ended tells whether a digest of an hour before names an object of the seal.
func (d *digests) ended(ctx context.Context, s *Seal) (bool, error) {
	for _, o := range s.Objects {
		account, region, ok := logdigest.ChainOf(o.Key)
		if !ok {
			continue
		}
		c := chainName{account, region}
		at := []*logdigest.Made{d.last[c]}
		if end := s.Time.Truncate(time.Hour).Add(time.Hour); !end.After(d.hour) {
			m, err := d.read(ctx, c, end)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			} else if err != nil {
				return false, err
			}
			at = append(at, m)
		}
		for _, m := range at {
			if m != nil && m.Names(d.chain(c).Prefix+o.Key) {
				return true, nil
			}
		}
	}
	return false, nil
}
