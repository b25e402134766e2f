package oss

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strings"

	sdk "github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"

	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/store"
)

// Lifecycle are the rules that the store follows for the objects below the
// prefix. Seals are no such objects: an archive cannot do without one.
type Lifecycle struct {
	ExpireDays  int // after which an object is removed; 0: never
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
	have := &store.Rules{}
	text, err := b.rules(ctx, b.read, http.MethodGet, nil)
	switch c := code(err); {
	case c == "NoSuchLifecycle":
	case err != nil && c != "" && b.cfg.Lifecycle.none():
		return nil // who may not look has never set one
	case err == nil:
		have, err = store.ParseRules(text)
		fallthrough
	default:
		if err != nil {
			return b.failed(ctx, "read the lifecycle rules of", "", err)
		}
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
		method, body = http.MethodPut, []byte("<LifecycleConfiguration>"+all+"</LifecycleConfiguration>")
	}
	if _, err := b.rules(ctx, b.write, method, body); err != nil {
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
		Prefix      string       `xml:"Prefix"`
		Status      string       `xml:"Status"`
		Transitions []transition `xml:"Transition"`
		Expiration  *days        `xml:"Expiration"`
		Abandoned   int          `xml:"AbortMultipartUpload>Days"`
	}{ID: b.ruleID(), Prefix: b.cfg.Prefix + b.cfg.Under, Status: "Enabled", Abandoned: abandonedDays}
	for _, t := range b.cfg.Lifecycle.Transitions {
		r.Transitions = append(r.Transitions, transition{t.AfterDays, t.StorageClass})
	}
	if d := b.cfg.Lifecycle.ExpireDays; d > 0 {
		r.Expiration = &days{d}
	}
	text, err := xml.Marshal(r)
	return strings.TrimSuffix(strings.TrimPrefix(string(text), "<Rule>"), "</Rule>"), err
}

// longestAnswer bounds what is read of the store's rules: it has 1,000 at most.
const longestAnswer = 4 << 20

// rules sends a request about the rules. The types of the client would drop what it
// does not know of others' rules.
func (b *Bucket) rules(ctx context.Context, client *sdk.Client, method string, body []byte) (text []byte, err error) {
	in := &sdk.OperationInput{OpName: "BucketLifecycle", Method: method, Bucket: &b.cfg.Bucket, Parameters: map[string]string{"lifecycle": ""}}
	if len(body) > 0 {
		sum := md5.Sum(body) // what the operation asks for; it protects nothing
		in.Headers = map[string]string{"Content-Type": "application/xml", "Content-MD5": base64.StdEncoding.EncodeToString(sum[:])}
		in.Body = bytes.NewReader(body)
	}
	out, err := client.InvokeOperation(ctx, in)
	if err != nil || out.Body == nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, out.Body.Close()) }()
	return io.ReadAll(io.LimitReader(out.Body, longestAnswer))
}
