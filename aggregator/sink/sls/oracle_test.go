package sls

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/sink/slstest"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/alibaba"
	"github.com/actiontrail/actiontrail/internal/realtest"
)

// vendor is what tools/slsoracle reads, and made what it answers.
type vendor struct {
	Topic, Source string
	Logs          []vendorLog

	Signature, Region, Key, Secret, Token string
	Method, URI                           string
	Headers                               map[string]string
	Body                                  []byte

	Dial, Endpoint, Project, Logstore, HashKey string
	Compression                                int
}

type vendorLog struct {
	Time, Nanos uint32
	Fields      [][2]string
}

type made struct {
	Group         []byte
	Authorization string
}

// hard are events in which is what could be written otherwise.
func hard() []event.Event {
	e := some(300)
	for i, text := range []string{"", "plain", "Zoë 中文 \u2028", "\x00\x01", strings.Repeat("long ", 50_000), strings.Repeat("x", 127), strings.Repeat("x", 128)} {
		e[i].UserAgent = text
	}
	e[9].Time = event.At(time.Now().Truncate(time.Second), 0)
	return e
}

// Our log groups are those of the vendor's client, byte for byte.
func TestGroupsAreTheVendors(t *testing.T) {
	ask := realtest.SLSOracle(t)
	for _, topic := range []string{DefaultTopic, ownerTopic} {
		s := open(t, Config{Project: "audit-1", Logstore: "audit", Region: "cn-hangzhou", Topic: topic, Format: "json"})
		now, g, want := time.Now(), &group{}, vendor{Topic: topic, Source: DefaultSource}
		e := hard()
		for i := range e {
			if _, err := s.add(g, i, &e[i], now); err != nil {
				t.Fatal(err)
			}
			at := logTime(&e[i], now)
			l := vendorLog{Time: uint32(at.Unix()), Nanos: uint32(at.Nanosecond()), Fields: [][2]string{{"event", string(e[i].AppendJSON(nil))}}}
			if topic == ownerTopic {
				l.Fields = append(l.Fields, [2]string{"owner_id", e[i].RecipientAccountID})
			}
			want.Logs = append(want.Logs, l)
		}
		for _, part := range [][2]int{{0, len(e)}, {0, 1}, {7, 19}, {len(e) - 1, len(e)}} {
			asked := want
			asked.Logs = want.Logs[part[0]:part[1]]
			var got made
			if err := ask(asked, &got); err != nil {
				t.Fatal(err)
			}
			if ours := g.body(part[0], part[1], topic, DefaultSource); !bytes.Equal(ours, got.Group) {
				t.Errorf("topic %s, logs %v: %d bytes, the vendor's client makes %d", topic, part, len(ours), len(got.Group))
			}
		}
	}
}

