package config

import (
	"cmp"
	"fmt"
	"path/filepath"
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
	RollAge   time.Duration
	RollBytes int64
	Layout    string
	Format    string
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
	d := FileDelivery{Path: r.text(body.Path, ""), Prefix: r.text(body.Prefix, ""), Objects: r.objects(body.Roll, body.Layout, body.Format)}
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

// objects reads what all kinds of delivery have.
func (r *reader) objects(roll []rollBlock, layout, format hcl.Expression) Objects {
	o := Objects{RollAge: DefaultRollAge, RollBytes: DefaultRollBytes, Layout: DefaultLayout, Format: DefaultFormat}
	r.only(layout, "layout", DefaultLayout, "cloudtrail", "hive")
	r.only(format, "format", DefaultFormat, "ndjson.zst", "parquet")
	if x := one(r, roll, "roll", func(x *rollBlock) hcl.Range { return x.Range }); x != nil {
		o.RollAge = r.duration(x.MaxAge, DefaultRollAge)
		o.RollBytes = r.bytes(x.MaxBytes, DefaultRollBytes)
		if o.RollAge > time.Hour || o.RollAge < time.Second {
			r.wrong(x.MaxAge.Range(), "choose between 1s and 1h", "max_age is out of range")
			o.RollAge = DefaultRollAge
		}
	}
	return o
}

// only reads a choice of which this version has the first.
func (r *reader) only(x hcl.Expression, what, built string, later ...string) {
	if s := r.choice(x, what, built, append([]string{built}, later...)...); s != built {
		r.later(x.Range(), fmt.Sprintf("%s %q", what, s), fmt.Sprintf("use %q, which is also the default", built))
	}
}
