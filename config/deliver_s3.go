package config

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// S3Delivery archives a trail into a store that speaks S3. What is secret is in files.
type S3Delivery struct {
	Bucket          string
	Prefix          string // "" or with a "/" at its end
	Endpoint        string // "": AWS in Region
	Region          string // "": the usual one
	PathStyle       *bool  // nil: as the endpoint wants it
	CAFile          string
	CredentialsFile string // "": the environment, the user's file, the machine's role
	Profile         string
	StorageClass    string
	SSE             string // "", s3 or kms
	KMSKey          string
	LockMode        string // "", governance or compliance
	LockDays        int
	ExpireDays      int // after which objects are removed; 0: never
	Transitions     []Transition
	Objects
}

type s3DeliveryBody struct {
	Bucket       hcl.Expression     `hcl:"bucket,attr"`
	Prefix       hcl.Expression     `hcl:"prefix,optional"`
	Endpoint     hcl.Expression     `hcl:"endpoint,optional"`
	Region       hcl.Expression     `hcl:"region,optional"`
	PathStyle    hcl.Expression     `hcl:"path_style,optional"`
	Insecure     hcl.Expression     `hcl:"insecure,optional"`
	CAFile       hcl.Expression     `hcl:"ca_file,optional"`
	StorageClass hcl.Expression     `hcl:"storage_class,optional"`
	Layout       hcl.Expression     `hcl:"layout,optional"`
	Format       hcl.Expression     `hcl:"format,optional"`
	Credentials  []credentialsBlock `hcl:"credentials,block"`
	SSE          []sseBlock         `hcl:"sse,block"`
	Lock         []lockBlock        `hcl:"lock,block"`
	Lifecycle    []lifecycleBlock   `hcl:"lifecycle,block"`
	Roll         []rollBlock        `hcl:"roll,block"`
	Encrypt      []encryptBlock     `hcl:"encrypt,block"`
}

// Transition moves objects into another storage class.
type Transition struct {
	AfterDays    int
	StorageClass string
}

type lifecycleBlock struct {
	ExpireDays  hcl.Expression    `hcl:"expire_days,optional"`
	Transitions []transitionBlock `hcl:"transition,block"`
	Range       hcl.Range         `hcl:",def_range"`
}

type transitionBlock struct {
	AfterDays    hcl.Expression `hcl:"after_days,attr"`
	StorageClass hcl.Expression `hcl:"storage_class,attr"`
	Range        hcl.Range      `hcl:",def_range"`
}

type credentialsBlock struct {
	File    hcl.Expression `hcl:"file,optional"`
	Profile hcl.Expression `hcl:"profile,optional"`
	Range   hcl.Range      `hcl:",def_range"`
}

type sseBlock struct {
	Mode   hcl.Expression `hcl:"mode,optional"`
	KMSKey hcl.Expression `hcl:"kms_key,optional"`
	Range  hcl.Range      `hcl:",def_range"`
}

type lockBlock struct {
	Mode  hcl.Expression `hcl:"mode,attr"`
	Days  hcl.Expression `hcl:"days,attr"`
	Range hcl.Range      `hcl:",def_range"`
}

var (
	bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	// objectPrefix keeps to what every store takes and no tool escapes.
	objectPrefix = regexp.MustCompile(`^([A-Za-z0-9_=-][A-Za-z0-9._=-]*/)*$`)
)

// mostLockDays is a hundred years: more is a slip of the hand, and cannot be taken back.
const mostLockDays = 36_500

func (r *reader) s3Delivery(b *deliverBlock) *S3Delivery {
	var body s3DeliveryBody
	r.decode(b.Body, b.Range, &body)
	d := r.s3Place(&body)
	d.Objects = r.objects(objectsBody{body.Layout, body.Format, body.Roll, body.Encrypt})
	d.ExpireDays, d.Transitions = r.lifecycle(body.Lifecycle, d.Prefix, d.LockDays)
	return d
}

// objectPrefix reads what all keys begin with: "" or with a "/" at its end.
func (r *reader) objectPrefix(x hcl.Expression) string {
	prefix := strings.TrimSuffix(r.text(x, ""), "/")
	if prefix != "" {
		prefix += "/"
	}
	if !objectPrefix.MatchString(prefix) || len(prefix) > 256 {
		r.wrong(x.Range(), `write names with / between them, like "prod/security": of letters, digits, ., _, = and -`, "prefix %q cannot be used", prefix)
	}
	return prefix
}

