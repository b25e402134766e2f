package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/actiontrail/actiontrail/event"
)

// recover finds the last seal and makes good what it promises: by the objects
// that are staged, else by making them again from the stream. Batches that were
// staged without a seal come again.
func (a *Archive) recover(ctx context.Context) error {
	err := a.recoverNow(ctx)
	for tries := 1; errors.Is(err, errMeanwhile) && tries < mostTries; tries++ {
		err = a.recoverNow(ctx)
	}
	return err
}

// mostTries bounds how often an archive is read that another process writes to.
const mostTries = 5

func (a *Archive) recoverNow(ctx context.Context) error {
	number, ok, err := lastSeal(ctx, a.cfg.Bucket)
	if err != nil {
		return err
	}
	a.rebuild, a.brought = nil, nil
	a.agents = nil // the next seal tells them again
	if !ok {
		if err := a.log.sync(ctx, 0); err != nil {
			return err
		}
		if err := a.digests.sync(ctx, 0); err != nil {
			return err
		}
		return a.begin(ctx)
	}
	chain, err := loadChain(ctx, a.cfg.Bucket, number)
	if err != nil {
		return err
	}
	if err := chain.last.of(a.cfg.Trail); err != nil {
		return err
	}
	a.head = chain.last.head(chain.digest)
	a.delivered(chain.delivered, Object{})
	if err := a.log.sync(ctx, int64(number)+1); err != nil {
		return err
	}
	if err := a.digests.sync(ctx, int64(number)+1); err != nil {
		return err
	}
	missing, err := a.missing(ctx, chain)
	if err != nil {
		return err
	}
	if len(missing) > 0 && chain.scanned.Backfill != nil {
		return a.rebuildBackfill(ctx, chain, missing)
	}
	if len(missing) > 0 {
		return a.beginRebuild(chain, missing)
	}
	if err := a.publish(ctx); err != nil {
		return err
	}
	a.durable = chain.after
	a.seen = a.durable.Clone()
	a.staging = a.collector()
	return a.cfg.clear()
}

// ErrForeign tells that the bucket is not this trail's. No retry will mend it.
var ErrForeign = errors.New("the bucket is not this trail's")

// CheckOwner tells whether a bucket can be the archive of a trail: it is empty, or
// is that already. ErrForeign when it is not. Nothing is written.
func CheckOwner(ctx context.Context, b Bucket, trail string) error {
	data, err := readAll(ctx, b, SealKey(0))
	if errors.Is(err, fs.ErrNotExist) {
		if err := empty(ctx, b); !errors.Is(err, errMeanwhile) {
			return err
		}
		data, err = readAll(ctx, b, SealKey(0))
	}
	if err != nil {
		return err
	}
	s, err := decodeSealAt(data, 0)
	if err != nil {
		return err
	}
	return s.of(trail)
}

// of refuses the seal of another trail.
func (s *Seal) of(trail string) error {
	if s.Trail != trail {
		return fmt.Errorf("%w: it holds the archive of trail %s; give each trail a path of its own", ErrForeign, s.Trail)
	}
	return nil
}

// errMeanwhile tells that another aggregator wrote seals while the archive was read.
var errMeanwhile = errors.New("another process writes to this archive, and was faster: only one aggregator may run a trail")

