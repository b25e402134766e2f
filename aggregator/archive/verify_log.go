package archive

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/actiontrail/actiontrail/aggregator/archive/transparency"
)

// GivenCheckpoint is a checkpoint from elsewhere.
type GivenCheckpoint struct {
	Name string // where it came from
	Note []byte
	// Cosigner is the public key (vkey) of the witness that must have cosigned it; "": none need have.
	Cosigner string
}

// LogReport is what Verify found of the log.
type LogReport struct {
	Origin      string       `json:"origin"`
	Root        tlog.Hash    `json:"root"` // of all seals
	Keys        []LogKeySpan `json:"keys"`
	Checkpoints int          `json:"checkpoints"`         // in the bucket, and right
	Signed      int64        `json:"signed"`              // how many seals they cover
	SignedTime  time.Time    `json:"signedTime,omitzero"` // of the last of these seals
	Judged      string       `json:"judgedBy"`            // "archive": its own keys; "keys": keys that were given
	Given       []GivenFound `json:"given,omitempty"`     // checkpoints that were given
	GivenSigned int64        `json:"givenSigned"`         // how many seals these cover
}

// LogKeySpan is a key and the first seal that names it.
type LogKeySpan struct {
	Seal uint64 `json:"fromSeal"`
	Key  string `json:"key"`
}

// GivenFound is a given checkpoint and whether the archive has what it covers.
type GivenFound struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
	OK   bool   `json:"ok"`
	// CosignedAt is when a witness cosigned it.
	CosignedAt time.Time `json:"cosignedAt,omitzero"`
}

// logVerifier gathers what the log has to be while the seals are read.
type logVerifier struct {
	checkpoints []int64 // sizes that were listed
	tiles       []transparency.TileName
	hashes      storedHashes
	size        int64 // leaves in hashes: of the first seals without a break
	origin      string
	keys        []LogKeySpan
	due         []int64 // sizes that must have a checkpoint
	times       map[int64]time.Time
	time        time.Time // of the last seal
}

// storedHashes are the hashes of a tree in the order of tlog.
type storedHashes []tlog.Hash

func (s storedHashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		if x < 0 || x >= int64(len(s)) {
			return nil, errors.New("no such hash in the tree")
		}
		out[i] = s[x]
	}
	return out, nil
}

// add appends a leaf; n is the number of leaves before.
func (s *storedHashes) add(n int64, leaf tlog.Hash) error {
	more, err := tlog.StoredHashesForRecordHash(n, leaf, *s)
	*s = append(*s, more...)
	return err
}

// list notes a key of the bucket; false when it is none of the log.
func (l *logVerifier) list(key string) bool {
	if size, ok := transparency.ParseCheckpointKey(key); ok {
		l.checkpoints = append(l.checkpoints, size)
		return true
	}
	if name, ok := transparency.ParseTileKey(key); ok {
		l.tiles = append(l.tiles, name)
		return true
	}
	return false
}

// add takes the bytes of a seal, readable or not.
func (l *logVerifier) add(n uint64, data []byte) error {
	if int64(n) != l.size {
		return nil // one before is missing
	}
	l.size++
	return l.hashes.add(l.size-1, tlog.RecordHash(data))
}

// seal takes a seal that can be read.
func (l *logVerifier) seal(s *Seal) {
	size := int64(s.Number) + 1
	if l.times == nil {
		l.times = map[int64]time.Time{}
	}
	due := l.origin != "" && firstOfHour(s.Time, l.time)
	if s.Log != nil {
		due = true
		l.origin = s.Log.Origin
		l.keys = append(l.keys, LogKeySpan{s.Number, s.Log.Key})
	}
	if due {
		l.due = append(l.due, size)
	}
	l.times[size], l.time = s.Time, s.Time
}

// inForce are the keys of which one must sign a checkpoint of that size: the one
// that was in force then, or one that followed it (when that was lost, for instance).
func (l *logVerifier) inForce(size int64) []string {
	var out []string
	for i, k := range l.keys {
		if i+1 == len(l.keys) || int64(l.keys[i+1].Seal) >= size {
			out = append(out, k.Key)
		}
	}
	return out
}

