package config

import (
	"cmp"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
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
	Format     string   // ndjson.gz or ndjson.zst; "": that of the layout cloudtrail
	Recipients []string // public keys of age that objects are encrypted for; none: they are not
}

// Defaults of a delivery.
const (
	DefaultRollAge   = time.Minute // how long an event may wait for its archive object
	DefaultRollBytes = 64 << 20    // of an object before compression
	DefaultLayout    = "actiontrail"
	DefaultFormat    = "ndjson.gz"
)

// Target is where a trail delivers to.
func (t *Trail) Target() string {
	if t.S3 != nil {
		return strings.TrimSuffix("s3://"+t.S3.Bucket+"/"+t.S3.Prefix, "/")
	}
	if t.File.Prefix == "" {
		return t.File.Path
	}
	return strings.TrimSuffix(t.File.Path, "/") + "/" + t.File.Prefix
}

// where names the place that a trail delivers to, so that no two trails deliver
// into one, and the store that it is in; "" when it is a mistake.
func (t *Trail) where() (place, store string) {
	switch {
	case t.S3 != nil && t.S3.Bucket != "":
		return t.Target(), cmp.Or(t.S3.Endpoint, t.S3.Region)
	case t.S3 == nil && t.File.Path != "":
		return filepath.Join(t.File.Path, t.File.Prefix), ""
	}
	return "", ""
}

func (r *reader) deliver(t *Trail, d *deliverBlock) {
	switch d.Kind {
	case "file":
		t.File = r.fileDelivery(d)
	case "s3":
		t.S3 = r.s3Delivery(d)
	case "oss", "sls", "kafka", "webhook", "syslog":
		r.later(d.Range, fmt.Sprintf("deliver %q", d.Kind), `use deliver "file" or deliver "s3"`)
	default:
		r.wrong(d.Range, suggest(d.Kind, []string{"file", "s3"}), "unknown kind of delivery %q", d.Kind)
	}
}

func (r *reader) fileDelivery(b *deliverBlock) FileDelivery {
	var body fileDeliveryBody
	r.decode(b.Body, b.Range, &body)
	d := FileDelivery{Path: r.text(body.Path, ""), Prefix: r.text(body.Prefix, ""), Objects: r.objects(objectsBody{body.Layout, body.Format, body.Roll, body.Encrypt})}
	if given(body.Path) && d.Path == "" {
		r.wrong(body.Path.Range(), "", "a path is needed here")
	}
	if p := d.Prefix; p != "" && (filepath.IsAbs(p) || !filepath.IsLocal(p)) {
		r.wrong(body.Prefix.Range(), "write a path below the folder, without ..", "prefix %q leads out of the archive", p)
	}
	for _, l := range body.Lock {
		r.wrong(l.Range, `leave it out, or use deliver "s3"`, "a folder cannot be locked against its owner")
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
	case o.Format == "parquet":
		r.later(b.format.Range(), `format "parquet"`, `use "ndjson.gz", which is also the default, or "ndjson.zst"`)
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