// So are our signatures.
func TestSignaturesAreTheVendors(t *testing.T) {
	ask := realtest.SLSOracle(t)
	now := time.Date(2026, 11, 22, 6, 5, 4, 0, time.UTC)
	for _, c := range []struct{ signature, uri, token string }{
		{V1, "/logstores/audit/shards/lb", ""},
		{V1, "/logstores/audit_2/shards/route?key=0123456789abcdef0123456789abcdef", "a token/+="},
		{V4, "/logstores/audit/shards/lb", ""},
		{V4, "/logstores/audit_2/shards/route?key=0123456789abcdef0123456789abcdef", "a token/+="},
	} {
		body := []byte("a body, compressed")
		r, err := http.NewRequest(http.MethodPost, "https://audit-1.cn-hangzhou.log.aliyuncs.com"+c.uri, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{"Content-Type": "application/x-protobuf", "x-log-apiversion": "0.6.0", "x-log-bodyrawsize": "4711", "x-log-compresstype": "lz4", "User-Agent": "actiontrail"} {
			r.Header.Set(name, value)
		}
		who := alibaba.Identity{ID: "LTAI-of-tests", Secret: "secret-of-tests", Token: c.token}
		if c.signature == V1 {
			signV1(r, body, who, now)
		} else {
			signV4(r, body, who, "cn-hangzhou", now)
		}
		asked := vendor{Signature: c.signature, Region: "cn-hangzhou", Key: who.ID, Secret: who.Secret, Method: http.MethodPost, URI: c.uri, Body: body, Headers: map[string]string{"Host": r.Host}}
		for name := range r.Header {
			if name != "Authorization" {
				// As the vendor's client writes them, which looks for some by their letters.
				if low := strings.ToLower(name); strings.HasPrefix(low, "x-") {
					asked.Headers[low] = r.Header.Get(name)
				} else {
					asked.Headers[name] = r.Header.Get(name)
				}
			}
		}
		var got made
		if err := ask(asked, &got); err != nil {
			t.Fatal(err)
		}
		if ours := r.Header.Get("Authorization"); ours != got.Authorization {
			t.Errorf("%s %s\n%s, the vendor's client signs\n%s", c.signature, c.uri, ours, got.Authorization)
		}
	}
}

// The vendor's client sends to the double: that it is taken says that the double is
// as strict as Log Service is, and no stricter.
func TestTheVendorsClientIsTakenByTheDouble(t *testing.T) {
	ask := realtest.SLSOracle(t)
	for _, signature := range []string{V1, V4} {
		for compression, form := range []string{"lz4", "", "zstd"} {
			for _, token := range []string{"", "a token"} {
				for _, hash := range []string{"", "0123456789abcdef0123456789abcdef"} {
					s := slstest.Start(t, "audit")
					s.Token = token
					v := vendor{
						Topic: "t", Source: "s", Signature: signature, Region: s.Region, Key: s.Key, Secret: s.Secret, Token: token, Compression: compression, HashKey: hash,
						Dial: strings.TrimPrefix(s.URL, "http://"), Endpoint: "http://cn-hangzhou.log.example", Project: s.Project, Logstore: "audit",
					}
					now := uint32(time.Now().Unix())
					for i := range 50 {
						v.Logs = append(v.Logs, vendorLog{now, uint32(i), [][2]string{{"event", strings.Repeat("x", i*i)}, {"n", fmt.Sprint(i)}}})
					}
					if err := ask(v, &made{}); err != nil {
						t.Fatalf("%s, %s: %v", signature, form, err)
					}
					_, schemes, forms := s.Seen()
					logs := s.Logs("audit")
					if len(logs) != 50 || logs[49].Fields["n"] != "49" || logs[49].Time.Nanosecond() != 49 || schemes[signature] != 1 || forms[form] != 1 {
						t.Errorf("%s, %s: %d logs, %v, %v", signature, form, len(logs), schemes, forms)
					}
					// And the same with another secret is not.
					v.Secret += "x"
					if err := ask(v, &made{}); err == nil || !strings.Contains(err.Error(), "SignatureNotMatch") {
						t.Errorf("%s with a wrong secret: %v", signature, err)
					}
				}
			}
		}
	}
}

// The signatures are those that the vendor publishes with the sources of its client
// (aliyun/aliyun-log-go-sdk, signature_test.go and signature_v4_test.go): they hold the
// double, also where the vendor's client is not at hand.
func TestPublishedSignatures(t *testing.T) {
	r, err := http.NewRequest(http.MethodGet, "http://cn-hangzhou.log.aliyuncs.com/logstores", nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"x-log-apiversion": "0.6.0", "x-log-signaturemethod": "hmac-sha1", "x-log-bodyrawsize": "0", "Date": "Mon, 3 Jan 2010 08:33:47 GMT"} {
		r.Header.Set(name, value)
	}
	if got := base64.StdEncoding.EncodeToString(slstest.SignatureV1(r, "mockAccessKeySecret")); got != "Rwm6cTKzoti4HWoe+GKcb6Kv07E=" {
		t.Errorf("v1: %s", got)
	}
	const body = "adasd= -asd zcas"
	r, err = http.NewRequest(http.MethodPost, "http://x/logstores?%20abc=efg&%20agc%20=&=efg&A-bc=eFg", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(body))
	r.Host = "" // the vector has none
	for name, value := range map[string]string{"x-log-test": "het123", "x-acs-ppp": "dds", "x-log-date": "20220808T032330Z", "x-log-content-sha256": hex.EncodeToString(sum[:])} {
		r.Header.Set(name, value)
	}
	if got := hex.EncodeToString(slstest.SignatureV4(r, []byte(body), "20220808", "cn-hangzhou", "zxasdasdasw2")); got != "a98f5632e93836e63839cd836a54055f480020a9364ca944e2d34f2eb9bf1bed" {
		t.Errorf("v4: %s", got)
	}
}
