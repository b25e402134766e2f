// Package osstest is a double of Alibaba Cloud's Object Storage Service on the wire,
// for tests: nobody but Alibaba Cloud has a real one. It was written from the public
// description of OSS, shares no code with the client that is tested against it, and
// refuses what it does not know.
package osstest

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Store is the service in one region, with one user.
type Store struct {
	URL    string // of the server
	Region string
	Domain string // buckets are asked for as BUCKET.Domain, or at an address as /BUCKET/
	Key    string
	Secret string
	Token  string // of temporary keys; "": the key is none
	Page   int    // objects on a page of a list, at most
	Now    func() time.Time

	mu       sync.Mutex
	buckets  map[string]*Bucket
	denied   map[string]bool // actions, as policies call them
	down     bool
	requests map[string]int // by action, that were understood
	uploads  int
	log      []string // what was refused, for who wonders why
}

// Bucket is a bucket. Fields are changed under Store.Do alone.
type Bucket struct {
	Versioning string // "", Enabled or Suspended
	WormState  string // "", InProgress or Locked
	WormDays   int
	Lifecycle  string // XML; "": none
	Class      string // of objects for which none is asked
	DirectRead bool   // objects of class Archive can be read as they lie
	Objects    map[string]*Object
	uploads    map[string]*upload
}

// Object is an object.
type Object struct {
	Body     []byte
	Header   http.Header // that it was made with and comes back with
	Class    string
	Modified time.Time
	Restore  string    // x-oss-restore
	Asked    string    // body of the last request to restore it
	Old      []*Object // versions that were written over
	parts    int
}

// Start runs a store in region cn-hangzhou with the bucket "audit" until the test ends.
func Start(t testing.TB) *Store {
	t.Helper()
	s := &Store{
		Region: "cn-hangzhou", Domain: "oss.test", Key: "key-of-tests", Secret: "secret-of-tests", Page: 1000, Now: time.Now,
		buckets: map[string]*Bucket{}, denied: map[string]bool{}, requests: map[string]int{},
	}
	s.Make("audit")
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	t.Cleanup(func() {
		if t.Failed() {
			s.Do(func() { t.Logf("the store refused:\n%s", strings.Join(s.log, "\n")) })
		}
	})
	s.URL = server.URL
	return s
}

// Make makes a bucket.
func (s *Store) Make(name string) *Bucket {
	b := &Bucket{Class: "Standard", Objects: map[string]*Object{}, uploads: map[string]*upload{}}
	s.Do(func() { s.buckets[name] = b })
	return b
}

// Bucket is a bucket by its name, under Do.
func (s *Store) Bucket(name string) *Bucket { return s.buckets[name] }

