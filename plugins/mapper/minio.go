package mapper

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// Slots of the records of MinIO, and of the S3 gateway versitygw.
const (
	minioVersion = iota
	minioTime
	minioTrigger
	minioAPI
	minioBucket
	minioObject
	minioObjects
	minioStatus
	minioCode
	minioTook
	minioSent
	minioRemote
	minioRequestID
	minioAgent
	minioPath
	minioHost
	minioHeaders
	minioKey
	minioParent
	minioUser
	minioLDAP
	minioSubject
	minioError
	minioReplyHeaders
	minioClaims

	versityTime
	versityOperation
	versityRequester
	versityBucket
	versityKey
	versityRemote
	versityURI
	versityStatus
	versityError
	versitySent
	versityTook
	versityAgent
	versityReferer
	versityRequestID
)

// minioForm is an entry of MinIO's audit (minio/madmin-go logger/audit), and what
// versitygw posts (s3log/audit-logger.go).
func minioForm() []wanted {
	return []wanted{
		minioVersion: {"version", plainBranch}, minioTime: {"time", plainBranch}, minioTrigger: {"trigger", plainBranch},
		minioAPI: {"api.name", plainBranch}, minioBucket: {"api.bucket", plainBranch}, minioObject: {"api.object", plainBranch}, minioObjects: {"api.objects", rawBranch},
		minioStatus: {"api.statusCode", plainBranch}, minioCode: {"api.status", plainBranch}, minioTook: {"api.timeToResponse", plainBranch}, minioSent: {"api.tx", plainBranch},
		minioRemote: {"remotehost", plainBranch}, minioRequestID: {"requestID", plainBranch}, minioAgent: {"userAgent", plainBranch},
		minioPath: {"requestPath", plainBranch}, minioHost: {"requestHost", plainBranch}, minioHeaders: {"requestHeader", headersBranch},
		minioKey: {"accessKey", plainBranch}, minioParent: {"parentUser", plainBranch},
		minioUser: {"requestClaims.preferred_username", plainBranch}, minioLDAP: {"requestClaims.ldapUsername", plainBranch}, minioSubject: {"requestClaims.sub", plainBranch},
		minioError: {"error", plainBranch}, minioReplyHeaders: {"responseHeader", hiddenBranch}, minioClaims: {"requestClaims.sessionPolicy", hiddenBranch},

		versityTime: {"Time", plainBranch}, versityOperation: {"Operation", plainBranch}, versityRequester: {"Requester", plainBranch},
		versityBucket: {"Bucket", plainBranch}, versityKey: {"Key", plainBranch}, versityRemote: {"RemoteIP", plainBranch}, versityURI: {"RequestURI", plainBranch},
		versityStatus: {"HttpStatus", plainBranch}, versityError: {"ErrorCode", plainBranch}, versitySent: {"BytesSent", plainBranch}, versityTook: {"TotalTime", plainBranch},
		versityAgent: {"UserAgent", plainBranch}, versityReferer: {"Referer", plainBranch}, versityRequestID: {"RequestID", plainBranch},
	}
}

// minioReader is the reader of one source.
type minioReader struct {
	*nested
	query   *nested // the query, of which all that is a secret by its name is hidden
	objects *nested
}

// minio reads the audit of MinIO, and that of versitygw, by one object a record.
func minio(opt *Options) (reader, error) {
	if opt.LogFormat != "" {
		return nil, errOneForm
	}
	r := &minioReader{nested: newNested(minioForm(), opt), query: newNested([]wanted{{"requestQuery", headersBranch}}, &Options{KeepRaw: opt.KeepRaw}), objects: newNested([]wanted{{"objectName", plainBranch}}, &Options{})}
	take := readObject(r.nested, func(m *Mapper, _ *nested) error {
		if r.text[versityOperation] != "" {
			return r.versity(m)
		}
		return r.take(m)
	})
	return func(m *Mapper, record []byte) error {
		q := &m.request
		if err := r.query.read(record, m.text.escapes, &q.scratch); err != nil {
			return fmt.Errorf("not a JSON record: %w", err)
		}
		if err := take(m, record); err != nil {
			return err
		}
		if len(r.query.hidden) > 0 {
			q.hidden = append(q.hidden, r.query.hidden...)
			slices.SortFunc(q.hidden, func(a, b span) int { return a.from - b.from })
		}
		return nil
	}, nil
}

