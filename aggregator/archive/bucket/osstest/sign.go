package osstest

import (
	"crypto/hmac"
	"crypto/md5"
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

// verify checks the signature of a request, version 4 in the header:
//
//	Authorization: OSS4-HMAC-SHA256 Credential=KEY/YYYYMMDD/REGION/oss/aliyun_v4_request[,AdditionalHeaders=a;b],Signature=HEX
func (s *Store) verify(q *request) error {
	rest, ok := strings.CutPrefix(q.Header.Get("Authorization"), "OSS4-HMAC-SHA256 ")
	if !ok {
		return refuse(http.StatusForbidden, "AccessDenied", "Anonymous access is forbidden for this operation.")
	}
	fields := map[string]string{}
	for field := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		fields[name] = value
	}
	scope := strings.Split(fields["Credential"], "/")
	if len(scope) != 5 || scope[3] != "oss" || scope[4] != "aliyun_v4_request" {
		return refuse(http.StatusBadRequest, "InvalidArgument", "Invalid Credential in Authorization header.")
	}
	at, err := time.Parse("20060102T150405Z", q.Header.Get("x-oss-date"))
	switch {
	case err != nil || !strings.HasPrefix(q.Header.Get("x-oss-date"), scope[1]):
		return refuse(http.StatusForbidden, "AccessDenied", "Invalid signing date in Authorization header.")
	case scope[2] != s.Region:
		return refuse(http.StatusBadRequest, "InvalidArgument", "Invalid signing region in Authorization header.")
	case scope[0] != s.Key:
		return refuse(http.StatusForbidden, "InvalidAccessKeyId", "The OSS Access Key Id you provided does not exist in our records.")
	case s.Now().Sub(at).Abs() > skew:
		return refuse(http.StatusForbidden, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large.")
	case q.Header.Get("x-oss-security-token") != s.Token:
		return refuse(http.StatusForbidden, "InvalidSecurityToken", "The security token you provided is invalid.")
	case q.Header.Get("x-oss-content-sha256") != "UNSIGNED-PAYLOAD":
		return refuse(http.StatusBadRequest, "InvalidArgument", "Invalid x-oss-content-sha256 value, currently only UNSIGNED-PAYLOAD is supported.")
	}
	want := Signature(q.Request, q.bucket, q.key, scope[1], s.Region, s.Secret, fields["AdditionalHeaders"])
	if got, err := hex.DecodeString(fields["Signature"]); err != nil || !hmac.Equal(got, want) {
		return refuse(http.StatusForbidden, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided.")
	}
	return nil
}

// Signature is what OSS expects. additional are names of headers, as they stand in the request.
func Signature(r *http.Request, bucket, key, day, region, secret, additional string) []byte {
	hash := sha256.Sum256([]byte(canonical(r, bucket, key, additional)))
	text := fmt.Sprintf("OSS4-HMAC-SHA256\n%s\n%s/%s/oss/aliyun_v4_request\n%x", r.Header.Get("x-oss-date"), day, region, hash)
	mac := []byte("aliyun_v4" + secret)
	for _, part := range []string{day, region, "oss", "aliyun_v4_request", text} {
		h := hmac.New(sha256.New, mac)
		h.Write([]byte(part))
		mac = h.Sum(nil)
	}
	return mac
}

// canonical is the request as both sides write it down.
func canonical(r *http.Request, bucket, key, additional string) string {
	path := "/"
	if bucket != "" {
		path += bucket + "/"
	}
	path += key

	var query []string
	for parameter := range strings.SplitSeq(r.URL.RawQuery, "&") {
		if parameter == "" {
			continue
		}
		name, value, _ := strings.Cut(parameter, "=")
		name, _ = url.QueryUnescape(name) // what cannot be read was refused before
		value, _ = url.QueryUnescape(value)
		p := escape(name, "")
		if value != "" {
			p += "=" + escape(value, "")
		}
		query = append(query, p)
	}
	// By name: what follows it is not compared.
	slices.SortFunc(query, func(a, b string) int {
		a, _, _ = strings.Cut(a, "=")
		b, _, _ = strings.Cut(b, "=")
		return strings.Compare(a, b)
	})

	more := strings.Split(additional, ";")
	headers := map[string]string{}
	for name, values := range r.Header {
		name = strings.ToLower(name)
		if !strings.HasPrefix(name, "x-oss-") && name != "content-type" && name != "content-md5" && !slices.Contains(more, name) {
			continue
		}
		var all []string
		for _, v := range values {
			all = append(all, strings.TrimSpace(v))
		}
		headers[name] = strings.Join(all, ",")
	}
	var lines strings.Builder
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		lines.WriteString(name + ":" + headers[name] + "\n")
	}
	return r.Method + "\n" + escape(path, "/") + "\n" + strings.Join(query, "&") + "\n" + lines.String() + "\n" + additional + "\n" + r.Header.Get("x-oss-content-sha256")
}

// escape writes all but letters, digits, "-._~" and what is kept as %XX.
func escape(s, keep string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-._~"+keep, c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// checkDigest holds a body against its Content-MD5.
func checkDigest(q *request) error {
	want := q.Header.Get("Content-MD5")
	if want == "" {
		return nil
	}
	if sum := md5.Sum(q.body); base64.StdEncoding.EncodeToString(sum[:]) != want {
		return refuse(http.StatusBadRequest, "InvalidDigest", "The Content-MD5 you specified was invalid.")
	}
	return nil
}
