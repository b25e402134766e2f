package config

import (
	"time"

	"github.com/hashicorp/hcl/v2"
)

// Bucket is where archives are that a source reads.
type Bucket struct {
	Path   string       // a folder of this machine; "": a store
	S3     *S3Delivery  // where, and who asks; nil: it is another
	OSS    *OSSDelivery `json:",omitempty"` // the same of OSS
	Prefix string       // of keys
	Poll   time.Duration
	Late   time.Duration
	Once   bool
}

// Defaults of a source of kind bucket.
const (
	DefaultPoll = time.Minute
	DefaultLate = 72 * time.Hour
)

func (r *reader) bucketSource(b *sourceBlock, s *Source) mapping {
	var body bucketSourceBody
	r.decode(b.Body, b.Range, &body)
	a := &Bucket{Prefix: r.text(body.Prefix, ""), Poll: r.duration(body.Poll, DefaultPoll), Late: r.duration(body.Late, DefaultLate), Once: r.truth(body.Once)}
	s.Bucket = a
	switch {
	case given(body.Bucket) == given(body.Path):
		r.wrong(b.Range, `write bucket = "audit-archive", or path = "/srv/archive" for a copy of one`, "either a bucket or a path is needed")
	case given(body.Path):
		a.Path = r.file(body.Path)
		for name, x := range map[string]hcl.Expression{"endpoint": body.Endpoint, "region": body.Region, "path_style": body.PathStyle, "ca_file": body.CAFile, "store": body.Store} {
			if given(x) {
				r.wrong(x.Range(), "leave it out", "%s is for a bucket, and this is a folder", name)
			}
		}
	case r.choice(body.Store, "store", "s3", "s3", "oss") == "oss":
		a.OSS = r.ossSource(&body)
		if !given(body.Region) {
			r.wrong(b.Range, `write region = "cn-hangzhou"`, "requests to OSS are signed for a region, and none is named")
		}
	default:
		a.S3 = r.s3Place(&s3DeliveryBody{Bucket: body.Bucket, Endpoint: body.Endpoint, Region: body.Region, PathStyle: body.PathStyle, Insecure: body.Insecure, CAFile: body.CAFile, Credentials: body.Credentials})
	}
	if given(body.Poll) && (a.Poll < time.Second || a.Poll > 24*time.Hour) && !r.toldAt(body.Poll.Range()) {
		r.wrong(body.Poll.Range(), `choose between "1s" and "24h"`, "poll is out of range")
	}
	if given(body.Late) && (a.Late < time.Hour || a.Late > 365*24*time.Hour) && !r.toldAt(body.Late.Range()) {
		r.wrong(body.Late.Range(), `choose between "1h" and "365d"`, "late is out of range")
	}
	s.MaxLine = r.maxLine(body.MaxLine)
	return mapping{body.Format, body.LogFormat, body.Mapper, body.KeepRaw, body.TimeZone, body.TrustedProxies, body.ProxyHeader}
}

// ossSource reads where to, and who asks, as that of a delivery is read.
func (r *reader) ossSource(body *bucketSourceBody) *OSSDelivery {
	d := r.ossPlace(&ossDeliveryBody{Bucket: body.Bucket, Region: body.Region, Endpoint: body.Endpoint, Insecure: body.Insecure, CAFile: body.CAFile, Credentials: body.Credentials})
	if given(body.PathStyle) {
		r.wrong(body.PathStyle.Range(), "leave it out", "a bucket of OSS is in the host, or at an address in the path")
	}
	return d
}
