package oss

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"

	sdk "github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"

	"github.com/actiontrail/actiontrail/aggregator/archive"
)

// refusal is an answer of the store.
type refusal struct {
	status                 int
	code, message, request string
	is                     error // of io/fs, or archive.ErrTiered; nil: none
}

func (r *refusal) Error() string {
	if r.code == invalidObjectState {
		return archive.ErrTiered.Error()
	}
	if r.message == "" {
		r.message = http.StatusText(r.status)
	}
	text := fmt.Sprintf("the store says %s (%s, status %d)", r.message, r.code, r.status)
	if r.request != "" {
		text += ", request " + r.request
	}
	return text
}

func (r *refusal) Unwrap() error { return r.is }

// Codes of OSS.
const (
	fileAlreadyExists  = "FileAlreadyExists"
	fileImmutable      = "FileImmutable" // what is there is retained
	noSuchKey          = "NoSuchKey"
	noSuchBucket       = "NoSuchBucket"
	noSuchUpload       = "NoSuchUpload"
	invalidObjectState = "InvalidObjectState"
	restoreUnderWay    = "RestoreAlreadyInProgress"
)

// translated gives an error of the client the meaning that a Bucket's has, and takes
// the names of its steps and its addresses away. A bucket that is missing is no
// missing object.
func translated(err error) error {
	if e := (*url.Error)(nil); errors.As(err, &e) {
		return e.Err
	}
	e := (*sdk.ServiceError)(nil)
	if !errors.As(err, &e) {
		if o := (*sdk.OperationError)(nil); errors.As(err, &o) {
			return o.Unwrap()
		}
		return err
	}
	r := &refusal{status: e.StatusCode, code: e.Code, message: e.Message, request: e.RequestID}
	switch {
	case e.Code == fileAlreadyExists, e.Code == fileImmutable:
		r.is = fs.ErrExist
	case e.Code == noSuchKey, e.StatusCode == http.StatusNotFound && len(e.Snapshot) == 0: // HEAD has no body to say it in
		r.is = fs.ErrNotExist
	case e.Code == invalidObjectState:
		r.is = archive.ErrTiered
	case e.StatusCode == http.StatusForbidden:
		r.is = fs.ErrPermission
	}
	return r
}

// code is what the store calls an error; "" when it is not the store's.
func code(err error) string {
	if r := (*refusal)(nil); errors.As(err, &r) {
		return r.code
	}
	if e := (*sdk.ServiceError)(nil); errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// rights are what an operation needs, by what errors call it.
func rights(what string) string {
	return map[string]string{
		"create": "oss:PutObject", "read": "oss:GetObject", "look for": "oss:GetObject", "restore": "oss:RestoreObject", "list": "oss:ListObjects",
		"read the versioning of": "oss:GetBucketVersioning", "read the retention policy of": "oss:GetBucketWorm",
		"read the lifecycle rules of": "oss:GetBucketLifecycle", "set the lifecycle rules of": "oss:PutBucketLifecycle",
	}[what]
}

// advised adds what a user can do about a refusal.
func (b *Bucket) advised(what string, err error) error {
	var advice string
	switch c := code(err); {
	case c == noSuchBucket:
		advice = "make the bucket " + b.cfg.Bucket + ", or name another one"
	case c == "InvalidAccessKeyId", c == "SignatureDoesNotMatch", c == "SecurityTokenExpired", c == "InvalidSecurityToken":
		advice = "see that the credentials are right"
	case c == "RequestTimeTooSkewed":
		advice = "set the clock of this machine"
	case c == "AccessDenied" && errors.Is(err, fs.ErrPermission) && b.elsewhere(err), c == "InvalidArgument" && b.elsewhere(err):
		advice = "see that region is that of the bucket"
	case c == "SecondLevelDomainForbidden":
		advice = "leave out endpoint, or name one by a host, not by an address"
	case errors.Is(err, fs.ErrPermission) && rights(what) != "":
		advice = "the credentials need the right " + rights(what) + " (and the bucket has to be in region " + b.cfg.Region + ")"
	default:
		return err
	}
	return fmt.Errorf("%w; %s", err, advice)
}