// s3Place reads where things are put, and how they are kept there.
func (r *reader) s3Place(body *s3DeliveryBody) *S3Delivery {
	d := &S3Delivery{Bucket: r.text(body.Bucket, ""), Prefix: r.objectPrefix(body.Prefix), Region: r.text(body.Region, ""), CAFile: r.file(body.CAFile), StorageClass: r.text(body.StorageClass, "")}
	if given(body.Bucket) && (!bucketName.MatchString(d.Bucket) || strings.Contains(d.Bucket, "..")) {
		r.wrong(body.Bucket.Range(), "3 to 63 lower-case letters, digits, - and dots; what comes after the bucket's name is its prefix", "%q is no name of a bucket", d.Bucket)
	}
	if d.Endpoint = r.endpoint(body.Endpoint, body.Insecure); d.Endpoint == "" && given(body.PathStyle) {
		r.wrong(body.PathStyle.Range(), "leave it out", "path_style is for an endpoint of your own")
	}
	if given(body.PathStyle) {
		style := r.truth(body.PathStyle)
		d.PathStyle = &style
	}
	if x := one(r, body.Credentials, "credentials", func(x *credentialsBlock) hcl.Range { return x.Range }); x != nil {
		d.CredentialsFile, d.Profile = r.file(x.File), r.text(x.Profile, "")
	}
	if x := one(r, body.SSE, "sse", func(x *sseBlock) hcl.Range { return x.Range }); x != nil {
		d.SSE, d.KMSKey = r.encryption(x, "s3")
	}
	if x := one(r, body.Lock, "lock", func(x *lockBlock) hcl.Range { return x.Range }); x != nil {
		d.LockMode = r.choice(x.Mode, "mode", "", "governance", "compliance")
		d.LockDays = r.count(x.Days, "days", 1, mostLockDays)
	}
	return d
}

// lifecycle reads which rules a store keeps for the objects below a prefix, which are locked for so many days.
func (r *reader) lifecycle(blocks []lifecycleBlock, prefix string, lockDays int) (expireDays int, transitions []Transition) {
	x := one(r, blocks, "lifecycle", func(x *lifecycleBlock) hcl.Range { return x.Range })
	if x == nil {
		return 0, nil
	}
	if prefix == "" {
		r.wrong(x.Range, `give the trail a prefix = "…"`, "without a prefix the rules would reach everything in the bucket")
	}
	if given(x.ExpireDays) {
		expireDays = r.count(x.ExpireDays, "expire_days", 1, mostLockDays)
		if expireDays < lockDays {
			r.wrong(x.ExpireDays.Range(), "choose at least the days of the lock", "objects would have to go while they are locked")
		}
	}
	for _, t := range x.Transitions {
		n := Transition{r.count(t.AfterDays, "after_days", 1, mostLockDays), r.text(t.StorageClass, "")}
		if given(t.StorageClass) && n.StorageClass == "" {
			r.wrong(t.StorageClass.Range(), `write "GLACIER" or another of the store's`, "a storage class is needed here")
		}
		if expireDays > 0 && n.AfterDays >= expireDays {
			r.wrong(t.AfterDays.Range(), "choose a smaller number", "the objects are gone by then")
		}
		transitions = append(transitions, n)
	}
	if len(transitions) == 0 && expireDays == 0 {
		r.wrong(x.Range, "write expire_days = 400, or a transition block", "this lifecycle does nothing")
	}
	return expireDays, transitions
}

// endpoint reads the address of a store; "" when none is given.
func (r *reader) endpoint(x, allow hcl.Expression) string {
	s := strings.TrimSuffix(r.text(x, ""), "/")
	insecure := r.truth(allow)
	if s == "" {
		return ""
	}
	u, err := url.Parse(s)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "", u.Path != "", u.RawQuery != "", u.Fragment != "":
		r.wrong(x.Range(), `write "https://s3.example.com"; the bucket has its own attribute`, "%q is not the address of a store", s)
	case u.User != nil:
		r.wrong(x.Range(), `use credentials { file = "…" }`, "the address of %s holds a password", u.Host)
	case isPlain(s) && !insecure:
		r.wrong(x.Range(), "write https://, and ca_file if its certificate is of your own authority; or insecure = true, if the network is your own", "events would go to %s in the clear", s)
	}
	return s
}

// encryption reads what a store encrypts with: own is what it calls its own key.
func (r *reader) encryption(x *sseBlock, own string) (mode, key string) {
	key = r.text(x.KMSKey, "")
	otherwise := own
	if key != "" {
		otherwise = "kms"
	}
	mode = r.choice(x.Mode, "mode", otherwise, own, "kms")
	if mode == own && key != "" {
		r.wrong(x.KMSKey.Range(), `write mode = "kms", or leave out the key`, "the store's own encryption takes no key")
	}
	return mode, key
}
