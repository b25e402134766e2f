// Package logdigest makes and reads the hourly digest files of CloudTrail: which log
// files were made in an hour, chained and signed with RSA, so that the stock `aws
// cloudtrail validate-logs` verifies an archive of layout cloudtrail. It is pure:
// what is read and written is the archive's matter. docs/format/digest.md has the bytes.
package logdigest

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"compress/gzip"
)

const (
	signatureAlgorithm = "SHA256withRSA"
	hashAlgorithm      = "SHA-256"
	// timeForm is that of times in a digest.
	timeForm = "2006-01-02T15:04:05Z"
	// longest bounds what a digest unpacks to.
	longest = 256 << 20
)

// Names of the user metadata of a digest.
const (
	MetaSignature = "signature"
	MetaAlgorithm = "signature-algorithm"
)

// Chain is one account and region of an archive: its digests follow one another, hour by hour.
type Chain struct {
	Account, Region string
	Trail, Home     string // name and home region of the trail
	Bucket, Prefix  string // where the archive lies: keys in digests have the prefix
}

// Log is a log file that was made in the hour of a digest.
type Log struct {
	Key            string // in the archive, without the prefix
	Hash           [sha256.Size]byte
	Oldest, Newest time.Time // of its events; zero: they have none
}

// Digest is the content of a digest file. The members stand in this order.
type Digest struct {
	Account            string    `json:"awsAccountId"`
	Start              string    `json:"digestStartTime"`
	End                string    `json:"digestEndTime"`
	Bucket             string    `json:"digestS3Bucket"`
	Object             string    `json:"digestS3Object"`
	Fingerprint        string    `json:"digestPublicKeyFingerprint"`
	SignatureAlgorithm string    `json:"digestSignatureAlgorithm"`
	Newest             *string   `json:"newestEventTime"`
	Oldest             *string   `json:"oldestEventTime"`
	PreviousBucket     *string   `json:"previousDigestS3Bucket"`
	PreviousObject     *string   `json:"previousDigestS3Object"`
	PreviousHash       *string   `json:"previousDigestHashValue"`
	PreviousAlgorithm  *string   `json:"previousDigestHashAlgorithm"`
	PreviousSignature  *string   `json:"previousDigestSignature"`
	Logs               []LogFile `json:"logFiles"`
}

// LogFile is a log file as a digest names it.
type LogFile struct {
	Bucket    string  `json:"s3Bucket"`
	Object    string  `json:"s3Object"`
	Hash      string  `json:"hashValue"`
	Algorithm string  `json:"hashAlgorithm"`
	Newest    *string `json:"newestEventTime"`
	Oldest    *string `json:"oldestEventTime"`
}

// Made is a digest in all its forms.
type Made struct {
	Digest
	Text      []byte // JSON, not compressed
	Signature string // hex
}

// Names tells whether the digest has a log file; the key has the prefix of its archive.
func (m *Made) Names(key string) bool {
	return slices.ContainsFunc(m.Logs, func(l LogFile) bool { return l.Object == key })
}

// Key is the key of the digest of the hour that ends then, without the prefix.
func (c *Chain) Key(end time.Time) string {
	end = end.UTC()
	return fmt.Sprintf("%s%s/%s_CloudTrail-Digest_%s_%s_%s_%s.json.gz", c.Folder(), end.Format("2006/01/02"), c.Account, c.Region, c.Trail, c.Home, end.Format(KeyTime))
}

// Folder is what the keys of all digests of the chain begin with.
func (c *Chain) Folder() string {
	return "AWSLogs/" + c.Account + "/CloudTrail-Digest/" + c.Region + "/"
}

// Make makes the digest of the hour that begins at start. prev is that of the hour before; nil: the chain begins.
func (c *Chain) Make(key *Key, start time.Time, logs []Log, prev *Made) (*Made, error) {
	m, err := c.Compose(key.Fingerprint(), start, logs, prev)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(m.toSign())
	signature, err := rsa.SignPKCS1v15(nil, key.private, crypto.SHA256, sum[:])
	if err != nil {
		return nil, fmt.Errorf("sign the digest %s: %w", m.Object, err)
	}
	m.Signature = hex.EncodeToString(signature)
	return m, nil
}

