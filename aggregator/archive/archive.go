// Package archive writes what a trail matches into a sealed chain of objects.
//
// A seal is written before the objects it names, and says which batches were
// scanned, what matched and which bytes each object has. The bucket is the only
// state that counts: what is staged can be lost at any time, for the stream
// still has the batches of a seal until its objects exist.
package archive

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/actiontrail/actiontrail/aggregator/archive/layout"
	"github.com/actiontrail/actiontrail/aggregator/archive/transparency"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/durable"
	"github.com/actiontrail/actiontrail/query"
)

// Defaults of Config.
const (
	DefaultRollAge    = time.Minute
	DefaultRollBytes  = 64 << 20
	DefaultMaxSealAge = time.Hour
)

// rollBatches is how many batches without a match may be scanned before they
// are sealed: a restart scans them again, and the stream keeps them so long.
const rollBatches = 10_000

// Config tells what an archive holds and where.
type Config struct {
	Trail   string // name of the trail, which the bucket belongs to for ever
	Bucket  Bucket
	Staging string // folder of this trail alone, for what is not in the bucket yet

	Filter     query.Expr // nil: all events
	FilterText string     // what Filter was parsed from; "" with nil
	// Parse reads the filter of a seal, which may be older than Filter.
	Parse func(text string) (query.Expr, error)

	// Stopped tells whether the batch at this place in the stream came while the trail
	// was stopped, and since when it was: nothing of it is delivered, and its seal says
	// so. For one place the answer is always the same. nil: the trail never was.
	Stopped func(seq uint64) (since time.Time, stopped bool)

	Source Source // of backfills; nil: there are none

	Layout     layout.Layout // default: layout.ActionTrail
	Codec      Codec         // default: NDJSONGzip, in layout.CloudTrail CloudTrailGzip
	Recipients []string      // public keys of age that objects are encrypted for; none: they are not
	Keep       *Keep         // what the bucket does with what it gets, to be sealed; nil: nothing
	RollAge    time.Duration // from the first match to its seal; default DefaultRollAge
	RollBytes  int64         // of lines, before compression; default DefaultRollBytes
	MaxSealAge time.Duration // from one seal to the next, empty if need be; default DefaultMaxSealAge

	Log *LogConfig // nil: the seals are no log
	// Digests are written besides, for a layout cloudtrail; nil: none. They need a log.
	Digests *DigestConfig
	Agents  func() []Agent // whose keys are sealed, in a fixed order; nil: none are
	Now     func() time.Time

	level  int                // of compression; 0: the default. Tests make other bytes with it
	spills int                // bytes of lines in memory; 0: spillAt
	step   func(string) error // is asked before each step that touches the staging folder; nil: go on
}

// Archive is an aggregator.Sink. Write, Pay, Seal and Flush are called
// by one goroutine at a time; Status by any.
type Archive struct {
	cfg Config

	mu      sync.Mutex
	stale   bool           // the bucket is to be read again before anything else
	durable event.Position // of the last seal whose objects exist
	seen    event.Position // in advance of it by what is staged
	head    head
	staging *collector
	brought *Coverage // what backfills have brought; nil: it is not known yet
	rebuild *rebuild  // what has to be done first; nil: nothing
	agents  []Agent   // as they were last sealed
	log     *sealLog  // nil: there is none
	digests *digests  // nil: there are none

	statusMu sync.Mutex
	status   Status
	meter    *Meter
}

// head is the last seal.
type head struct {
	number uint64
	digest event.Hash
	time   time.Time
	filter string
	total  Total
}

// Status tells how the archive fares.
type Status struct {
	LastSeal      uint64 // number
	LastSealTime  time.Time
	LastObject    string    // key of the object that was brought into the bucket last; "" since Open
	LastDelivery  time.Time // when an object last came into the bucket; zero: not within the last 256 seals at least
	Total         Total     // what the archive holds
	Throughput    Throughput
	PendingEvents uint64 // matched, not sealed yet
	PendingBytes  int64  // of their lines
	Rebuilding    bool   // objects of the last seal are made again from the stream
	Checkpoint    string // signed, over all seals; "" without a log
	Signed        uint64 // seals under it
	SigningKey    string // public, as a vkey
	LastError     string // of the last call; "" when it went well
	LastErrorTime time.Time
}

