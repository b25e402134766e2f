package s3

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/s3utils"
	"github.com/minio/minio-go/v7/pkg/signer"

	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/store"
)

// Lifecycle are the rules that the store follows for the objects below the
// prefix. Seals are no such objects: an archive cannot do without one.
type Lifecycle struct {
	Under       string // what the keys of objects begin with, after the prefix
	ExpireDays  int    // after which an object is removed; 0: never
	Transitions []Transition
}

// Transition moves objects into another storage class.
type Transition struct {
	AfterDays    int
	StorageClass string
}

func (l *Lifecycle) none() bool { return l.ExpireDays == 0 && len(l.Transitions) == 0 }

// abandonedDays is after how many days the parts of an upload that never ended are removed.
const abandonedDays = 7

// ruleID names our rule, of which there is one for each prefix.
func (b *Bucket) ruleID() string { return "actiontrail " + b.cfg.Prefix }

// keepRules has the bucket follow our rule, or none, and leaves those of others
// alone. It writes nothing when all is as it should be.
func (b *Bucket) keepRules(ctx context.Context) error {
	have, more, err := b.getRules(ctx)
	if err != nil {
		if r := (minio.ErrorResponse{}); b.cfg.Lifecycle.none() && errors.As(err, &r) {
			return nil // who may not look has never set one
		}
		return b.failed(ctx, "read the lifecycle rules of", "", err)
	}
	var want string
	if !b.cfg.Lifecycle.none() {
		if want, err = b.ourRule(); err != nil {
			return err
		}
	}
	all, changed := have.With(b.ruleID(), want)
	if !changed {
		return nil
	}
	method, body := http.MethodDelete, []byte(nil)
	if all != "" { // a set without rules is refused
		method, body = http.MethodPut, []byte(`<LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`+all+`</LifecycleConfiguration>`)
	}
	if _, _, err := b.ask(ctx, method, body, more); err != nil {
		return b.failed(ctx, "set the lifecycle rules of", "", err)
	}
	return nil
}

// ourRule is the text in our Rule.
func (b *Bucket) ourRule() (string, error) {
	type days struct {
		Days int `xml:"Days"`
	}
	type transition struct {
		Days         int    `xml:"Days"`
		StorageClass string `xml:"StorageClass"`
	}
	r := struct {
		XMLName     xml.Name     `xml:"Rule"`
		ID          string       `xml:"ID"`
		Prefix      string       `xml:"Filter>Prefix"`
		Status      string       `xml:"Status"`
		Transitions []transition `xml:"Transition"`
		Expiration  *days        `xml:"Expiration"`
		Abandoned   int          `xml:"AbortIncompleteMultipartUpload>DaysAfterInitiation"`
	}{ID: b.ruleID(), Prefix: b.cfg.Prefix + b.cfg.Lifecycle.Under, Status: "Enabled", Abandoned: abandonedDays}
	for _, t := range b.cfg.Lifecycle.Transitions {
		r.Transitions = append(r.Transitions, transition{t.AfterDays, t.StorageClass})
	}
	if d := b.cfg.Lifecycle.ExpireDays; d > 0 {
		r.Expiration = &days{d}
	}
	text, err := xml.Marshal(r)
	return strings.TrimSuffix(strings.TrimPrefix(string(text), "<Rule>"), "</Rule>"), err
}

// getRules reads the rules of the bucket, which may have none, and the headers that go with them.
func (b *Bucket) getRules(ctx context.Context) (*store.Rules, http.Header, error) {
	text, header, err := b.ask(ctx, http.MethodGet, nil, nil)
	if err != nil {
		if e := minio.ToErrorResponse(err); e.Code == "NoSuchLifecycleConfiguration" {
			return &store.Rules{}, nil, nil
		}
		return nil, nil, err
	}
	all, err := store.ParseRules(text)
	if least := header.Get(leastSize); err == nil && least != "" {
		return all, http.Header{leastSize: {least}}, nil
	}
	return all, nil, err
}

// leastSize is the header with a setting for all rules, which a new set of rules would forget.
const leastSize = "X-Amz-Transition-Default-Minimum-Object-Size"

// longestAnswer bounds what is read of the store's rules: it has 1,000 at most.
const longestAnswer = 4 << 20

// ask sends a request about the rules. The client of the library would drop what it does not know of others' rules.
func (b *Bucket) ask(ctx context.Context, method string, body []byte, more http.Header) ([]byte, http.Header, error) {
	u := *b.host
	if b.cfg.PathStyle == Host || b.cfg.PathStyle == Auto && s3utils.IsVirtualHostSupported(u, b.cfg.Bucket) {
		u.Host, u.Path = b.cfg.Bucket+"."+u.Host, "/"
	} else {
		u.Path = "/" + b.cfg.Bucket + "/"
	}
	u.RawQuery = url.Values{"lifecycle": {""}}.Encode()
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	if more != nil {
		req.Header = more
	}
	who, err := b.creds.GetWithContext(&credentials.CredContext{Client: &http.Client{Transport: b.http}})
	if err != nil {
		return nil, nil, err
	}
	sum := sha256.Sum256(body)
	req.Header.Set("X-Amz-Content-Sha256", hex.EncodeToString(sum[:]))
	if len(body) > 0 {
		md := md5.Sum(body) // what the operation asks for; it protects nothing
		req.Header.Set("Content-Md5", base64.StdEncoding.EncodeToString(md[:]))
		req.Header.Set("X-Amz-Checksum-Sha256", base64.StdEncoding.EncodeToString(sum[:]))
		req.Header.Set("Content-Type", "application/xml")
	}
	res, err := b.http.RoundTrip(signer.SignV4(*req, who.AccessKeyID, who.SecretAccessKey, who.SessionToken, b.cfg.Region))
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, longestAnswer))
	if err != nil {
		return nil, nil, err
	}
	if res.StatusCode/100 != 2 {
		e := minio.ErrorResponse{StatusCode: res.StatusCode}
		if xml.Unmarshal(text, &e) != nil || e.Code == "" {
			e.Code = res.Status
		}
		return nil, nil, e
	}
	return text, res.Header, nil
}