// empty refuses a bucket that holds anything, which had no seal a moment ago.
func empty(ctx context.Context, b Bucket) error {
	for o, err := range b.List(ctx, "", "") {
		if err != nil {
			return err
		}
		if _, err := b.Head(ctx, SealKey(0)); err == nil {
			return errMeanwhile
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return fmt.Errorf("%w: it holds %s but no %s; it is no archive, or a damaged one: give the trail an empty path", ErrForeign, o.Key, SealKey(0))
	}
	return nil
}

// begin starts an archive with seal 0, which names the trail.
func (a *Archive) begin(ctx context.Context) error {
	if err := empty(ctx, a.cfg.Bucket); err != nil {
		return err
	}
	a.head, a.durable, a.seen = head{}, event.Position{}, event.Position{}
	s := a.seal(0, a.cfg.Now())
	s.Filter = a.cfg.FilterText
	if err := a.createSeal(ctx, s, &event.Position{}); err != nil {
		return err
	}
	if err := a.publish(ctx); err != nil {
		return err
	}
	a.staging = a.collector()
	return a.cfg.clear()
}

// checkCreateOnly makes sure that the bucket refuses a taken key. The bytes are
// those that are there, so that nothing is lost should it not.
func (a *Archive) checkCreateOnly(ctx context.Context) error {
	key := SealKey(a.head.number)
	data, err := readAll(ctx, a.cfg.Bucket, key)
	if err != nil {
		return err
	}
	err = a.cfg.Bucket.Create(ctx, key, bytes.NewReader(data), Meta{Bytes: int64(len(data)), SHA256: digest(data), Type: "application/json"})
	if err == nil {
		return errors.New("the bucket writes over objects that exist; an archive needs one that refuses (conditional writes)")
	}
	if !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("check that the bucket refuses to write over objects: %w", err)
	}
	return nil
}

// lastSeal finds the number of the last seal. The numbers have no break, so a
// search needs few questions; a listing of what follows shows when they do have one.
func lastSeal(ctx context.Context, b Bucket) (number uint64, ok bool, err error) {
	exists := func(n uint64) (bool, error) {
		_, err := b.Head(ctx, SealKey(n))
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("look for %s: %w", SealKey(n), err)
		}
		return true, nil
	}
	if ok, err := exists(0); err != nil || !ok {
		return 0, false, err
	}
	there, absent := uint64(0), uint64(1)
	for {
		ok, err := exists(absent)
		if err != nil {
			return 0, false, err
		}
		if !ok {
			break
		}
		there, absent = absent, 2*absent
	}
	for there+1 < absent {
		middle := there + (absent-there)/2
		ok, err := exists(middle)
		if err != nil {
			return 0, false, err
		}
		if ok {
			there = middle
		} else {
			absent = middle
		}
	}
	for o, err := range b.List(ctx, sealFolder, SealKey(there)) {
		if err != nil {
			return 0, false, err
		}
		if o.Key == SealKey(there+1) { // another aggregator has just written it
			there++
			continue
		}
		return 0, false, fmt.Errorf("%s is missing, but there is %s: the archive is damaged; run verify, and restore the seal from a copy", SealKey(there+1), o.Key)
	}
	return there, true, nil
}

// chain is the end of an archive.
type chain struct {
	last     *Seal
	digest   event.Hash // of last
	scanned  *Seal      // the last one that is no amendment: its objects may not exist yet
	amending []*Seal    // those after it
	before   event.Position
	after    event.Position // with scanned

	delivered time.Time // when objects were last sealed, as far as was read
}

// loadChain reads from the last full position that is needed up to the last seal.
func loadChain(ctx context.Context, b Bucket, number uint64) (*chain, error) {
	last, _, err := readSeal(ctx, b, number)
	if err != nil {
		return nil, err
	}
	c := &chain{}
	scanned := number
	if last.Amends != nil {
		scanned = *last.Amends
	}
	from := uint64(0)
	if scanned > 0 {
		from = (scanned - 1) - (scanned-1)%fullEvery
	}
	var prev event.Hash
	for n := from; n <= number; n++ {
		s, data, err := readSeal(ctx, b, n)
		if err != nil {
			return nil, err
		}
		if n > from && s.Prev != prev {
			return nil, fmt.Errorf("%s does not follow %s: the archive is damaged; run verify", SealKey(n), SealKey(n-1))
		}
		prev = digest(data)
		if err := c.add(s, n == from, scanned); err != nil {
			return nil, err
		}
		c.last, c.digest = s, prev
	}
	return c, nil
}

