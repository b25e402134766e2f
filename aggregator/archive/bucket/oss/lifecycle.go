package oss

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"io"
	"net/http"

	sdk "github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"

	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/store"
)

// keepRules has the bucket follow our rule, or none, and leaves those of others
// alone. It writes nothing when all is as it should be.
func (b *Bucket) keepRules(ctx context.Context) error {
	have := &store.Rules{}
	text, err := b.rules(ctx, b.read, http.MethodGet, nil)
	switch c := code(err); {
	case c == "NoSuchLifecycle":
	case err != nil && c != "" && b.cfg.Lifecycle.None():
		return nil // who may not look has never set one
	case err == nil:
		have, err = store.ParseRules(text)
		fallthrough
	default:
		if err != nil {
			return b.failed(ctx, "read the lifecycle rules of", "", err)
		}
	}
	method, body, err := have.Change(store.FormOfOSS(), &b.cfg.Lifecycle, b.cfg.Prefix, b.cfg.Under)
	if err != nil || method == "" {
		return err
	}
	if _, err := b.rules(ctx, b.write, method, body); err != nil {
		return b.failed(ctx, "set the lifecycle rules of", "", err)
	}
	return nil
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
