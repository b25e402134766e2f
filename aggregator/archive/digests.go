package archive

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive/logdigest"
	"github.com/actiontrail/actiontrail/event"
)

// DigestConfig has an archive of layout cloudtrail write the digest files of CloudTrail.
type DigestConfig struct {
	Bucket, Prefix string // where the archive lies, as the digests tell it
	Home           string // home region of the trail, for the names of digests
	Keys           []*logdigest.Key
}

// chainName is the account and region of a chain of digests.
type chainName struct{ account, region string }

// hourly gathers which log files were made in which hour, by the times in the
// seals. An hour ends with the first seal of a later one. It begins with the seal
// that names the key of digests.
type hourly struct {
	hour time.Time // begin of the one that is gathered; zero: it has not begun
	logs map[chainName][]sealedObject
	done []doneHour
}

type doneHour struct {
	start time.Time
	logs  map[chainName][]sealedObject
	by    uint64 // the seal that ended it
}

func (h *hourly) add(s *Seal) {
	begin := s.Time.Truncate(time.Hour)
	if h.hour.IsZero() {
		if s.Log == nil || s.Log.DigestKey == "" {
			return
		}
		h.hour = begin
	}
	for h.hour.Before(begin) {
		h.done = append(h.done, doneHour{h.hour, h.logs, s.Number})
		h.hour, h.logs = h.hour.Add(time.Hour), nil
	}
	if h.logs == nil {
		h.logs = map[chainName][]sealedObject{}
	}
	for _, o := range s.Objects {
		account, region, ok := logdigest.ChainOf(o.Key)
		if !ok {
			continue
		}
		c := chainName{account, region}
		if s.Amends == nil {
			h.logs[c] = append(h.logs[c], sealedObject{[]Object{o}})
			continue
		}
		for i, l := range h.logs[c] { // another hour's is only read when its hour ends, which is before it can be amended
			if l.forms[0].Key == o.Key {
				h.logs[c][i].forms = append(l.forms, o)
			}
		}
	}
}

// names are the chains that have a digest of the hour: those that had one before, and those with log files.
func (d *doneHour) names(last map[chainName]*logdigest.Made) []chainName {
	all := map[chainName]bool{}
	for c := range last {
		all[c] = true
	}
	for c := range d.logs {
		all[c] = true
	}
	return slices.SortedFunc(maps.Keys(all), func(x, y chainName) int {
		return cmp.Or(cmp.Compare(x.account, y.account), cmp.Compare(x.region, y.region))
	})
}

// digests is the writer of digests.
type digests struct {
	cfg    *Config
	loaded bool
	next   int64 // number of the next seal
	hourly
	last map[chainName]*logdigest.Made
}

// add takes a seal that is in the bucket.
func (d *digests) add(s *Seal) {
	if d == nil || !d.loaded {
		return
	}
	d.hourly.add(s)
	d.next = int64(s.Number) + 1
}

// sync brings the digests to the seals that are in the bucket, of which there are this many.
func (d *digests) sync(ctx context.Context, seals int64) error {
	if d == nil {
		return nil
	}
	if !d.loaded {
		if err := d.load(ctx, seals); err != nil {
			return err
		}
	}
	for n := d.next; n < seals; n++ {
		s, _, err := readSeal(ctx, d.cfg.Bucket, uint64(n))
		if err != nil {
			return err
		}
		d.add(s)
		if n+1 == seals {
			break // its objects may be missing
		}
		if err := d.publish(ctx); err != nil {
			return err
		}
	}
	return nil
}

// load finds the newest hour that has digests. It is made again, since a crash may have left it half.
func (d *digests) load(ctx context.Context, seals int64) error {
	*d = digests{cfg: d.cfg, last: map[chainName]*logdigest.Made{}}
	ends, err := d.listed(ctx)
	if err != nil {
		return err
	}
	var newest time.Time
	for _, all := range ends {
		if end := all[len(all)-1]; end.After(newest) {
			newest = end
		}
	}
	if newest.IsZero() {
		d.loaded = true
		return nil
	}
	d.hour = newest.Add(-time.Hour)
	for c, all := range ends {
		i := len(all)
		for i > 0 && all[i-1].After(d.hour) {
			i--
		}
		if i == 0 {
			continue // it began in this hour
		}
		if d.last[c], err = d.read(ctx, c, all[i-1]); err != nil {
			return err
		}
	}
	if d.next, err = d.begins(ctx, seals); err != nil {
		return err
	}
	d.loaded = true
	return nil
}

// listed are the ends of the hours that have a digest, by chain, the oldest first.
func (d *digests) listed(ctx context.Context) (map[chainName][]time.Time, error) {
	ends := map[chainName][]time.Time{}
	for after := ""; ; {
		c, next, err := d.nextChain(ctx, after)
		if err != nil || c == nil {
			return ends, err
		}
		after = next
		chain := d.chain(*c)
		for o, err := range d.cfg.Bucket.List(ctx, chain.Folder(), "") {
			if err != nil {
				return nil, err
			}
			_, text, _ := cutLast(strings.TrimSuffix(o.Key, ".json.gz"), "_")
			if end, err := time.Parse(logdigest.KeyTime, text); err == nil && chain.Key(end) == o.Key {
				ends[*c] = append(ends[*c], end)
			}
		}
	}
}

