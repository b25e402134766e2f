package config

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/actiontrail/actiontrail/event"
)

// Witness is where the checkpoints of all archives of a trail are kept, besides in NATS.
type Witness struct {
	Name  string        // no other one of the trail has it
	Kind  string        // file, s3 or https
	Path  string        // of a file witness: a folder
	S3    *S3Delivery   // of that kind: the part of it that says where
	HTTPS *HTTPSWitness // of that kind
	Every time.Duration // the least time between two checkpoints
	Hash  string        // SHA-256 over what the block says, in hex
	Place string        // file:line of its block
}

// HTTPSWitness is a witness that is reached by POST.
type HTTPSWitness struct {
	URL        string
	Key        string // public, as a vkey: it speaks C2SP tlog-witness and cosigns; "": it is given the notes
	TokenFile  string // "": it is shown none
	SecretFile string // "": what is sent is not signed
}

// NATSWitness is the name of the witness that each trail has.
const NATSWitness = "nats"

// DefaultWitnessEvery is the least time between two checkpoints for one witness.
const DefaultWitnessEvery = 10 * time.Minute

type witnessBlock struct {
	Kind  string         `hcl:"kind,label"`
	Name  hcl.Expression `hcl:"name,optional"`
	Every hcl.Expression `hcl:"every,optional"`
	Body  hcl.Body       `hcl:",remain"`
	Range hcl.Range      `hcl:",def_range"`
}

type fileWitnessBody struct {
	Path hcl.Expression `hcl:"path,attr"`
}

type s3WitnessBody struct {
	Bucket       hcl.Expression     `hcl:"bucket,attr"`
	Prefix       hcl.Expression     `hcl:"prefix,optional"`
	Endpoint     hcl.Expression     `hcl:"endpoint,optional"`
	Region       hcl.Expression     `hcl:"region,optional"`
	PathStyle    hcl.Expression     `hcl:"path_style,optional"`
	Insecure     hcl.Expression     `hcl:"insecure,optional"`
	CAFile       hcl.Expression     `hcl:"ca_file,optional"`
	StorageClass hcl.Expression     `hcl:"storage_class,optional"`
	Credentials  []credentialsBlock `hcl:"credentials,block"`
	SSE          []sseBlock         `hcl:"sse,block"`
	Lock         []lockBlock        `hcl:"lock,block"`
}

type httpsWitnessBody struct {
	URL        hcl.Expression `hcl:"url,attr"`
	Key        hcl.Expression `hcl:"key,optional"`
	TokenFile  hcl.Expression `hcl:"token_file,optional"`
	SecretFile hcl.Expression `hcl:"secret_file,optional"`
	Insecure   hcl.Expression `hcl:"insecure,optional"`
}

// Target is where it keeps checkpoints, for people, without what may be secret in an address.
func (w *Witness) Target() string {
	switch {
	case w.S3 != nil:
		return strings.TrimSuffix("s3://"+w.S3.Bucket+"/"+w.S3.Prefix, "/")
	case w.HTTPS != nil:
		u, err := url.Parse(w.HTTPS.URL)
		if err != nil {
			return ""
		}
		return u.Scheme + "://" + u.Host
	}
	return w.Path
}

func (r *reader) witnesses(b *trailBlock) []Witness {
	var all []Witness
	for i := range b.Witness {
		x := &b.Witness[i]
		w := Witness{Kind: x.Kind, Name: r.text(x.Name, x.Kind), Every: r.duration(x.Every, DefaultWitnessEvery), Place: place(x.Range)}
		switch x.Kind {
		case "file":
			r.fileWitness(x, &w)
		case "s3":
			w.S3 = r.s3Witness(x)
		case "https":
			w.HTTPS = r.httpsWitness(x)
		default:
			r.wrong(x.Range, suggest(x.Kind, []string{"file", "s3", "https"}), "unknown kind of witness %q", x.Kind)
			continue
		}
		switch at := slices.IndexFunc(all, func(o Witness) bool { return o.Name == w.Name }); {
		case given(x.Name) && !event.ValidName(w.Name):
			r.wrong(x.Name.Range(), tokenHint, "witness %q is not a name", w.Name)
		case w.Name == NATSWitness:
			r.wrong(x.Range, "give it another name", "each trail has a witness %q, which needs no block", NATSWitness)
		case at >= 0:
			r.wrong(x.Range, `the other one is at `+all[at].Place+`: give one of them a name: name = "second"`, "two witnesses of trail %q are called %q", b.Name, w.Name)
		}
		if given(x.Every) && (w.Every < time.Second || w.Every > 24*time.Hour) {
			r.wrong(x.Every.Range(), `choose between "1s" and "24h"`, "every is out of range")
		}
		w.Hash = witnessHash(w)
		all = append(all, w)
	}
	return all
}

// witnessHash tells apart what two blocks say, not where they stand.
func witnessHash(w Witness) string {
	w.Place = ""
	text, err := json.Marshal(w)
	if err != nil { // plain data: cannot be
		text = []byte(err.Error())
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

func (r *reader) fileWitness(b *witnessBlock, w *Witness) {
	var body fileWitnessBody
	r.decode(b.Body, b.Range, &body)
	if w.Path = r.text(body.Path, ""); given(body.Path) && w.Path == "" {
		r.wrong(body.Path.Range(), "", "a path is needed here")
	}
}

// s3Witness reads where to as that of a delivery is read.
func (r *reader) s3Witness(b *witnessBlock) *S3Delivery {
	var body s3WitnessBody
	r.decode(b.Body, b.Range, &body)
	return r.s3Place(&s3DeliveryBody{Bucket: body.Bucket, Prefix: body.Prefix, Endpoint: body.Endpoint, Region: body.Region, PathStyle: body.PathStyle, Insecure: body.Insecure,
		CAFile: body.CAFile, StorageClass: body.StorageClass, Credentials: body.Credentials, SSE: body.SSE, Lock: body.Lock})
}

// witnessKey is the form of a public key of a witness; its hash is looked at when it is used.
var witnessKey = regexp.MustCompile(`^[!-*,-~]{1,512}\+[0-9a-f]{8}\+([A-Za-z0-9+/]{44})$`)

func (r *reader) httpsWitness(b *witnessBlock) *HTTPSWitness {
	var body httpsWitnessBody
	r.decode(b.Body, b.Range, &body)
	w := &HTTPSWitness{URL: r.text(body.URL, ""), Key: r.text(body.Key, ""), TokenFile: r.file(body.TokenFile), SecretFile: r.file(body.SecretFile)}
	if given(body.URL) && !r.toldAt(body.URL.Range()) {
		r.receiver(&webhookBody{URL: body.URL, SecretFile: body.SecretFile, Insecure: body.Insecure}, w.URL)
	}
	if w.Key == "" {
		return w
	}
	m := witnessKey.FindStringSubmatch(w.Key)
	if m == nil {
		r.wrong(body.Key.Range(), `write the witness's vkey: "witness.example.com/w1+85ab6921+BO…"`, "it is no public key of a witness")
		return w
	}
	if raw, err := base64.StdEncoding.DecodeString(m[1]); err != nil || raw[0] != 4 {
		r.wrong(body.Key.Range(), "only Ed25519 cosignatures (algorithm 4, cosignature/v1) are known", "the key of this witness is for other signatures")
	}
	return w
}
