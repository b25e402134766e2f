package logdigest_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive/logdigest"
)

var start = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

func newKey(t testing.TB) *logdigest.Key {
	t.Helper()
	k, err := logdigest.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func zipped(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func chain() *logdigest.Chain {
	return &logdigest.Chain{Account: "123456789012", Region: "us-east-1", Trail: "t1", Home: "eu-west-1", Bucket: "audit", Prefix: "prod/"}
}

// TestDigestText holds the text of two digests against what CloudTrail would write.
func TestDigestText(t *testing.T) {
	key := newKey(t)
	first, err := chain().Make(key, start, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"awsAccountId":"123456789012","digestStartTime":"2026-11-20T10:00:00Z","digestEndTime":"2026-11-20T11:00:00Z","digestS3Bucket":"audit",` +
		`"digestS3Object":"prod/AWSLogs/123456789012/CloudTrail-Digest/us-east-1/2026/11/20/123456789012_CloudTrail-Digest_us-east-1_t1_eu-west-1_20261120T110000Z.json.gz",` +
		`"digestPublicKeyFingerprint":"` + key.Fingerprint() + `","digestSignatureAlgorithm":"SHA256withRSA","newestEventTime":null,"oldestEventTime":null,` +
		`"previousDigestS3Bucket":null,"previousDigestS3Object":null,"previousDigestHashValue":null,"previousDigestHashAlgorithm":null,"previousDigestSignature":null,"logFiles":[]}`
	if string(first.Text) != want {
		t.Errorf("the first digest:\n%s\nwant\n%s", first.Text, want)
	}
	log := logdigest.Log{Key: "AWSLogs/x", Hash: [32]byte{1}, Oldest: start.Add(time.Hour), Newest: start.Add(90 * time.Minute)}
	second, err := chain().Make(key, start.Add(time.Hour), []logdigest.Log{log}, first)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(first.Text)
	for _, part := range []string{
		`"previousDigestS3Bucket":"audit","previousDigestS3Object":"` + first.Object + `","previousDigestHashValue":"` + hex.EncodeToString(sum[:]) + `","previousDigestHashAlgorithm":"SHA-256","previousDigestSignature":"` + first.Signature + `"`,
		`"newestEventTime":"2026-11-20T11:30:00Z","oldestEventTime":"2026-11-20T11:00:00Z"`,
		`"logFiles":[{"s3Bucket":"audit","s3Object":"prod/AWSLogs/x","hashValue":"01` + strings.Repeat("00", 31) + `","hashAlgorithm":"SHA-256","newestEventTime":"2026-11-20T11:30:00Z","oldestEventTime":"2026-11-20T11:00:00Z"}]`,
	} {
		if !strings.Contains(string(second.Text), part) {
			t.Errorf("the second digest:\n%s\nhas not\n%s", second.Text, part)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	key, other := newKey(t), newKey(t)
	m, err := chain().Make(key, start, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := m.Stored()
	if err != nil {
		t.Fatal(err)
	}
	public := []logdigest.PublicKey{other.Public(), key.Public()}
	meta := func(name, value string) map[string]string {
		u := m.Meta()
		u[name] = value
		return u
	}
	for name, test := range map[string]struct {
		stored []byte
		user   map[string]string
		keys   []logdigest.PublicKey
		want   string
	}{
		"good":            {stored, m.Meta(), public, ""},
		"not gzip":        {m.Text, m.Meta(), public, "it is not gzip"},
		"cut off":         {stored[:len(stored)-3], m.Meta(), public, "it is not gzip"},
		"not JSON":        {zipped(t, "x"), m.Meta(), public, "it is no digest"},
		"changed":         {zipped(t, strings.Replace(string(m.Text), "audit", "other", 1)), m.Meta(), public, "its signature is wrong"},
		"no metadata":     {stored, nil, public, "its metadata"},
		"no signature":    {stored, meta(logdigest.MetaSignature, "xyz"), public, "is no signature"},
		"wrong signature": {stored, meta(logdigest.MetaSignature, strings.Repeat("00", 256)), public, "its signature is wrong"},
		"algorithm":       {stored, meta(logdigest.MetaAlgorithm, "none"), public, "its metadata"},
		"other key":       {stored, m.Meta(), public[:1], "is not of this archive"},
	} {
		got, err := logdigest.Read(test.stored, test.user, test.keys)
		if (test.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
		if err == nil && (got.Signature != m.Signature || got.Differs(m, false) != "") {
			t.Errorf("%s: it is read as another one", name)
		}
	}
}

func TestKeys(t *testing.T) {
	k := newKey(t)
	text, err := k.Format()
	if err != nil {
		t.Fatal(err)
	}
	again, err := logdigest.ParseKeys(append(text, text...))
	if err != nil || len(again) != 2 || again[0].Fingerprint() != k.Fingerprint() {
		t.Errorf("read again: %v", err)
	}
	public, err := logdigest.ParsePublicKey(k.Public().Text())
	if err != nil || public.Fingerprint() != k.Fingerprint() {
		t.Errorf("the public key read again: %v", err)
	}
	for _, bad := range []string{"", "x", strings.Replace(string(text), "PRIVATE KEY", "PUBLIC KEY", 2)} {
		if _, err := logdigest.ParseKeys([]byte(bad)); err == nil {
			t.Errorf("%.30q is read as a key", bad)
		}
	}
	for _, bad := range []string{"", "x", "AAAA"} {
		if _, err := logdigest.ParsePublicKey(bad); err == nil {
			t.Errorf("%q is read as a public key", bad)
		}
	}
}

func TestReadLog(t *testing.T) {
	const text = `{"Records":[{"eventTime":"2026-11-20T10:00:02Z","a":{"eventTime":1}},{"eventTime":"2026-11-20T10:00:01Z"},{}]}`
	l, err := logdigest.ReadLog("k", bytes.NewReader(zipped(t, text)))
	if err != nil || l.Hash != sha256.Sum256([]byte(text)) || !l.Oldest.Equal(start.Add(time.Second)) || !l.Newest.Equal(start.Add(2*time.Second)) {
		t.Errorf("%+v, %v", l, err)
	}
	for _, bad := range []string{"", "{}", `{"Records":{}}`, `{"Records":[]`, `{"Records":[]}{}`, `{"Records":[],"more":1}`, `{"Records":[{"eventTime":"x"}]}`, `[]`} {
		if _, err := logdigest.ReadLog("k", bytes.NewReader(zipped(t, bad))); err == nil {
			t.Errorf("%q is read as a log file", bad)
		}
	}
}

func FuzzRead(f *testing.F) {
	key := newKey(f)
	m, err := chain().Make(key, start, []logdigest.Log{{Key: "k"}}, nil)
	if err != nil {
		f.Fatal(err)
	}
	stored, err := m.Stored()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(stored, m.Signature)
	f.Add(zipped(f, `{"Records":[{"eventTime":"2026-11-20T10:00:02Z"}]}`), "00")
	f.Fuzz(func(t *testing.T, data []byte, signature string) {
		got, err := logdigest.Read(data, map[string]string{logdigest.MetaSignature: signature, logdigest.MetaAlgorithm: "SHA256withRSA"}, []logdigest.PublicKey{key.Public()})
		if err == nil && !bytes.Equal(got.Text, m.Text) {
			t.Errorf("%q is believed to be signed", got.Text)
		}
		_, _ = logdigest.ReadLog("k", bytes.NewReader(data)) // must not panic
		logdigest.ChainOf(signature)
		logdigest.IsDigest(signature)
	})
}
