package osstest

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"
)

// The signatures are those that the vendor publishes with the sources of its clients
// (aliyun/alibabacloud-oss-go-sdk-v2, oss/signer/signer_test.go).
func TestPublishedSignatures(t *testing.T) {
	for _, c := range []struct {
		at                int64
		token, additional string
		want              string
	}{
		{1702743657, "", "", "e21d18daa82167720f9b1047ae7e7f1ce7cb77a31e8203a7d5f4624fa0284afe"},
		{1702784856, "token", "", "b94a3f999cf85bcdc00d332fbd3734ba03e48382c36fa4d5af5df817395bd9ea"},
		{1702747512, "", "abc;zabc", "4a4183c187c07c8947db7620deb0a6b38d9fbdd34187b6dbaccb316fa251212f"},
	} {
		r, err := http.NewRequest(http.MethodPut, "http://bucket.oss-cn-hangzhou.aliyuncs.com", nil)
		if err != nil {
			t.Fatal(err)
		}
		at := time.Unix(c.at, 0).UTC()
		for name, value := range map[string]string{
			"x-oss-head1": "value", "abc": "value", "ZAbc": "value", "XYZ": "value", "content-type": "text/plain",
			"x-oss-content-sha256": "UNSIGNED-PAYLOAD", "x-oss-date": at.Format("20060102T150405Z"),
		} {
			r.Header.Set(name, value)
		}
		if c.token != "" {
			r.Header.Set("x-oss-security-token", c.token)
		}
		r.URL.RawQuery = url.Values{"param1": {"value1"}, "+param1": {"value3"}, "|param1": {"value4"}, "+param2": {""}, "|param2": {""}, "param2": {""}}.Encode()
		if got := fmt.Sprintf("%x", Signature(r, "bucket", "1234+-/123/1.txt", at.Format("20060102"), "cn-hangzhou", "sk", c.additional)); got != c.want {
			t.Errorf("%d: %s, want %s\n%s", c.at, got, c.want, canonical(r, "bucket", "1234+-/123/1.txt", c.additional))
		}
	}
}
