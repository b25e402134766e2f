package s3_test

import (
	"crypto/md5"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/s3"
	bucketstore "github.com/actiontrail/actiontrail/aggregator/archive/bucket/store"
)

// bucketRules is a store that has lifecycle rules and nothing else.
type bucketRules struct {
	t      *testing.T
	text   string
	puts   int
	denied bool
}

func (b *bucketRules) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	deny := func(status int, code string) {
		w.WriteHeader(status)
		io.WriteString(w, "<Error><Code>"+code+"</Code><Message>no</Message></Error>")
	}
	switch {
	case r.Method == http.MethodGet && r.URL.Path == "/audit/" && r.URL.Query().Has("list-type"):
		io.WriteString(w, "<ListBucketResult><Name>audit</Name></ListBucketResult>")
	case !r.URL.Query().Has("lifecycle"):
		deny(http.StatusNotFound, "NoSuchKey")
	case b.denied:
		deny(http.StatusForbidden, "AccessDenied")
	case r.Method == http.MethodGet && b.text == "":
		deny(http.StatusNotFound, "NoSuchLifecycleConfiguration")
	case r.Method == http.MethodGet:
		w.Header().Set("X-Amz-Transition-Default-Minimum-Object-Size", "varies_by_storage_class")
		io.WriteString(w, b.text)
	case r.Method == http.MethodDelete:
		b.text = ""
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodPut:
		body, err := io.ReadAll(r.Body)
		if err != nil {
			b.t.Error(err)
		}
		sum := md5.Sum(body)
		if r.Header.Get("Content-Md5") != base64.StdEncoding.EncodeToString(sum[:]) || !strings.Contains(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256") {
			b.t.Errorf("headers %v", r.Header)
		}
		if b.text != "" && r.Header.Get("X-Amz-Transition-Default-Minimum-Object-Size") != "varies_by_storage_class" {
			b.t.Error("a setting for all rules is forgotten")
		}
		b.text = string(body)
		b.puts++
	}
}

func TestLifecycle(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	kept := &bucketRules{t: t}
	server := httptest.NewServer(kept)
	defer server.Close()
	check := func(prefix string, l bucketstore.Lifecycle) error {
		t.Helper()
		return open(t, s3.Config{Bucket: "audit", Prefix: prefix, Endpoint: server.URL, Under: "AWSLogs/", Lifecycle: l, Now: time.Now}).Check(t.Context())
	}
	const ours = `<Rule><ID>actiontrail prod/</ID><Filter><Prefix>prod/AWSLogs/</Prefix></Filter><Status>Enabled</Status>` +
		`<Transition><Days>30</Days><StorageClass>STANDARD_IA</StorageClass></Transition><Transition><Days>90</Days><StorageClass>GLACIER</StorageClass></Transition>` +
		`<Expiration><Days>400</Days></Expiration><AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>`
	const begin, end = `<LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`, `</LifecycleConfiguration>`
	want := bucketstore.Lifecycle{ExpireDays: 400, Transitions: []bucketstore.Transition{{AfterDays: 30, StorageClass: "STANDARD_IA"}, {AfterDays: 90, StorageClass: "GLACIER"}}}
	// A bucket without rules.
	if err := check("prod/", want); err != nil || kept.text != begin+ours+end {
		t.Fatalf("%v\n%s, want\n%s", err, kept.text, begin+ours+end)
	}
	// The same once more, in the form that the store gives it.
	kept.text = strings.ReplaceAll(begin+strings.Replace(ours, "<Status>Enabled</Status>", "", 1)+end, "</Rule>", "\n  <Status>Enabled</Status></Rule>")
	if err := check("prod/", want); err != nil || kept.puts != 1 {
		t.Errorf("%v, %d writes", err, kept.puts)
	}
	// Those of others stay letter by letter, and in place of our old one there is a new one.
	const others = `<Rule><ID>mine</ID><Prefix>x/</Prefix><Status>Disabled</Status><Transition><Days>1</Days><StorageClass>A</StorageClass></Transition><Transition><Days>2</Days><StorageClass>B</StorageClass></Transition><Future a="b"><![CDATA[<]]>&amp;</Future></Rule>`
	const other = `<Rule><ID>actiontrail test/</ID><Status>Enabled</Status></Rule>`
	kept.text = begin + others + strings.Replace(ours, "400", "100", 1) + other + end
	if err := check("prod/", want); err != nil || kept.text != begin+others+other+ours+end {
		t.Errorf("%v\n%s, want\n%s", err, kept.text, begin+others+other+ours+end)
	}
	// Who asks for no rules any more has none, and needs no right to say so.
	kept.denied = true
	if err := check("prod/", bucketstore.Lifecycle{}); err != nil || kept.puts != 2 {
		t.Errorf("%v, %d writes", err, kept.puts)
	}
	kept.denied = false
	for range 2 {
		if err := check("prod/", bucketstore.Lifecycle{}); err != nil || kept.text != begin+others+other+end || kept.puts != 3 {
			t.Errorf("%v, %d writes\n%s", err, kept.puts, kept.text)
		}
	}
	kept.text = begin + other + end
	if err := check("test/", bucketstore.Lifecycle{}); err != nil || kept.text != "" {
		t.Errorf("%v\n%s", err, kept.text)
	}
	kept.denied = true
	if err := check("prod/", want); err == nil || !strings.Contains(err.Error(), "need the right s3:GetLifecycleConfiguration") {
		t.Errorf("without a right: %v", err)
	}
}
