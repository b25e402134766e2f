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

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/s3utils"
	"github.com/minio/minio-go/v7/pkg/signer"

	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/store"
)

// keepRules has the bucket follow our rule, or none, and leaves those of others
// alone. It writes nothing when all is as it should be.
func (b *Bucket) keepRules(ctx context.Context) error {
	have, more, err := b.getRules(ctx)
	if err != nil {
		if r := (minio.ErrorResponse{}); b.cfg.Lifecycle.None() && errors.As(err, &r) {
			return nil // who may not look has never set one
		}
		return b.failed(ctx, "read the lifecycle rules of", "", err)
	}
	method, body, err := have.Change(store.FormOfS3(), &b.cfg.Lifecycle, b.cfg.Prefix, b.cfg.Under)
	if err != nil || method == "" {
		return err
	}
	if _, _, err := b.ask(ctx, method, body, more); err != nil {
		return b.failed(ctx, "set the lifecycle rules of", "", err)
	}
	return nil
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
