package archive

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive/layout"
	"github.com/actiontrail/actiontrail/aggregator/archive/logdigest"
	"github.com/actiontrail/actiontrail/aggregator/archive/transparency"
	"github.com/actiontrail/actiontrail/event"
)

const (
	sealFormat  = "actiontrail seal"
	sealVersion = 1
	// paidVersion is that of a seal with a payment. All else stays version 1, which older releases read.
	paidVersion = 2
	// keptVersion is that of a seal that says who can read its objects, how long they
	// are kept, or which key signs the log.
	keptVersion = 3
	// stoppedVersion is that of a seal of a time in which the trail was stopped.
	stoppedVersion = 4
	// backfillVersion is that of a seal of a backfill.
	backfillVersion = 5
	// fullEvery is how many seals there are from one with the full position to the next.
	fullEvery = 256
	// sealFolder is where seals are in the bucket.
	sealFolder = "seals/"
	// longestSeal bounds what is read as a seal.
	longestSeal = 256 << 20
)

// Seal commits an archive to what was scanned and to the objects with what
// matched, and chains it to the seal before. It is written before the objects.
// docs/format/archive.md gives the bytes.
type Seal struct {
	Format  string          `json:"format"`
	Version int             `json:"version"`
	Trail   string          `json:"trail"`
	Number  uint64          `json:"number"` // from 0, without a break
	Time    time.Time       `json:"time"`   // UTC
	Prev    event.Hash      `json:"prev"`   // SHA-256 of the seal before, as it is stored; zero in seal 0
	Amends  *uint64         `json:"amends,omitempty"`
	Filter  string          `json:"filter"` // "" matches all events
	Layout  layout.Layout   `json:"layout"`
	Seq     SeqRange        `json:"seq"`
	Scanned []Scanned       `json:"scanned"`
	Events  uint64          `json:"events"`  // scanned
	Matched uint64          `json:"matched"` // of them
	Objects []Object        `json:"objects"`
	Total   Total           `json:"total"`
	Agents  []Agent         `json:"agents,omitempty"`   // as they are known since this seal; absent: as before
	Full    *event.Position `json:"position,omitempty"` // after this seal, in every 256th
	Paid    *Paid           `json:"paid,omitempty"`     // absent: scanned was read from the stream
	// Recipients are the public keys of age that the objects are encrypted for; absent: they are not.
	Recipients []string  `json:"recipients,omitempty"`
	Keep       *Keep     `json:"keep,omitempty"`     // absent: nothing is promised
	Log        *SealLog  `json:"log,omitempty"`      // absent: as before
	Stopped    *Stopped  `json:"stopped,omitempty"`  // absent: the trail ran
	Backfill   *Backfill `json:"backfill,omitempty"` // absent: the events are of the batches scanned
}

// Stopped says that somebody had stopped the trail when the batches scanned came:
// nothing of them was delivered.
type Stopped struct {
	Since time.Time `json:"since"` // UTC
}

// Keep says what the store was asked to do with the objects and the seal.
type Keep struct {
	Lock   string `json:"lock,omitempty"`   // compliance or governance: nobody removes them before
	Days   int    `json:"days,omitempty"`   // after they were made; with Lock
	Expire int    `json:"expire,omitempty"` // days after which the objects go, the seal not; 0: never
}

// Paid says that the events of the batches scanned were read from the index: the
// trail owed them, and the stream had gone on.
type Paid struct {
	Since time.Time `json:"since"` // when the trail began to owe them; UTC
	Lost  uint64    `json:"lost"`  // of the events scanned, those that the index no longer had
}

// SeqRange is the part of the stream that a seal is about: after < seq ≤ to.
type SeqRange struct {
	After uint64 `json:"after"`
	To    uint64 `json:"to"`
}