// Open reads where the archive ends, and brings into the bucket what was sealed
// and staged before. It begins a new archive in an empty bucket.
func Open(ctx context.Context, cfg Config) (*Archive, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	if err := durable.MkdirAll(cfg.Staging); err != nil {
		return nil, fmt.Errorf("make the staging folder of trail %s: %w", cfg.Trail, err)
	}
	a := &Archive{cfg: cfg, meter: NewMeter(cfg.Now())}
	if cfg.Log != nil {
		a.log = &sealLog{cfg: &a.cfg}
	}
	if cfg.Digests != nil {
		a.digests = &digests{cfg: &a.cfg}
	}
	if err := a.recover(ctx); err != nil {
		return nil, fmt.Errorf("open the archive of trail %s: %w", cfg.Trail, err)
	}
	if err := a.checkCreateOnly(ctx); err != nil {
		return nil, fmt.Errorf("open the archive of trail %s: %w", cfg.Trail, err)
	}
	return a, a.note(nil)
}

func (c *Config) complete() error {
	switch {
	case c.Trail == "":
		return errors.New("an archive needs the name of its trail")
	case c.Bucket == nil, c.Staging == "", c.Now == nil, c.Parse == nil:
		return fmt.Errorf("the archive of trail %s needs a bucket, a staging folder, a clock and a parser of filters", c.Trail)
	case (c.Filter == nil) != (c.FilterText == ""):
		return fmt.Errorf("the archive of trail %s: the filter and its text %q do not belong together", c.Trail, c.FilterText)
	}
	if l := c.Log; l != nil {
		if err := transparency.ValidOrigin(l.Origin); err != nil {
			return fmt.Errorf("the archive of trail %s: %w", c.Trail, err)
		}
		if l.Keys == nil || l.File == "" {
			return fmt.Errorf("the archive of trail %s: its log needs keys, and a file for the newest checkpoint", c.Trail)
		}
	}
	if d := c.Digests; d != nil && (c.Log == nil || len(d.Keys) == 0 || d.Bucket == "" || d.Home == "") {
		return fmt.Errorf("the archive of trail %s: its digests need a log, keys, the name of the bucket, and a home region", c.Trail)
	}
	if c.Layout == "" {
		c.Layout = layout.ActionTrail
	}
	if err := c.completeCodec(); err != nil {
		return fmt.Errorf("the archive of trail %s: %w", c.Trail, err)
	}
	if c.RollAge <= 0 {
		c.RollAge = DefaultRollAge
	}
	if c.RollBytes <= 0 {
		c.RollBytes = DefaultRollBytes
	}
	if c.MaxSealAge <= 0 {
		c.MaxSealAge = DefaultMaxSealAge
	}
	if c.level == 0 {
		c.level = gzip.DefaultCompression
	}
	if c.spills == 0 {
		c.spills = spillAt
	}
	if c.step == nil {
		c.step = func(string) error { return nil }
	}
	return nil
}

func (c *Config) completeCodec() error {
	if c.Codec == "" {
		c.Codec = NDJSONGzip
		if c.Layout == layout.CloudTrail {
			c.Codec = CloudTrailGzip
		}
	}
	if len(c.Recipients) > 0 {
		c.Codec = c.Codec.withEncryption()
	}
	if _, err := ParseRecipients(c.Recipients); err != nil {
		return err
	}
	if (c.Layout == layout.CloudTrail) != (c.Codec.plain() == CloudTrailGzip) {
		return fmt.Errorf("layout %s does not go with codec %s", c.Layout, c.Codec)
	}
	return errors.Join(c.Codec.check(), c.Keep.check())
}

// Position is that of the last seal whose objects exist. It is not to be changed.
func (a *Archive) Position() event.Position {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.durable
}

// Write takes batches; what is due is sealed on the way. Batches up to the
// position, or already staged, are passed over.
func (a *Archive) Write(ctx context.Context, batches []event.Batch) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.note(a.write(ctx, batches))
}

func (a *Archive) write(ctx context.Context, batches []event.Batch) error {
	if err := a.ready(ctx); err != nil {
		return err
	}
	return a.takeAll(ctx, batches, nil)
}

// takeAll stages batches that are paid like this, or with nil come from the stream.
func (a *Archive) takeAll(ctx context.Context, batches []event.Batch, how *Payment) error {
	for i := range batches {
		if err := a.turn(ctx, how, a.stopped(batches[i].Seq)); err != nil {
			return err
		}
		if err := a.take(&batches[i], how); err != nil {
			return err
		}
		if err := a.due(ctx, a.cfg.Now()); err != nil {
			return err
		}
	}
	return nil
}

// Flush seals what is due.
func (a *Archive) Flush(ctx context.Context, now time.Time) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	err := a.ready(ctx)
	if err == nil {
		err = a.due(ctx, now)
	}
	return a.note(err)
}

// Status is how the archive fares now.
func (a *Archive) Status() Status {
	a.statusMu.Lock()
	defer a.statusMu.Unlock()
	s := a.status
	s.Throughput = a.meter.At(a.cfg.Now())
	return s
}

// ready reads the bucket again after an error, since nobody knows what it did.
func (a *Archive) ready(ctx context.Context) error {
	if !a.stale {
		return nil
	}
	return a.recover(ctx)
}

