package notify

import (
	"context"
	"crypto"
	"crypto/md5"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// MNS is told as the HTTP endpoint of a topic of Alibaba Cloud's MNS to which OSS
// announces new objects: XML whose Message is the event of OSS, in base64. It is
// signed as MNS signs (RSA PKCS #1 v1.5 with SHA-1 over verb, MD5, type, date, headers
// and path), by a key of ours. SHA-1 is what such receivers check; a secret adds the
// header of webhooks, which rests on SHA-256.
type MNS struct {
	Post
	Store          Store
	Owner          string // of the topic: an account id
	Topic          string
	CertificateURL string
	Key            func() (*rsa.PrivateKey, error)
}

// mnsNotification is the body.
type mnsNotification struct {
	XMLName          xml.Name `xml:"http://mns.aliyuncs.com/doc/v1/ Notification"`
	TopicOwner       string
	TopicName        string
	Subscriber       string
	SubscriptionName string
	MessageID        string `xml:"MessageId"`
	Message          string
	MessageMD5       string
	PublishTime      int64 // milliseconds
	SigningCertURL   string
}

// ossEvents is what OSS tells of an object.
type ossEvents struct {
	Events []ossEvent `json:"events"`
}

type ossEvent struct {
	EventName    string `json:"eventName"`
	EventSource  string `json:"eventSource"`
	EventTime    string `json:"eventTime"`
	EventVersion string `json:"eventVersion"`
	OSS          struct {
		Bucket struct {
			ARN           string `json:"arn"`
			Name          string `json:"name"`
			OwnerIdentity string `json:"ownerIdentity"`
		} `json:"bucket"`
		Object struct {
			Key  string `json:"key"`
			Size int64  `json:"size"`
		} `json:"object"`
		SchemaVersion string `json:"ossSchemaVersion"`
		RuleID        string `json:"ruleId"`
	} `json:"oss"`
	Region string `json:"region"`
}

// message is the event of OSS, in base64.
func (m *MNS) message(n *Notice) (string, error) {
	e := ossEvent{EventName: "ObjectCreated:PutObject", EventSource: "acs:oss", EventTime: n.SealedAt.UTC().Format("2006-01-02T15:04:05.000Z"), EventVersion: "1.0", Region: m.Store.Region}
	e.OSS.Bucket.ARN = fmt.Sprintf("acs:oss:%s:%s:%s", m.Store.Region, m.Owner, m.Store.Bucket)
	e.OSS.Bucket.Name, e.OSS.Bucket.OwnerIdentity = m.Store.Bucket, m.Owner
	e.OSS.Object.Key, e.OSS.Object.Size = m.Store.Prefix+n.Object.Key, n.Object.Bytes
	e.OSS.SchemaVersion, e.OSS.RuleID = "1.0", n.Trail
	text, err := json.Marshal(ossEvents{[]ossEvent{e}})
	return base64.StdEncoding.EncodeToString(text), err
}

// Send implements Receiver.
func (m *MNS) Send(ctx context.Context, n *Notice) error {
	message, err := m.message(n)
	if err != nil {
		return err
	}
	sum := md5.Sum([]byte(message)) // what MNS names; it protects nothing
	body, err := xml.Marshal(mnsNotification{TopicOwner: m.Owner, TopicName: m.Topic, Subscriber: m.Owner, SubscriptionName: n.Trail, MessageID: strings.ToUpper(n.ID()), Message: message,
		MessageMD5: strings.ToUpper(hex.EncodeToString(sum[:])), PublishTime: n.SealedAt.UnixMilli(), SigningCertURL: m.CertificateURL})
	if err != nil {
		return err
	}
	body = append([]byte(xml.Header), body...)
	whole := md5.Sum(body)
	h := http.Header{"Content-Type": {"text/xml;charset=utf-8"}, "Content-Md5": {base64.StdEncoding.EncodeToString([]byte(hex.EncodeToString(whole[:])))}, "Date": {httpDate(m.Now())},
		"X-Mns-Request-Id": {strings.ToUpper(n.ID())}, "X-Mns-Version": {"2015-06-06"}, "X-Mns-Signing-Cert-Url": {base64.StdEncoding.EncodeToString([]byte(m.CertificateURL))}}
	u, err := url.Parse(m.URL)
	if err != nil {
		return err
	}
	key, err := m.Key()
	if err != nil {
		return err
	}
	hash := sha1.Sum([]byte(mnsSigned(h, u.RequestURI())))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA1, hash[:])
	if err != nil {
		return err
	}
	h.Set("Authorization", base64.StdEncoding.EncodeToString(signature))
	return m.post(ctx, n, body, h)
}

// mnsSigned is what a signature of MNS is over.
func mnsSigned(h http.Header, resource string) string {
	var named []string
	for name, values := range h {
		if name := strings.ToLower(name); strings.HasPrefix(name, "x-mns-") {
			named = append(named, name+":"+values[0]+"\n")
		}
	}
	slices.Sort(named)
	return strings.Join([]string{http.MethodPost, h.Get("Content-Md5"), strings.ToLower(h.Get("Content-Type")), h.Get("Date"), strings.Join(named, "") + resource}, "\n")
}