// Do runs something while no request is served.
func (s *Store) Do(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// Deny takes rights away from the user, such as oss:PutObject, and gives all others.
func (s *Store) Deny(actions ...string) {
	s.Do(func() {
		clear(s.denied)
		for _, a := range actions {
			s.denied[a] = true
		}
	})
}

// Down has connections closed without an answer, or no longer.
func (s *Store) Down(down bool) { s.Do(func() { s.down = down }) }

// Uploads are how many uploads in parts of a bucket are neither complete nor given up.
func (s *Store) Uploads(bucket string) (n int) {
	s.Do(func() { n = len(s.buckets[bucket].uploads) })
	return n
}

// Asked is how often an action was asked for and understood.
func (s *Store) Asked(action string) (n int) {
	s.Do(func() { n = s.requests[action] })
	return n
}

// Environment has the key, and nothing of the user who runs the test.
func (s *Store) Environment() []string {
	return []string{"OSS_ACCESS_KEY_ID=" + s.Key, "OSS_ACCESS_KEY_SECRET=" + s.Secret, "OSS_SESSION_TOKEN=" + s.Token, "ALIBABA_CLOUD_ECS_METADATA_DISABLED=true"}
}

// refusal is an error as OSS answers it.
type refusal struct {
	status        int
	code, message string
}

func (r *refusal) Error() string { return r.code + ": " + r.message }

func refuse(status int, code, message string) error { return &refusal{status, code, message} }

// request is one that is signed, and which bucket and object it is about.
type request struct {
	*http.Request
	body   []byte
	bucket string
	key    string // "": the bucket itself
	query  map[string]string
}

// ServeHTTP answers one request.
func (s *Store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || r.ContentLength >= 0 && int64(len(body)) != r.ContentLength {
		panic(http.ErrAbortHandler) // OSS makes nothing of half a request
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("x-oss-request-id", fmt.Sprintf("5C06A3B6%04X", len(s.log)))
	w.Header().Set("Server", "AliyunOSS")
	err = s.serve(w, r, body)
	if err == nil {
		return
	}
	e, ok := err.(*refusal)
	if !ok {
		e = &refusal{http.StatusInternalServerError, "InternalError", err.Error()}
	}
	s.log = append(s.log, fmt.Sprintf("%s %s: %v", r.Method, r.URL.RequestURI(), err))
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(e.status)
	if r.Method != http.MethodHead {
		xml.NewEncoder(w).Encode(struct {
			XMLName                      xml.Name `xml:"Error"`
			Code, Message, RequestId, EC string
		}{Code: e.code, Message: e.message, RequestId: w.Header().Get("x-oss-request-id"), EC: "0000-00000000"})
	}
}

func (s *Store) serve(w http.ResponseWriter, r *http.Request, body []byte) error {
	q := &request{Request: r, body: body}
	if err := s.locate(q); err != nil {
		return err
	}
	if err := s.verify(q); err != nil {
		return err
	}
	action, serve, err := s.operation(q)
	if err != nil {
		return err
	}
	if s.denied[action] {
		return refuse(http.StatusForbidden, "AccessDenied", "You have no right to access this object because of bucket acl.")
	}
	b := s.buckets[q.bucket]
	if b == nil {
		return refuse(http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist.")
	}
	if err := checkDigest(q); err != nil {
		return err
	}
	s.requests[action]++
	return serve(w, q, b)
}

// locate finds the bucket and the object in host and path.
func (s *Store) locate(q *request) error {
	host, _, _ := strings.Cut(q.Host, ":")
	path, ok := strings.CutPrefix(q.URL.Path, "/")
	if !ok {
		return refuse(http.StatusBadRequest, "InvalidURI", "The path is not absolute.")
	}
	if bucket, ok := strings.CutSuffix(host, "."+s.Domain); ok {
		q.bucket, q.key = bucket, path
	} else if host == s.Domain {
		return refuse(http.StatusForbidden, "SecondLevelDomainForbidden", "The bucket you are attempting to access must be addressed using OSS third level domain.")
	} else {
		q.bucket, q.key, _ = strings.Cut(path, "/")
	}
	q.query = map[string]string{}
	for name, values := range q.URL.Query() {
		if len(values) != 1 {
			return refuse(http.StatusBadRequest, "InvalidArgument", "The parameter "+name+" is there twice.")
		}
		q.query[name] = values[0]
	}
	return nil
}

type handler = func(http.ResponseWriter, *request, *Bucket) error

// operation finds out what is asked for by the method and the names in the query.
func (s *Store) operation(q *request) (action string, serve handler, err error) {
	var names []string
	for name := range q.query {
		names = append(names, name)
	}
	slices.Sort(names)
	of := "object"
	if q.key == "" {
		of = "bucket"
	}
	switch asked := strings.Join(append([]string{q.Method, of}, names...), " "); asked {
	case "PUT object":
		return "oss:PutObject", s.put, nil
	case "GET object", "HEAD object":
		return "oss:GetObject", s.get, nil
	case "POST object restore":
		return "oss:RestoreObject", s.restore, nil
	case "POST object encoding-type uploads":
		return "oss:PutObject", s.begin, nil
	case "PUT object partNumber uploadId":
		return "oss:PutObject", s.part, nil
	case "POST object encoding-type uploadId":
		return "oss:PutObject", s.complete, nil
	case "DELETE object uploadId":
		return "oss:AbortMultipartUpload", s.abort, nil
	case "GET bucket versioning":
		return "oss:GetBucketVersioning", versioning, nil
	case "GET bucket worm":
		return "oss:GetBucketWorm", worm, nil
	case "GET bucket lifecycle", "PUT bucket lifecycle", "DELETE bucket lifecycle":
		return map[string]string{"GET": "oss:GetBucketLifecycle", "PUT": "oss:PutBucketLifecycle", "DELETE": "oss:DeleteBucketLifecycle"}[q.Method], lifecycle, nil
	default:
		if q.Method == http.MethodGet && of == "bucket" && q.query["list-type"] == "2" {
			return "oss:ListObjects", s.list, nil
		}
		return "", nil, refuse(http.StatusNotImplemented, "NotImplemented", "This double does not know "+asked)
	}
}

func versioning(w http.ResponseWriter, _ *request, b *Bucket) error {
	return answer(w, struct {
		XMLName xml.Name `xml:"VersioningConfiguration"`
		Status  string   `xml:",omitempty"`
	}{Status: b.Versioning})
}

func worm(w http.ResponseWriter, _ *request, b *Bucket) error {
	if b.WormState == "" {
		return refuse(http.StatusNotFound, "NoSuchWORMConfiguration", "The WORM Configuration does not exist.")
	}
	return answer(w, struct {
		XMLName               xml.Name `xml:"WormConfiguration"`
		WormId, State         string
		RetentionPeriodInDays int
		CreationDate          string
	}{WormId: "1666E2CFB2B3418", State: b.WormState, RetentionPeriodInDays: b.WormDays, CreationDate: "2026-10-15T15:50:32"})
}

func lifecycle(w http.ResponseWriter, q *request, b *Bucket) error {
	switch {
	case q.Method == http.MethodDelete:
		b.Lifecycle = ""
		w.WriteHeader(http.StatusNoContent)
		return nil
	case q.Method == http.MethodGet && b.Lifecycle == "":
		return refuse(http.StatusNotFound, "NoSuchLifecycle", "No Row found in Lifecycle Table.")
	case q.Method == http.MethodGet:
		_, err := io.WriteString(w, b.Lifecycle)
		return err
	}
	var all struct {
		XMLName xml.Name `xml:"LifecycleConfiguration"`
		Rule    []struct{ ID, Prefix, Status string }
	}
	if err := xml.Unmarshal(q.body, &all); err != nil || len(all.Rule) == 0 || all.Rule[0].Status == "" || q.Header.Get("Content-MD5") == "" {
		return refuse(http.StatusBadRequest, "MalformedXML", "The XML you provided was not well-formed.")
	}
	b.Lifecycle = string(q.body)
	return nil
}

func answer(w http.ResponseWriter, body any) error {
	text, err := xml.Marshal(body)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/xml")
	_, err = w.Write(append([]byte(xml.Header), text...))
	return err
}

// Lasts tells until when the policy of the bucket keeps an object.
func (b *Bucket) Lasts(o *Object) time.Time {
	return o.Modified.AddDate(0, 0, cmp.Or(b.WormDays, 0))
}