// note ends a call. After an error what is staged is given up: the caller
// follows the stream from Position again.
func (a *Archive) note(err error) error {
	a.stale = err != nil
	if err != nil {
		err = fmt.Errorf("archive of trail %s: %w", a.cfg.Trail, err)
	}
	a.statusMu.Lock()
	defer a.statusMu.Unlock()
	s := &a.status
	s.LastSeal, s.LastSealTime, s.Total, s.Rebuilding = a.head.number, a.head.time, a.head.total, a.rebuild != nil
	s.PendingEvents, s.PendingBytes = 0, 0
	if a.staging != nil && err == nil {
		s.PendingEvents, s.PendingBytes = a.staging.matched, a.staging.bytes
	}
	if l := a.log; l != nil && l.newest != nil {
		s.Checkpoint, s.Signed, s.SigningKey = string(l.newest), uint64(l.edge.Size()), l.key
	}
	switch {
	case err == nil:
		s.LastError = ""
	case !errors.Is(err, context.Canceled):
		s.LastError, s.LastErrorTime = err.Error(), a.cfg.Now()
	}
	return err
}

// delivered notes that an object came into the bucket. One without a key came before Open.
func (a *Archive) delivered(t time.Time, o Object) {
	a.statusMu.Lock()
	defer a.statusMu.Unlock()
	if o.Key != "" {
		a.status.LastObject = o.Key
		a.meter.Add(t, o.Count, uint64(o.Bytes))
	}
	if t.After(a.status.LastDelivery) {
		a.status.LastDelivery = t
	}
}

// take stages what matches in a batch.
func (a *Archive) take(b *event.Batch, how *Payment) error {
	if b.Seq <= a.seen.Seq {
		return nil // taken before; the position keeps too few hashes to know each one
	}
	switch v := a.seen.Check(b); v {
	case event.Resend:
		return nil
	case event.Fork:
		return fmt.Errorf("batch %d of %s at seq %d is a fork, which no follower passes on", b.Number, b.Lane, b.Seq)
	}
	if err := a.staging.take(&a.seen, b, how.lost(b.Seq), a.cfg.Now()); err != nil {
		return err
	}
	a.seen.Advance(b)
	return nil
}

// due does what has to be done by now.
func (a *Archive) due(ctx context.Context, now time.Time) error {
	if a.rebuild != nil {
		return a.continueRebuild(ctx)
	}
	s := a.staging
	sealed := since(now, a.head.time)
	switch {
	case s.matched > 0 && (since(now, s.since) >= a.cfg.RollAge || s.bytes >= a.cfg.RollBytes || len(s.parts) >= mostParts),
		s.batches >= rollBatches && sealed >= a.cfg.RollAge,
		sealed >= a.cfg.MaxSealAge:
		return a.cut(ctx, now)
	}
	return nil
}

// since is the time that passed. A clock that was set back must not keep things
// waiting for years: they are due at once.
func since(now, then time.Time) time.Duration {
	if now.Before(then) {
		return 1<<63 - 1
	}
	return now.Sub(then)
}

func (a *Archive) collector() *collector {
	return &collector{
		dir: a.cfg.lines(), trail: a.cfg.Trail, filter: a.cfg.Filter, text: a.cfg.FilterText, layout: a.cfg.Layout,
		codec: a.cfg.Codec, recipients: a.cfg.Recipients, level: a.cfg.level, spills: a.cfg.spills, step: a.cfg.step,
	}
}

// lines is the folder of what is not sealed yet.
func (c *Config) lines() string { return filepath.Join(c.Staging, "lines") }

// clearLines makes the folder of lines empty.
func (c *Config) clearLines() error {
	if err := c.step("clear lines"); err != nil {
		return err
	}
	if err := os.RemoveAll(c.lines()); err != nil {
		return fmt.Errorf("clear the staging folder: %w", err)
	}
	if err := os.Mkdir(c.lines(), 0o750); err != nil {
		return fmt.Errorf("clear the staging folder: %w", err)
	}
	return nil
}

// clear removes the lines and the finished objects: the bucket has them, or the stream.
func (c *Config) clear() error {
	if err := c.clearLines(); err != nil {
		return err
	}
	entries, err := os.ReadDir(c.Staging)
	if err != nil {
		return fmt.Errorf("clear the staging folder: %w", err)
	}
	for _, e := range entries {
		if ext := filepath.Ext(e.Name()); ext == objectSuffix || ext == durable.TemporarySuffix {
			if err := os.Remove(filepath.Join(c.Staging, e.Name())); err != nil {
				return fmt.Errorf("clear the staging folder: %w", err)
			}
		}
	}
	return nil
}