func (c *chain) add(s *Seal, first bool, scanned uint64) error {
	if len(s.Objects) > 0 {
		c.delivered = s.Time
	}
	switch {
	case s.Number > scanned:
		if s.Amends == nil || *s.Amends != scanned {
			return fmt.Errorf("%s should amend seal %d", SealKey(s.Number), scanned)
		}
		c.amending = append(c.amending, s)
		return nil
	case s.Number == scanned:
		c.scanned = s
		c.before = c.after.Clone()
	}
	if first {
		c.after = s.Full.Clone()
		return nil
	}
	return s.advance(&c.after)
}

// readSeal reads a seal, and gives its bytes as they are stored.
func readSeal(ctx context.Context, b Bucket, number uint64) (*Seal, []byte, error) {
	data, err := readAll(ctx, b, SealKey(number))
	if err != nil {
		return nil, nil, err
	}
	s, err := decodeSealAt(data, number)
	return s, data, err
}

func decodeSealAt(data []byte, number uint64) (*Seal, error) {
	s, err := DecodeSeal(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", SealKey(number), err)
	}
	if s.Number != number {
		return nil, fmt.Errorf("%s holds seal %d", SealKey(number), s.Number)
	}
	return s, nil
}

// sealedObject is an object that is sealed and not in the bucket.
type sealedObject struct {
	forms []Object // as seals name it, the last one last
}

// missing are the objects of the last seal that are neither in the bucket nor
// staged; the staged ones are delivered.
func (a *Archive) missing(ctx context.Context, c *chain) (map[string]sealedObject, error) {
	forms := map[string][]Object{}
	for _, s := range append([]*Seal{c.scanned}, c.amending...) {
		for _, o := range s.Objects {
			forms[o.Key] = append(forms[o.Key], o)
		}
	}
	missing := map[string]sealedObject{}
	if k := c.scanned.Keep; k != nil && k.Expire > 0 && a.cfg.Now().Sub(c.scanned.Time) >= time.Duration(k.Expire)*day {
		return nil, nil // they may have expired, after a long time without a server
	}
	for _, o := range c.scanned.Objects {
		there, err := a.cfg.Bucket.Head(ctx, o.Key)
		if err == nil {
			if !slices.ContainsFunc(forms[o.Key], func(o Object) bool { return o.Bytes == there.Bytes }) {
				return nil, fmt.Errorf("object %s exists with %d bytes, not as it is sealed: somebody else writes to this bucket; run verify", o.Key, there.Bytes)
			}
			continue
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("look for %s: %w", o.Key, err)
		}
		delivered, err := a.deliverStaged(ctx, forms[o.Key])
		if err != nil {
			return nil, err
		}
		if !delivered {
			missing[o.Key] = sealedObject{forms[o.Key]}
		}
	}
	return missing, nil
}

// deliverStaged delivers the object from the staging folder, if it is there and whole.
func (a *Archive) deliverStaged(ctx context.Context, forms []Object) (bool, error) {
	for _, o := range forms {
		if err := a.cfg.step("read staged"); err != nil {
			return false, err
		}
		f, err := os.Open(staged(a.cfg.Staging, o.SHA256))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return false, fmt.Errorf("read a staged object: %w", err)
		}
		hash, err := hashOf(f.Name(), f)
		if err := errors.Join(err, f.Close()); err != nil {
			return false, err
		}
		if hash != o.SHA256 {
			continue // damaged: it is made again
		}
		return true, a.deliver(ctx, forms, o)
	}
	return false, nil
}

// ReadSeal reads a seal; fs.ErrNotExist when there is none of this number.
func (a *Archive) ReadSeal(ctx context.Context, number uint64) (*Seal, error) {
	s, _, err := readSeal(ctx, a.cfg.Bucket, number)
	return s, err
}

// HasObject tells whether an object has come into the bucket.
func (a *Archive) HasObject(ctx context.Context, key string) (bool, error) {
	_, err := a.cfg.Bucket.Head(ctx, key)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