// Compose is Make without the signature.
func (c *Chain) Compose(fingerprint string, start time.Time, logs []Log, prev *Made) (*Made, error) {
	start = start.UTC()
	end := start.Add(time.Hour)
	d := Digest{
		Account: c.Account, Start: start.Format(timeForm), End: end.Format(timeForm), Bucket: c.Bucket, Object: c.Prefix + c.Key(end),
		Fingerprint: fingerprint, SignatureAlgorithm: signatureAlgorithm, Logs: []LogFile{},
	}
	var oldest, newest time.Time
	for _, l := range logs {
		d.Logs = append(d.Logs, LogFile{Bucket: c.Bucket, Object: c.Prefix + l.Key, Hash: hex.EncodeToString(l.Hash[:]), Algorithm: hashAlgorithm, Newest: timeText(l.Newest), Oldest: timeText(l.Oldest)})
		if !l.Oldest.IsZero() && (oldest.IsZero() || l.Oldest.Before(oldest)) {
			oldest = l.Oldest
		}
		if l.Newest.After(newest) {
			newest = l.Newest
		}
	}
	d.Newest, d.Oldest = timeText(newest), timeText(oldest)
	if prev != nil {
		hash, algorithm, bucket, object, signature := prev.Hash(), hashAlgorithm, prev.Bucket, prev.Object, prev.Signature
		d.PreviousBucket, d.PreviousObject, d.PreviousHash, d.PreviousAlgorithm, d.PreviousSignature = &bucket, &object, &hash, &algorithm, &signature
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(&d); err != nil {
		return nil, fmt.Errorf("encode the digest %s: %w", d.Object, err)
	}
	return &Made{Digest: d, Text: bytes.TrimSuffix(b.Bytes(), []byte("\n"))}, nil
}

func timeText(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := t.UTC().Format(timeForm)
	return &s
}

// Hash is what the next digest names: SHA-256 of the text, in hex.
func (m *Made) Hash() string {
	sum := sha256.Sum256(m.Text)
	return hex.EncodeToString(sum[:])
}

// toSign is the text that is signed.
func (m *Made) toSign() []byte {
	previous := "null"
	if m.PreviousSignature != nil {
		previous = *m.PreviousSignature
	}
	return []byte(strings.Join([]string{m.End, m.Bucket + "/" + m.Object, m.Hash(), previous}, "\n"))
}

// Meta is the user metadata of the object.
func (m *Made) Meta() map[string]string {
	return map[string]string{MetaSignature: m.Signature, MetaAlgorithm: signatureAlgorithm}
}

// Stored are the bytes of the object.
func (m *Made) Stored() ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(m.Text); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Read reads a digest with its user metadata, and checks its signature by one of the keys.
func Read(stored []byte, user map[string]string, keys []PublicKey) (*Made, error) {
	z, err := gzip.NewReader(bytes.NewReader(stored))
	if err != nil {
		return nil, fmt.Errorf("it is not gzip: %w", err)
	}
	z.Multistream(false)
	text, err := io.ReadAll(io.LimitReader(z, longest+1))
	if err != nil {
		return nil, fmt.Errorf("it is not gzip: %w", err)
	}
	if len(text) > longest {
		return nil, fmt.Errorf("it is longer than %d bytes", longest)
	}
	m := &Made{Text: text, Signature: user[MetaSignature]}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&m.Digest); err != nil {
		return nil, fmt.Errorf("it is no digest: %w", err)
	}
	if user[MetaAlgorithm] != signatureAlgorithm {
		return nil, fmt.Errorf("its metadata %s is %q, not %s", MetaAlgorithm, user[MetaAlgorithm], signatureAlgorithm)
	}
	signature, err := hex.DecodeString(m.Signature)
	if err != nil || len(signature) == 0 {
		return nil, fmt.Errorf("its metadata %s is no signature", MetaSignature)
	}
	sum := sha256.Sum256(m.toSign())
	for _, k := range keys {
		if k.Fingerprint() != m.Fingerprint {
			continue
		}
		if rsa.VerifyPKCS1v15(k.key, crypto.SHA256, sum[:], signature) != nil {
			return nil, errors.New("its signature is wrong")
		}
		return m, nil
	}
	return nil, fmt.Errorf("it is signed with the key %s, which is not of this archive", m.Fingerprint)
}
