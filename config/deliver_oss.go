package config

import (
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// OSSDelivery archives a trail into Alibaba Cloud OSS. What is secret is in files.
type OSSDelivery struct {
	Bucket          string
	Prefix          string // "" or with a "/" at its end
	Region          string
	Endpoint        string // "": OSS in Region
	Internal        bool   // without Endpoint: by the network inside the region
	CAFile          string
	CredentialsFile string // "": the environment, the user's file, the role of the pod or the machine
	Profile         string
	StorageClass    string // of objects, not of seals; "": Standard
	SSE             string // "", oss or kms
	KMSKey          string
	LockDays        int // that the bucket's retention policy has to be locked for; 0: none is asked for
	ExpireDays      int // after which objects are removed; 0: never
	Transitions     []Transition
	Objects
}

type ossDeliveryBody struct {
	Bucket       hcl.Expression     `hcl:"bucket,attr"`
	Prefix       hcl.Expression     `hcl:"prefix,optional"`
	Region       hcl.Expression     `hcl:"region,attr"`
	Endpoint     hcl.Expression     `hcl:"endpoint,optional"`
	Internal     hcl.Expression     `hcl:"internal,optional"`
	Insecure     hcl.Expression     `hcl:"insecure,optional"`
	CAFile       hcl.Expression     `hcl:"ca_file,optional"`
	StorageClass hcl.Expression     `hcl:"storage_class,optional"`
	Layout       hcl.Expression     `hcl:"layout,optional"`
	Format       hcl.Expression     `hcl:"format,optional"`
	Credentials  []credentialsBlock `hcl:"credentials,block"`
	SSE          []sseBlock         `hcl:"sse,block"`
	Lock         []ossLockBlock     `hcl:"lock,block"`
	Lifecycle    []lifecycleBlock   `hcl:"lifecycle,block"`
	Roll         []rollBlock        `hcl:"roll,block"`
	Encrypt      []encryptBlock     `hcl:"encrypt,block"`
}

type ossLockBlock struct {
	Days  hcl.Expression `hcl:"days,attr"`
	Range hcl.Range      `hcl:",def_range"`
}

var (
	ossBucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)
	// alibabaRegion is as in cn-hangzhou: what is before and behind it is not.
	alibabaRegion = regexp.MustCompile(`^[a-z]{2}-[a-z0-9-]+$`)
)

// ossClasses are the storage classes of OSS, from the dearest to keep to the cheapest.
func ossClasses() []string {
	return []string{"Standard", "IA", "Archive", "ColdArchive", "DeepColdArchive"}
}

// mostOSSLockDays is how long OSS retains at most: 70 years.
const mostOSSLockDays = 25_550

func (r *reader) ossDelivery(b *deliverBlock) *OSSDelivery {
	var body ossDeliveryBody
	r.decode(b.Body, b.Range, &body)
	d := r.ossPlace(&body)
	if x := one(r, body.SSE, "sse", func(x *sseBlock) hcl.Range { return x.Range }); x != nil {
		d.SSE, d.KMSKey = r.encryption(x, "oss")
	}
	if x := one(r, body.Lock, "lock", func(x *ossLockBlock) hcl.Range { return x.Range }); x != nil {
		d.LockDays = r.count(x.Days, "days", 1, mostOSSLockDays)
	}
	d.Objects = r.objects(objectsBody{body.Layout, body.Format, body.Roll, body.Encrypt})
	d.ExpireDays, d.Transitions = r.lifecycle(body.Lifecycle, d.Prefix, d.LockDays)
	for _, x := range body.Lifecycle {
		for _, t := range x.Transitions {
			if class := r.text(t.StorageClass, ""); class != "" && !slices.Contains(ossClasses()[1:], class) {
				r.wrong(t.StorageClass.Range(), "choose one of "+strings.Join(ossClasses()[1:], ", "), "OSS has no storage class %q to go to", class)
			}
		}
	}
	return d
}

// ossPlace reads where objects are, who asks, and in which class they are put.
func (r *reader) ossPlace(body *ossDeliveryBody) *OSSDelivery {
	d := &OSSDelivery{Bucket: r.text(body.Bucket, ""), Prefix: r.objectPrefix(body.Prefix), Region: r.alibabaRegion(body.Region), Internal: r.truth(body.Internal), CAFile: r.file(body.CAFile)}
	if given(body.Bucket) && !ossBucketName.MatchString(d.Bucket) {
		r.wrong(body.Bucket.Range(), "3 to 63 lower-case letters, digits and -; what comes after the bucket's name is its prefix", "%q is no name of a bucket of OSS", d.Bucket)
	}
	if d.Endpoint = r.endpoint(body.Endpoint, body.Insecure); d.Endpoint != "" && given(body.Internal) {
		r.wrong(body.Internal.Range(), "leave one of the two out", "internal chooses the endpoint, and there is one")
	}
	if given(body.StorageClass) {
		d.StorageClass = r.choice(body.StorageClass, "storage_class", "", ossClasses()...)
	}
	if x := one(r, body.Credentials, "credentials", func(x *credentialsBlock) hcl.Range { return x.Range }); x != nil {
		d.CredentialsFile, d.Profile = r.file(x.File), r.text(x.Profile, "")
	}
	return d
}

// alibabaRegion reads the id of a region.
func (r *reader) alibabaRegion(x hcl.Expression) string {
	region := r.text(x, "")
	if given(x) && (!alibabaRegion.MatchString(region) || strings.HasPrefix(region, "oss-")) {
		r.wrong(x.Range(), `write its id, like "cn-hangzhou" or "ap-southeast-1", without oss-`, "%q is no region of Alibaba Cloud", region)
	}
	return region
}

// Target is where the archive lies.
func (d *OSSDelivery) Target() string {
	return strings.TrimSuffix("oss://"+d.Bucket+"/"+d.Prefix, "/")
}
