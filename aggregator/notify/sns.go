package notify

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// Store is where the objects of a delivery lie, for receivers that parse the
// notifications of clouds.
type Store struct {
	Bucket string
	Prefix string // of all keys
	Region string
}

// SNS is told as the HTTP endpoint of an SNS topic to which CloudTrail announces its
// files. It is signed as SNS signs, version 2 (RSA PKCS #1 v1.5 with SHA-256 over the
// members in the order of their names), by a key of ours: a receiver that takes
// certificates of AWS alone refuses it.
type SNS struct {
	Post
	Store          Store
	TopicARN       string
	CertificateURL string // where the receiver finds the certificate of the key
	Key            func() (*rsa.PrivateKey, error)
}

// snsEnvelope is a notification in the form of SNS.
type snsEnvelope struct {
	Type             string
	MessageID        string `json:"MessageId"`
	TopicARN         string `json:"TopicArn"`
	Message          string
	Timestamp        string
	SignatureVersion string
	Signature        string
	SigningCertURL   string
}

// signed is what a signature of SNS is over.
func (e *snsEnvelope) signed() string {
	return strings.Join([]string{"Message", e.Message, "MessageId", e.MessageID, "Timestamp", e.Timestamp, "TopicArn", e.TopicARN, "Type", e.Type, ""}, "\n")
}

// Send implements Receiver.
func (s *SNS) Send(ctx context.Context, n *Notice) error {
	message, err := json.Marshal(struct {
		Bucket string   `json:"s3Bucket"`
		Keys   []string `json:"s3ObjectKey"`
	}{s.Store.Bucket, []string{s.Store.Prefix + n.Object.Key}})
	if err != nil {
		return err
	}
	e := snsEnvelope{Type: "Notification", MessageID: uuid(n), TopicARN: s.TopicARN, Message: string(message),
		Timestamp: n.SealedAt.UTC().Format("2006-01-02T15:04:05.000Z"), SignatureVersion: "2", SigningCertURL: s.CertificateURL}
	key, err := s.Key()
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(e.signed()))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		return err
	}
	e.Signature = base64.StdEncoding.EncodeToString(signature)
	body, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return s.post(ctx, n, body, http.Header{"Content-Type": {"text/plain; charset=UTF-8"}, "X-Amz-Sns-Message-Type": {e.Type}, "X-Amz-Sns-Message-Id": {e.MessageID}, "X-Amz-Sns-Topic-Arn": {e.TopicARN}})
}

// uuid is the id of a notice in the form of a UUID.
func uuid(n *Notice) string {
	id := n.ID()
	return strings.Join([]string{id[:8], id[8:12], id[12:16], id[16:20], id[20:]}, "-")
}

// httpDate is a time as the header Date has it.
func httpDate(t time.Time) string { return t.UTC().Format(http.TimeFormat) }