func (r *minioReader) take(m *Mapper) error {
	q, v := &m.request, r.text
	name := m.named(v[minioAPI])
	if name == "" {
		return errors.New("not an entry of MinIO's audit: api.name is needed")
	}
	var err error
	if q.time, err = m.clock.iso(v[minioTime], m.opt.TimeZone); err != nil {
		return fmt.Errorf("time: %w", err)
	}
	q.setStatus(v[minioStatus])
	q.peer, q.userAgent, q.requestID, q.host = v[minioRemote], v[minioAgent], v[minioRequestID], v[minioHost]
	if n, ok := whole(v[minioSent]); ok {
		q.bytes = n
	}
	if ns, ok := whole(strings.TrimSuffix(v[minioTook], "ns")); ok {
		q.duration = ns / 1000
	}
	if v[minioPath] != "" {
		q.path = v[minioPath]
	}
	q.query = r.asked()
	q.done(name, s3RW(name))
	t := &q.told
	t.service = "MinIO"
	if v[minioTrigger] != "" && v[minioTrigger] != "incoming" {
		t.eventType = event.TypeServiceEvent // MinIO's own doing: healing, expiry
	}
	q.s3Resource("MinIO", v[minioBucket], v[minioObject])
	if names := r.names(q, v[minioBucket], v[minioObjects]); names != "" && v[minioObject] == "" {
		t.resourceType, t.resourceName = "MinIO::Object", names
	}
	if q.status >= 400 {
		t.errorCode, t.errorMessage = statusName(q.status), v[minioError]
	}
	a := &t.actor
	if t.eventType != "" {
		a.source, a.kind, a.name = sourceNative, "system", "minio"
		return nil
	}
	a.source, a.kind, a.key = sourceAccessKey, "user", v[minioKey]
	a.name = cmp.Or(v[minioLDAP], v[minioUser], v[minioSubject], v[minioParent], v[minioKey])
	a.id = cmp.Or(v[minioParent], v[minioKey])
	// A wrong signature is answered as a right one that a policy forbids: only the text tells.
	a.claimed = q.status == 403 && !strings.HasPrefix(v[minioError], "Access Denied")
	return nil
}

// versity takes a record of versitygw.
func (r *minioReader) versity(m *Mapper) error {
	q, v := &m.request, r.text
	name := m.named(strings.TrimPrefix(v[versityOperation], "s3_"))
	if name == "" || !q.setStatus(v[versityStatus]) {
		return errors.New("not a record of versitygw: Operation and HttpStatus are needed")
	}
	var err error
	if q.time, err = m.clock.iso(v[versityTime], m.opt.TimeZone); err != nil {
		return fmt.Errorf("time: %w", err)
	}
	q.peer, q.userAgent, q.referer, q.requestID = v[versityRemote], v[versityAgent], v[versityReferer], v[versityRequestID]
	if n, ok := whole(v[versitySent]); ok {
		q.bytes = n
	}
	if ms, ok := whole(v[versityTook]); ok && ms < 1<<40 {
		q.duration = ms * 1000
	}
	if v[versityURI] != "" {
		q.setTarget(v[versityURI])
	}
	q.done(name, s3RW(name))
	t := &q.told
	t.service = "S3"
	q.s3Resource("S3", v[versityBucket], v[versityKey])
	t.errorCode = v[versityError]
	a := &t.actor
	a.source, a.kind, a.name, a.key = sourceAccessKey, "user", dash(v[versityRequester]), dash(v[versityRequester])
	a.claimed = q.status == 403 && t.errorCode != "AccessDenied"
	return nil
}

// s3RW tells reading from writing. What selects reads, though its name does not say so.
func s3RW(name string) string {
	if strings.HasPrefix(name, "Select") {
		return event.Read
	}
	return verbRW(name)
}

func (q *request) s3Resource(system, bucket, object string) {
	t := &q.told
	switch {
	case object != "":
		t.resourceType, t.resourceName = system+"::Object", q.joined(bucket, "/", object)
	case bucket != "":
		t.resourceType, t.resourceName = system+"::Bucket", bucket
	}
}

// names are the objects of a request for several, with semicolons between them.
func (r *minioReader) names(q *request, bucket, list string) string {
	all, b := "", bytesOf(list)
	if len(b) < 2 || b[0] != '[' {
		return ""
	}
	for i, n := skipSpace(b, 1), 0; i < len(b) && b[i] == '{' && n < maxList; n++ {
		r.objects.b, r.objects.escapes = b, r.escapes
		end, err := r.objects.skip(i, 1)
		if err != nil || r.objects.read(b[i:end], r.escapes, &q.scratch) != nil {
			break
		}
		all = q.joined(all, ";", q.joined(bucket, "/", r.objects.text[0]))
		if i = skipSpace(b, end); i == len(b) || b[i] != ',' {
			break
		}
		i = skipSpace(b, i+1)
	}
	return all
}

// asked is the query again that a record has as an object.
func (r *minioReader) asked() string {
	if len(r.query.headers) == 0 {
		return ""
	}
	var b strings.Builder
	for _, f := range r.query.headers {
		b.WriteString("&" + url.QueryEscape(f.name) + "=" + url.QueryEscape(f.value))
	}
	return b.String()[1:]
}
