package notify

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive"
)

// keys are a key and, for those who check, its public half in a file.
func keys(t *testing.T) (key *rsa.PrivateKey, public string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	public = filepath.Join(t.TempDir(), "public.pem")
	if err := os.WriteFile(public, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return key, public
}

// openssl checks a signature with a program that is not ours.
func openssl(t *testing.T, digest, public, signature, text string) error {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		return err
	}
	dir := t.TempDir()
	for name, content := range map[string][]byte{"text": []byte(text), "signature": raw} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command("openssl", "dgst", "-"+digest, "-verify", public, "-signature", filepath.Join(dir, "signature"), filepath.Join(dir, "text")).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// receiving answers calls with what check says of them.
func receiving(t *testing.T, check func(r *http.Request, body []byte)) Post {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		check(r, body)
	}))
	t.Cleanup(server.Close)
	return Post{URL: server.URL + "/hook?a=b", Secret: func() ([]byte, error) { return nil, nil }, Client: NewClient(), Now: time.Now}
}

// needOpenSSL skips a test without the program that checks.
func needOpenSSL(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl checks the signatures, and is not there")
	}
}

var told = Notice{Version: 1, Type: "ObjectDelivered", Trail: "all", Delivery: "s3", Seal: 7, SealedAt: time.Date(2026, 11, 21, 7, 0, 0, 5e6, time.UTC),
	Object: archive.Object{Key: "AWSLogs/1/CloudTrail/x&<.json.gz", Count: 3, Bytes: 1234}}

// What is sent as SNS sends it is signed over what the documentation of SNS says.
func TestSNS(t *testing.T) {
	needOpenSSL(t)
	key, public := keys(t)
	called := false
	s := &SNS{Store: Store{Bucket: "audit", Prefix: "prod/"}, TopicARN: "arn:aws:sns:us-east-1:123456789012:audit", CertificateURL: "https://audit.example.com/notify.pem", Key: func() (*rsa.PrivateKey, error) { return key, nil }}
	s.Post = receiving(t, func(r *http.Request, body []byte) {
		called = true
		var m map[string]string
		if err := json.Unmarshal(body, &m); err != nil {
			t.Error(err)
			return
		}
		text := ""
		for _, name := range []string{"Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"} {
			if v, ok := m[name]; ok {
				text += name + "\n" + v + "\n"
			}
		}
		if err := openssl(t, "sha256", public, m["Signature"], text); err != nil || m["SignatureVersion"] != "2" || m["SigningCertURL"] != s.CertificateURL {
			t.Errorf("%v: the signature of %s", err, body)
		}
		if err := openssl(t, "sha256", public, m["Signature"], text+"x"); err == nil {
			t.Error("openssl takes any text")
		}
		var message struct {
			S3Bucket    string   `json:"s3Bucket"`
			S3ObjectKey []string `json:"s3ObjectKey"`
		}
		if err := json.Unmarshal([]byte(m["Message"]), &message); err != nil || message.S3Bucket != "audit" || len(message.S3ObjectKey) != 1 || message.S3ObjectKey[0] != "prod/"+told.Object.Key {
			t.Errorf("it tells of %+v, %v", message, err)
		}
		if len(m["MessageId"]) != 36 || m["Type"] != "Notification" || m["Timestamp"] != "2026-11-21T07:00:00.005Z" || r.Header.Get("x-amz-sns-message-id") != m["MessageId"] || r.Header.Get("x-amz-sns-topic-arn") != m["TopicArn"] || r.Header.Get("x-amz-sns-message-type") != "Notification" {
			t.Errorf("%s with %v", body, r.Header)
		}
	})
	if err := s.Send(context.Background(), &told); err != nil || !called {
		t.Error(err)
	}
}

// What is sent as MNS sends it is signed over what the documentation of MNS says.
func TestMNS(t *testing.T) {
	needOpenSSL(t)
	key, public := keys(t)
	called := false
	m := &MNS{Store: Store{Bucket: "audit", Prefix: "prod/", Region: "cn-hangzhou"}, Owner: "1234567890", Topic: "audit", CertificateURL: "https://audit.example.com/notify.pem", Key: func() (*rsa.PrivateKey, error) { return key, nil }}
	m.Post = receiving(t, func(r *http.Request, body []byte) {
		called = true
		var names []string
		for name := range r.Header {
			if strings.HasPrefix(strings.ToLower(name), "x-mns-") {
				names = append(names, strings.ToLower(name))
			}
		}
		sort.Strings(names)
		text := "POST\n" + r.Header.Get("Content-MD5") + "\n" + strings.ToLower(r.Header.Get("Content-Type")) + "\n" + r.Header.Get("Date") + "\n"
		for _, name := range names {
			text += name + ":" + r.Header.Get(name) + "\n"
		}
		text += r.URL.RequestURI()
		if err := openssl(t, "sha1", public, r.Header.Get("Authorization"), text); err != nil || len(names) != 3 {
			t.Errorf("%v: the signature of %q", err, text)
		}
		if at, err := base64.StdEncoding.DecodeString(r.Header.Get("x-mns-signing-cert-url")); err != nil || string(at) != m.CertificateURL {
			t.Errorf("the certificate is at %s, %v", at, err)
		}
		var n struct {
			TopicName, TopicOwner, Message, MessageMD5 string
			MessageID                                  string `xml:"MessageId"`
			PublishTime                                int64
		}
		if err := xml.Unmarshal(body, &n); err != nil || n.TopicName != "audit" || n.TopicOwner != "1234567890" || n.PublishTime != told.SealedAt.UnixMilli() || len(n.MessageID) != 32 || len(n.MessageMD5) != 32 {
			t.Errorf("%s: %v", body, err)
		}
		inner, err := base64.StdEncoding.DecodeString(n.Message)
		var events struct {
			Events []struct {
				EventName string
				OSS       struct {
					Bucket struct{ Name string }
					Object struct {
						Key  string
						Size int64
					}
				}
			}
		}
		if err != nil || json.Unmarshal(inner, &events) != nil || len(events.Events) != 1 || events.Events[0].EventName != "ObjectCreated:PutObject" || events.Events[0].OSS.Bucket.Name != "audit" || events.Events[0].OSS.Object.Key != "prod/"+told.Object.Key || events.Events[0].OSS.Object.Size != 1234 {
			t.Errorf("it tells of %s, %v", inner, err)
		}
	})
	if err := m.Send(context.Background(), &told); err != nil || !called {
		t.Error(err)
	}
}
