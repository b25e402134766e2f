package osstest

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// upload is an object that comes in parts.
type upload struct {
	key    string
	object *Object
	parts  map[int]*Object
}

// leastPart is what all parts but the last have to have.
const leastPart = 100 << 10

func (s *Store) begin(w http.ResponseWriter, q *request, b *Bucket) error {
	o, err := made(q, b)
	if err != nil {
		return err
	}
	if err := s.mayMake(q, b); err != nil {
		return err
	}
	s.uploads++
	id := fmt.Sprintf("0004B9894A22E5B1888A1E29F82%05d", s.uploads)
	b.uploads[id] = &upload{q.key, o, map[int]*Object{}}
	return answer(w, struct {
		XMLName                             xml.Name `xml:"InitiateMultipartUploadResult"`
		Bucket, Key, UploadId, EncodingType string
	}{Bucket: q.bucket, Key: url.QueryEscape(q.key), UploadId: id, EncodingType: "url"})
}

func (b *Bucket) upload(q *request) (*upload, error) {
	u := b.uploads[q.query["uploadId"]]
	if u == nil || u.key != q.key {
		return nil, refuse(http.StatusNotFound, "NoSuchUpload", "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.")
	}
	return u, nil
}

func (s *Store) part(w http.ResponseWriter, q *request, b *Bucket) error {
	u, err := b.upload(q)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(q.query["partNumber"])
	if err != nil || n < 1 || n > 10_000 {
		return refuse(http.StatusBadRequest, "InvalidArgument", "partNumber is 1 to 10000.")
	}
	u.parts[n] = &Object{Body: q.body}
	u.parts[n].tell(w.Header())
	return nil
}

func (s *Store) complete(w http.ResponseWriter, q *request, b *Bucket) error {
	u, err := b.upload(q)
	if err != nil {
		return err
	}
	var asked struct {
		XMLName xml.Name `xml:"CompleteMultipartUpload"`
		Part    []struct {
			PartNumber int
			ETag       string
		}
	}
	if err := xml.Unmarshal(q.body, &asked); err != nil || len(asked.Part) == 0 {
		return refuse(http.StatusBadRequest, "MalformedXML", "The XML you provided was not well-formed.")
	}
	var whole []byte
	for i, p := range asked.Part {
		part := u.parts[p.PartNumber]
		switch {
		case i > 0 && p.PartNumber <= asked.Part[i-1].PartNumber:
			return refuse(http.StatusBadRequest, "InvalidPartOrder", "The list of parts was not in ascending order.")
		case part == nil || tag(part) != p.ETag:
			return refuse(http.StatusBadRequest, "InvalidPart", "One or more of the specified parts could not be found.")
		case i < len(asked.Part)-1 && len(part.Body) < leastPart:
			return refuse(http.StatusBadRequest, "EntityTooSmall", "Your proposed upload smaller than the minimum allowed size.")
		}
		whole = append(whole, part.Body...)
	}
	if err := s.mayMake(q, b); err != nil {
		return err
	}
	delete(b.uploads, q.query["uploadId"])
	u.object.Body, u.object.parts = whole, len(asked.Part)
	s.keep(q, b, u.object)
	h := http.Header{}
	u.object.tell(h)
	w.Header().Set("x-oss-hash-crc64ecma", h.Get("x-oss-hash-crc64ecma"))
	return answer(w, struct {
		XMLName                         xml.Name `xml:"CompleteMultipartUploadResult"`
		EncodingType, Bucket, Key, ETag string
	}{EncodingType: "url", Bucket: q.bucket, Key: url.QueryEscape(q.key), ETag: h.Get("ETag")})
}

func tag(o *Object) string {
	h := http.Header{}
	o.tell(h)
	return h.Get("ETag")
}

func (s *Store) abort(w http.ResponseWriter, q *request, b *Bucket) error {
	if _, err := b.upload(q); err != nil {
		return err
	}
	delete(b.uploads, q.query["uploadId"])
	w.WriteHeader(http.StatusNoContent)
	return nil
}
