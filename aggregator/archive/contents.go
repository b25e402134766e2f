package archive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/actiontrail/actiontrail/event"
)

// aheadOfTime is how much later than its seal an event may say that it happened:
// the clock of its gateway may be ahead.
const aheadOfTime = 24 * time.Hour

// Why an archive cannot be read.
var (
	ErrNoArchive  = errors.New("there is no archive: it has no seal 0")
	ErrDamaged    = errors.New("the archive is damaged")
	ErrNoIdentity = errNoIdentity
)

// Contents are the objects that the seals of an archive name, in their order.
type Contents struct {
	Trail   string
	Seals   uint64                // how many were read, from 0 on
	Head    event.Hash            // SHA-256 of the last of them
	Lanes   map[event.Lane]uint64 // with the last batch that was scanned, or brought later
	Objects []SealedObject

	bucket Bucket
}

// SealedObject is an object, and what its seal says of it.
type SealedObject struct {
	Key   string
	Count uint64 // events
	Seal  uint64 // the first that names it
	Seq   SeqRange

	forms    []Object  // as seals name it
	from, to time.Time // its events happened in this time; zero: that is not known, but
	began    time.Time // their batches came after that,
	sealed   time.Time // and before that
}

// Period is a time of events: From ≤ eventTime < To.
type Period struct {
	From, To time.Time
	// Late is how long after To an event of the period may have been sealed, for layouts
	// that part by the time of delivery; 0: any time.
	Late time.Duration
}

// Has tells whether an event of this time is of the period.
func (p Period) Has(t time.Time) bool { return !t.Before(p.From) && t.Before(p.To) }

// Within tells whether the object may have events of the period.
func (o *SealedObject) Within(p Period) bool {
	if !o.to.IsZero() {
		return o.from.Before(p.To) && o.to.After(p.From)
	}
	return !o.sealed.Add(aheadOfTime).Before(p.From) && (p.Late == 0 || !o.began.After(p.To.Add(p.Late)))
}

// ReadContents reads the first seals of an archive, all of them when seals is 0.
// A seal that is missing, damaged or does not follow the one before is an error
// that names it.
func ReadContents(ctx context.Context, b Bucket, seals uint64) (*Contents, error) {
	c := &Contents{bucket: b, Lanes: map[event.Lane]uint64{}}
	if seals == 0 {
		last, ok, err := lastSeal(ctx, b)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, ErrNoArchive
		}
		seals = last + 1
	}
	index := map[string]int{}
	for n := range seals {
		data, err := readAll(ctx, b, SealKey(n))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%w: %s is missing", ErrDamaged, SealKey(n))
		} else if err != nil {
			return nil, err
		}
		s, err := decodeSealAt(data, n)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		if n > 0 && s.Prev != c.Head {
			return nil, fmt.Errorf("%w: %s does not follow the seal before; run actiontrail verify", ErrDamaged, SealKey(n))
		}
		c.Trail, c.Seals, c.Head = s.Trail, n+1, digest(data)
		c.add(s, index)
	}
	return c, nil
}

func (c *Contents) add(s *Seal, index map[string]int) {
	for i := range s.Scanned {
		x := &s.Scanned[i]
		c.Lanes[x.Lane] = max(c.Lanes[x.Lane], x.To)
	}
	if s.Backfill != nil {
		for _, l := range s.Backfill.Lanes {
			for _, r := range l.Batches {
				c.Lanes[l.Lane] = max(c.Lanes[l.Lane], r.To)
			}
		}
	}
	for _, o := range s.Objects {
		if at, ok := index[o.Key]; ok { // an amendment
			c.Objects[at].forms = append(c.Objects[at].forms, o)
			continue
		}
		made := SealedObject{Key: o.Key, Count: o.Count, Seal: s.Number, Seq: s.Seq, forms: []Object{o}, began: s.Time, sealed: s.Time}
		if from, to, ok := s.Layout.Span(o.Key); ok {
			made.from, made.to = from, to
		} else if s.Backfill != nil {
			made.from, made.to = s.Backfill.From, s.Backfill.To
		} else if s.Paid != nil {
			made.began = s.Paid.Since
		}
		index[o.Key] = len(c.Objects)
		c.Objects = append(c.Objects, made)
	}
}

// Read gives the events of an object, once its bytes were found to be those that
// its seal names. An error but for that of give names the object; ErrDamaged,
// ErrNoIdentity, or ErrTiered is in it when somebody must do something first.
func (c *Contents) Read(ctx context.Context, o *SealedObject, identities Identities, give func(e *event.Event) error) error {
	sum, err := hashObject(ctx, c.bucket, o.Key)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: object %s, which seal %d names, is missing; run actiontrail verify", ErrDamaged, o.Key, o.Seal)
	}
	if err != nil {
		return fmt.Errorf("object %s of seal %d: %w", o.Key, o.Seal, err)
	}
	if !(sealedObject{o.forms}).has(Object{SHA256: sum}) {
		return fmt.Errorf("%w: the bytes of object %s are not those that seal %d names; run actiontrail verify", ErrDamaged, o.Key, o.Seal)
	}
	u := unpacker{identities: identities}
	defer u.close()
	count := uint64(0)
	problem, err := eventsOf(ctx, c.bucket, &u, &o.forms[0], func(e event.Event) error {
		count++
		return give(&e)
	})
	if err != nil {
		return err
	}
	if problem == nil && count != o.Count {
		problem = fmt.Errorf("%w: it has %d events, its seal says %d", ErrDamaged, count, o.Count)
	}
	if problem != nil {
		return fmt.Errorf("object %s of seal %d: %w", o.Key, o.Seal, problem)
	}
	return nil
}

// Newest tells whose an archive is, how many seals it has, and the SHA-256 of the last.
func Newest(ctx context.Context, b Bucket) (trail string, seals uint64, head event.Hash, err error) {
	last, ok, err := lastSeal(ctx, b)
	if err == nil && !ok {
		err = ErrNoArchive
	}
	if err != nil {
		return "", 0, head, err
	}
	s, data, err := readSeal(ctx, b, last)
	if err != nil {
		return "", 0, head, err
	}
	return s.Trail, last + 1, digest(data), nil
}
