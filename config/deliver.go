package config

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// FileDelivery archives a trail into a folder.
type FileDelivery struct {
	Path   string
	Prefix string
	Objects
}

// Objects says what the objects of an archive are like.
type Objects struct {
	RollAge    time.Duration
	RollBytes  int64
	Layout     string   // actiontrail, cloudtrail or hive
	Format     string   // ndjson.gz, ndjson.zst or parquet; "": that of the layout cloudtrail
	Recipients []string // public keys of age that objects are encrypted for; none: they are not
}

// Defaults of a delivery.
const (
	DefaultRollAge   = time.Minute // how long an event may wait for its archive object
	DefaultRollBytes = 64 << 20    // of an object before compression
	DefaultLayout    = "actiontrail"
	DefaultFormat    = "ndjson.gz"
)

// Delivery is where a trail delivers to. An archive belongs to a trail and one of
// its deliveries: what is staged and owed is found again under both names.
type Delivery struct {
	Name string        // no other one of the trail has it
	Kind string        // one of deliveryKinds
	File *FileDelivery // of that kind
	S3   *S3Delivery   // of that kind
	OSS  *OSSDelivery  `json:",omitempty"` // of that kind
	To   Destination   // of all others, which archive nothing; nil: it is an archive
	// Narrow is what it takes of the trail's events, as KQL; empty: all of them. Rest says that it is what no other one takes.
	Narrow string     `json:",omitempty"`
	Rest   bool       `json:"-"`
	Where  string     `json:"-"` // the filter of the trail and Narrow together
	Filter query.Expr `json:"-"` // the same, parsed; nil: all events
	// Backfill is how far back a new archive is filled from the index; 0: not at all.
	Backfill time.Duration
	Hash     string // SHA-256 over what the block says, in hex
	Place    string // file:line of its block
}

// Objects says what the objects of the archive are like.
func (d *Delivery) Objects() Objects {
	if d.To != nil {
		return Objects{}
	}
	if d.S3 != nil {
		return d.S3.Objects
	}
	if d.OSS != nil {
		return d.OSS.Objects
	}
	return d.File.Objects
}

// Target is where the archive lies, or events are sent, for people.
func (d *Delivery) Target() string {
	if d.To != nil {
		return d.To.Target()
	}
	if d.S3 != nil {
		return strings.TrimSuffix("s3://"+d.S3.Bucket+"/"+d.S3.Prefix, "/")
	}
	if d.OSS != nil {
		return d.OSS.Target()
	}
	if d.File.Prefix == "" {
		return d.File.Path
	}
	return strings.TrimSuffix(d.File.Path, "/") + "/" + d.File.Prefix
}

// where names the place that is delivered to, so that no two deliveries go into
// one, and the store that it is in; "" when it is a mistake.
func (d *Delivery) where() (place, store string) {
	switch {
	case d.To != nil: // readers tell events apart, whoever sends them
		return "", ""
	case d.S3 != nil && d.S3.Bucket != "":
		return d.Target(), cmp.Or(d.S3.Endpoint, d.S3.Region)
	case d.OSS != nil && d.OSS.Bucket != "":
		return d.Target(), cmp.Or(d.OSS.Endpoint, d.OSS.Region)
	case d.File != nil && d.File.Path != "":
		return filepath.Join(d.File.Path, d.File.Prefix), ""
	}
	return "", ""
}

// mostBackfill is longer than any index keeps events.
const mostBackfill = 10 * 366 * 24 * time.Hour

// deliveryKinds are the kinds of delivery that this version has.
func deliveryKinds() []string {
	return append([]string{"file", "s3", "oss"}, slices.Sorted(maps.Keys(destinations()))...)
}

// delivery reads what all kinds of delivery have in common, and then the rest.
// Without a name it is called as its kind, so that the order of the blocks says nothing.
func (r *reader) delivery(b *deliverBlock) (Delivery, bool) {
	d := Delivery{Kind: b.Kind, Name: r.text(b.Name, b.Kind), Place: place(b.Range)}
	if given(b.Name) && !event.ValidName(d.Name) {
		r.wrong(b.Name.Range(), tokenHint, "delivery %q is not a name", d.Name)
	}
	if d.Backfill = r.duration(b.Backfill, 0); d.Backfill > mostBackfill {
		r.wrong(b.Backfill.Range(), "choose at most 10 years", "backfill is out of range")
	}
	read, known := destinations()[b.Kind]
	switch {
	case b.Kind == "file":
		d.File = r.fileDelivery(b)
	case b.Kind == "s3":
		d.S3 = r.s3Delivery(b)
	case b.Kind == "oss":
		d.OSS = r.ossDelivery(b)
	case known:
		d.To = read(r, b)
		if given(b.Backfill) {
			r.wrong(b.Backfill.Range(), "leave it out; `actiontrail export` gives what was before, and events have ids to tell them by", "deliver %q archives nothing that could be filled", b.Kind)
		}
	default:
		r.wrong(b.Range, suggest(b.Kind, deliveryKinds()), "unknown kind of delivery %q", b.Kind)
		return d, false
	}
	d.Hash = deliveryHash(d)
	return d, true
}

