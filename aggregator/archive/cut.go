package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"time"

	"github.com/actiontrail/actiontrail/event"
)

// cut seals what is staged and brings its objects into the bucket.
func (a *Archive) cut(ctx context.Context, now time.Time) error {
	number := a.head.number + 1
	s := a.seal(number, now)
	objects, err := a.staging.finish(a.cfg.Staging, number, s.Time)
	if err != nil {
		return err
	}
	after := a.seen.Clone()
	s.Filter, s.Layout = a.staging.text, a.cfg.Layout
	s.Paid, s.Stopped = a.staging.paid, a.staging.stopped
	s.Seq = SeqRange{After: a.durable.Seq, To: after.Seq}
	s.Scanned = append(s.Scanned, a.staging.scanned...)
	s.setRecent(&after)
	s.Events, s.Matched = a.staging.events, a.staging.matched
	if err := a.commit(ctx, s, &after, objects); err != nil {
		return err
	}
	a.durable = after
	a.staging = a.collector()
	return a.cfg.clear()
}

// commit seals staged objects, and only then brings them into the bucket. after is
// the position with the seal.
func (a *Archive) commit(ctx context.Context, s *Seal, after *event.Position, objects []Object) error {
	s.Objects = objects
	for _, o := range objects {
		s.Total.Events += o.Count
		s.Total.Objects++
		s.Total.Bytes += uint64(o.Bytes)
	}
	if err := a.createSeal(ctx, s, after); err != nil {
		return err
	}
	for _, o := range objects {
		if err := a.deliver(ctx, []Object{o}, o); err != nil {
			return err
		}
	}
	return a.publish(ctx)
}

// seal is the begin of a seal after the head.
func (a *Archive) seal(number uint64, now time.Time) *Seal {
	return &Seal{
		Format: sealFormat, Trail: a.cfg.Trail, Number: number,
		Time: now.UTC().Truncate(time.Millisecond), Prev: a.head.digest, Total: a.head.total,
		Filter: a.head.filter, Layout: a.cfg.Layout, Scanned: []Scanned{}, Objects: []Object{},
		Recipients: a.cfg.Recipients, Keep: a.cfg.Keep,
	}
}

// createSeal writes the seal, which makes it the head. after is the position with it.
func (a *Archive) createSeal(ctx context.Context, s *Seal, after *event.Position) error {
	full := s.Number%fullEvery == 0
	if full {
		s.Full = after
	}
	if a.cfg.Agents != nil {
		agents := a.cfg.Agents()
		if full || !reflect.DeepEqual(agents, a.agents) {
			s.Agents = agents
		}
		a.agents = cloneAgents(agents)
	}
	if err := a.log.name(s); err != nil {
		return err
	}
	s.Version = s.version()
	data, err := s.Encode()
	if err != nil {
		return err
	}
	if _, err := DecodeSeal(data); err != nil { // a seal is for ever: one that cannot be read must not come to be
		return fmt.Errorf("refused to write: %w", err)
	}
	key := SealKey(s.Number)
	meta := Meta{Bytes: int64(len(data)), SHA256: digest(data), Type: "application/json"}
	err = a.cfg.Bucket.Create(ctx, key, bytes.NewReader(data), meta)
	if errors.Is(err, fs.ErrExist) {
		there, readErr := readAll(ctx, a.cfg.Bucket, key)
		if readErr != nil {
			return readErr
		}
		if !bytes.Equal(there, data) {
			return fmt.Errorf("%s was written by another process: only one aggregator may run a trail", key)
		}
		err = nil // it was ours: a store that retries by itself answers so
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", key, err)
	}
	a.head = s.head(meta.SHA256)
	a.digests.add(s)
	return a.log.append(s, data)
}

func (s *Seal) head(digest event.Hash) head {
	return head{number: s.Number, digest: digest, time: s.Time, filter: s.Filter, total: s.Total}
}

func cloneAgents(agents []Agent) []Agent {
	out := slices.Clone(agents)
	for i := range out {
		out[i].Epochs = slices.Clone(out[i].Epochs)
	}
	return out
}

// deliver brings a staged object into the bucket. sealed are all the forms in
// which seals name it: if it is there in one of them, all is well.
func (a *Archive) deliver(ctx context.Context, sealed []Object, o Object) error {
	f, err := os.Open(staged(a.cfg.Staging, o.SHA256))
	if err != nil {
		return fmt.Errorf("deliver %s: %w", o.Key, err)
	}
	defer f.Close()
	meta := Meta{Bytes: o.Bytes, SHA256: o.SHA256}
	meta.Type, meta.Encoding = o.Codec.meta()
	err = a.cfg.Bucket.Create(ctx, o.Key, f, meta)
	if errors.Is(err, fs.ErrExist) {
		there, hashErr := hashObject(ctx, a.cfg.Bucket, o.Key)
		if hashErr != nil {
			return hashErr
		}
		if !slices.ContainsFunc(sealed, func(o Object) bool { return o.SHA256 == there }) {
			return fmt.Errorf("object %s exists with other content (sha256 %s) than is sealed: somebody else writes to this bucket; run verify", o.Key, there)
		}
		err = nil
	}
	if err != nil {
		return fmt.Errorf("deliver %s: %w", o.Key, err)
	}
	a.delivered(a.cfg.Now(), o)
	return nil
}

func hashObject(ctx context.Context, b Bucket, key string) (event.Hash, error) {
	r, err := b.Read(ctx, key)
	if err != nil {
		return event.Hash{}, fmt.Errorf("read %s: %w", key, err)
	}
	defer r.Close()
	return hashOf(key, r)
}

func hashOf(name string, r io.Reader) (event.Hash, error) {
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return event.Hash{}, fmt.Errorf("read %s: %w", name, err)
	}
	return event.Hash(h.Sum(nil)), nil
}

// readAll reads an object that holds a seal.
func readAll(ctx context.Context, b Bucket, key string) ([]byte, error) {
	r, err := b.Read(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, longestSeal+1))
	if err == nil && len(data) > longestSeal {
		err = fmt.Errorf("it is longer than %d bytes", longestSeal)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	return data, nil
}
