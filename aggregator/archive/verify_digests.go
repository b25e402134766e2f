package archive

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive/logdigest"
)

// DigestReport is what Verify found of the hourly digests.
type DigestReport struct {
	Digests uint64 `json:"digests"` // that are there, and right
	Logs    uint64 `json:"logs"`    // in them
	Keys    int    `json:"keys"`
}

// digestVerifier gathers what the digests have to be while the seals are read.
type digestVerifier struct {
	hourly
	listed map[string]bool // keys of digests
	keys   []logdigest.PublicKey
	chain  logdigest.Chain // where the archive lies, as the first digest says
}

// list notes a key of the bucket; false when it is no digest's.
func (d *digestVerifier) list(key string) bool {
	if !logdigest.IsDigest(key) {
		return false
	}
	if d.listed == nil {
		d.listed = map[string]bool{}
	}
	d.listed[key] = true
	return true
}

func (d *digestVerifier) seal(s *Seal) error {
	if s.Log != nil && s.Log.DigestKey != "" {
		k, err := logdigest.ParsePublicKey(s.Log.DigestKey)
		if err != nil {
			return err // the seal was checked
		}
		d.keys = append(d.keys, k)
	}
	d.add(s)
	return nil
}

// find is the key of the digest of a chain and hour. Without one it is made up as
// far as it is known.
func (d *digestVerifier) find(c chainName, end time.Time) (key string, ok bool) {
	chain := d.chain
	chain.Account, chain.Region = c.account, c.region
	suffix := "_" + end.UTC().Format(logdigest.KeyTime) + ".json.gz"
	for _, key := range slices.Sorted(maps.Keys(d.listed)) {
		if strings.HasPrefix(key, chain.Folder()) && strings.HasSuffix(key, suffix) {
			if home, ok := chain.HomeOf(key); ok && (chain.Home == "" || chain.Home == home) {
				return key, true
			}
		}
	}
	return chain.Key(end), false
}

func (v *verifier) checkDigests() error {
	d := &v.digests
	expected := map[string]bool{}
	if len(d.keys) > 0 {
		v.report.Digests = &DigestReport{Keys: len(d.keys)}
		d.chain.Trail = v.report.Trail
		for key := range d.listed {
			part := strings.Split(key, "/")
			any := logdigest.Chain{Account: part[1], Region: part[3], Trail: d.chain.Trail}
			if home, ok := any.HomeOf(key); ok {
				d.chain.Home = max(d.chain.Home, home)
			}
		}
		last := map[chainName]*logdigest.Made{}
		for i := range d.done {
			h := &d.done[i]
			for _, c := range h.names(last) {
				if e := v.ctx.Err(); e != nil {
					return e
				}
				key, ok := d.find(c, h.start.Add(time.Hour))
				expected[key] = true
				var m *logdigest.Made
				if ok {
					m = v.checkDigest(key, c, h, last)
				} else {
					v.missingDigest(key, h)
				}
				last[c] = m // nil: what it was is not known
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(d.listed)) {
		if !expected[key] {
			v.report.problem(key, "no hour of the seals has this digest")
		}
	}
	return nil
}

func (v *verifier) missingDigest(key string, h *doneHour) {
	if h.by == v.report.LastSeal {
		if _, err := v.bucket.Head(v.ctx, key); err == nil {
			return // made since the listing
		}
		if young := v.options.Now().Sub(v.report.To); young >= 0 && young < onItsWay {
			v.report.Pending = append(v.report.Pending, key)
			return
		}
	}
	v.report.problem(key, "it is missing: each hour has a digest, also an empty one")
}

// checkDigest compares a digest with what the seals and the log files give; nil when it cannot be read.
func (v *verifier) checkDigest(key string, c chainName, h *doneHour, last map[chainName]*logdigest.Made) *logdigest.Made {
	d := &v.digests
	m, err := readDigest(v.ctx, v.bucket, key, d.keys)
	if errors.Is(err, ErrTiered) {
		v.report.Tiered++
		return nil
	}
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = errors.New("it is missing")
		}
		v.report.problem(key, err.Error())
		return nil
	}
	prefix, ok := strings.CutSuffix(m.Object, key)
	if !ok {
		v.report.problem(key, fmt.Sprintf("it says that it lies at %s", m.Object))
		return nil
	}
	chain := d.chain
	chain.Account, chain.Region = c.account, c.region
	if chain.Bucket == "" {
		chain.Bucket, chain.Prefix = m.Bucket, prefix
		chain.Home, _ = chain.HomeOf(key)
		d.chain = chain
	}
	var logs []logdigest.Log
	for _, o := range h.logs[c] {
		l, err := readLog(v.ctx, v.bucket, o)
		if err != nil {
			return m // told where the objects are checked
		}
		logs = append(logs, l)
	}
	prev, known := last[c]
	want, err := chain.Compose(m.Fingerprint, h.start, logs, prev)
	if err != nil {
		v.report.problem(key, err.Error())
		return m
	}
	if text := want.Differs(m, known && prev == nil); text != "" {
		v.report.problem(key, text)
		return m
	}
	v.report.Digests.Digests++
	v.report.Digests.Logs += uint64(len(logs))
	return m
}
