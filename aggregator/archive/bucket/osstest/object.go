package osstest

import (
	"bytes"
	"cmp"
	"crypto/md5"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"hash/crc64"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// made gives an object of a request its headers, and refuses those that are not known.
func made(q *request, b *Bucket) (*Object, error) {
	o := &Object{Header: http.Header{}, Class: cmp.Or(q.Header.Get("x-oss-storage-class"), b.Class)}
	if !slices.Contains([]string{"Standard", "IA", "Archive", "ColdArchive", "DeepColdArchive"}, o.Class) {
		return nil, refuse(http.StatusBadRequest, "InvalidArgument", "Invalid storage class "+o.Class)
	}
	for name, values := range q.Header {
		switch low := strings.ToLower(name); {
		case strings.HasPrefix(low, "x-oss-meta-"), low == "content-type", low == "content-encoding":
			o.Header[name] = values
		case low == "x-oss-server-side-encryption":
			if values[0] != "AES256" && values[0] != "KMS" {
				return nil, refuse(http.StatusBadRequest, "InvalidEncryptionAlgorithmError", "The Encryption Algorithm you specified is not valid.")
			}
			o.Header[name] = values
		case low == "x-oss-server-side-encryption-key-id":
			if q.Header.Get("x-oss-server-side-encryption") != "KMS" {
				return nil, refuse(http.StatusBadRequest, "InvalidArgument", "A key goes with KMS.")
			}
			o.Header[name] = values
		}
	}
	return o, nil
}

// mayMake tells whether an object may come to be where one is, or is not.
func (s *Store) mayMake(q *request, b *Bucket) error {
	switch forbid := q.Header.Get("x-oss-forbid-overwrite"); {
	case forbid != "" && forbid != "true" && forbid != "false":
		return refuse(http.StatusBadRequest, "InvalidArgument", "x-oss-forbid-overwrite is true or false.")
	case b.Objects[q.key] == nil || b.Versioning != "": // there, the header is ignored
		return nil
	case forbid == "true":
		return refuse(http.StatusConflict, "FileAlreadyExists", "The object you specified already exists and can not be overwritten.")
	case b.WormState != "" && s.Now().Before(b.Lasts(b.Objects[q.key])):
		return refuse(http.StatusConflict, "FileImmutable", "The object you specified is immutable.")
	}
	return nil
}

// keep puts an object where it belongs.
func (s *Store) keep(q *request, b *Bucket, o *Object) {
	o.Modified = s.Now()
	if old := b.Objects[q.key]; old != nil && b.Versioning == "Enabled" {
		o.Old = append(old.Old, old)
	}
	b.Objects[q.key] = o
}

func (s *Store) put(w http.ResponseWriter, q *request, b *Bucket) error {
	o, err := made(q, b)
	if err != nil {
		return err
	}
	if len(q.key) > 1023 {
		return refuse(http.StatusBadRequest, "InvalidObjectName", "The length of object name must be less than 1024.")
	}
	if err := s.mayMake(q, b); err != nil {
		return err
	}
	o.Body = q.body
	s.keep(q, b, o)
	o.tell(w.Header())
	return nil
}

// tell says what an object is.
func (o *Object) tell(h http.Header) {
	sum := md5.Sum(o.Body)
	tag := fmt.Sprintf("%X", sum)
	if o.parts > 0 {
		tag += fmt.Sprint("-", o.parts)
	} else {
		h.Set("Content-MD5", base64.StdEncoding.EncodeToString(sum[:]))
	}
	h.Set("ETag", `"`+tag+`"`)
	h.Set("x-oss-hash-crc64ecma", strconv.FormatUint(crc64.Checksum(o.Body, crc64.MakeTable(crc64.ECMA)), 10))
}

func (s *Store) get(w http.ResponseWriter, q *request, b *Bucket) error {
	o := b.Objects[q.key]
	if o == nil {
		return refuse(http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
	}
	h := w.Header()
	for name, values := range o.Header {
		h[name] = values
	}
	o.tell(h)
	h.Set("Last-Modified", o.Modified.UTC().Format(http.TimeFormat))
	h.Set("x-oss-storage-class", o.Class)
	h.Set("x-oss-object-type", "Normal")
	if o.Restore != "" {
		h.Set("x-oss-restore", o.Restore)
	}
	if tag := q.Header.Get("If-Match"); tag != "" && tag != h.Get("ETag") {
		return refuse(http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold.")
	}
	readable := o.Class == "Standard" || o.Class == "IA" || o.Class == "Archive" && b.DirectRead || strings.HasPrefix(o.Restore, `ongoing-request="false"`)
	if q.Method == http.MethodGet && !readable {
		return refuse(http.StatusForbidden, "InvalidObjectState", "The operation is not valid for the object's state")
	}
	body := o.Body
	if rest, ok := strings.CutPrefix(q.Header.Get("Range"), "bytes="); ok {
		from, err := strconv.Atoi(strings.TrimSuffix(rest, "-"))
		if err != nil || from >= len(body) {
			return refuse(http.StatusRequestedRangeNotSatisfiable, "InvalidRange", "The requested range cannot be satisfied")
		}
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(body)-1, len(body)))
		h.Set("Content-Length", fmt.Sprint(len(body)-from))
		w.WriteHeader(http.StatusPartialContent)
		body = body[from:]
	}
	h.Set("Content-Length", fmt.Sprint(len(body)))
	if q.Method == http.MethodGet {
		w.Write(body)
	}
	return nil
}

func (s *Store) restore(w http.ResponseWriter, q *request, b *Bucket) error {
	o := b.Objects[q.key]
	var r struct {
		XMLName xml.Name `xml:"RestoreRequest"`
		Days    int
		Tier    string `xml:"JobParameters>Tier"`
	}
	switch {
	case o == nil:
		return refuse(http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
	case o.Class == "Standard" || o.Class == "IA":
		return refuse(http.StatusBadRequest, "OperationNotSupported", "The operation is not supported for this resource.")
	case strings.HasPrefix(o.Restore, `ongoing-request="true"`):
		return refuse(http.StatusConflict, "RestoreAlreadyInProgress", "The restore operation is in progress.")
	case xml.Unmarshal(q.body, &r) != nil, r.Days < 1, r.Tier != "" && o.Class == "Archive":
		return refuse(http.StatusBadRequest, "MalformedXML", "The XML you provided was not well-formed.")
	}
	o.Restore, o.Asked = `ongoing-request="true"`, string(q.body)
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// Finish has all that was asked for be restored, until then.
func (s *Store) Finish(until time.Time) {
	s.Do(func() {
		for _, b := range s.buckets {
			for _, o := range b.Objects {
				if o.Restore != "" {
					o.Restore = `ongoing-request="false", expiry-date="` + until.UTC().Format(http.TimeFormat) + `"`
				}
			}
		}
	})
}

func (s *Store) list(w http.ResponseWriter, q *request, b *Bucket) error {
	type content struct {
		Key, ETag, Type, StorageClass, LastModified string
		Size                                        int
	}
	type list struct {
		XMLName                  xml.Name `xml:"ListBucketResult"`
		Name, Prefix, StartAfter string
		EncodingType             string
		MaxKeys, KeyCount        int
		IsTruncated              bool
		NextContinuationToken    string `xml:",omitempty"`
		Contents                 []content
	}
	page, prefix, after := s.Page, q.query["prefix"], q.query["start-after"]
	for name, value := range q.query {
		switch name {
		case "list-type", "prefix", "start-after":
		case "encoding-type":
			if value != "url" {
				return refuse(http.StatusBadRequest, "InvalidArgument", "encoding-type is url.")
			}
		case "max-keys":
			n, err := strconv.Atoi(value)
			if err != nil || n < 1 || n > 1000 {
				return refuse(http.StatusBadRequest, "InvalidArgument", "max-keys is 1 to 1000.")
			}
			page = min(page, n)
		case "continuation-token":
			if err := json.NewDecoder(bytes.NewReader(unbase64(value))).Decode(&after); err != nil {
				return refuse(http.StatusBadRequest, "InvalidArgument", "The continuation token is not one of ours.")
			}
		default:
			return refuse(http.StatusNotImplemented, "NotImplemented", "This double does not know "+name)
		}
	}
	escaped := func(s string) string {
		if q.query["encoding-type"] == "url" {
			return url.QueryEscape(s)
		}
		return s
	}
	var keys []string
	for key := range b.Objects {
		if strings.HasPrefix(key, prefix) && key > after {
			keys = append(keys, key)
		}
	}
	sort.Strings(keys)
	all := list{Name: q.bucket, Prefix: escaped(prefix), StartAfter: escaped(q.query["start-after"]), EncodingType: q.query["encoding-type"], MaxKeys: page}
	if len(keys) > page {
		keys, all.IsTruncated = keys[:page], true
		token, err := json.Marshal(keys[page-1])
		if err != nil {
			return err
		}
		all.NextContinuationToken = base64.StdEncoding.EncodeToString(token)
	}
	for _, key := range keys {
		o := b.Objects[key]
		all.Contents = append(all.Contents, content{Key: escaped(key), Type: "Normal", StorageClass: o.Class, LastModified: o.Modified.UTC().Format("2006-01-02T15:04:05.000Z"), Size: len(o.Body)})
	}
	all.KeyCount = len(keys)
	return answer(w, all)
}

func unbase64(s string) []byte {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return nil
	}
	return b
}
