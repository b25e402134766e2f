package oss

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/crc64"
	"io"
	"io/fs"
	"strconv"
	"strings"

	sdk "github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/event"
)

const (
	// multipartAbove is the size up to which an object is held in memory and sent by one
	// request: OSS is told the MD5 of what it is to get before it gets it.
	multipartAbove = 16 << 20
	partSize       = 16 << 20
	mostParts      = 10_000
	// lookAbove is the size from which a taken key is looked for first, which spares the sending.
	lookAbove = 256 << 10
)

// Create makes an object if its key is free. When the answer is lost, or is not
// understood, nobody knows whether there is one now: the error says so, and the
// caller looks.
//
// The content is held against meta.SHA256 before the object can come to be, and OSS
// holds what it got against an MD5 that is signed: what is there in the end is what
// was sealed.
func (b *Bucket) Create(ctx context.Context, key string, content io.Reader, meta archive.Meta) error {
	if err := archive.CheckKey(key); err != nil {
		return err
	}
	if n := len(b.cfg.Prefix + key); n > 1023 {
		return fmt.Errorf("object key of %d bytes is longer than the 1023 that OSS takes", n)
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
	send := b.putWhole
	if meta.Bytes > b.above {
		send = b.putParts
	}
	if err := send(ctx, key, content, &meta); err != nil {
		return b.failed(ctx, "create", key, err)
	}
	return nil
}

// forbid has the store refuse a taken key.
func forbid() *string { return sdk.Ptr("true") }

// encryption is what the store is asked to encrypt with.
func (b *Bucket) encryption() (method, key *string) {
	switch b.cfg.SSE {
	case SSEOSS:
		return sdk.Ptr("AES256"), nil
	case SSEKMS:
		if b.cfg.KMSKey != "" {
			key = sdk.Ptr(b.cfg.KMSKey)
		}
		return sdk.Ptr("KMS"), key
	}
	return nil, nil
}

// class is the storage class of an object. It is always said: the bucket may have
// another one by default, from which seals could not be read.
func (b *Bucket) class(key string) sdk.StorageClassType {
	if b.cfg.Under != "" && strings.HasPrefix(key, b.cfg.Under) {
		return sdk.StorageClassType(b.cfg.StorageClass)
	}
	return standard
}

// orNil leaves out what is not given.
func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func (b *Bucket) putWhole(ctx context.Context, key string, content io.Reader, meta *archive.Meta) error {
	buf := make([]byte, meta.Bytes)
	if err := readAll(content, buf); err != nil {
		return err
	}
	if err := ends(content); err != nil {
		return err
	}
	if sum := event.Hash(sha256.Sum256(buf)); sum != meta.SHA256 {
		return otherContent(sum, meta)
	}
	r := &sdk.PutObjectRequest{
		Bucket: &b.cfg.Bucket, Key: b.key(key), Body: bytes.NewReader(buf), ContentLength: &meta.Bytes, ContentMD5: digest(buf), ForbidOverwrite: forbid(),
		ContentType: orNil(meta.Type), ContentEncoding: orNil(meta.Encoding), StorageClass: b.class(key), Metadata: meta.User,
	}
	r.ServerSideEncryption, r.ServerSideEncryptionKeyId = b.encryption()
	_, err := b.write.PutObject(ctx, r)
	return err
}

// putParts sends a large object in parts. It comes to be by the last request, which
// has the condition.
func (b *Bucket) putParts(ctx context.Context, key string, content io.Reader, meta *archive.Meta) (err error) {
	r := &sdk.InitiateMultipartUploadRequest{
		Bucket: &b.cfg.Bucket, Key: b.key(key), ForbidOverwrite: forbid(),
		ContentType: orNil(meta.Type), ContentEncoding: orNil(meta.Encoding), StorageClass: b.class(key), Metadata: meta.User,
	}
	r.ServerSideEncryption, r.ServerSideEncryptionKeyId = b.encryption()
	begun, err := b.write.InitiateMultipartUpload(ctx, r)
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
		_, abort := b.write.AbortMultipartUpload(ctx, &sdk.AbortMultipartUploadRequest{Bucket: &b.cfg.Bucket, Key: b.key(key), UploadId: begun.UploadId})
		if abort != nil && code(abort) != noSuchUpload {
			err = fmt.Errorf("%w (and its parts stay in the store: %w)", err, translated(abort))
		}
	}()
	parts, crc, err := b.sendParts(ctx, key, begun.UploadId, content, meta)
	if err != nil {
		return err
	}
	completing = true
	done, err := b.write.CompleteMultipartUpload(ctx, &sdk.CompleteMultipartUploadRequest{
		Bucket: &b.cfg.Bucket, Key: b.key(key), UploadId: begun.UploadId, ForbidOverwrite: forbid(), CompleteMultipartUpload: &sdk.CompleteMultipartUpload{Parts: parts},
	})
	if err == nil && done.HashCRC64 != nil && *done.HashCRC64 != strconv.FormatUint(crc, 10) {
		return fmt.Errorf("the store put the parts together to another object: its CRC-64 is %s, not %d", *done.HashCRC64, crc)
	}
	return err
}

func (b *Bucket) sendParts(ctx context.Context, key string, upload *string, content io.Reader, meta *archive.Meta) (parts []sdk.UploadPart, crc uint64, err error) {
	whole, table := sha256.New(), crc64.MakeTable(crc64.ECMA)
	buf := make([]byte, max(b.part, (meta.Bytes+mostParts-1)/mostParts))
	for left := meta.Bytes; left > 0; {
		part := buf[:min(int64(len(buf)), left)]
		if err := readAll(content, part); err != nil {
			return nil, 0, err
		}
		left -= int64(len(part))
		whole.Write(part)
		crc = crc64.Update(crc, table, part)
		sent, err := b.write.UploadPart(ctx, &sdk.UploadPartRequest{
			Bucket: &b.cfg.Bucket, Key: b.key(key), UploadId: upload, PartNumber: int32(len(parts) + 1), Body: bytes.NewReader(part), ContentMD5: digest(part),
		})
		if err != nil {
			return nil, 0, err
		}
		parts = append(parts, sdk.UploadPart{PartNumber: int32(len(parts) + 1), ETag: sent.ETag})
	}
	if err := ends(content); err != nil {
		return nil, 0, err
	}
	if sum := event.Hash(whole.Sum(nil)); sum != meta.SHA256 {
		return nil, 0, otherContent(sum, meta)
	}
	return parts, crc, nil
}

// digest is the Content-MD5 of a body. It guards against the network; what guards
// against people is the SHA-256 of the seal.
func digest(body []byte) *string {
	sum := md5.Sum(body)
	return sdk.Ptr(base64.StdEncoding.EncodeToString(sum[:]))
}

func otherContent(sum event.Hash, meta *archive.Meta) error {
	return fmt.Errorf("the content has SHA-256 %s, not %s as announced", sum, meta.SHA256)
}

// readAll fills buf.
func readAll(content io.Reader, buf []byte) error {
	n, err := io.ReadFull(content, buf)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return fmt.Errorf("the content is shorter than announced: %d bytes are missing", len(buf)-n)
	}
	return err
}

// ends fails when there is more to read.
func ends(content io.Reader) error {
	switch n, err := io.ReadFull(content, make([]byte, 1)); {
	case n > 0:
		return errors.New("the content is longer than announced")
	case err != io.EOF:
		return err
	}
	return nil
}
