package sls

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/internal/alibaba"
)

// signV4 signs by HMAC-SHA256, for a region and a day, over the body as well.
func signV4(r *http.Request, body []byte, who alibaba.Identity, region string, now time.Time) {
	stamp := now.UTC().Format("20060102T150405Z")
	day := stamp[:8]
	sum := sha256.Sum256(body)
	r.Header.Set("x-log-date", stamp)
	r.Header.Set("x-log-content-sha256", hex.EncodeToString(sum[:]))
	if who.Token != "" {
		r.Header.Set("x-acs-security-token", who.Token)
	}
	names, lines := signedHeaders(r, "host", "content-type")
	canonical := sha256.Sum256([]byte(r.Method + "\n" + r.URL.Path + "\n" + r.URL.RawQuery + "\n" + lines + "\n" + strings.Join(names, ";") + "\n" + hex.EncodeToString(sum[:])))
	scope := day + "/" + region + "/sls/aliyun_v4_request"
	key := []byte("aliyun_v4" + who.Secret)
	for _, part := range []string{day, region, "sls", "aliyun_v4_request", "SLS4-HMAC-SHA256\n" + stamp + "\n" + scope + "\n" + hex.EncodeToString(canonical[:])} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	r.Header.Set("Authorization", fmt.Sprintf("SLS4-HMAC-SHA256 Credential=%s/%s,Signature=%x", who.ID, scope, key))
}

// signV1 signs by HMAC-SHA1 over an MD5 of the body, as the API had it first.
func signV1(r *http.Request, body []byte, who alibaba.Identity, now time.Time) {
	date := now.UTC().Format(http.TimeFormat)
	sum := fmt.Sprintf("%X", md5.Sum(body))
	r.Header.Set("Date", date)
	r.Header.Set("Content-MD5", sum)
	r.Header.Set("x-log-signaturemethod", "hmac-sha1")
	if who.Token != "" {
		r.Header.Set("x-acs-security-token", who.Token)
	}
	_, lines := signedHeaders(r)
	resource := r.URL.Path
	if r.URL.RawQuery != "" {
		resource += "?" + r.URL.RawQuery
	}
	mac := hmac.New(sha1.New, []byte(who.Secret))
	mac.Write([]byte(r.Method + "\n" + sum + "\n" + r.Header.Get("Content-Type") + "\n" + date + "\n" + lines + resource))
	r.Header.Set("Authorization", "LOG "+who.ID+":"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

// signedHeaders are those that begin with x-log- or x-acs-, and some more, by their
// names: the names, and a line each. Neither paths nor queries of ours have what would
// have to be escaped.
func signedHeaders(r *http.Request, more ...string) (names []string, lines string) {
	values := map[string]string{"host": r.Host}
	for name, v := range r.Header {
		values[strings.ToLower(name)] = strings.TrimSpace(v[0])
	}
	for name := range values {
		if strings.HasPrefix(name, "x-log-") || strings.HasPrefix(name, "x-acs-") || slices.Contains(more, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		lines += name + ":" + values[name] + "\n"
	}
	return names, lines
}