// nextChain is the first chain whose keys are greater than after; next is greater than all of its keys.
func (d *digests) nextChain(ctx context.Context, after string) (c *chainName, next string, err error) {
	for {
		key := ""
		for o, err := range d.cfg.Bucket.List(ctx, "AWSLogs/", after) {
			if err != nil {
				return nil, "", err
			}
			key = o.Key
			break
		}
		part := strings.Split(key, "/")
		switch {
		case key == "":
			return nil, "", nil
		case logdigest.IsDigest(key):
			return &chainName{part[1], part[3]}, strings.Join(part[:4], "/") + "0", nil // "0" comes after "/"
		case len(part) > 2 && part[2] < "CloudTrail-Digest":
			after = part[0] + "/" + part[1] + "/CloudTrail-Digest/"
			if key >= after {
				after = key
			}
		default:
			after = part[0] + "/" + part[1] + "0"
		}
	}
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

func (d *digests) chain(c chainName) *logdigest.Chain {
	x := d.cfg.Digests
	return &logdigest.Chain{Account: c.account, Region: c.region, Trail: d.cfg.Trail, Home: x.Home, Bucket: x.Bucket, Prefix: x.Prefix}
}

// read reads a digest that this archive made.
func (d *digests) read(ctx context.Context, c chainName, end time.Time) (*logdigest.Made, error) {
	key := d.chain(c).Key(end)
	var public []logdigest.PublicKey
	for _, k := range d.cfg.Digests.Keys {
		public = append(public, k.Public())
	}
	m, err := readDigest(ctx, d.cfg.Bucket, key, public)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; run verify, and restore it from a copy", key, err)
	}
	return m, nil
}

func readDigest(ctx context.Context, b Bucket, key string, keys []logdigest.PublicKey) (*logdigest.Made, error) {
	info, err := b.Head(ctx, key)
	if err != nil {
		return nil, err
	}
	data, err := readAll(ctx, b, key)
	if err != nil {
		return nil, err
	}
	return logdigest.Read(data, info.User, keys)
}

// publish creates the digests of the hours that have ended.
func (d *digests) publish(ctx context.Context) error {
	if d == nil || !d.loaded {
		return nil
	}
	for ; len(d.done) > 0; d.done = d.done[1:] {
		h := &d.done[0]
		for _, c := range h.names(d.last) {
			if err := d.create(ctx, h, c); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *digests) create(ctx context.Context, h *doneHour, c chainName) error {
	if last := d.last[c]; last != nil && last.End > h.start.Format(time.RFC3339) {
		return nil // made before an error
	}
	var logs []logdigest.Log
	for _, o := range h.logs[c] {
		l, err := readLog(ctx, d.cfg.Bucket, o)
		if err != nil {
			return fmt.Errorf("make a digest: %s: %w", o.forms[0].Key, err)
		}
		logs = append(logs, l)
	}
	m, err := d.chain(c).Make(d.cfg.Digests.Keys[0], h.start, logs, d.last[c])
	if err != nil {
		return err
	}
	stored, err := m.Stored()
	if err != nil {
		return err
	}
	key := d.chain(c).Key(h.start.Add(time.Hour))
	err = d.cfg.Bucket.Create(ctx, key, bytes.NewReader(stored), Meta{Bytes: int64(len(stored)), SHA256: event.Hash(sha256.Sum256(stored)), Type: "application/json", User: m.Meta()})
	if errors.Is(err, fs.ErrExist) {
		there, readErr := d.read(ctx, c, h.start.Add(time.Hour))
		if readErr != nil {
			return readErr
		}
		want, composeErr := d.chain(c).Compose(there.Fingerprint, h.start, logs, d.last[c])
		if composeErr != nil {
			return composeErr
		}
		if !bytes.Equal(there.Text, want.Text) { // the key may have been another one
			return fmt.Errorf("%s exists with other content: somebody else writes to this bucket; run verify", key)
		}
		m, err = there, nil
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", key, err)
	}
	d.last[c] = m
	return nil
}

// readLog reads a log file that must have the bytes that a seal names.
func readLog(ctx context.Context, b Bucket, o sealedObject) (logdigest.Log, error) {
	r, err := b.Read(ctx, o.forms[0].Key)
	if err != nil {
		return logdigest.Log{}, err
	}
	defer r.Close()
	stored := &hashingReader{in: r, hash: sha256.New()}
	l, err := logdigest.ReadLog(o.forms[0].Key, stored)
	if err != nil {
		return l, err
	}
	if !o.has(Object{SHA256: event.Hash(stored.hash.Sum(nil))}) {
		return l, errors.New("its bytes are not those that its seal names: somebody has changed it; run verify")
	}
	return l, nil
}