// checkedCheckpoint is a checkpoint whose root and signature are right.
type checkedCheckpoint struct {
	size int64
	by   []string
}

func (v *verifier) checkLog() error {
	l := &v.log
	if l.origin == "" {
		v.noLog()
		return nil
	}
	r := &LogReport{Origin: l.origin, Keys: l.keys, Judged: "archive"}
	v.report.Log = r
	var err error
	if r.Root, err = tlog.TreeHash(l.size, l.hashes); err != nil {
		return err
	}
	var good []checkedCheckpoint
	have := map[int64]bool{}
	known := int64(0)   // the largest size below which all is as it was signed
	var wrong []int64   // checkpoints over other seals
	var firstBad []byte // the first of them
	before := int64(0)  // known then
	slices.Sort(l.checkpoints)
	for _, size := range l.checkpoints {
		have[size] = true
		key := transparency.CheckpointKey(size)
		data, err := readAll(v.ctx, v.bucket, key)
		if e := v.ctx.Err(); e != nil {
			return e
		}
		if err != nil {
			v.report.problem(key, fmt.Sprintf("it cannot be read: %v", err))
			continue
		}
		c, by, err := transparency.OpenCheckpoint(data, v.allKeys())
		switch {
		case err != nil:
			v.report.problem(key, fmt.Sprintf("it is not a checkpoint of this archive: %v", err))
		case c.Origin != l.origin || c.Size != size:
			v.report.problem(key, fmt.Sprintf("it is a checkpoint of %s over %d seals", c.Origin, c.Size))
		case !slices.ContainsFunc(by, func(k string) bool { return slices.Contains(l.inForce(size), k) }):
			v.report.problem(key, "it is signed by a key that was no longer in force")
		case size > l.size:
			if !v.skipped {
				v.report.problem(SealKey(uint64(l.size)), fmt.Sprintf("%s cut off: %s was signed over %d seals", sealsWere(l.size, size-1), key, size))
			}
		default:
			if v.rootAt(size) != c.Root {
				if wrong = append(wrong, size); firstBad == nil {
					firstBad, before = data, known
				}
				continue
			}
			known = size
			good = append(good, checkedCheckpoint{size, by})
		}
	}
	if len(wrong) > 0 {
		v.rewritten(transparency.CheckpointKey(wrong[0]), firstBad, before, len(wrong)-1)
	}
	v.checkDue(have)
	if err := v.checkTiles(); err != nil {
		return err
	}
	r.Checkpoints, r.Signed = len(good), known
	r.SignedTime = l.times[known]
	v.checkTrust(good)
	v.checkGiven()
	return nil
}

// noLog tells when a log is needed to answer what was asked.
func (v *verifier) noLog() {
	l := &v.log
	for _, size := range l.checkpoints {
		v.report.problem(transparency.CheckpointKey(size), "no seal names a key for it")
	}
	for _, name := range l.tiles {
		v.report.problem(name.Key(), "no seal names this object")
	}
	for _, g := range v.options.Checkpoints {
		if c, err := transparency.ReadCheckpoint(g.Note); err == nil && v.found == 0 {
			v.report.problem(g.Name, fmt.Sprintf("it was signed over %d seals of %s, and the archive has none: everything was deleted", c.Size, c.Origin))
		}
	}
	if len(v.options.Keys) > 0 || len(v.options.Checkpoints) > 0 {
		v.report.problem(transparency.Folder, "no seal that can be read names a key: there is nothing that keys or checkpoints vouch for")
	}
}

// allKeys are those that the seals name and those that were given.
func (v *verifier) allKeys() []string {
	keys := slices.Clone(v.options.Keys)
	for _, k := range v.log.keys {
		keys = append(keys, k.Key)
	}
	return keys
}