// Scanned are batches of one lane that follow one another without a break.
type Scanned struct {
	event.Lane
	Gap      *Range     `json:"gap,omitempty"` // the batches before that never came
	From     uint64     `json:"from"`
	To       uint64     `json:"to"`
	Prev     event.Hash `json:"prev"`  // what batch From says of the batch before
	First    event.Hash `json:"first"` // hash of batch From
	Last     event.Hash `json:"last"`  // hash of batch To
	Events   uint64     `json:"events"`
	Recent   string     `json:"recent,omitempty"`   // short hashes of the last 256 of the batches, oldest first; absent when the lane comes again below
	Snapshot uint64     `json:"snapshot,omitempty"` // seq of the last of them with a snapshot
}

// Range is a range of batch numbers, both ends included.
type Range struct {
	From uint64 `json:"from"`
	To   uint64 `json:"to"`
}

// Object is one object of the archive.
type Object struct {
	Key     string     `json:"key"`
	Count   uint64     `json:"count"`   // events
	Logical event.Hash `json:"logical"` // Merkle root (RFC 6962) of the lines, without their line ends
	SHA256  event.Hash `json:"sha256"`  // of the stored bytes
	Bytes   int64      `json:"bytes"`
	Codec   Codec      `json:"codec"`
}

// Total is what the archive holds with this seal and those before.
type Total struct {
	Events  uint64 `json:"events"`
	Objects uint64 `json:"objects"`
	Bytes   uint64 `json:"bytes"` // stored
}

// Agent is an agent whose batches the trail takes.
type Agent struct {
	Account string   `json:"account"`
	Agent   string   `json:"agent"`
	Key     string   `json:"key"`
	Epochs  []uint64 `json:"epochs"`
}

// SealKey is the key of a seal.
func SealKey(number uint64) string { return fmt.Sprintf("%s%012d.json", sealFolder, number) }

// crcMember is what stands before the checksum, the last member of a seal.
const crcMember = `,"crc32c":"`

// Encode gives the bytes of the seal: one line of JSON and a line end.
func (s *Seal) Encode() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return nil, fmt.Errorf("encode seal %d: %w", s.Number, err)
	}
	return checksummed(bytes.TrimSuffix(b.Bytes(), []byte("}\n"))), nil
}

// checksummed ends a seal: members is all before the checksum.
func checksummed(members []byte) []byte {
	sum := crc32.Checksum(members, crc32.MakeTable(crc32.Castagnoli)) // the library keeps the table
	return fmt.Appendf(members[:len(members):len(members)], "%s%08x\"}\n", crcMember, sum)
}