// deliveryHash tells apart what two blocks say, not where they stand.
func deliveryHash(d Delivery) string {
	d.Place, d.Hash, d.Backfill = "", "", 0 // what an archive begins with changes nothing of it later
	text, err := json.Marshal(d)
	if err != nil { // plain data: cannot be
		text = []byte(cmp.Or(err.Error(), "-"))
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

func (r *reader) fileDelivery(b *deliverBlock) *FileDelivery {
	var body fileDeliveryBody
	r.decode(b.Body, b.Range, &body)
	d := &FileDelivery{Path: r.text(body.Path, ""), Prefix: r.text(body.Prefix, ""), Objects: r.objects(objectsBody{body.Layout, body.Format, body.Roll, body.Encrypt})}
	if given(body.Path) && d.Path == "" {
		r.wrong(body.Path.Range(), "", "a path is needed here")
	}
	if p := d.Prefix; p != "" && (filepath.IsAbs(p) || !filepath.IsLocal(p)) {
		r.wrong(body.Prefix.Range(), "write a path below the folder, without ..", "prefix %q leads out of the archive", p)
	}
	for _, l := range body.Lock {
		r.wrong(l.Range, `leave it out, or use deliver "s3" or deliver "oss"`, "a folder cannot be locked against its owner")
	}
	return d
}

// objectsBody is what all kinds of delivery say of their objects.
type objectsBody struct {
	layout, format hcl.Expression
	roll           []rollBlock
	encrypt        []encryptBlock
}

func (r *reader) objects(b objectsBody) Objects {
	o := Objects{RollAge: DefaultRollAge, RollBytes: DefaultRollBytes}
	o.Layout = r.choice(b.layout, "layout", DefaultLayout, DefaultLayout, cloudTrailLayout, "hive")
	o.Format = r.choice(b.format, "format", DefaultFormat, DefaultFormat, "ndjson.zst", "parquet")
	switch {
	case o.Layout == cloudTrailLayout && given(b.format):
		r.wrong(b.format.Range(), "leave it out", "the layout cloudtrail has a format of its own, gzip of CloudTrail's records")
	case o.Layout == cloudTrailLayout:
		o.Format = ""
	}
	if x := one(r, b.roll, "roll", func(x *rollBlock) hcl.Range { return x.Range }); x != nil {
		o.RollAge = r.duration(x.MaxAge, DefaultRollAge)
		o.RollBytes = r.bytes(x.MaxBytes, DefaultRollBytes)
		if o.RollAge > time.Hour || o.RollAge < time.Second {
			r.wrong(x.MaxAge.Range(), "choose between 1s and 1h", "max_age is out of range")
			o.RollAge = DefaultRollAge
		}
	}
	if x := one(r, b.encrypt, "encrypt", func(x *encryptBlock) hcl.Range { return x.Range }); x != nil {
		o.Recipients = r.recipients(x.Recipients)
	}
	return o
}

const cloudTrailLayout = "cloudtrail"

type encryptBlock struct {
	Recipients hcl.Expression `hcl:"recipients,attr"`
	Range      hcl.Range      `hcl:",def_range"`
}

// recipient is the form of a public key of age; its checksum is looked at when the archive is opened.
var recipient = regexp.MustCompile(`^age1[02-9ac-hj-np-z]{58}$`)

func (r *reader) recipients(x hcl.Expression) []string {
	keys := r.texts(x)
	if given(x) && len(keys) == 0 {
		r.wrong(x.Range(), `write ["age1…"]: age-keygen makes a pair of keys, and prints the public one`, "nobody could read the objects")
	}
	for i, k := range keys {
		switch {
		case strings.HasPrefix(k, "AGE-SECRET-KEY-"):
			r.wrong(x.Range(), "write the public key, age1…, and keep this one where the server is not", "this is a secret key")
		case !recipient.MatchString(k):
			r.wrong(x.Range(), `write a key that begins with age1: age-keygen makes a pair of keys, and prints the public one`, "%q is no public key of age", k)
		case slices.Contains(keys[:i], k):
			r.wrong(x.Range(), "write it once", "recipient %s is there twice", k)
		}
	}
	return keys
}