// rootAt is the root over the first seals, which were all read.
func (v *verifier) rootAt(size int64) tlog.Hash {
	root, err := tlog.TreeHash(size, v.log.hashes)
	if err != nil {
		return tlog.Hash{} // no checkpoint has it
	}
	return root
}

// rewritten tells which seals are not those that a checkpoint was signed over.
// Up to known all is well; more is how many other checkpoints say the same.
func (v *verifier) rewritten(name string, note []byte, known int64, more int) {
	c, err := transparency.ReadCheckpoint(note)
	if err != nil {
		return
	}
	text := fmt.Sprintf("of seals %d to %d some are not those that it was signed over", known, c.Size-1)
	if other := v.otherSeals(&c, known); len(other) > 0 {
		text = "these are not the seals that it was signed over: " + listNumbers(other)
	} else if c.Size-known == 1 {
		text = fmt.Sprintf("seal %d is not the one that it was signed over", known)
	}
	if more > 0 {
		text += fmt.Sprintf("; and %d later checkpoints are over other seals, too", more)
	}
	v.report.problem(name, text)
}

// otherSeals compares leaves with the tiles of a checkpoint, as far as these are there.
func (v *verifier) otherSeals(c *transparency.Checkpoint, known int64) []int64 {
	hashes := transparency.Reader(c.Size, c.Root, func(n transparency.TileName) ([]byte, error) { return readTile(v.ctx, v.bucket, n) })
	var other []int64
	for n := known; n < c.Size; n++ {
		i := tlog.StoredHashIndex(0, n)
		h, err := hashes.ReadHashes([]int64{i})
		if err != nil {
			return nil
		}
		if h[0] != v.log.hashes[i] {
			other = append(other, n)
		}
	}
	return other
}

// sealsWere begins a sentence on seals that follow one another.
func sealsWere(first, last int64) string {
	if first == last {
		return fmt.Sprintf("seal %d was", first)
	}
	return fmt.Sprintf("seals %d to %d were", first, last)
}

