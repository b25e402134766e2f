package archive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"
)

// ErrTiered tells that an object is in the archive tier of its store: it is there,
// and can be read when the store has been asked to restore it.
var ErrTiered = errors.New("it is in the archive tier of the store, and cannot be read until it is restored: run actiontrail archive restore for its period")

// TierState is whether an object can be read as it lies.
type TierState string

// States.
const (
	TierReadable  TierState = "not needed"  // it is in no archive tier
	TierArchived  TierState = "archived"    // nobody has asked for it
	TierRestoring TierState = "in progress" // the store works on it
	TierRestored  TierState = "restored"    // it can be read, until some time
)

// Tier is where an object lies in its store.
type Tier struct {
	State TierState
	Class string    // of storage, as the store calls it; "": its usual one
	Until time.Time // when a restored object goes back; zero: not known
	Bytes int64
}

// Tiered is a bucket whose store may move objects into a tier from which they are
// not read, as its life-cycle rules say.
type Tiered interface {
	Bucket
	// Tier tells where an object lies; fs.ErrNotExist when there is none.
	Tier(ctx context.Context, key string) (Tier, error)
	// Restore asks for an archived object, which lies as Tier says, to be readable for so many
	// days. How soon is up to speed, as the store calls it ("": its usual one). That somebody
	// has asked before is no error.
	Restore(ctx context.Context, key string, lies Tier, days int, speed string) error
}

// Restoration is how far the objects of a period are.
type Restoration struct {
	Objects     int       `json:"objects"` // that may have events of the period
	Bytes       int64     `json:"bytes"`   // of those that are, or were, in the archive tier
	NotNeeded   int       `json:"notNeeded"`
	Restored    int       `json:"restored"`
	InProgress  int       `json:"inProgress"` // those that were asked for now among them
	Archived    int       `json:"archived"`   // nobody has asked for them
	Asked       int       `json:"asked"`      // for, now
	Missing     []string  `json:"missing"`    // objects that are not there
	ReadableTil time.Time `json:"readableUntil,omitzero"`
}

// Readable tells whether all that is there can be read.
func (r *Restoration) Readable() bool { return r.InProgress == 0 && r.Archived == 0 }

// RestoreOptions say what is asked of the store.
type RestoreOptions struct {
	Days     int    // for which the objects can be read
	Speed    string // as the store calls it; "": its usual one
	LookOnly bool   // ask for nothing
	Tell     func(done, of int)
}

// Restore asks the store of an archive for the objects that may have events of a
// period, and tells how far each is. What is restored, or under way, is not asked for
// again, so that it can be repeated.
func Restore(ctx context.Context, b Tiered, c *Contents, p Period, o RestoreOptions) (Restoration, error) {
	r := Restoration{Missing: []string{}}
	var wanted []*SealedObject
	for i := range c.Objects {
		if c.Objects[i].Within(p) {
			wanted = append(wanted, &c.Objects[i])
		}
	}
	for i, object := range wanted {
		if o.Tell != nil {
			o.Tell(i, len(wanted))
		}
		r.Objects++
		t, err := b.Tier(ctx, object.Key)
		if errors.Is(err, fs.ErrNotExist) {
			r.Missing = append(r.Missing, object.Key)
			continue
		} else if err != nil {
			return r, err
		}
		if t.State == TierArchived && !o.LookOnly {
			if err := b.Restore(ctx, object.Key, t, o.Days, o.Speed); err != nil {
				return r, err
			}
			t.State = TierRestoring
			r.Asked++
		}
		r.add(t)
	}
	return r, nil
}

func (r *Restoration) add(t Tier) {
	if t.State == TierReadable {
		r.NotNeeded++
		return
	}
	r.Bytes += t.Bytes
	switch t.State {
	case TierRestored:
		r.Restored++
		if !t.Until.IsZero() && (r.ReadableTil.IsZero() || t.Until.Before(r.ReadableTil)) {
			r.ReadableTil = t.Until
		}
	case TierRestoring:
		r.InProgress++
	default:
		r.Archived++
	}
}

// tiered counts an object that verify cannot read. That it is there, and as long as
// one of its forms, is all that can be seen.
func (v *verifier) tiered(o *sealedForms) error {
	key := o.forms[0].Key
	info, err := v.bucket.Head(v.ctx, key)
	if e := v.ctx.Err(); e != nil {
		return e
	}
	switch {
	case err != nil:
		v.report.problem(key, fmt.Sprintf("it is in the archive tier, and cannot be looked for: %v", err))
		return nil
	case !slices.ContainsFunc(o.forms, func(f Object) bool { return f.Bytes == info.Bytes }):
		v.report.problem(key, fmt.Sprintf("it is in the archive tier, and has %d bytes: seal %d says %d", info.Bytes, o.seal, o.forms[len(o.forms)-1].Bytes))
		return nil
	}
	v.checkLock(key, o.keep, o.made)
	v.report.Tiered++
	v.report.TieredEvents += o.forms[0].Count
	return nil
}
