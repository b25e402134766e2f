package archive

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/actiontrail/actiontrail/aggregator/archive/transparency"
)

// Fence writes a seal, an empty one if need be: whoever went on with the archive
// before, and does not know yet that it leads no longer, can add no other. While
// objects of the last seal are made again there is none, since that comes first.
func (a *Archive) Fence(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	err := a.ready(ctx)
	if err == nil && a.rebuild == nil {
		err = a.cut(ctx, a.cfg.Now())
	}
	return a.note(err)
}

// EndSeq is the place in the stream where an archive ends, as its last seal says; 0
// of an empty bucket. Nothing is written.
func EndSeq(ctx context.Context, b Bucket) (uint64, error) {
	number, ok, err := lastSeal(ctx, b)
	if err != nil || !ok {
		return 0, err
	}
	s, _, err := readSeal(ctx, b, number)
	if err != nil {
		return 0, err
	}
	return s.Seq.To, nil
}

// ErrKey tells that an archive is signed by a key that is not here.
var ErrKey = errors.New("the archive is signed by a key that this server does not have")

// vouched refuses to go on with a log whose key in force is not here, as the next
// seal would name a key for which nobody vouches: to an auditor it would look
// as if somebody else had gone on with the archive.
func (l *sealLog) vouched() error {
	if l.key == "" {
		return nil
	}
	if hasVKey(l.keys, l.origin, l.key) || l.cfg.Log.Lost != nil && l.cfg.Log.Lost(PublicPart(l.key)) {
		return nil
	}
	own := "none"
	if len(l.keys) > 0 {
		if v, err := l.keys[0].VKey(l.origin); err == nil {
			own = v
		}
	}
	return fmt.Errorf("%w: its seals name %s, this server has %s: copy the file archive.key of the server that made it here, or, if that key is lost, say so with: actiontrail keys archive --lost %s",
		ErrKey, l.key, own, PublicPart(l.key))
}

// PublicPart is what a vkey has in common with those of the same key for other archives.
func PublicPart(vkey string) string { return vkey[strings.LastIndexByte(vkey, '+')+1:] }

func hasVKey(keys []transparency.Key, origin, vkey string) bool {
	for _, k := range keys {
		if have, err := k.VKey(origin); err == nil && have == vkey {
			return true
		}
	}
	return false
}

// CheckKeys tells whether whoever has these keys can go on with the archive in a
// bucket: ErrKey when it cannot. Nothing is written.
func CheckKeys(ctx context.Context, b Bucket, cfg *LogConfig) error {
	number, ok, err := lastSeal(ctx, b)
	if err != nil || !ok {
		return err
	}
	l := &sealLog{cfg: &Config{Bucket: b, Log: cfg}}
	if err := l.readKeys(); err != nil {
		return err
	}
	if base, _, err := l.base(ctx); err != nil || base != nil {
		return err // a key that is here has signed the newest checkpoint
	}
	for n := int64(number); n >= 0; n-- {
		s, _, err := readSeal(ctx, b, uint64(n))
		if err != nil {
			return err
		}
		if s.Log != nil {
			l.origin, l.key = s.Log.Origin, s.Log.Key
			return l.vouched()
		}
	}
	return nil
}