func listNumbers(numbers []int64) string {
	const most = 5
	var b strings.Builder
	for i, n := range numbers {
		if i == most {
			fmt.Fprintf(&b, " and %d more", len(numbers)-most)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprint(&b, n)
	}
	return b.String()
}

// checkDue misses checkpoints that must be there. That of the last seal may be on its way.
func (v *verifier) checkDue(have map[int64]bool) {
	for _, size := range v.log.due {
		key := transparency.CheckpointKey(size)
		if have[size] {
			continue
		}
		if _, err := v.bucket.Head(v.ctx, key); err == nil { // made since the listing
			continue
		} else if !errors.Is(err, fs.ErrNotExist) {
			v.report.problem(key, fmt.Sprintf("it cannot be read: %v", err))
			continue
		}
		text := "it is missing; it is stored with the first seal of an hour, and with one that names a key"
		if last := uint64(size-1) == v.report.LastSeal; last {
			if young := v.options.Now().Sub(v.log.times[size]); young >= 0 && young < onItsWay {
				v.report.Pending = append(v.report.Pending, key)
				continue
			}
			text += ". That is the last seal: if the bucket could not be reached, the server stores it when it can"
		}
		v.report.problem(key, text)
	}
}

// checkTiles compares each tile with what the seals give.
func (v *verifier) checkTiles() error {
	l := &v.log
	for _, name := range l.tiles {
		end := name.Index<<8 + int64(name.Width) // hashes of its level up to its end
		if end > l.size>>(8*name.Level) {
			if !v.skipped {
				v.report.problem(name.Key(), "it is over more seals than there are")
			}
			continue
		}
		want, err := tlog.ReadTileData(tlog.Tile{H: 8, L: name.Level, N: name.Index, W: name.Width}, l.hashes)
		if err != nil {
			return err
		}
		have, err := readAll(v.ctx, v.bucket, name.Key())
		if e := v.ctx.Err(); e != nil {
			return e
		}
		if err != nil {
			v.report.problem(name.Key(), fmt.Sprintf("it cannot be read: %v", err))
		} else if string(have) != string(want) {
			v.report.problem(name.Key(), "it does not have the hashes of the seals")
		}
	}
	return nil
}

// checkTrust sees that a trusted key vouches for the newest checkpoint. Trust goes
// on from key to key where both signed the same checkpoint.
func (v *verifier) checkTrust(good []checkedCheckpoint) {
	l, r := &v.log, v.report.Log
	trusted := map[string]bool{}
	if len(v.options.Keys) > 0 {
		r.Judged = "keys"
	}
	for _, k := range v.options.Keys {
		trusted[k] = true
	}
	if len(trusted) == 0 {
		trusted[l.keys[0].Key] = true
	}
	vouched := int64(0)
	for grown := true; grown; {
		grown = false
		for _, c := range good {
			if !slices.ContainsFunc(c.by, func(k string) bool { return trusted[k] }) {
				continue
			}
			vouched = max(vouched, c.size)
			for _, k := range c.by {
				grown = grown || !trusted[k]
				trusted[k] = true
			}
			for _, k := range l.keys { // what it covers says which keys there are
				if int64(k.Seal) < c.size && !trusted[k.Key] {
					trusted[k.Key], grown = true, true
				}
			}
		}
	}
	if n := len(good); n > 0 && vouched < good[n-1].size {
		i := slices.IndexFunc(good, func(c checkedCheckpoint) bool { return c.size > vouched })
		by := "a key that was given"
		if len(v.options.Keys) == 0 {
			by = "the first key of the archive, or one that follows it"
		}
		v.report.problem(transparency.CheckpointKey(good[i].size), fmt.Sprintf("it is signed by %s, and neither %s vouches for that key nor for a later checkpoint: the seals from %d on may be somebody else's", strings.Join(good[i].by, " and "), by, vouched))
	} else if n == 0 && len(v.options.Keys) > 0 {
		v.report.problem(transparency.CheckpointFolder, "there is no checkpoint that is right, so the keys that were given vouch for nothing")
	}
}

// checkGiven compares with checkpoints from elsewhere, the smallest first.
func (v *verifier) checkGiven() {
	l, r := &v.log, v.report.Log
	sized := slices.Clone(v.options.Checkpoints)
	slices.SortStableFunc(sized, func(x, y GivenCheckpoint) int {
		a, _ := transparency.ReadCheckpoint(x.Note) // what cannot be read comes first
		b, _ := transparency.ReadCheckpoint(y.Note)
		return cmp.Compare(a.Size, b.Size)
	})
	for _, g := range sized {
		found := GivenFound{Name: g.Name}
		c, _, err := transparency.OpenCheckpoint(g.Note, v.allKeys())
		found.Size = c.Size
		if g.Cosigner != "" && err == nil {
			found.CosignedAt, err = transparency.Cosigned(g.Note, g.Cosigner)
		}
		switch {
		case errors.Is(err, transparency.ErrUnsigned):
			v.report.problem(g.Name, fmt.Sprintf("it is a checkpoint of %s over %d seals, but neither a key of this archive nor one that was given signed it", c.Origin, c.Size))
		case err != nil:
			v.report.problem(g.Name, err.Error())
		case c.Origin != l.origin:
			v.report.problem(g.Name, fmt.Sprintf("it is a checkpoint of %s, the archive is %s", c.Origin, l.origin))
		case c.Size > l.size && v.skipped:
			v.report.problem(g.Name, fmt.Sprintf("it cannot be compared: %s is missing", SealKey(uint64(l.size))))
		case c.Size > l.size:
			v.report.problem(g.Name, fmt.Sprintf("it was signed over %d seals, and the archive has %d: %s cut off", c.Size, l.size, sealsWere(l.size, c.Size-1)))
		case v.rootAt(c.Size) != c.Root:
			v.rewritten(g.Name, g.Note, r.GivenSigned, 0)
		default:
			found.OK = true
			r.GivenSigned = max(r.GivenSigned, c.Size)
		}
		r.Given = append(r.Given, found)
	}
}
