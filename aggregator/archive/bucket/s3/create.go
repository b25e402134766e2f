package s3

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/event"
)

const (
	// multipartAbove is the size from which an object is sent in parts: a single
	// request that is broken off has to begin anew.
	multipartAbove = 64 << 20
	partSize       = 16 << 20
	mostParts      = 10_000
	// lookAbove is the size from which a taken key is looked for first: that spares
	// the sending, and a store that refuses early may cut the connection before its
	// answer is read.
	lookAbove = 256 << 10
)

// Create makes an object if its key is free. When the answer is lost, or is not
// understood, nobody knows whether there is one now: the error says so, and the
// caller looks.
func (b *Bucket) Create(ctx context.Context, key string, content io.Reader, meta archive.Meta) error {
	if err := archive.CheckKey(key); err != nil {
		return err
	}
	if err := archive.CheckUser(meta.User); err != nil {
		return fmt.Errorf("create %s: %w", key, err)
	}
	if err := ctx.Err(); err != nil {
		return b.failed(ctx, "create", key, err)
	}
	if meta.Bytes > lookAbove {
		if _, err := b.Head(ctx, key); err == nil { // the request with the content is what decides
			return b.failed(ctx, "create", key, fs.ErrExist)
		}
	}
	exact := &exactReader{in: content, left: meta.Bytes}
	send := b.putWhole
	if meta.Bytes > b.above {
		send = b.putParts
	}
	err := send(ctx, key, exact, &meta)
	if err == nil {
		return nil
	}
	if exact.err != nil {
		err = exact.err // the client tells only that the store did not get all
	}
	return b.failed(ctx, "create", key, err)
}

// options are those of the object itself.
func (b *Bucket) options(meta *archive.Meta) minio.PutObjectOptions {
	o := minio.PutObjectOptions{
		ContentType: meta.Type, ContentEncoding: meta.Encoding, StorageClass: b.cfg.StorageClass, ServerSideEncryption: b.sse,
		DisableContentSha256: true, // which means: the hash of the whole is signed, not that of each chunk
		UserMetadata:         map[string]string{},
	}
	for name, value := range meta.User {
		o.UserMetadata["X-Amz-Meta-"+name] = value
	}
	if b.cfg.LockMode != "" {
		o.Mode = minio.RetentionMode(strings.ToUpper(b.cfg.LockMode))
		// In whole seconds, and not one too few.
		o.RetainUntilDate = b.cfg.Now().Add(time.Duration(b.cfg.LockDays)*24*time.Hour + time.Second - 1).Truncate(time.Second)
	}
	return o
}

// checksum has the store compare what it got, and keep the hash.
const checksum = "X-Amz-Checksum-Sha256"

func (b *Bucket) putWhole(ctx context.Context, key string, content io.Reader, meta *archive.Meta) error {
	if meta.Bytes == 0 { // no request has a body that could be looked at
		if _, err := content.Read(make([]byte, 1)); err != io.EOF {
			return err
		}
	}
	if meta.SHA256 == (event.Hash{}) {
		return errors.New("the hash of the content is needed")
	}
	o := b.options(meta)
	o.SetMatchETagExcept("*")
	o.UserMetadata[checksum] = base64.StdEncoding.EncodeToString(meta.SHA256[:])
	_, err := b.write.PutObject(ctx, b.cfg.Bucket, b.cfg.Prefix+key, content, meta.Bytes, "", hex.EncodeToString(meta.SHA256[:]), o)
	return err
}

// putParts sends a large object in parts. It comes to be by the last request, which has the condition.
func (b *Bucket) putParts(ctx context.Context, key string, content io.Reader, meta *archive.Meta) (err error) {
	o := b.options(meta)
	o.UserMetadata["X-Amz-Checksum-Algorithm"] = "SHA256"
	id, err := b.write.NewMultipartUpload(ctx, b.cfg.Bucket, b.cfg.Prefix+key, o)
	if err != nil {
		return err
	}
	completing := false
	defer func() {
		if err == nil || completing && !errors.Is(translated(err), fs.ErrExist) {
			return // done, or nobody knows
		}
		// What was sent is paid for until it is given up, also when ctx has ended.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), b.cfg.Stall)
		defer cancel()
		if abort := b.write.AbortMultipartUpload(ctx, b.cfg.Bucket, b.cfg.Prefix+key, id); abort != nil {
			err = fmt.Errorf("%w (and its parts stay in the store: %w)", err, abort)
		}
	}()
	parts, err := b.sendParts(ctx, key, id, content, meta)
	if err != nil {
		return err
	}
	completing = true
	var last minio.PutObjectOptions
	last.SetMatchETagExcept("*")
	_, err = b.write.CompleteMultipartUpload(ctx, b.cfg.Bucket, b.cfg.Prefix+key, id, parts, last)
	return err
}

func (b *Bucket) sendParts(ctx context.Context, key, id string, content io.Reader, meta *archive.Meta) ([]minio.CompletePart, error) {
	whole := sha256.New()
	buf := make([]byte, max(b.part, (meta.Bytes+mostParts-1)/mostParts))
	var parts []minio.CompletePart
	for left := meta.Bytes; left > 0; {
		part := buf[:min(int64(len(buf)), left)]
		if _, err := io.ReadFull(content, part); err != nil {
			return nil, err
		}
		left -= int64(len(part))
		whole.Write(part)
		sum := sha256.Sum256(part)
		o := minio.PutObjectPartOptions{Sha256Hex: hex.EncodeToString(sum[:]), DisableContentSha256: true}
		o.CustomHeader = map[string][]string{checksum: {base64.StdEncoding.EncodeToString(sum[:])}}
		sent, err := b.write.PutObjectPart(ctx, b.cfg.Bucket, b.cfg.Prefix+key, id, len(parts)+1, bytes.NewReader(part), int64(len(part)), o)
		if err != nil {
			return nil, err
		}
		parts = append(parts, minio.CompletePart{PartNumber: len(parts) + 1, ETag: sent.ETag, ChecksumSHA256: base64.StdEncoding.EncodeToString(sum[:])})
	}
	if sum := event.Hash(whole.Sum(nil)); sum != meta.SHA256 {
		return nil, fmt.Errorf("the content has SHA-256 %s, not %s as announced", sum, meta.SHA256)
	}
	return parts, nil
}

// exactReader fails when there is less or more to read than was announced. It
// keeps the last bytes back until it knows: a store that got them all would have
// made the object.
type exactReader struct {
	in   io.Reader
	left int64
	err  error // why; not io.EOF
}

func (r *exactReader) Read(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	if len(p) == 0 {
		return 0, nil
	}
	var n int
	var err error
	if r.left > 0 {
		n, err = r.in.Read(p[:min(int64(len(p)), r.left)])
		r.left -= int64(n)
	}
	if err == nil && r.left == 0 {
		var more [1]byte
		var m int
		for m == 0 && err == nil {
			m, err = r.in.Read(more[:])
		}
		if m > 0 {
			r.err = errors.New("the content is longer than announced")
			return 0, r.err
		}
	}
	switch {
	case err == io.EOF && r.left > 0:
		r.err = fmt.Errorf("the content is %d bytes shorter than announced", r.left)
	case err != nil && err != io.EOF:
		r.err = err
	case err == io.EOF && n > 0:
		err = nil
		r.in = eof{}
	}
	if r.err != nil {
		return 0, r.err
	}
	return n, err
}

type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }
