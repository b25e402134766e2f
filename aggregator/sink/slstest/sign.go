package slstest

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// skew is how far the clock of who asks may be off.
const skew = 15 * time.Minute

// verify checks who asks, and that nothing was changed on the way.
func (s *Service) verify(r *http.Request, body []byte) (scheme string, err error) {
	authorization := r.Header.Get("Authorization")
	if r.Header.Get("x-acs-security-token") != s.Token {
		return "", fail(http.StatusUnauthorized, "Unauthorized", "the security token is not right")
	}
	switch {
	case strings.HasPrefix(authorization, "LOG "):
		return "v1", s.verifyV1(r, body, strings.TrimPrefix(authorization, "LOG "))
	case strings.HasPrefix(authorization, "SLS4-HMAC-SHA256 "):
		return "v4", s.verifyV4(r, body, strings.TrimPrefix(authorization, "SLS4-HMAC-SHA256 "))
	}
	return "", fail(http.StatusUnauthorized, "Unauthorized", "Authorization is not there, or of another kind")
}

func (s *Service) verifyV1(r *http.Request, body []byte, authorization string) error {
	key, given, _ := strings.Cut(authorization, ":")
	at, err := time.Parse(http.TimeFormat, r.Header.Get("Date"))
	sum := md5.Sum(body)
	switch {
	case r.Header.Get("x-log-signaturemethod") != "hmac-sha1":
		return fail(http.StatusBadRequest, "InvalidSignatureMethod", "signature method is unsupported")
	case err != nil:
		return fail(http.StatusBadRequest, "InvalidDateFormat", "Date must follow RFC822")
	case s.Now().Sub(at).Abs() > skew:
		return fail(http.StatusBadRequest, "RequestTimeExpired", "Request time has been expired")
	case key != s.Key:
		return fail(http.StatusUnauthorized, "Unauthorized", "AccessKeyId not found: "+key)
	case !strings.EqualFold(r.Header.Get("Content-MD5"), hex.EncodeToString(sum[:])):
		return fail(http.StatusBadRequest, "PostBodyInvalid", "Content-MD5 does not match")
	}
	if got, err := base64.StdEncoding.DecodeString(given); err != nil || !hmac.Equal(got, SignatureV1(r, s.Secret)) {
		return fail(http.StatusUnauthorized, "SignatureNotMatch", "signature does not match")
	}
	return nil
}

// SignatureV1 is what Log Service expects of a request that is signed by HMAC-SHA1:
//
//	METHOD \n Content-MD5 \n Content-Type \n Date \n x-log-… and x-acs-… by name, a line each \n path?query by name
func SignatureV1(r *http.Request, secret string) []byte {
	lines := map[string]string{}
	for name, values := range r.Header {
		if low := strings.ToLower(name); strings.HasPrefix(low, "x-log-") || strings.HasPrefix(low, "x-acs-") {
			lines[low] = strings.TrimSpace(values[0])
		}
	}
	text := r.Method + "\n" + r.Header.Get("Content-MD5") + "\n" + r.Header.Get("Content-Type") + "\n" + r.Header.Get("Date")
	for _, name := range slices.Sorted(maps.Keys(lines)) {
		text += "\n" + name + ":" + lines[name]
	}
	text += "\n" + r.URL.EscapedPath()
	query := r.URL.Query()
	for i, name := range slices.Sorted(maps.Keys(query)) {
		text += map[bool]string{true: "?", false: "&"}[i == 0] + name + "=" + query.Get(name)
	}
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

func (s *Service) verifyV4(r *http.Request, body []byte, authorization string) error {
	fields := map[string]string{}
	for field := range strings.SplitSeq(authorization, ",") {
		name, value, _ := strings.Cut(field, "=")
		fields[name] = value
	}
	scope := strings.Split(fields["Credential"], "/")
	stamp := r.Header.Get("x-log-date")
	at, err := time.Parse("20060102T150405Z", stamp)
	sum := sha256.Sum256(body)
	switch {
	case len(scope) != 5 || scope[3] != "sls" || scope[4] != "aliyun_v4_request":
		return fail(http.StatusUnauthorized, "Unauthorized", "Credential is not understood")
	case err != nil || !strings.HasPrefix(stamp, scope[1]):
		return fail(http.StatusBadRequest, "InvalidDateFormat", "x-log-date is not right")
	case s.Now().Sub(at).Abs() > skew:
		return fail(http.StatusBadRequest, "RequestTimeExpired", "Request time has been expired")
	case scope[2] != s.Region:
		return fail(http.StatusUnauthorized, "Unauthorized", "the region of the signature is "+scope[2])
	case scope[0] != s.Key:
		return fail(http.StatusUnauthorized, "Unauthorized", "AccessKeyId not found: "+scope[0])
	case r.Header.Get("x-log-content-sha256") != hex.EncodeToString(sum[:]):
		return fail(http.StatusBadRequest, "PostBodyInvalid", "x-log-content-sha256 does not match")
	}
	if got, err := hex.DecodeString(fields["Signature"]); err != nil || !hmac.Equal(got, SignatureV4(r, body, scope[1], scope[2], s.Secret)) {
		return fail(http.StatusUnauthorized, "SignatureNotMatch", "signature does not match")
	}
	return nil
}

// SignatureV4 is what Log Service expects of a request that is signed by HMAC-SHA256.
func SignatureV4(r *http.Request, body []byte, day, region, secret string) []byte {
	lines := map[string]string{}
	if r.Host != "" {
		lines["host"] = r.Host
	}
	for name, values := range r.Header {
		if low := strings.ToLower(name); strings.HasPrefix(low, "x-log-") || strings.HasPrefix(low, "x-acs-") || low == "content-type" {
			lines[low] = values[0]
		}
	}
	var headers string
	names := slices.Sorted(maps.Keys(lines))
	for _, name := range names {
		headers += name + ":" + lines[name] + "\n"
	}
	var parameters []string
	query := r.URL.Query()
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if p := name; query.Get(name) == "" {
			parameters = append(parameters, p)
		} else {
			parameters = append(parameters, p+"="+strings.ReplaceAll(url.QueryEscape(query.Get(name)), "+", "%20"))
		}
	}
	payload := sha256.Sum256(body)
	request := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%s\n%s\n%s\n%x", r.Method, r.URL.Path, strings.Join(parameters, "&"), headers, strings.Join(names, ";"), payload))
	text := fmt.Sprintf("SLS4-HMAC-SHA256\n%s\n%s/%s/sls/aliyun_v4_request\n%x", r.Header.Get("x-log-date"), day, region, request)
	key := []byte("aliyun_v4" + secret)
	for _, part := range []string{day, region, "sls", "aliyun_v4_request", text} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	return key
}
