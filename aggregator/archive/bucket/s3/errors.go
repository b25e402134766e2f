package s3

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"

	"github.com/minio/minio-go/v7"

	"github.com/actiontrail/actiontrail/aggregator/archive"
)

// refusal is an answer of the store.
type refusal struct {
	minio.ErrorResponse
	is error // of io/fs, or archive.ErrTiered; nil: none
}

func (r *refusal) Error() string {
	if r.Code == invalidObjectState {
		return archive.ErrTiered.Error()
	}
	text := r.Message
	if text == "" {
		text = http.StatusText(r.StatusCode)
	}
	text = fmt.Sprintf("the store says %s (%s, status %d)", text, r.Code, r.StatusCode)
	if r.RequestID != "" {
		text += ", request " + r.RequestID
	}
	return text
}

func (r *refusal) Unwrap() error { return r.is }

// translated gives an error of the client the meaning that a Bucket's has. A
// bucket that is missing is no missing object.
func translated(err error) error {
	var e minio.ErrorResponse
	if !errors.As(err, &e) {
		return err
	}
	r := &refusal{ErrorResponse: e}
	switch {
	case e.Code == minio.PreconditionFailed, e.StatusCode == http.StatusPreconditionFailed:
		r.is = fs.ErrExist
	case e.Code == minio.NoSuchKey:
		r.is = fs.ErrNotExist
	case e.Code == invalidObjectState:
		r.is = archive.ErrTiered
	case e.Code == minio.AccessDenied, e.StatusCode == http.StatusForbidden:
		r.is = fs.ErrPermission
	}
	return r
}

// code is what the store calls an error; "" when it is not the store's.
func code(err error) string {
	if r := (*refusal)(nil); errors.As(err, &r) {
		return r.Code
	}
	return ""
}