// DecodeSeal reads a seal, and refuses whatever Encode would not have written.
func DecodeSeal(data []byte) (*Seal, error) {
	const tail = len(crcMember) + len("00000000\"}\n")
	at := len(data) - tail
	if at < 0 || !bytes.HasPrefix(data[at:], []byte(crcMember)) {
		return nil, errors.New("seal is cut off, or is no seal")
	}
	var head struct {
		Format  string
		Version int
	}
	body := append(bytes.Clone(data[:at]), '}')
	if err := json.Unmarshal(body, &head); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	if head.Format != sealFormat {
		return nil, fmt.Errorf("seal: format %q is not %q", head.Format, sealFormat)
	}
	if head.Version < sealVersion || head.Version > backfillVersion {
		return nil, fmt.Errorf("seal: version %d is not supported, only %d to %d: use a later release", head.Version, sealVersion, backfillVersion)
	}
	var s Seal
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	again, err := s.Encode()
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(again, data) {
		if !bytes.Equal(again[:max(0, len(again)-tail)], data[:at]) {
			return nil, errors.New("seal: is not in canonical form")
		}
		return nil, errors.New("seal: its checksum is not that of its bytes")
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	return &s, nil
}

// check refuses what no archive writes.
func (s *Seal) check() error {
	if s.Trail == "" || s.Time.Location() != time.UTC {
		return fmt.Errorf("seal %d: it needs a trail, and a time in UTC", s.Number)
	}
	if s.Scanned == nil || s.Objects == nil {
		return fmt.Errorf("seal %d: scanned and objects may be empty, not null", s.Number)
	}
	if s.Seq.To < s.Seq.After {
		return fmt.Errorf("seal %d: seq goes backwards", s.Number)
	}
	if s.Amends != nil && (*s.Amends >= s.Number || len(s.Scanned) > 0 || len(s.Objects) == 0 || s.Seq.After != s.Seq.To) {
		return fmt.Errorf("seal %d: an amendment names objects of an earlier seal, and scans nothing", s.Number)
	}
	var events, matched uint64
	later := map[event.Lane]bool{}
	for i := len(s.Scanned) - 1; i >= 0; i-- {
		c := &s.Scanned[i]
		events += c.Events
		if err := c.check(later[c.Lane]); err != nil {
			return fmt.Errorf("seal %d: lane %s: %w", s.Number, c.Lane, err)
		}
		later[c.Lane] = true
	}
	keys := map[string]bool{}
	for _, o := range s.Objects {
		matched += o.Count
		if err := CheckKey(o.Key); err != nil {
			return fmt.Errorf("seal %d: %w", s.Number, err)
		}
		if strings.HasPrefix(o.Key, sealFolder) || keys[o.Key] {
			return fmt.Errorf("seal %d: object %s cannot have this key", s.Number, o.Key)
		}
		if err := o.Codec.check(); err != nil {
			return fmt.Errorf("seal %d: object %s: %w", s.Number, o.Key, err)
		}
		if o.Codec != s.Objects[0].Codec || o.Codec.encrypted() && len(s.Recipients) == 0 {
			return fmt.Errorf("seal %d: object %s: all objects of a seal have one codec, and encrypted ones recipients", s.Number, o.Key)
		}
		keys[o.Key] = true
	}
	if b := s.Backfill; b != nil {
		if err := b.check(s); err != nil {
			return fmt.Errorf("seal %d: %w", s.Number, err)
		}
		events = s.Events // of the batches that it names, those that match
	}
	if s.Amends == nil && (events != s.Events || matched != s.Matched || matched > events) {
		return fmt.Errorf("seal %d: its counts of events do not add up", s.Number)
	}
	if s.Version != s.version() {
		return fmt.Errorf("seal %d: what it says belongs into version %d", s.Number, s.version())
	}
	if !s.Layout.Known() {
		return fmt.Errorf("seal %d: layout %q is not supported: use a later release", s.Number, s.Layout)
	}
	if err := s.Keep.check(); err != nil {
		return fmt.Errorf("seal %d: %w", s.Number, err)
	}
	if l := s.Log; l != nil && (transparency.ValidOrigin(l.Origin) != nil || !transparency.KeyOf(l.Key, l.Origin)) {
		return fmt.Errorf("seal %d: it names no key of its log", s.Number)
	}
	if l := s.Log; l != nil && l.DigestKey != "" {
		if _, err := logdigest.ParsePublicKey(l.DigestKey); err != nil {
			return fmt.Errorf("seal %d: the key of its digests: %w", s.Number, err)
		}
	}
	if t := s.Stopped; t != nil && (t.Since.Location() != time.UTC || matched > 0 || len(s.Scanned) == 0) {
		return fmt.Errorf("seal %d: a trail that is stopped scans batches, matches nothing, and has a time in UTC", s.Number)
	}
	if p := s.Paid; p != nil && (p.Since.Location() != time.UTC || p.Lost > events || matched > events-p.Lost || len(s.Scanned) == 0) {
		return fmt.Errorf("seal %d: a payment scans batches, loses no more than they have, and has a time in UTC", s.Number)
	}
	if (s.Number%fullEvery == 0) != (s.Full != nil) {
		return fmt.Errorf("seal %d: the full position stands in every %dth seal, and in no other", s.Number, fullEvery)
	}
	return nil
}

// version is the least that has all members of the seal, so that older releases read what they can.
func (s *Seal) version() int {
	switch {
	case s.Backfill != nil:
		return backfillVersion
	case s.Stopped != nil:
		return stoppedVersion
	case len(s.Recipients) > 0, s.Keep != nil, s.Log != nil:
		return keptVersion
	case s.Paid != nil:
		return paidVersion
	}
	return sealVersion
}

// mostKeptDays keeps the sums of times and days within what can be told.
const mostKeptDays = 36_500

func (k *Keep) check() error {
	switch {
	case k == nil:
		return nil
	case k.Lock != "" && k.Lock != "compliance" && k.Lock != "governance", (k.Lock == "") != (k.Days == 0), k.Days < 0, k.Expire < 0,
		k.Days > mostKeptDays, k.Expire > mostKeptDays, *k == Keep{}, k.Expire > 0 && k.Expire < k.Days:
		return fmt.Errorf("keep %+v cannot be", *k)
	}
	return nil
}

// check refuses ranges that cannot be; later tells that the lane comes again in the same seal.
func (c *Scanned) check(later bool) error {
	switch {
	case c.From == 0 || c.To < c.From:
		return errors.New("the batches are not a range")
	case c.Gap != nil && (c.Gap.From == 0 || c.Gap.To < c.Gap.From || c.Gap.To != c.From-1):
		return errors.New("the gap does not end before the batches")
	case later:
		if c.Recent != "" {
			return errors.New("recent stands before the last range of the lane")
		}
		return nil
	}
	recent, err := c.recent()
	if err != nil {
		return err
	}
	if want := min(c.To-c.From+1, event.KeptHashes); uint64(len(recent)) != want {
		return fmt.Errorf("recent has %d hashes, not %d", len(recent), want)
	}
	if recent[len(recent)-1] != c.Last.Short() {
		return errors.New("recent does not end with the last hash")
	}
	return nil
}

func (c *Scanned) recent() ([]event.ShortHash, error) {
	raw, err := hex.DecodeString(c.Recent)
	const size = len(event.ShortHash{})
	if err != nil || len(raw)%size != 0 {
		return nil, errors.New("recent is not a row of short hashes")
	}
	var out []event.ShortHash
	for ; len(raw) > 0; raw = raw[size:] {
		out = append(out, event.ShortHash(raw[:size]))
	}
	return out, nil
}

// setRecent gives the last range of each lane the hashes that the position p, which is that after the seal, keeps of it.
func (s *Seal) setRecent(p *event.Position) {
	later := map[event.Lane]bool{}
	for i := len(s.Scanned) - 1; i >= 0; i-- {
		c := &s.Scanned[i]
		if later[c.Lane] {
			continue
		}
		later[c.Lane] = true
		kept := p.Lanes[c.Lane].Recent
		var text []byte
		for _, h := range kept[len(kept)-int(min(c.To-c.From+1, event.KeptHashes)):] {
			text = hex.AppendEncode(text, h[:])
		}
		c.Recent = string(text)
	}
}

// advance moves the position over what the seal scanned: it is then what it was
// when the seal was made. The seal has passed check.
func (s *Seal) advance(p *event.Position) error {
	if p.Lanes == nil {
		p.Lanes = map[event.Lane]event.LanePosition{}
	}
	for i := range s.Scanned {
		c := &s.Scanned[i]
		recent, err := c.recent()
		if err != nil {
			return err
		}
		at := p.Lanes[c.Lane]
		if c.Gap == nil {
			recent = append(at.Recent[:len(at.Recent):len(at.Recent)], recent...)
		}
		at.Recent = recent[max(0, len(recent)-event.KeptHashes):]
		at.Number, at.Hash = c.To, c.Last
		if c.Snapshot != 0 {
			at.Snapshot = c.Snapshot
		}
		p.Lanes[c.Lane] = at
	}
	p.Seq = s.Seq.To
	return nil
}

// digest is the hash under which the next seal names this one.
func digest(data []byte) event.Hash { return sha256.Sum256(data) }
